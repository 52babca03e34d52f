"""Turn the rows of a file into checked events, one at a time, as they are sorted on the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.editing.importing.plain_rows import PlainForm, is_plain, plain_form
from versioner.errors import InvalidInput, VersionerError
from versioner.models.event_fields import personal_fields
from versioner.names import canonical_status
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.rules.event_identity import content_text, derive_content_id, id_of_content
from versioner.rules.times import check_at
from versioner.secret_scanning import may_hold_secret
from versioner.serialization import log
from versioner.validation.events import check_event
from versioner.validation.schema_check import is_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.editing.importing.names import ImportNames
    from versioner.editing.importing.options import ImportRow, Place
    from versioner.models import Event

__all__ = ["RowPreparer", "StagedRow", "event_of"]

_TOGETHER: Final = 256
# Nearly all times are written like this, and are recorded as they are.
_PLAIN_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
)
_MOST_DAYS: Final = 100_000


class StagedRow(NamedTuple):
    """A row as a checked event; `text` is its line in a log, up to the id.

    `content` is what the id is made of, "" where the event itself tells it. `given_id` is true
    where the row gives the id, `refers` where it may name another event or be named by one,
    `claims` where it tells more of its version than the name. For a row that is refused, `fault`
    is why, and the rest is empty.
    """

    line: int
    item: int
    product: str = ""
    at: str = ""
    environment: str = ""
    version: str = ""
    id: str = ""
    given_id: bool = False
    refers: bool = False
    claims: bool = False
    text: str = ""
    content: str = ""
    fault: str = ""

    def log_line(self, event_id: str) -> str:
        """Return the line of the event under an id, with its newline."""
        return f'{self.text}, id: "{event_id}"}}\n'

    def id_with(self, ordinal: int) -> str:
        """Return the id of the event where so many rows before are equal to it."""
        if ordinal == 0 or self.given_id:
            return self.id
        if self.content:
            return id_of_content(self.content, ordinal)
        return derive_content_id(self.product, event_of(self, ""), ordinal)


def event_of(row: StagedRow, event_id: str) -> Event:
    """Return the event of a row under an id; without an id for ""."""
    found = log.read_canonical("deployment", row.log_line(event_id or "0").encode())
    # The line was made of the event.
    event = dict(found[0][1]) if found else {}
    if event_id:
        return event
    del event["id"]
    return event


class RowPreparer:
    """Makes events of rows, by the names and the settings of a registry."""

    def __init__(self, names: ImportNames, config: Mapping[str, Any], now: str) -> None:
        self._names = names
        self._config = config
        self._now = now
        self._past = now if _PLAIN_TIME.fullmatch(now) else ""
        self._days: set[str] = set()
        self._statuses: dict[str, str] = {}
        self._people = frozenset(personal_fields("deployment"))
        self._forms: dict[tuple[str, ...], PlainForm | None] = {}

    def prepare(self, rows: Iterable[ImportRow]) -> Iterator[StagedRow]:
        """Yield each row as an event, or with the reason why it is refused."""
        part: list[ImportRow] = []
        for row in rows:
            part.append(row)
            if len(part) == _TOGETHER:
                yield from self._prepare_part(part)
                part = []
        yield from self._prepare_part(part)

    def _prepare_part(self, part: list[ImportRow]) -> list[StagedRow]:
        # The quick tests cost as much for one row as for many.
        texts = _texts_of(part)
        # A mapping has keys of its own.
        suspect = may_hold_secret((repr(part) if texts is None else texts).encode(errors="replace"))
        whole = is_plain(texts)
        events: list[Event] = []
        plain = [
            self._plain(row, events)
            if not suspect and (whole or is_plain(_texts_of([row])))
            else None
            for row in part
        ]
        # Likewise for the schema. The events are recorded as they are checked here.
        if not is_valid("deployments-log", events):
            plain = [None] * len(part)
        return [
            row or self._one(place, values, suspect=suspect)
            for row, (place, values) in zip(plain, part, strict=True)
        ]

    def _plain(self, row: ImportRow, events: list[Event]) -> StagedRow | None:
        """Return a row of plain texts as an event, which is added to `events`; None for others."""
        (line, item), values = row
        form = self._form_of(tuple(values))
        if form is None:
            return None
        event = dict(values)
        given, given_id = event.pop("product"), event.pop("id", "")
        try:
            product = self._names.product(given)
            self._complete(event)
        except VersionerError:
            return None
        if form.login and "@" in event[form.login]:
            return None
        content = "" if given_id else form.content(given, event)
        environment = self._names.canonical(event["environment"])
        changed = environment != event["environment"] or given != product or form.left_out
        event["environment"] = environment
        for key in form.left_out:
            del event[key]
        event["id"] = event_id = given_id or id_of_content(content)
        events.append(event)
        return StagedRow(
            line,
            item,
            product,
            event["at"],
            environment,
            event.get("version", ""),
            event_id,
            bool(given_id),
            bool(given_id),
            form.claims,
            form.line(event),
            content if changed else "",
        )

    def _form_of(self, fields: tuple[str, ...]) -> PlainForm | None:
        if fields not in self._forms:
            # Hostile rows may have many sets of keys.
            if len(self._forms) > _TOGETHER:
                self._forms.clear()
            self._forms[fields] = plain_form(fields, self._config.get("people", "login"))
        return self._forms[fields]

    def _one(self, place: Place, row: dict[str, Any], *, suspect: bool) -> StagedRow:
        """Return a row as an event, or with the reason why it is refused."""
        try:
            return self._prepared(place, row, suspect=suspect)
        except VersionerError as error:
            hint = f" ({error.hint})" if error.hint else ""
            return StagedRow(*place, fault=f"{error.message}{hint}")

    def _prepared(self, place: Place, row: dict[str, Any], *, suspect: bool) -> StagedRow:
        """Return a row as an event; raise for one that is not valid.

        A row that is not `suspect` was found to hold no secret.
        """
        if "" in row:
            raise InvalidInput(row[""])
        if suspect:
            refuse_secrets(row)
        event = dict(row)
        given = event.pop("product", None)
        product = self._names.product(given)
        given_id = event.pop("id", None)
        self._complete(event)
        # The id is made of the names in the row: after a rename, the row is recorded already.
        content = "" if given_id else content_text(given, event)
        event["id"] = given_id or id_of_content(content)
        changed = self._to_record(event) or given != product
        if suspect or not (_is_ascii(event) and is_valid("deployment-event", event)):
            check_event("deployment", event)
        return StagedRow(
            *place,
            product,
            event["at"],
            event.get("environment", ""),
            event.get("version", ""),
            event["id"],
            bool(given_id),
            bool(given_id) or "voids" in event or "deployment" in event,
            "scm_sha" in event or "artifacts" in event,
            _text_before_id(event),
            content if changed else "",
        )

    def _complete(self, event: Event) -> None:
        """Give an event its time, its names as the registry has them, and its status."""
        at, environment = event.get("at"), event.get("environment")
        if not isinstance(at, str):
            raise InvalidInput("the row has no time", field="at", hint="map a column to at")
        event["at"] = self._at(at)
        if isinstance(environment, str):
            event["environment"] = self._names.environment(environment)
        if "instance" in event and isinstance(event["instance"], str):
            event["instance"] = self._names.instance(event["instance"])
        if "voids" not in event:
            if environment is None and "environment" not in event:
                raise _no_environment()
            event["status"] = self._status(str(event.get("status", "completed")))

    def _at(self, text: str) -> str:
        plain = _PLAIN_TIME.fullmatch(text)
        # Times of one form compare as texts, so that one of the past is not looked at.
        if plain is not None and plain[1] in self._days and text <= self._past:
            return text
        at = check_at(text, self._now)
        if len(self._days) < _MOST_DAYS:
            self._days.add(at[:10])
        return at

    def _status(self, word: str) -> str:
        if word not in self._statuses:
            self._statuses[word] = canonical_status(word, "deployment")
        return self._statuses[word]

    def _to_record(self, event: Event) -> bool:
        """Change an event to what is recorded of it; return whether that is another one."""
        before = event.get("environment"), len(event)
        if isinstance(before[0], str):
            event["environment"] = self._names.canonical(before[0])
        if not self._people.isdisjoint(event):
            leave_people_out("deployment", event, self._config)
        return (event.get("environment"), len(event)) != before


def _texts_of(rows: list[ImportRow]) -> str | None:
    """Return all values of rows, each part of them unchanged; None where one is no text."""
    try:
        return " ".join([" ".join(row.values()) for _, row in rows])
    except TypeError:
        return None


def _is_ascii(event: Event) -> bool:
    """Return whether an event has only ASCII texts.

    For such an event the schema is all that `check_event` checks, apart from secrets.
    """
    try:
        texts: str = "".join(event.values())
    except TypeError:
        return False
    return texts.isascii() and "\x7f" not in texts


def _text_before_id(event: Event) -> str:
    """Return the line of an event up to its id; raise InvalidInput for one that is too long."""
    line = log.event_line("deployment", event)
    return line[: -len(f', id: "{event["id"]}"}}\n')]


def _no_environment() -> InvalidInput:
    return InvalidInput(
        "the row has no environment",
        field="environment",
        hint="map a column to environment, or add --set environment=NAME",
    )
