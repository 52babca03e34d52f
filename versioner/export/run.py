"""Export a registry into a folder; only what changed since the last export is written."""

from __future__ import annotations

import hashlib
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, Protocol

from versioner.export.folder import ExportFolder
from versioner.export.manifest import FileState, Part
from versioner.export.rows import product_rows, registry_rows
from versioner.export.tables import SCHEMA_DIGEST, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from versioner.export.rows import ProductRows, Row
    from versioner.export.tables import TableName
    from versioner.registry.records import ProductRecord, Registry

    # The table and the rows of each file, by path.
    _Files = dict[str, tuple[TableName, Sequence[Row]]]

__all__ = ["FORMATS", "ExportFormat", "ExportReport", "export_registry"]

ExportFormat = Literal["parquet", "csv", "jsonl", "sqlite"]
FORMATS: Final[tuple[ExportFormat, ...]] = ("parquet", "csv", "jsonl", "sqlite")

# The part of the files that hold all products.
_WHOLE: Final = ""
_READ_TOGETHER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ExportReport:
    """How many files an export wrote, left and removed, and what the folder has now.

    `rows` are those of each table; `bytes` the size of all files of the format.
    """

    format: ExportFormat
    written: int
    unchanged: int
    removed: int
    bytes: int
    rows: dict[str, int] = field(default_factory=dict)


class _WholeFiles(Protocol):
    """The files of a format that hold all products."""

    def add(self, name: TableName, rows: Iterable[Row]) -> None:
        """Write rows of a table."""

    def add_product(self, record: ProductRecord, rows: ProductRows) -> None:
        """Write what a product has to export."""

    def finish(self) -> dict[str, tuple[Path, int]]:
        """End the files, and return the draft of each path with its number of rows."""

    def close(self) -> None:
        """Close the files, complete or not."""


