"""The file in the git directory that has what validation found of each product.

Every failure of it costs time only, and deleting it, too. A row that is not as it was written is
left out.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from zlib import crc32

from versioner.database import is_file_sound, open_database, remove_database
from versioner.git.state import state_file
from versioner.registry.reader_version import reader_version
from versioner.resources import schemas_dir

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from types import TracebackType

    from versioner.git.repository import Repository

__all__ = ["KeptProduct", "ValidatedProducts"]

# The ids of events stand apart, because they are read only where a product changed. `products` is
# the table of an earlier form of this file.
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS checked"
    " (name TEXT PRIMARY KEY, key TEXT, summary TEXT, checksum INTEGER)",
    "CREATE TABLE IF NOT EXISTS ids (name TEXT PRIMARY KEY, key TEXT, ids BLOB, checksum INTEGER)",
    "CREATE TABLE IF NOT EXISTS sharing"
    " (one INTEGER PRIMARY KEY, state TEXT, names TEXT, checksum INTEGER)",
    "DROP TABLE IF EXISTS products",
)

_WAIT_SECONDS: Final = 2.0


class KeptProduct(NamedTuple):
    """What is kept of a product beside its ids: `summary` is JSON."""

    key: str
    summary: str


class ValidatedProducts:
    """What validation found, by product; `reader` changes with the tool and the schemas."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        package = Path(__file__).resolve().parent.parent
        self.reader = reader_version(package, schemas_dir(), path.with_name("reader.json"))

    @classmethod
    def of(cls, repository: Repository) -> Self:
        """Return the file that a repository has in its git directory."""
        return cls(state_file(repository.git_dir, "validated.sqlite"))

    def __enter__(self) -> Self:
        try:
            self._connection = open_database(self._path, seconds=_WAIT_SECONDS, transactions=True)
            # Text that is no UTF-8 does not have the checksum of its row.
            self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        except sqlite3.Error as error:
            self._give_up(error)
        for table in _TABLES:
            self._run(table)
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
        self._close()

    def rows(self) -> dict[str, KeptProduct]:
        """Return what is kept, by product."""
        found: dict[str, KeptProduct] = {}
        for name, key, summary, checksum in self._run("SELECT * FROM checked"):
            if _checksum(name, key, summary) == checksum:
                found[name] = KeptProduct(key, summary)
        return found

    def put(self, name: str, kept: KeptProduct, ids: bytes) -> None:
        """Keep what was found of a product; `ids` are the hashes of the ids of its events."""
        values = (name, *kept, _checksum(name, *kept))
        self._run("INSERT OR REPLACE INTO checked VALUES (?, ?, ?, ?)", *values)
        checksum = _checksum(name, kept.key, ids)
        self._run("INSERT OR REPLACE INTO ids VALUES (?, ?, ?, ?)", name, kept.key, ids, checksum)

    def drop(self, names: Iterable[str]) -> None:
        """Remove products that are not there any more."""
        for name in names:
            self._run("DELETE FROM checked WHERE name = ?", name)
            self._run("DELETE FROM ids WHERE name = ?", name)

    def ids_of(self, keys: Mapping[str, str]) -> dict[str, bytes]:
        """Return the hashes of the ids of the products' events, by product.

        A product whose key differs from the one in `keys` is left out.
        """
        return {
            name: ids
            for name, key, ids, checksum in self._run("SELECT * FROM ids")
            if keys.get(name) == key and _checksum(name, key, ids) == checksum
        }

    def sharing(self, keys: Mapping[str, str]) -> set[str] | None:
        """Return the products that share ids, where this was found for products of these keys."""
        state = _state(keys)
        for _, kept, names, checksum in self._run("SELECT * FROM sharing"):
            if kept == state and _checksum(kept, names) == checksum:
                return set(json.loads(names))
        return None

    def put_sharing(self, keys: Mapping[str, str], names: Collection[str]) -> None:
        """Keep which products share ids."""
        values = (_state(keys), json.dumps(sorted(names)))
        statement = "INSERT OR REPLACE INTO sharing VALUES (1, ?, ?, ?)"
        self._run(statement, *values, _checksum(*values))

    def _run(self, statement: str, *values: Any) -> list[Any]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
        return []

    def _give_up(self, error: sqlite3.Error) -> None:
        self._close()
        if not is_file_sound(error):
            with suppress(OSError):
                remove_database(self._path)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _checksum(*fields: Any) -> int:
    """Return a number that tells whether a row is as it was written."""
    total = 0
    for field in fields:
        data = field if isinstance(field, bytes) else f"{field}\0".encode("utf-8", "replace")
        total = crc32(data, total)
    return total


def _state(keys: Mapping[str, str]) -> str:
    text = json.dumps(sorted(keys.items()))
    return sha256(text.encode()).hexdigest()
