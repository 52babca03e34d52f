"""Import deployments from a file in one commit; importing it again adds nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.editing.import_rows import read_rows
from versioner.editing.session import edit_session
from versioner.errors import InvalidInput, VersionerError
from versioner.names import canonical_status, check_name, may_slugify, slugify
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.rules.event_decision import AlreadyRecorded, evaluate_event
from versioner.rules.event_identity import derive_content_id
from versioner.rules.times import check_at
from versioner.rules.visible import VisibleEvents
from versioner.serialization import log
from versioner.serialization.documents import dump_document
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository
    from versioner.models import Changes, Event
    from versioner.registry.records import Registry

__all__ = ["MOST_ROWS", "ImportResult", "import_file"]

_REFUSED_SHOWN = 10
# All rows are in memory at once, to be sorted by time: about a kilobyte each.
MOST_ROWS: Final = 2_000_000


@dataclass(slots=True)
class ImportResult:
    """The result of an import; `refused` pairs line numbers with messages."""

    added: int = 0
    already: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    products: int = 0
    created: tuple[str, ...] = ()
    commit: str | None = None
    branch: str = ""


def import_file(
    repository: Repository,
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    now: str,
    dry_run: bool = False,
    skip_invalid: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Import a CSV, CSV.gz or JSON Lines file of deployment events.

    Rows are checked like recorded events, in the order of their times. If a row is invalid and
    `skip_invalid` is false, nothing is imported: raises InvalidInput, which lists the rows.
    """
    rows = list(islice(read_rows(path, mapping or {}), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise InvalidInput(
            f"the file has more than {MOST_ROWS:,} rows",
            hint="import it in parts: rows that are already recorded are skipped",
        )
    with edit_session(repository) as edit:
        batch = _Batch(edit.registry, now)
        prepared = _prepared(rows, batch)
        for count, (number, product, event) in enumerate(prepared, 1):
            batch.add(number, product, event)
            if progress is not None:
                progress(count, len(prepared))
        imported = batch.imported
        imported.refused.sort()
        if imported.refused and not skip_invalid:
            raise _refusal(imported.refused, len(rows))
        changes = batch.changes(edit)
        imported.products = len(batch.new)
        imported.created = tuple(path for path in batch.creations if path in changes)
        if dry_run or not changes:
            return imported
        subject = f"Import {imported.added} deployment events"
        edited = edit.commit(changes, subject, now=now)
        imported.commit, imported.branch = edited.commit, edited.branch
    return imported


def _prepared(
    rows: list[tuple[int, dict[str, Any]]], batch: _Batch
) -> list[tuple[int, str, Event]]:
    """Return rows as events in the order of their times; refuse the rows that are not valid."""
    prepared = []
    for number, row in rows:
        try:
            prepared.append((number, *batch.prepare(row)))
        except VersionerError as error:
            batch.refuse(number, error)
    # The sort is stable: rows of the same second keep their order, as the lines of a log do.
    prepared.sort(key=lambda each: each[2]["at"])
    return prepared


class _Batch:
    """The events of an import by product, each evaluated against those before it."""

    def __init__(self, registry: Registry, now: str) -> None:
        self.imported = ImportResult()
        self.new: dict[str, list[Event]] = {}
        self.creations: dict[str, bytes] = {}
        self._registry = registry
        self._now = now
        self._visible: dict[str, VisibleEvents] = {}
        self._repeats: dict[str, int] = {}

    def refuse(self, number: int, error: VersionerError) -> None:
        hint = f" ({error.hint})" if error.hint else ""
        self.imported.refused.append((number, f"{error.message}{hint}"))

    def prepare(self, row: dict[str, Any]) -> tuple[str, Event]:
        if "" in row:
            raise InvalidInput(row[""])
        refuse_secrets(row)
        event = dict(row)
        given = event.pop("product", None)
        product = self._product(given)
        given_id = event.pop("id", None)
        if not isinstance(event.get("at"), str):
            raise InvalidInput("the row has no time", field="at", hint="map a column to at")
        event["at"] = check_at(event["at"], self._now)
        if "voids" not in event:
            event["status"] = canonical_status(str(event.get("status", "completed")), "deployment")
        # The id is made of the names in the row: after a rename, the row is recorded already.
        event["id"] = given_id or self._content_id(given, event)
        if isinstance(event.get("environment"), str):
            event["environment"] = self._registry.environment_name(event["environment"])
        leave_people_out("deployment", event, self._registry.config)
        check_event("deployment", event)
        return product, event

    def _content_id(self, product: str, event: Event) -> str:
        # Equal rows are numbered, so that a second import derives the same ids. The product is
        # the one in the row, so that a rename in between does not change the id.
        first = derive_content_id(product, event)
        ordinal = self._repeats.get(first, 0)
        self._repeats[first] = ordinal + 1
        return first if ordinal == 0 else derive_content_id(product, event, ordinal)

    def _product(self, given: Any) -> str:
        if not isinstance(given, str):
            raise InvalidInput("the row has no product", field="product")
        name = given
        if self._registry.config.get("names") == "slugify" and may_slugify(name):
            name = slugify(name) or name
        check_name(name, "product")
        name = self._registry.target_of(name)
        if name in self._registry.deleted and name not in self._registry.products:
            self._registry.resolve(name)
        if name not in self._registry.products and name not in self._visible:
            document = {"name": name} | ({"title": given} if given != name else {})
            self.creations.setdefault(layout.product_path(name), dump_document("product", document))
        return name

    def add(self, number: int, product: str, event: Event) -> None:
        visible = self._visible_of(product)
        event_id = event.pop("id")
        try:
            decision = evaluate_event(
                "deployment", event, visible=visible, candidate=lambda _: event_id, given=True
            )
        except VersionerError as error:
            self.refuse(number, error)
            return
        if isinstance(decision, AlreadyRecorded):
            self.imported.already += 1
            return
        visible.add("deployment", decision.event)
        self.new.setdefault(product, []).append(decision.event)
        self.imported.added += 1
        self._environment(decision.event.get("environment"))

    def _visible_of(self, product: str) -> VisibleEvents:
        if product not in self._visible:
            record = self._registry.products.get(product)
            self._visible[product] = (
                VisibleEvents(record.builds, record.deployment_events)
                if record is not None
                else VisibleEvents()
            )
        return self._visible[product]

    def _environment(self, name: str | None) -> None:
        if name is not None and name not in self._registry.environments:
            path = layout.environment_path(name)
            if path not in self.creations:
                self.creations[path] = dump_document("environment", {"name": name})

    def changes(self, edit: EditSession) -> Changes:
        """Return the files with the new events appended."""
        needed = {layout.product_path(product) for product in self.new}
        changes: Changes = {
            path: data
            for path, data in self.creations.items()
            if path in needed or path.startswith(f"{layout.ROOT}/environments/")
        }
        for product, events in self.new.items():
            months: dict[str, list[Event]] = {}
            for event in events:
                months.setdefault(layout.month_of(event["at"]), []).append(event)
            for month, added in months.items():
                path = layout.log_path(product, "deployment", month)
                existing = edit.snapshot.read(path) if product in self._registry.products else None
                changes[path] = log.append("deployment", existing, added)
        return changes


def _refusal(refused: list[tuple[int, str]], total: int) -> InvalidInput:
    shown = "\n".join(f"  line {number}: {message}" for number, message in refused[:_REFUSED_SHOWN])
    more = len(refused) - _REFUSED_SHOWN
    rest = f"\n  and {more} more" if more > 0 else ""
    are, them = ("is", "it") if len(refused) == 1 else ("are", "them")
    return InvalidInput(
        f"{len(refused)} of {total} rows {are} not valid, so nothing was imported:\n{shown}{rest}",
        hint=f"fix {them}, or add --skip-invalid to import the others",
    )
