"""What builds remember in the git directory: summaries of products, and keys of what was written.

A build first brings the summaries up to date, in one transaction. Then it reads, in one state that
its processes share, and at last it writes what it made. Deleting the file costs time only; a
damaged, locked or foreign one is left out, and made again where possible.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn

from versioner.serialization.compact_json import ascii_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["SiteState", "StateLost"]

_FORMAT: Final = 3
_WAIT_SECONDS: Final = 5
# A shorter text is not compressed.
_SHORT: Final = 300
_TABLES: Final = {
    # The summary of a product: for pages of all products, and for the pages of its history.
    "summaries": "(product TEXT PRIMARY KEY, key TEXT, head BLOB, history BLOB)",
    # The rows of a product's month, its versions, and its entries in the search index.
    "rows": "(name TEXT, product TEXT, data BLOB, PRIMARY KEY (name, product)) WITHOUT ROWID",
    # Sums over all products, by name, of the digests and numbers of these rows.
    "sums": "(name TEXT PRIMARY KEY, data TEXT) WITHOUT ROWID",
    "numbers": "(name TEXT PRIMARY KEY, key TEXT, data TEXT) WITHOUT ROWID",
    "outputs": "(folder TEXT, unit TEXT, key TEXT, pages INTEGER, number INTEGER, folders TEXT,"
    " PRIMARY KEY (folder, unit)) WITHOUT ROWID",
    "files": "(folder TEXT, unit TEXT, data BLOB, parts BLOB, PRIMARY KEY (folder, unit))"
    " WITHOUT ROWID",
    "builds": "(folder TEXT PRIMARY KEY, data BLOB)",
}


class StateLost(Exception):
    """The state failed while a build read it; the build begins again without one."""


class SiteState:
    """A database of JSON values; without a path, or where it fails, it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        # What the summaries that are read are made from, once they are not changed any more.
        self._mark: str | None = None
        self._numbers: list[tuple[str, str, str]] = []

    @property
    def is_on(self) -> bool:
        """Return whether anything is remembered."""
        return self._path is not None

    # Facts, which are brought up to date first.

    def begin(self) -> None:
        """Begin to change the summaries: no other process does until `hold`."""
        self._run("BEGIN IMMEDIATE")

    def keys(self) -> dict[str, str]:
        """Return by product the key of its summary."""
        return dict(self._select("SELECT product, key FROM summaries"))

    def heads(self) -> Iterator[tuple[str, str]]:
        """Yield the products, each with what pages of all products show of it."""
        for product, data in self._select("SELECT product, head FROM summaries"):
            yield product, self._text(data)

    def history(self, product: str) -> str:
        """Return the summary of a product's history; raise StateLost where there are none."""
        found = self._select("SELECT history FROM summaries WHERE product = ?", product)
        return self._text(found[0][0] if found else None)

    def keep_summary(
        self,
        product: str,
        key: str,
        head: str,
        history: str,
        rows: Mapping[str, bytes],
        gone: Iterable[str],
    ) -> None:
        """Keep the summary of a product, and those of its rows that differ from the earlier ones.

        The rows are those that `packed_rows` returns.
        """
        self._many(
            "INSERT OR REPLACE INTO summaries VALUES (?, ?, ?, ?)",
            [(product, key, _packed(head), _packed(history))],
        )
        self._many(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?)",
            [(name, product, own) for name, own in rows.items()],
        )
        self._many("DELETE FROM rows WHERE name = ? AND product = ?", [(n, product) for n in gone])

    def forget_summary(self, product: str, rows: Iterable[str]) -> None:
        """Forget a product, and its rows."""
        self._many("DELETE FROM summaries WHERE product = ?", [(product,)])
        self._many("DELETE FROM rows WHERE name = ? AND product = ?", [(n, product) for n in rows])

    def forget_all_summaries(self) -> None:
        """Forget all products, their rows and the sums."""
        for statement in ("DELETE FROM summaries", "DELETE FROM rows", "DELETE FROM sums"):
            self._run(statement)

    def sums(self) -> dict[str, str]:
        """Return the sums by name; that of "" is what they were made from."""
        return dict(self._select("SELECT name, data FROM sums"))

    def keep_sums(self, sums: Mapping[str, str], gone: Iterable[str]) -> None:
        """Keep some sums, and forget others."""
        self._many("INSERT OR REPLACE INTO sums VALUES (?, ?)", [*sums.items()])
        self._many("DELETE FROM sums WHERE name = ?", [(name,) for name in gone])

    def hold(self, mark: str) -> None:
        """Write the summaries, and read one state of them from now on, in each process.

        `mark` is the sum of the name "" in this state.
        """
        self._run("COMMIT")
        if self.is_on:
            self._mark = mark
            self._read_one_state()

    # Rows, and what earlier builds wrote, which are read in that state.

    def rows(self, name: str, product: str) -> list[Any] | None:
        """Return the rows of a product with a name."""
        query = "SELECT data FROM rows WHERE name = ? AND product = ?"
        for (data,) in self._select(query, name, product):
            return self._loaded(data)
        return None

    def rows_of_all(self, name: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield the products that have rows with a name, with these."""
        query = "SELECT product, data FROM rows WHERE name = ? ORDER BY product"
        for product, data in self._select(query, name):
            yield product, self._loaded(data)

    def numbers(self, name: str, key: str) -> list[Any] | None:
        """Return numbers that were kept under a name and a key, None where there are none."""
        query = "SELECT data FROM numbers WHERE name = ? AND key = ?"
        for (text,) in self._select(query, name, key):
            found: list[Any] = json.loads(text)
            return found
        return None

    def keep_numbers(self, name: str, key: str, numbers: list[Any]) -> None:
        """Keep numbers, in place of earlier ones, when the build is finished."""
        self._numbers.append((name, key, ascii_json(numbers)))

    def outputs(self, folder: str) -> list[tuple[str, str, int, int, str]]:
        """Return what is known of each unit that was written into a folder.

        That is its name, its key, its numbers of pages and of files, and the folders of these.
        """
        query = "SELECT unit, key, pages, number, folders FROM outputs WHERE folder = ?"
        return self._select(query, folder)

    def files(self, folder: str, units: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return by unit the paths of its files in a folder, each with what is known of it."""
        query = (
            "SELECT unit, data FROM json_each(?) AS wanted"
            " JOIN files ON folder = ? AND unit = wanted.value"
        )
        found = self._select(query, json.dumps([*units]), folder)
        return {unit: json.loads(self._text(data)) for unit, data in found}

    def parts(self, folder: str, unit: str) -> dict[str, str]:
        """Return the keys of the parts of a unit that was written into a folder."""
        query = "SELECT parts FROM files WHERE folder = ? AND unit = ?"
        for (data,) in self._select(query, folder, unit):
            found: dict[str, str] = json.loads(self._text(data))
            return found
        return {}

    def build(self, folder: str) -> dict[str, Any] | None:
        """Return what the last build into a folder left to be remembered."""
        for (data,) in self._select("SELECT data FROM builds WHERE folder = ?", folder):
            found: dict[str, Any] = json.loads(self._text(data))
            return found
        return None

    # What a build wrote, which is kept at last.

    def keep_outputs(
        self,
        folder: str,
        units: Iterable[tuple[str, str, int, int, str, str, str]],
        gone: Iterable[str],
        build: Mapping[str, Any],
    ) -> None:
        """Keep what is known of units, of their files and of the build, and forget other units.

        Where that fails, the next build does the work again.
        """
        with suppress(StateLost):
            self._run("COMMIT")
            self._mark = None
            self._run("BEGIN IMMEDIATE")
            names = [(folder, unit) for unit in gone]
            rows = [*units]
            self._many("DELETE FROM outputs WHERE folder = ? AND unit = ?", names)
            self._many("DELETE FROM files WHERE folder = ? AND unit = ?", names)
            self._many(
                "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?)",
                [(folder, *row) for *row, _, _ in rows],
            )
            self._many(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                [(folder, row[0], *map(_packed, row[-2:])) for row in rows],
            )
            self._many(
                "INSERT OR REPLACE INTO builds VALUES (?, ?)",
                [(folder, _packed(ascii_json(build)))],
            )
            self._many("INSERT OR REPLACE INTO numbers VALUES (?, ?, ?)", self._numbers)
            self._run("COMMIT")

    def close(self) -> None:
        """Close the file; what was not written is lost."""
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():
            with suppress(sqlite3.Error):
                connection.close()

    def start_anew(self) -> None:
        """Remember nothing more, and remove the file where it is damaged."""
        self.close()
        self._mark = None
        self._path = None

    def _select(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            connection = self._opened()
            return connection.execute(query, values).fetchall() if connection is not None else []
        except sqlite3.Error as error:
            self._fail(error)

    def _many(self, query: str, rows: list[Any]) -> None:
        try:
            connection = self._opened()
            if connection is not None and rows:
                connection.executemany(query, rows)
        except sqlite3.Error as error:
            self._fail(error)

    def _run(self, statement: str) -> None:
        try:
            connection = self._opened()
            if connection is not None:
                connection.execute(statement)
        except sqlite3.Error as error:
            self._fail(error)

    def _loaded(self, data: object) -> list[Any]:
        found: list[Any] = json.loads(self._text(data))
        return found

    def _text(self, data: object) -> str:
        text = _unpacked(data)
        if text is None:
            self._fail(sqlite3.DatabaseError("a row is damaged"))
        return text

    def _fail(self, error: sqlite3.Error) -> NoReturn:
        """End the use of the file, and remove it unless it may be sound; raise StateLost."""
        self.close()
        # A full disk, a read-only folder and another build that writes are operational errors.
        if self._path is not None and not isinstance(error, sqlite3.OperationalError):
            for end in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self._path.with_name(self._path.name + end).unlink()
        raise StateLost from error

    def _opened(self) -> sqlite3.Connection | None:
        # A connection belongs to the process that made it; a child makes its own.
        if self._path is not None and (self._connection is None or self._process != os.getpid()):
            self._connection, self._process = _connect(self._path), os.getpid()
            if self._mark is not None:
                self._read_one_state()
        return self._connection

    def _read_one_state(self) -> None:
        self._run("BEGIN")
        if self._select("SELECT data FROM sums WHERE name = ''") != [(self._mark,)]:
            self._fail(sqlite3.OperationalError("another build changed the summaries"))


def _connect(path: Path) -> sqlite3.Connection:
    if path.is_symlink():
        raise sqlite3.OperationalError("the file is a symbolic link")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            _make_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in found:
        connection.execute(f'DROP TABLE "{name}"')
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE TABLE {name} {columns}")
    connection.execute(f"PRAGMA user_version = {_FORMAT}")
    connection.execute("COMMIT")


def packed_rows(rows: Mapping[str, list[Any]]) -> dict[str, bytes]:
    """Return the rows of a product by name, as they are kept."""
    return {name: _packed(ascii_json(own)) for name, own in rows.items()}


def _packed(text: str) -> bytes:
    # The checksum is noticed to be wrong where a page of the file is damaged.
    data = text.encode("ascii")
    if len(data) < _SHORT:
        return b"\0" + zlib.crc32(data).to_bytes(4, "big") + data
    return zlib.compress(data, 1)


def _unpacked(data: object) -> str | None:
    with suppress(zlib.error, TypeError, ValueError):
        if isinstance(data, bytes) and data[:1] == b"\0":
            is_right = zlib.crc32(data[5:]).to_bytes(4, "big") == data[1:5]
            return data[5:].decode("ascii") if is_right else None
        return zlib.decompress(data).decode("ascii")  # type: ignore[arg-type]
    return None
