"""The file of the index: open it for reading, and for one writer at a time.

Readers use a connection that cannot write, and take no lock: SQLite's write-ahead log gives each
of them one state. A writer holds the lock of the index, and seals the file when it has written.
"""

from __future__ import annotations

import gc
import os
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from versioner.backoff import Backoff
from versioner.database import open_database, remove_database, sidecar
from versioner.errors import OperationFailed
from versioner.git.lock import open_lock, try_lock
from versioner.registry.index.schema import INDEXES, SCHEMA
from versioner.registry.index.seal import Seal, pages_in_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["FAILURES", "IndexStore", "finish", "is_intact", "private_database"]

# Whatever keeps the index from being read or written: another way to the answer is taken then.
FAILURES: Final = (sqlite3.Error, OSError, OperationFailed, ValueError)

_PAGE: Final = 4096
_LONGEST_LOG: Final = 32 * 1024 * 1024
# A writer waits for another program that has the file open; a reader does without it soon.
_WRITER_SECONDS: Final = 5.0
_READER_SECONDS: Final = 1.0


class IndexStore:
    """The index in one file; `reader` is the version of what reads files, part of its key.

    `outdated` are files of earlier releases, which are removed when an index is made.
    """

    def __init__(self, path: Path, reader: str, outdated: Iterable[Path] = ()) -> None:
        self.path = path
        self.reader = reader
        self._outdated = outdated

    def reading(self) -> sqlite3.Connection | None:
        """Return a connection to the sealed index, None where there is none."""
        seal = Seal.read(self.path)
        if seal is None or not seal.is_unbroken(self.path):
            return None
        return self._connect()

    def verified(self) -> sqlite3.Connection | None:
        """Return a connection to an index that was moved or copied, if its blocks are right.

        The caller holds the lock, so that no other process writes.
        """
        seal = Seal.read(self.path)
        if seal is None:
            return None
        if not seal.is_unbroken(self.path):
            if not seal.has_same_content(self.path):
                return None
            with suppress(*FAILURES):
                seal.write(self.path, (), _PAGE)
        return self._connect()

    def copied(self) -> sqlite3.Connection | None:
        """Return a connection to an index that was moved or copied; its seal stays as it is."""
        seal = Seal.read(self.path)
        if seal is None or not seal.has_same_content(self.path):
            return None
        return self._connect()

    @contextmanager
    def lock(self, seconds: float) -> Iterator[None]:
        """Return a context that has the lock of the index; raise OperationFailed after a wait.

        Garbage is not collected within it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = open_lock(self.path.with_name(f"{self.path.name}-lock"))
        try:
            backoff = Backoff(0.002, longest=0.05, limit=seconds)
            while not try_lock(descriptor):
                if backoff.is_over:
                    raise OperationFailed("another process writes the index")
                backoff.pause()
            with _without_collection():
                yield
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the files of the index."""
        Seal.remove(self.path)
        remove_database(self.path)

    @contextmanager
    def making(self) -> Iterator[sqlite3.Connection]:
        """Make a new file; it is sealed, and so used, if no error is raised."""
        self.remove()
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            prepare(connection, self.reader)
            connection.execute("BEGIN")
            yield connection
            finish(connection)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()
            Seal().write(self.path, None, _PAGE)
            for path in self._outdated:
                with suppress(OSError):
                    path.unlink()
        except BaseException:
            connection.close()
            # What was written takes room, maybe on a disk that is full.
            with suppress(OSError):
                self.remove()
            raise

    @contextmanager
    def updating(self) -> Iterator[sqlite3.Connection]:
        """Change the index in one transaction, and seal it; the caller has a reader open.

        That reader keeps SQLite from writing the log into the database at the end, unsealed.
        """
        seal = Seal.read(self.path) or Seal()
        connection = open_database(self.path, seconds=_WRITER_SECONDS)
        try:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            pages = self._shorten_log(connection, seal)
        finally:
            connection.close()
        seal.write(self.path, pages, _PAGE)

    def _shorten_log(self, connection: sqlite3.Connection, seal: Seal) -> set[int]:
        """Write a long log into the database; return the pages that were written."""
        log = sidecar(self.path, "-wal")
        if log.stat().st_size < _LONGEST_LOG:
            return set()
        pages = pages_in_log(self.path, _PAGE)
        Seal.remove(self.path)
        connection.execute("PRAGMA busy_timeout = 0")
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        seal.mixed = bool(busy)
        return pages

    def _connect(self) -> sqlite3.Connection | None:
        # Without the permission to write beside it, SQLite reads only a file without a log.
        uri = f"file:{quote(str(self.path))}?mode=ro"
        for options in ("", "&immutable=1"):
            if options and sidecar(self.path, "-wal").exists():
                return None
            connection = sqlite3.connect(
                uri + options, uri=True, isolation_level=None, timeout=_READER_SECONDS
            )
            try:
                if is_ours(connection, self.reader):
                    return connection
            except sqlite3.OperationalError:
                connection.close()
                continue
            except sqlite3.Error:
                pass
            connection.close()
            return None
        return None


@contextmanager
def _without_collection() -> Iterator[None]:
    # Rows have no cycles, and a million of them would be looked through many times.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def private_database(reader: str, name: str = "") -> sqlite3.Connection:
    """Return an empty index of this process, in a temporary file (":memory:": in memory)."""
    connection = sqlite3.connect(name, isolation_level=None)
    prepare(connection, reader)
    return connection


def prepare(connection: sqlite3.Connection, reader: str) -> None:
    """Create the tables in a new database."""
    connection.execute(f"PRAGMA page_size = {_PAGE}")
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -65536")
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO head VALUES ('reader', ?)", (reader,))


def finish(connection: sqlite3.Connection) -> None:
    """Create the indexes of a new database, once the rows are there."""
    for statement in INDEXES:
        connection.execute(statement)
    connection.execute(
        "INSERT INTO shared_ids SELECT id FROM events WHERE key >> 38 & 3 < 2"
        " GROUP BY id HAVING MIN(key >> 40) <> MAX(key >> 40)"
    )


def is_ours(connection: sqlite3.Connection, reader: str) -> bool:
    """Return whether a database has the tables of this reader, and nothing beside them."""
    # Views, triggers and other tables are never run: the database is not used at all then.
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    if {sql for (sql,) in rows} != {*SCHEMA, *INDEXES}:
        return False
    found = connection.execute("SELECT value FROM head WHERE name = 'reader'").fetchone()
    return bool(found == (reader,))


def is_intact(connection: sqlite3.Connection) -> bool:
    """Return whether each index of the tables has an entry for each row, and no other."""
    return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
