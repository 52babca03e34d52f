"""SQLite files of the tool in the git directory: open and remove them.

Each of them saves time only. So nothing waits for the disk, and a file that is damaged or cannot be
opened is removed, or done without.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_file_sound", "open_database", "remove_database", "sidecar"]

# What SQLite adds to the name of a database, for the files beside it and for the file itself.
ENDINGS: Final = ("-wal", "-shm", "-journal", "")

# The file is locked, the disk is full, or the folder cannot be written: the file itself is sound.
# These are SQLite's numbers of PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL and
# CANTOPEN; Python 3.10, where versioner.pyz also runs, has no names of them.
_CANTOPEN: Final = 14
_SOUND: Final = frozenset({3, 5, 6, 7, 8, 9, 10, 13, _CANTOPEN})
# The part of an error's number that is without details.
_PRIMARY: Final = 0xFF


def open_database(
    path: Path, *, seconds: float, transactions: bool = False, other_threads: bool = False
) -> sqlite3.Connection:
    """Return a connection that reads and writes beside others, and waits for them some seconds.

    The file and its folder are made where they are missing. With `transactions`, the first change
    begins one, as Python's module does by itself. Raises sqlite3.Error.
    """
    if path.is_symlink():
        raise sqlite3.OperationalError("the file is a symbolic link")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path,
        timeout=seconds,
        isolation_level="DEFERRED" if transactions else None,
        check_same_thread=not other_threads,
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def sidecar(path: Path, ending: str) -> Path:
    """Return the file that SQLite has beside a database, by one of the `ENDINGS`."""
    return path.with_name(path.name + ending)


def is_file_sound(error: sqlite3.Error) -> bool:
    """Return whether an error is one of the use of a file, and says nothing against its content."""
    return getattr(error, "sqlite_errorcode", _CANTOPEN) & _PRIMARY in _SOUND


def remove_database(path: Path) -> None:
    """Remove a database with the files beside it; raise OSError."""
    for ending in ENDINGS:
        sidecar(path, ending).unlink(missing_ok=True)
