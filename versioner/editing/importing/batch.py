"""The events of one import: rows become events, each evaluated against those before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.editing.importing.names import ImportNames
from versioner.editing.importing.recorded import PreparedRow, RecordedEvents
from versioner.errors import InvalidInput, VersionerError
from versioner.names import canonical_status, is_missing, is_moving
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.registry.fold import void_ids
from versioner.rules.event_decision import AlreadyRecorded, evaluate_event
from versioner.rules.event_identity import derive_content_id
from versioner.rules.times import check_at
from versioner.rules.visible import VisibleEvents
from versioner.serialization import log
from versioner.validation.events import check_event
from versioner.validation.schema_check import is_valid

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.editing.importing.options import ImportNotes, Place
    from versioner.editing.session import EditSession
    from versioner.models import Changes, Event
    from versioner.registry.records import Registry

__all__ = ["ImportBatch", "ImportResult"]


@dataclass(slots=True)
class ImportResult:
    """The result of an import; `refused` pairs line numbers with messages.

    `skipped` counts the rows that a word of theirs leaves out, by that word; `without_status`
    the deployments of which the file does not tell how they ended; `doubtful` the rows of each
    version whose name does not tell a build; `near` names each new product or environment that is
    nearly another one.
    """

    format: str = ""
    added: int = 0
    already: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    without_status: int = 0
    doubtful: dict[str, int] = field(default_factory=dict)
    near: tuple[tuple[str, str, str], ...] = ()
    products: int = 0
    created: tuple[str, ...] = ()
    commit: str | None = None
    branch: str = ""


class ImportBatch:
    """The events of an import by product, each evaluated against those before it."""

    def __init__(self, registry: Registry, now: str, notes: ImportNotes) -> None:
        self.imported = ImportResult(
            notes.format, skipped=dict(notes.skipped), without_status=notes.without_status
        )
        self.new: dict[str, list[Event]] = {}
        self._names = ImportNames(registry, detected=notes.is_export)
        self.recorded = RecordedEvents(
            self._recorded_of, self._names.canonical, by_run=notes.is_export
        )
        self._registry = registry
        self._now = now
        self._visible: dict[str, VisibleEvents] = {}
        self._repeats: dict[str, int] = {}
        self._void: dict[str, set[str]] = {}
        self._doubtful: dict[str, bool] = {}
        self._statuses: dict[str, str] = {}

    def refuse(self, place: Place, error: VersionerError) -> None:
        """Note that a row is refused, and why."""
        hint = f" ({error.hint})" if error.hint else ""
        item = f"item {place.item}: " if place.item else ""
        self.imported.refused.append((place.line, f"{item}{error.message}{hint}"))

    def prepare(self, row: dict[str, Any], *, suspect: bool = True) -> PreparedRow:
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
        if not isinstance(event.get("at"), str):
            raise InvalidInput("the row has no time", field="at", hint="map a column to at")
        event["at"] = check_at(event["at"], self._now)
        if isinstance(event.get("environment"), str):
            event["environment"] = self._names.environment(event["environment"])
        if isinstance(event.get("instance"), str):
            event["instance"] = self._names.instance(event["instance"])
        if "voids" not in event:
            _check_needed(event)
            event["status"] = self._status(str(event.get("status", "completed")))
        # The id is made of the names in the row: after a rename, the row is recorded already.
        event["id"] = given_id or self._content_id(given, event)
        if isinstance(event.get("environment"), str):
            event["environment"] = self._names.canonical(event["environment"])
        leave_people_out("deployment", event, self._registry.config)
        if suspect or not _is_plainly_valid(event):
            check_event("deployment", event)
        return PreparedRow(product, event, given_id is not None)

    def _status(self, word: str) -> str:
        if word not in self._statuses:
            self._statuses[word] = canonical_status(word, "deployment")
        return self._statuses[word]

    def _content_id(self, product: str, event: Event) -> str:
        # Equal rows are numbered, so that a second import derives the same ids. The product is
        # the one in the row, so that a rename in between does not change the id.
        first = derive_content_id(product, event)
        ordinal = self._repeats.get(first, 0)
        self._repeats[first] = ordinal + 1
        return first if ordinal == 0 else derive_content_id(product, event, ordinal)

    def add(self, place: Place, row: PreparedRow, *, is_recorded: bool) -> None:
        """Evaluate an event and add it; `is_recorded` where it is there under another id."""
        if is_recorded:
            self.imported.already += 1
            return
        event_id = row.event["id"]
        event = {key: value for key, value in row.event.items() if key != "id"}
        visible = self._visible_of(row.product)
        try:
            decision = evaluate_event(
                "deployment", event, visible=visible, candidate=lambda _: event_id, given=True
            )
            if not isinstance(decision, AlreadyRecorded):
                self.recorded.check_result(row, self._is_void(row.product))
                self._names.require(row.product, event.get("environment"))
        except VersionerError as error:
            self.refuse(place, error)
            return
        if isinstance(decision, AlreadyRecorded):
            self.imported.already += 1
            return
        visible.add("deployment", decision.event)
        self.new.setdefault(row.product, []).append(decision.event)
        self.imported.added += 1
        self._note_version(decision.event.get("version", ""))

    def _recorded_of(self, product: str) -> list[Event]:
        record = self._registry.products.get(product)
        return record.deployment_events if record is not None else []

    def _is_void(self, product: str) -> Callable[[Event], bool]:
        def is_void(event: Event) -> bool:
            if product not in self._void:
                self._void[product] = set(void_ids(self._recorded_of(product)))
            return event["id"] in self._void[product]

        return is_void

    def _visible_of(self, product: str) -> VisibleEvents:
        if product not in self._visible:
            record = self._registry.products.get(product)
            self._visible[product] = (
                VisibleEvents(record.builds, record.deployment_events)
                if record is not None
                else VisibleEvents()
            )
        return self._visible[product]

    def _note_version(self, version: str) -> None:
        if version not in self._doubtful:
            self._doubtful[version] = is_moving(version) or is_missing(version)
        if self._doubtful[version]:
            self.imported.doubtful[version] = self.imported.doubtful.get(version, 0) + 1

    def changes(self, edit: EditSession) -> Changes:
        """Return the files with the new events appended, and those of new names."""
        changes = self._names.creations()
        self.imported.created = tuple(changes)
        self.imported.products = len(self.new)
        self.imported.near = tuple(self._names.near())
        for product, events in self.new.items():
            months: dict[str, list[Event]] = {}
            for event in events:
                months.setdefault(layout.month_of(event["at"]), []).append(event)
            for month, added in months.items():
                path = layout.log_path(product, "deployment", month)
                existing = edit.snapshot.read(path) if product in self._registry.products else None
                changes[path] = log.append("deployment", existing, added)
        return changes


def _is_plainly_valid(event: Event) -> bool:
    """Return whether an event has only ASCII texts, as nearly all have, and suits its schema.

    For such an event the schema is all that `check_event` checks, apart from secrets.
    """
    texts = all(isinstance(value, str) and value.isascii() for value in event.values())
    return texts and is_valid("deployment-event", event)


def _check_needed(event: Event) -> None:
    """Raise InvalidInput for a row without an environment."""
    if "environment" not in event:
        raise InvalidInput(
            "the row has no environment",
            field="environment",
            hint="map a column to environment, or add --set environment=NAME",
        )
