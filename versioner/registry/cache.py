"""Remember validated products between runs, keyed by what they are made of.

The key is the product's tree id (its content), its name, and the tool and schemas that read
it, so an entry is never stale, only unused. Deleting the file costs time, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from versioner import __version__
from versioner.git.state import state_file
from versioner.resources import schemas_dir

if TYPE_CHECKING:
    from types import TracebackType

    from versioner.git.repository import Repository

__all__ = ["ProductCache"]

# So many states of one product are kept: the tip, the work tree, and a few for `--rev`.
_STATES_KEPT: Final = 4

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY, name TEXT, tree TEXT, reader TEXT, record TEXT,
    UNIQUE (name, tree, reader)
)
"""


class ProductCache:
    """Keep products' records as JSON in one SQLite file; every failure of it is a cache miss."""

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
            # Locked, or in a folder that may not be written: it is good for others.
            self._give_up()
        except (sqlite3.DatabaseError, OSError):
            self._start_anew()
        self._reader = _reader_version()
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
        """Return what was put under this product and tree, or None."""
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
        """Remember a record (plain JSON data) and forget the product's oldest ones."""
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
        # A damaged file would cost every run from now on; without it the next one fills it.
        self._give_up()
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + end).unlink()

    def _give_up(self) -> None:
        # A cache that another process holds, or that is damaged, is no reason to fail.
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _reader_version() -> str:
    """Name what reads a product: the tool's version, the schemas and the code that checks.

    Between two releases the version stays and the code does not.
    """
    digest = hashlib.sha256()
    for schema in sorted(schemas_dir().glob("*.json")):
        digest.update(schema.read_bytes())
    package = Path(__file__).resolve().parent.parent
    for folder in (".", "registry", "serialization", "validation"):
        for module in sorted((package / folder).glob("*.py")):
            found = module.stat()
            digest.update(f"{module.name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return f"{__version__}-{digest.hexdigest()[:16]}"
