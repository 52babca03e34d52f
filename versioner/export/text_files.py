"""Whole files of text: CSV for spreadsheets, and JSON Lines."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from versioner.export.cells import csv_cell
from versioner.export.rows import event_lines, with_nulls
from versioner.export.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TextIO

    from versioner.export.folder import ExportFolder
    from versioner.export.rows import ProductRows, Row
    from versioner.export.tables import TableName
    from versioner.registry.records import ProductRecord

__all__ = ["CsvFiles", "JsonLines"]

# A CSV file has lines that end in CR LF, which the writer gives.
_NEWLINE: Final = ""


class _TextFiles:
    """A draft for each table, in one folder."""

    suffix = ""

    def __init__(self, folder: ExportFolder, since: str) -> None:
        self._since = since
        self._drafts = {f"{name}.{self.suffix}": name for name in TABLES}
        self._counts = dict.fromkeys(TABLES, 0)
        self._paths: dict[TableName, Path] = {
            name: folder.draft(number) for number, name in enumerate(TABLES, 1)
        }
        self._files: dict[TableName, TextIO] = {
            name: path.open("x", encoding="utf-8", errors="replace", newline=_NEWLINE)
            for name, path in self._paths.items()
        }

    def add(self, name: TableName, rows: Iterable[Row]) -> None:
        """Write rows of a table."""
        raise NotImplementedError

    def add_product(self, record: ProductRecord, rows: ProductRows) -> None:
        """Write what a product has to export."""
        for name, each in rows._asdict().items():
            self.add(name, each)  # type: ignore[arg-type]

    def finish(self) -> dict[str, tuple[Path, int]]:
        """End the files, and return the draft of each path with its number of rows."""
        for file in self._files.values():
            file.close()
        return {
            path: (self._paths[name], self._counts[name]) for path, name in self._drafts.items()
        }

    def close(self) -> None:
        """Close the files, complete or not."""
        for file in self._files.values():
            # On a full disk, what is not written yet fails again.
            with suppress(OSError):
                file.close()


class CsvFiles(_TextFiles):
    """A CSV file for each table, with a heading (RFC 4180)."""

    suffix = "csv"

    def __init__(self, folder: ExportFolder, since: str) -> None:
        super().__init__(folder, since)
        self._writers = {
            name: csv.writer(file, lineterminator="\r\n") for name, file in self._files.items()
        }
        for name, writer in self._writers.items():
            writer.writerow(TABLES[name].names)

    def add(self, name: TableName, rows: Iterable[Row]) -> None:
        """Write rows of a table."""
        columns = TABLES[name].columns
        for row in rows:
            self._writers[name].writerow(map(csv_cell, columns, row))
            self._counts[name] += 1


class JsonLines(_TextFiles):
    """A file of JSON Lines for each table; that of deployments has a line for each event."""

    suffix = "jsonl"

    def add(self, name: TableName, rows: Iterable[Row]) -> None:
        """Write rows of a table as objects."""
        for row in rows:
            self._line(name, with_nulls(TABLES[name], row))

    def add_product(self, record: ProductRecord, rows: ProductRows) -> None:
        """Write the events of a product, and its rows of other tables."""
        for event in event_lines(record, self._since):
            self._line("deployments", event)
        super().add_product(record, rows._replace(deployments=[]))

    def _line(self, name: TableName, value: dict[str, Any]) -> None:
        self._files[name].write(json.dumps(value, ensure_ascii=False) + "\n")
        self._counts[name] += 1
