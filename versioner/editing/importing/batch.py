"""Evaluate the rows of an import product by product, each against those before it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from versioner.editing.importing.prepare import event_of
from versioner.editing.importing.recorded import PreparedRow, RecordedEvents
from versioner.errors import VersionerError
from versioner.names import is_missing, is_moving
from versioner.registry.fold.product import void_ids
from versioner.rules.event_decision import AlreadyRecorded, evaluate_event
from versioner.rules.visible import VisibleEvents
from versioner.serialization import log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.editing.importing.names import ImportNames
    from versioner.editing.importing.options import ImportNotes
    from versioner.editing.importing.prepare import StagedRow
    from versioner.editing.importing.staging import StagedRows
    from versioner.models import Event
    from versioner.registry.records import ProductRecord

__all__ = ["ImportBatch", "ImportResult", "NewLine"]

# The time of a new event, and its line in the log.
NewLine = tuple[str, str]


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
    """The rows of an import, which are evaluated product by product in the order of their times."""

    def __init__(self, rows: StagedRows, names: ImportNames, notes: ImportNotes) -> None:
        self.rows = rows
        self.names = names
        self.added = 0
        self.already = 0
        self.products = 0
        self._notes = notes
        self._doubtful: dict[str, int] = {}
        self._first: dict[str, tuple[str, int, int]] = {}

    def new_lines(
        self, product: str, rows: Iterable[StagedRow], record: ProductRecord | None
    ) -> Iterator[NewLine]:
        """Yield the lines of the new events of a product; the other rows are counted.

        `record` is the product as it is recorded, None for a new one.
        """
        has_deployments = record is not None and bool(record.deployment_events)
        whole = has_deployments or self.rows.has_references(product)
        evaluation = (_WholeEvaluation if whole else _Evaluation)(self, product, record)
        many = self.added
        yield from evaluation.new_lines(rows)
        self.products += self.added > many

    def refuse(self, row: StagedRow, error: VersionerError) -> None:
        """Note that a row is refused, and why."""
        self.rows.refuse(row, f"{error.message}{f' ({error.hint})' if error.hint else ''}")

    def note_versions(self, counts: Counter[str], first: dict[str, tuple[str, int, int]]) -> None:
        """Note the versions of a product whose names do not tell a build."""
        for version, many in counts.items():
            if is_moving(version) or is_missing(version):
                self._doubtful[version] = self._doubtful.get(version, 0) + many
                place = first[version]
                self._first[version] = min(place, self._first.get(version, place))

    def result(self, *, imported: bool = True) -> ImportResult:
        """Return what the rows give; where nothing is imported, only what was refused."""
        doubtful = sorted(self._doubtful, key=lambda version: self._first[version])
        result = ImportResult(
            format=self._notes.format,
            refused=sorted(self.rows.refused),
            skipped=dict(self._notes.skipped),
            without_status=self._notes.without_status,
            doubtful={version: self._doubtful[version] for version in doubtful},
        )
        if imported:
            result.added, result.already = self.added, self.already
            result.near, result.products = tuple(self.names.near()), self.products
        return result

    @property
    def by_run(self) -> bool:
        """Whether the run of a row identifies one deployment."""
        return self._notes.is_export


class _Evaluation:
    """The evaluation of rows that name no other event, for a product without deployments.

    Of the events before a row only those count that tell something new of a version, so that
    the others need not be in memory.
    """

    def __init__(self, batch: ImportBatch, product: str, record: ProductRecord | None) -> None:
        self._batch = batch
        self._product = product
        builds = record.builds if record is not None else []
        events = record.deployment_events if record is not None else []
        self._visible = VisibleEvents(builds, events)
        self._build_ids = {event["id"] for event in builds}
        self._environments: set[str] = set()
        self._versions: Counter[str] = Counter()
        self._first: dict[str, tuple[str, int, int]] = {}
        self._spellings = {event["version"].lower(): event["version"] for event in builds}
        self._waiting: list[tuple[StagedRow, str]] = []
        self._claims: set[str] = set()
        self._at = ""
        self._equal: Counter[str] = Counter()

    def new_lines(self, rows: Iterable[StagedRow]) -> Iterator[NewLine]:
        """Yield the lines of the new events."""
        for row in rows:
            event_id = self._id_of(row)
            if self._is_accepted(row, event_id):
                self._versions[row.version] += 1
                self._batch.added += 1
                yield row.at, row.log_line(event_id)
        self._batch.note_versions(self._versions, self._first)

    def _is_accepted(self, row: StagedRow, event_id: str) -> bool:
        """Evaluate a row; note where it is refused or recorded already."""
        version = row.version
        spelling = self._spellings.get(version.lower(), version)
        if row.claims or spelling != version or event_id in self._build_ids:
            return self._is_new_claim(row, event_of(row, event_id))
        # An event that claims nothing else can be wrong only in the spelling of its version.
        if row.environment not in self._environments and not self._has_names(row):
            return False
        if version not in self._versions:
            self._note_version(row)
            self._waiting.append((row, event_id))
        return True

    def _is_new_claim(self, row: StagedRow, event: Event) -> bool:
        for other, event_id in self._waiting:
            self._visible.add("deployment", event_of(other, event_id))
        self._waiting.clear()
        if not self._is_new(row, event):
            return False
        self._note_version(row)
        claim = f"{row.version} {event.get('scm_sha')} {event.get('artifacts')}"
        if claim not in self._claims:
            self._claims.add(claim)
            self._visible.add("deployment", event)
        return True

    def _note_version(self, row: StagedRow) -> None:
        self._first.setdefault(row.version, (row.at, row.line, row.item))
        self._spellings.setdefault(row.version.lower(), row.version)

    def _has_names(self, row: StagedRow) -> bool:
        """Return whether the names of a row are there, or may be created."""
        try:
            self._batch.names.require(row.product, row.environment, (row.at, row.line, row.item))
        except VersionerError as error:
            self._batch.refuse(row, error)
            return False
        self._environments.add(row.environment)
        return True

    def _id_of(self, row: StagedRow) -> str:
        """Return the id of a row, which tells how many rows before are equal to it."""
        if row.at != self._at:
            # Equal rows are of one second, and the rows are in the order of their times.
            self._at = row.at
            self._equal.clear()
        ordinal = self._equal[row.id]
        self._equal[row.id] += 1
        return row.id_with(ordinal) if ordinal else row.id

    def _is_new(self, row: StagedRow, event: Event) -> bool:
        """Evaluate an event; note where it is refused or recorded already."""
        without_id = {key: value for key, value in event.items() if key != "id"}
        try:
            decision = evaluate_event(
                "deployment",
                without_id,
                visible=self._visible,
                candidate=lambda _: event["id"],
                given=True,
            )
            if not isinstance(decision, AlreadyRecorded):
                self._check_result(row, event)
        except VersionerError as error:
            self._batch.refuse(row, error)
            return False
        if isinstance(decision, AlreadyRecorded):
            self._batch.already += 1
            return False
        return self._has_names(row)

    def _check_result(self, row: StagedRow, event: Event) -> None:
        """Raise Blocked for a row that gives a recorded deployment another result."""


class _WholeEvaluation(_Evaluation):
    """The evaluation of rows against all events of their product, which are in memory."""

    def __init__(self, batch: ImportBatch, product: str, record: ProductRecord | None) -> None:
        super().__init__(batch, product, record)
        self._events = record.deployment_events if record is not None else []
        self._recorded = RecordedEvents(
            lambda _: self._events, batch.names.canonical, by_run=batch.by_run
        )
        self._void: set[str] | None = None

    def new_lines(self, rows: Iterable[StagedRow]) -> Iterator[NewLine]:
        """Yield the lines of the new events."""
        known = [(row, self._id_of(row)) for row in rows]
        lines = "".join([row.log_line(event_id) for row, event_id in known])
        events = [event for _, event in log.read_canonical("deployment", lines.encode()) or ()]
        prepared = [
            PreparedRow(row.product, event, row.given_id)
            for (row, _), event in zip(known, events, strict=True)
        ]
        recorded = self._recorded.match(prepared)
        for number, ((row, event_id), event) in enumerate(zip(known, events, strict=True)):
            if number in recorded:
                self._batch.already += 1
            elif self._is_new(row, event):
                self._note_version(row)
                self._visible.add("deployment", event)
                self._versions[row.version] += 1
                self._batch.added += 1
                yield row.at, row.log_line(event_id)
        self._batch.note_versions(self._versions, self._first)

    def _check_result(self, row: StagedRow, event: Event) -> None:
        prepared = PreparedRow(row.product, event, row.given_id)
        self._recorded.check_result(prepared, self._is_void)

    def _is_void(self, event: Event) -> bool:
        if self._void is None:
            self._void = void_ids(self._events)
        return event["id"] in self._void
