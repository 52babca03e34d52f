"""The new logs of an import, product by product, as files of one commit."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from versioner import layout
from versioner.errors import InvalidInput, VersionerError
from versioner.git.files.entries import product_of
from versioner.git.snapshot import OverlaySnapshot, snapshot_at
from versioner.registry.checks.across_products import check_registry
from versioner.registry.checks.unexpected_files import is_expected
from versioner.registry.head import load_head
from versioner.registry.product_files import read_product
from versioner.registry.records import ProductRecord
from versioner.serialization import log
from versioner.serialization.documents import dump_document
from versioner.validation.limits import LOG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from versioner.editing.importing.batch import ImportBatch
    from versioner.editing.importing.prepare import StagedRow
    from versioner.editing.importing.stored import StoredChanges
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.registry.records import Registry

__all__ = ["ImportTarget", "NewLogs"]


class ImportTarget:
    """The registry at a commit, of which one product is in memory at a time.

    `head` is the registry with the names of its products only.
    """

    def __init__(self, repository: Repository, revision: str) -> None:
        self.snapshot = snapshot_at(repository, revision)
        self.head = _with_names(self.snapshot)

    def record(self, product: str) -> ProductRecord | None:
        """Return a product with its events, None for a new one."""
        if product not in self.head.products:
            return None
        return self.read(product, self.snapshot)

    def read(self, product: str, snapshot: Snapshot) -> ProductRecord:
        """Return a product of this registry or of one with changes to it."""
        entries = snapshot.entries(layout.product_dir(product))
        names = self.head.environment_aliases
        return read_product(snapshot, product, entries, environment_names=names).record

    @property
    def names(self) -> tuple[Any, ...]:
        """Return all that the events of rows depend on."""
        head = self.head
        names = (head.aliases, head.deleted, sorted(head.products))
        return (head.config, head.environments, head.environment_aliases, *names)

    def is_there(self, path: str) -> bool:
        """Return whether the registry has a file."""
        return path in self.snapshot.entries()


class NewLogs:
    """The files that an import makes, in `changes`, product by product.

    With `check`, each product is validated with its new logs. The first log that cannot be made
    is the reason of `fault`, and ends the making of logs: the rows are still evaluated. `created`
    are the files of new names.
    """

    def __init__(self, target: ImportTarget, changes: StoredChanges, *, check: bool) -> None:
        self.fault: VersionerError | None = None
        self.created: tuple[str, ...] = ()
        self._target = target
        self._changes = changes
        self._check = check

    def add(
        self, batch: ImportBatch, product: str, rows: Iterable[StagedRow], *, makes: bool
    ) -> None:
        """Evaluate the rows of a product; with `makes`, make the logs that they give."""
        record = self._target.record(product)
        lines = batch.new_lines(product, rows, record)
        # All that can be wrong in a new product is checked with each row.
        whole = record is not None or batch.rows.has_references(product)
        new: dict[str, bytes] = {}
        for month, group in groupby(lines, key=lambda line: layout.month_of(line[0])):
            text = "".join([line for _, line in group])
            if makes and self.fault is None:
                path, data = self._log(product, month, text, record)
                if self.fault is None:
                    self._changes.add(path, data)
                    new.update({path: data} if whole else {})
        if new and self._check and self.fault is None:
            self.fault = _new_error(self._target, product, record, new)

    def _log(
        self, product: str, month: str, lines: str, record: ProductRecord | None
    ) -> tuple[str, bytes]:
        path = layout.log_path(product, "deployment", month)
        existing = self._target.snapshot.read(path) if record is not None else None
        try:
            data = log.append_lines("deployment", existing, lines)
        except VersionerError as error:
            self.fault = error
            return path, b""
        if len(data) > LOG_LIMIT:
            self.fault = InvalidInput(
                f"{path}:0:0: the file has {len(data):,} bytes, more than {LOG_LIMIT:,}",
                hint="no file of a registry is this large",
            )
        return path, data

    def add_names(self, batch: ImportBatch) -> None:
        """Add the files of new products and environments; a file that is there stays."""
        creations = {
            path: data
            for path, data in batch.names.creations().items()
            if not self._target.is_there(path)
        }
        self.created = tuple(creations)
        for path, data in creations.items():
            self._changes.add(path, data)
        if creations and self._check and self.fault is None:
            self.fault = _error_of_names(self._target, creations)


def _with_names(snapshot: Snapshot) -> Registry:
    registry = load_head(snapshot)
    names = {
        name
        for path, entry in snapshot.entries().items()
        if (name := product_of(path)) and is_expected(path, entry)
    }
    registry.products = {name: ProductRecord(name) for name in sorted(names)}
    return registry


def _new_error(
    target: ImportTarget, product: str, record: ProductRecord | None, new: Mapping[str, bytes]
) -> InvalidInput | None:
    """Return the first error that new logs cause in their product, None where there is none."""
    changes: dict[str, bytes | None] = {**new}
    if record is None:
        changes[layout.product_path(product)] = dump_document("product", {"name": product})
    after = target.read(product, OverlaySnapshot(target.snapshot, changes))
    return _first_new(record.problems if record is not None else [], after.problems)


def _error_of_names(target: ImportTarget, creations: Mapping[str, bytes]) -> InvalidInput | None:
    """Return the first error that new products and environments cause, None where there is none."""
    changed = OverlaySnapshot(target.snapshot, dict(creations))
    after = _with_names(changed)
    return _first_new(
        [*target.head.problems, *check_registry(target.head, target.snapshot)],
        [*after.problems, *check_registry(after, changed)],
    )


def _first_new(before: Sequence[Problem], after: Sequence[Problem]) -> InvalidInput | None:
    known = {(problem.path, problem.code, problem.message) for problem in before}
    new = [
        problem
        for problem in sorted(after)
        if problem.severity == "error"
        and (problem.path, problem.code, problem.message) not in known
    ]
    if not new:
        return None
    first = new[0]
    more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
    return InvalidInput(
        f"{first.path}:{first.line}:{first.column}: {first.message}{more}", hint=first.hint
    )
