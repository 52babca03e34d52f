"""Turn the rows of a file into checked events, one at a time, as they are sorted on the disk."""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
# Events with more text are checked for the length of their line.
_SHORT: Final = log.LONGEST_LINE // 8


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
        self._sorted_keys: dict[tuple[str, ...], list[str]] = {}

    def prepare(self, rows: Iterable[ImportRow]) -> Iterator[StagedRow]:
        """Yield each row as an event, or with the reason why it is refused."""
        part: list[ImportRow] = []
        for row in rows:
            part.append(row)
            if len(part) == _TOGETHER:
                yield from self._prepare_part(part)
                part = []
        yield from self._prepare_part(part)

    def _prepare_part(self, part: list[ImportRow]) -> Iterator[StagedRow]:
        # The quick test for secrets costs as much for one row as for many.
        suspect = may_hold_secret(_texts_of(part).encode(errors="replace"))
        for place, row in part:
            try:
                yield self._prepared(place, row, suspect=suspect)
            except VersionerError as error:
                hint = f" ({error.hint})" if error.hint else ""
                yield StagedRow(*place, fault=f"{error.message}{hint}")

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
        plain = _is_plain(event)
        if suspect or not (plain and is_valid("deployment-event", event)):
            check_event("deployment", event)
        text = self._plain_text(event) if plain else _text_before_id(event)
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
            text,
            content if changed else "",
        )

    def _complete(self, event: Event) -> None:
        """Give an event its time, its names as the registry has them, and its status."""
        if not isinstance(event.get("at"), str):
            raise InvalidInput("the row has no time", field="at", hint="map a column to at")
        event["at"] = self._at(event["at"])
        if isinstance(event.get("environment"), str):
            event["environment"] = self._names.environment(event["environment"])
        if isinstance(event.get("instance"), str):
            event["instance"] = self._names.instance(event["instance"])
        if "voids" not in event:
            if "environment" not in event:
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

    def _plain_text(self, event: Event) -> str:
        """Return the line of an event of ASCII texts up to its id."""
        keys = tuple(event)
        order = self._sorted_keys.get(keys)
        if order is None:
            # Hostile rows may have many sets of keys.
            if len(self._sorted_keys) > _TOGETHER:
                self._sorted_keys.clear()
            order = [key for key in log.KEYS["deployment"] if key in event and key != "id"]
            self._sorted_keys[keys] = order
        pairs = [f"{key}: {encode_basestring(event[key])}" for key in order]
        return "- {" + ", ".join(pairs)


def _texts_of(rows: list[ImportRow]) -> str:
    """Return all that rows hold, each part of it unchanged."""
    try:
        return "\n".join(["\n".join(row.values()) for _, row in rows])
    except TypeError:
        # Some value is no text, and a mapping has keys of its own.
        return repr(rows)


def _is_plain(event: Event) -> bool:
    """Return whether an event has only ASCII texts, as nearly all have.

    For such an event the schema is all that `check_event` checks, apart from secrets.
    """
    try:
        texts: str = "".join(event.values())
    except TypeError:
        return False
    return texts.isascii() and "\x7f" not in texts and len(texts) < _SHORT


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
