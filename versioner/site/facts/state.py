"""What builds remember in the git directory: facts of products, and keys of what was written.

Every row has the key of all that it was made from, so no row is ever stale. Deleting the file
costs time only; a damaged, locked or foreign one is left out, and made again where possible.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["SiteState"]

_FORMAT: Final = 2
_WAIT_SECONDS: Final = 5
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS facts (product TEXT PRIMARY KEY, key TEXT, data BLOB)",
    "CREATE TABLE IF NOT EXISTS rows (product TEXT, month TEXT, key TEXT, data BLOB,"
    " PRIMARY KEY (product, month)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS outputs (folder TEXT, unit TEXT, key TEXT, pages INTEGER,"
    " number INTEGER, folders TEXT, PRIMARY KEY (folder, unit)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS files (folder TEXT, unit TEXT, data BLOB,"
    " PRIMARY KEY (folder, unit)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS builds (folder TEXT PRIMARY KEY, data BLOB)",
)


class SiteState:
    """A database of JSON values; without a path, or where it fails, it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    def facts(self) -> Iterator[tuple[str, str, str]]:
        """Yield the product, the key and the data of all facts."""
        for product, key, data in self._rows("SELECT product, key, data FROM facts"):
            if (text := _unpacked(data)) is not None:
                yield product, key, text

    def rows(self, product: str, month: str, key: str) -> list[Any] | None:
        """Return the rows of a product's month, or None where they are not known."""
        query = "SELECT data FROM rows WHERE product = ? AND month = ? AND key = ?"
        for (data,) in self._rows(query, product, month, key):
            if (text := _unpacked(data)) is not None:
                found: list[Any] = json.loads(text)
                return found
        return None

    def outputs(self, folder: str) -> list[tuple[str, str, int, int, str]]:
        """Return what is known of each unit that was written into a folder.

        That is its name, its key, its numbers of pages and of files, and the folders of these.
        """
        query = "SELECT unit, key, pages, number, folders FROM outputs WHERE folder = ?"
        return self._rows(query, folder)

    def files(self, folder: str, units: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return by unit the paths of its files in a folder, each with what is known of it."""
        query = (
            "SELECT unit, data FROM json_each(?) AS wanted"
            " JOIN files ON folder = ? AND unit = wanted.value"
        )
        return {
            unit: json.loads(text)
            for unit, data in self._rows(query, json.dumps([*units]), folder)
            if (text := _unpacked(data)) is not None
        }

    def build(self, folder: str) -> dict[str, Any] | None:
        """Return what the last build into a folder left to be remembered."""
        for (data,) in self._rows("SELECT data FROM builds WHERE folder = ?", folder):
            if (text := _unpacked(data)) is not None:
                found: dict[str, Any] = json.loads(text)
                return found
        return None

    def keep_facts(self, product: str, key: str, facts: str, rows: dict[str, list[Any]]) -> None:
        """Keep the facts of a product, and the rows of its months, in place of earlier ones."""
        self._write(
            "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", [(product, key, _packed(facts))]
        )
        self._write("DELETE FROM rows WHERE product = ?", [(product,)])
        self._write(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)",
            [
                (product, month, key, _packed(json.dumps(own, separators=(",", ":"))))
                for month, own in rows.items()
            ],
        )

    def keep_rows(self, product: str, month: str, key: str, rows: list[Any]) -> None:
        """Keep rows, in place of earlier ones."""
        data = _packed(json.dumps(rows, separators=(",", ":")))
        self._write(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", [(product, month, key, data)]
        )

    def keep_outputs(
        self,
        folder: str,
        units: Iterable[tuple[str, str, int, int, str, str]],
        gone: Iterable[str],
    ) -> None:
        """Keep what is known of units and of their files, and forget other ones."""
        names = [(folder, unit) for unit in gone]
        rows = [*units]
        self._write("DELETE FROM outputs WHERE folder = ? AND unit = ?", names)
        self._write("DELETE FROM files WHERE folder = ? AND unit = ?", names)
        self._write(
            "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?)",
            [(folder, *row) for *row, _ in rows],
        )
        self._write(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?)",
            [(folder, row[0], _packed(row[-1])) for row in rows],
        )

    def keep_build(self, folder: str, data: dict[str, Any]) -> None:
        """Keep what the next build into a folder is to remember."""
        text = json.dumps(data, separators=(",", ":"))
        self._write("INSERT OR REPLACE INTO builds VALUES (?, ?)", [(folder, _packed(text))])

    def commit(self) -> None:
        """Write what is kept to the file."""
        if self._connection is not None and self._process == os.getpid():
            with suppress(sqlite3.Error):
                self._connection.commit()

    def close(self) -> None:
        """Close the file; what was not written is lost."""
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():
            with suppress(sqlite3.Error):
                connection.close()

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            connection = self._opened()
            return connection.execute(query, values).fetchall() if connection is not None else []
        except sqlite3.OperationalError:
            return []
        except sqlite3.DatabaseError:
            self.start_anew()
            return []

    def _write(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        try:
            connection = self._opened()
            if connection is not None and rows:
                connection.executemany(query, rows)
        except sqlite3.OperationalError:
            # A full disk, a read-only folder or another build: the next build does the work again.
            self.close()
            self._path = None
        except sqlite3.DatabaseError:
            self.start_anew()

    def _opened(self) -> sqlite3.Connection | None:
        # A connection belongs to the process that made it; a child makes its own.
        if self._connection is None or self._process != os.getpid():
            if self._path is None:
                return None
            self._connection, self._process = _connect(self._path), os.getpid()
        return self._connection

    def start_anew(self) -> None:
        """Remove a damaged file; nothing is remembered until the next build."""
        self.close()
        path, self._path = self._path, None
        if path is not None:
            for end in ("", "-wal", "-shm"):
                with suppress(OSError):
                    path.with_name(path.name + end).unlink()


def _connect(path: Path) -> sqlite3.Connection:
    if path.is_symlink():
        raise sqlite3.OperationalError("the file is a symbolic link")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            for name in ("facts", "rows", "outputs", "files", "builds"):
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
        for table in _TABLES:
            connection.execute(table)
    except BaseException:
        connection.close()
        raise
    return connection


def _packed(text: str) -> bytes:
    # The checksum in the packed form is noticed to be wrong where a page of the file is damaged.
    return zlib.compress(text.encode("ascii"), 1)


def _unpacked(data: object) -> str | None:
    with suppress(zlib.error, TypeError, ValueError):
        return zlib.decompress(data).decode("ascii")  # type: ignore[arg-type]
    return None