def export_registry(
    registry: Registry,
    path: Path,
    format_: ExportFormat,
    *,
    since: str = "",
    reader: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Export a registry into a folder that is new, empty or an earlier export's.

    With `since`, a month, deployments that began before are left out. `reader` identifies the
    code that reads records: what another one wrote is made again. `progress` is called with the
    number of products done and of all. Products are folded one after another, so that the rows
    of no more than one are in memory.

    Raises OperationFailed; the next export completes what this one left undone.
    """
    if format_ == "parquet":
        from versioner.export.parquet import check_installed

        check_installed()
    keys = _Keys(registry, since, reader)
    with ExportFolder(path) as folder:
        run = _Run(registry, folder, format_, since, keys, progress)
        if format_ == "parquet":
            run.partitions()
        else:
            run.whole_files()
        return run.report()


class _Keys:
    """The keys of what is exported: equal ones give equal files."""

    def __init__(self, registry: Registry, since: str, reader: str) -> None:
        self._registry = registry
        aliases = sorted(registry.environment_aliases.items())
        listed = sorted(registry.listed_instances.items())
        self._common = repr((SCHEMA_DIGEST, reader, since, aliases, listed))

    def of_product(self, name: str) -> str:
        """Return the key of a product, "" where its files have no tree id."""
        tree = self._registry.products[name].tree
        return _digest(f"{self._common} {tree}") if tree is not None else ""

    def of_all(self) -> str:
        """Return the key of the registry, "" where one of its products has none."""
        keys = [(name, self.of_product(name)) for name in sorted(self._registry.products)]
        settings = (
            self._registry.environments,
            sorted(self._registry.aliases.items()),
            [(each.name, each.decisions) for each in self._registry.governance.requests],
        )
        return _digest(repr((self._common, keys, settings))) if all(k for _, k in keys) else ""


class _Run:
    """One export of one format."""

    def __init__(
        self,
        registry: Registry,
        folder: ExportFolder,
        format_: ExportFormat,
        since: str,
        keys: _Keys,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._registry = registry
        self._folder = folder
        self._format = format_
        self._since = since
        self._keys = keys
        self._progress = progress
        self._names = sorted(registry.products)

    def partitions(self) -> None:
        """Write the partitions of the products that changed, and remove those that are gone."""
        for name in {*self._folder.manifest.names(self._format)} - {_WHOLE, *self._names}:
            self._folder.drop(self._format, name)
        for count, name in enumerate(self._names, 1):
            key = self._keys.of_product(name)
            if self._folder.is_current(self._format, name, key):
                self._folder.keep(self._format, name)
            else:
                self._write_part(name, key, self._of_product(name))
            self._advance(count)
        whole = registry_rows(self._registry)
        files: _Files = {f"{table}/part-0.parquet": (table, rows) for table, rows in whole.items()}
        self._write_part(_WHOLE, "", files)

    def _record(self, name: str) -> ProductRecord:
        # What is read or folded is kept in its record: the copy is dropped after its product.
        return copy(self._registry.products[name])

    def _of_product(self, name: str) -> _Files:
        rows = product_rows(self._record(name), self._since)
        files: _Files = {}
        at = TABLES["deployments"].names.index("at")
        for month, those in groupby(rows.deployments, key=lambda row: row[at][:7]):
            path = f"deployments/product={name}/month={month}/part-0.parquet"
            files[path] = ("deployments", list(those))
        if rows.versions:
            files[f"versions/product={name}/part-0.parquet"] = ("versions", rows.versions)
        if rows.running:
            files[f"running/product={name}/part-0.parquet"] = ("running", rows.running)
        if rows.decisions:
            files[f"decisions/product={name}/part-0.parquet"] = ("decisions", rows.decisions)
        return files

    def _write_part(self, name: str, key: str, files: _Files) -> None:
        """Write those files of a part whose content changed."""
        from versioner.export.parquet import parquet_bytes

        folder, before = self._folder, self._folder.manifest.part(self._format, name)
        digests = {path: _digest(repr((SCHEMA_DIGEST, rows))) for path, (_, rows) in files.items()}
        changed = [
            path
            for path, digest in digests.items()
            if folder.differs(self._format, name, path, digest)
        ]
        folder.unchanged += len(files) - len(changed)
        gone = before.files.keys() - files.keys()
        after = {path: state for path, state in before.files.items() if path in files}
        if not changed and not gone and before.key == key:
            return
        folder.begin(self._format, name, [*changed, *gone])
        for path in changed:
            table, rows = files[path]
            size = folder.write(path, parquet_bytes(table, rows))
            after[path] = FileState(digests[path], size, len(rows))
        folder.end(self._format, name, Part(key, after))

    def whole_files(self) -> None:
        """Write the files that hold all products, where one of them changed."""
        key = self._keys.of_all()
        if self._folder.is_current(self._format, _WHOLE, key):
            self._folder.keep(self._format, _WHOLE)
            return
        with closing(_whole_files(self._format, self._folder, self._since)) as files:
            for table, rows in registry_rows(self._registry).items():
                files.add(table, rows)
            for count, name in enumerate(self._names, 1):
                record = self._record(name)
                files.add_product(record, product_rows(record, self._since))
                self._advance(count)
            drafts = files.finish()
        self._place(key, drafts)

    def _place(self, key: str, drafts: dict[str, tuple[Path, int]]) -> None:
        part = Part(key)
        for path, (draft, count) in drafts.items():
            part.files[path] = FileState(_digest_of(draft), draft.stat().st_size, count)
        changed = [
            path
            for path, state in part.files.items()
            if self._folder.differs(self._format, _WHOLE, path, state.digest)
        ]
        self._folder.begin(self._format, _WHOLE, changed)
        for path in changed:
            self._folder.place(drafts[path][0], path)
        for path in drafts.keys() - set(changed):
            drafts[path][0].unlink()
            self._folder.unchanged += 1
        self._folder.end(self._format, _WHOLE, part)

    def _advance(self, count: int) -> None:
        if self._progress is not None:
            self._progress(count, len(self._names))

    def report(self) -> ExportReport:
        """Return what was done, and what there is now."""
        manifest = self._folder.manifest
        rows = dict.fromkeys(map(str, TABLES), 0)
        size = 0
        for name in manifest.names(self._format):
            for path, state in manifest.part(self._format, name).files.items():
                # The one file of SQLite is not named for a table: its deployments are counted.
                stem = path.partition("/")[0].partition(".")[0]
                rows[stem if stem in rows else "deployments"] += state.rows
                size += state.size
        done = self._folder
        return ExportReport(self._format, done.written, done.unchanged, done.removed, size, rows)


def _whole_files(format_: ExportFormat, folder: ExportFolder, since: str) -> _WholeFiles:
    if format_ == "sqlite":
        from versioner.export.sqlite_file import SqliteFile

        return SqliteFile(folder, since)
    from versioner.export.text_files import CsvFiles, JsonLines

    return CsvFiles(folder, since) if format_ == "csv" else JsonLines(folder, since)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_TOGETHER):
            digest.update(block)
    return digest.hexdigest()[:16]
