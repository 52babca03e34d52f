"""A cache of validated products, kept between runs in the git directory.

The key of an entry is the product's tree id (its content), its name, and a hash of the tool and
the schemas that read it, so that no entry is ever stale. Deleting the file costs time only.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from versioner import __version__
from versioner.git.state import state_file
from versioner.resources import schemas_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from versioner.git.repository import Repository

__all__ = ["ProductCache", "reader_version"]

# Folders of the package that only read records, and those that hold no modules. What is read
# from the cache does not depend on them.
_ABOVE: Final = frozenset(
    {
        "__pycache__", "cli", "delivery", "docs", "doctor", "editing", "export", "query",
        "recording", "reporting", "rules", "server", "setup", "site", "spool",
    }
)  # fmt: skip

# So many states of one product are kept: the tip, the work tree, and a few for `--rev`.
_STATES_KEPT: Final = 4

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY, name TEXT, tree TEXT, reader TEXT, record TEXT,
    UNIQUE (name, tree, reader)
)
"""


class ProductCache:
    """Records of products as JSON in one SQLite file; every failure of it is a cache miss."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._reader = ""

    @classmethod
    def of(cls, repository: Repository) -> Self:
        """Return the cache that a repository keeps in its git directory."""
        return cls(state_file(repository.common_dir, "cache.sqlite"))

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=2.0)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute(_TABLES)
        except sqlite3.OperationalError:
            # The file is locked or the folder read-only: the file itself is sound, so keep it.
            self._give_up()
        except (sqlite3.DatabaseError, OSError):
            self._start_anew()
        self._reader = reader_version(Path(__file__).resolve().parent.parent, schemas_dir())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.commit()
        self._give_up()

    def get(self, name: str, tree: str) -> Any | None:
        """Return the record of a product at a tree, or None where the cache has none."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(
                "SELECT record FROM records WHERE name = ? AND tree = ? AND reader = ?",
                (name, tree, self._reader),
            ).fetchone()
            return None if row is None else json.loads(row[0])
        except sqlite3.OperationalError:
            self._give_up()
        except (sqlite3.DatabaseError, ValueError):
            self._start_anew()
        return None

    def put(self, name: str, tree: str, record: Any) -> None:
        """Store a record (plain JSON data) and delete the product's oldest ones."""
        if self._connection is None:
            return
        text = json.dumps(record, ensure_ascii=True, separators=(",", ":"))
        try:
            self._connection.execute(
                "INSERT OR REPLACE INTO records (name, tree, reader, record) VALUES (?, ?, ?, ?)",
                (name, tree, self._reader, text),
            )
            self._connection.execute(
                "DELETE FROM records WHERE name = ? AND sequence NOT IN (SELECT sequence FROM"
                " records WHERE name = ? AND reader = ? ORDER BY sequence DESC LIMIT ?)",
                (name, name, self._reader, _STATES_KEPT),
            )
        except sqlite3.Error:
            self._give_up()

    def _start_anew(self) -> None:
        # A damaged file would slow down every run; the next run makes a new one.
        self._give_up()
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + end).unlink()

    def _give_up(self) -> None:
        # The cache is optional: a locked or damaged one must not stop a command.
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def reader_version(package: Path, schemas: Path) -> str:
    """Return a hash of all that can influence a record: the release, the schemas and the code.

    Between two releases the version stays the same and the code does not. Every module of the
    package counts, in any folder, except those of `_ABOVE`: so no new or moved module is left
    out. Only the sizes and times of the modules are read, which takes a millisecond or two.
    """
    digest = hashlib.sha256(__version__.encode())
    for schema in sorted(schemas.glob("*.json")):
        digest.update(schema.read_bytes())
    for line in sorted(_module_lines(package, "")):
        digest.update(line.encode())
    return f"{__version__}-{digest.hexdigest()[:16]}"


def _module_lines(folder: str | Path, prefix: str) -> Iterator[str]:
    """Yield a line for each module of a folder and its subfolders: its path, size and time."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.name.endswith(".py"):
                found = entry.stat()
                yield f"{path} {found.st_size} {found.st_mtime_ns}\n"
            elif path not in _ABOVE and entry.is_dir():
                yield from _module_lines(entry.path, f"{path}/")
