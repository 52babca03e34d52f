"""Rows on the disk, sorted by product and time: memory does not grow with the file."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from itertools import groupby, starmap
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from versioner.editing.importing.prepare import StagedRow
from versioner.errors import OperationFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["StagedRows"]

# SQLite sorts in runs of about this many KiB, which it merges.
_CACHE: Final = 48 * 1024
# All but `fault`.
_COLUMNS: Final = ", ".join(StagedRow._fields[:-1])
_TABLE: Final = f"CREATE TABLE IF NOT EXISTS rows ({_COLUMNS})"
_VALUES: Final = ", ".join("?" * (len(StagedRow._fields) - 1))
_INSERT: Final = f"INSERT INTO rows VALUES ({_VALUES})"  # noqa: S608
_SORTED: Final = f"SELECT {_COLUMNS} FROM rows ORDER BY product, at, rowid"  # noqa: S608


class StagedRows:
    """The checked rows of a file in a SQLite file that nobody else opens.

    `count` is the number of rows, those that were refused included; `refused` are those, each
    with its line and the reason.
    """

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self.refused: list[tuple[int, str]] = []
        self._referring: set[str] = set()
        self._database = sqlite3.connect(folder / "rows.sqlite", isolation_level=None)
        self._folder = folder
        with self._noting_faults():
            for pragma in (
                *("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"),
                f"cache_size = -{_CACHE}",
            ):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.execute(_TABLE)

    def clear(self) -> None:
        """Remove all rows."""
        self.count = 0
        self.refused.clear()
        self._referring.clear()
        with self._noting_faults():
            self._database.execute("DELETE FROM rows")

    def close(self) -> None:
        """Close the file, which its folder's owner removes."""
        self._database.close()

    def add(self, rows: Iterable[StagedRow]) -> None:
        """Add rows as they are read; one is in memory at a time."""
        with self._noting_faults():
            self._database.execute("BEGIN")
            self._database.executemany(_INSERT, self._valid(rows))
            self._database.execute("COMMIT")

    def _valid(self, rows: Iterable[StagedRow]) -> Iterator[tuple[object, ...]]:
        for row in rows:
            self.count += 1
            if row.fault:
                self.refuse(row, row.fault)
                continue
            if row.refers:
                self._referring.add(row.product)
            # All but `fault`, which is the last one.
            yield row[:-1]

    def refuse(self, row: StagedRow, reason: str) -> None:
        """Note that a row is refused, and why."""
        item = f"item {row.item}: " if row.item else ""
        self.refused.append((row.line, f"{item}{reason}"))

    def by_product(self) -> Iterator[tuple[str, Iterator[StagedRow]]]:
        """Yield each product with its rows by time; rows of one second are in their order."""
        with self._noting_faults():
            found = self._database.execute(_SORTED)
            yield from groupby(starmap(StagedRow, found), key=attrgetter("product"))

    def has_references(self, product: str) -> bool:
        """Return whether rows of a product give ids, or name other events."""
        return product in self._referring

    @contextmanager
    def _noting_faults(self) -> Iterator[None]:
        """Raise OperationFailed for a full disk."""
        try:
            yield
        except sqlite3.Error as error:
            raise OperationFailed(
                f"cannot write the rows to {self._folder}: {error}",
                hint="free space on the disk, or set TMPDIR to a folder on another one",
            ) from error
