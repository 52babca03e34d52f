"""What validation found of each product, kept between runs in the git directory.

The key of a product is its tree id, the environments' former names, and a hash of the tool and
the schemas, so that nothing kept is ever stale. Deleting the file costs time only. A product is
read, checked and dropped: memory holds one product, and of the others what is kept of them.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from zlib import crc32

from versioner import layout
from versioner.git.files.entries import by_product
from versioner.git.state import state_file
from versioner.models import Problem
from versioner.registry.cache import reader_version
from versioner.registry.checks import check_registry
from versioner.registry.decisions import Decider
from versioner.registry.head import load_head
from versioner.registry.product_files import read_product
from versioner.registry.records import ProductRecord
from versioner.resources import schemas_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from versioner.git.files.entries import FileEntry
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Event
    from versioner.registry.product_files import ProductFiles
    from versioner.registry.records import Registry

__all__ = ["CheckedProduct", "ValidatedProducts", "load_checked"]

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS products"
    " (name TEXT PRIMARY KEY, key TEXT, summary TEXT, ids BLOB, checksum INTEGER)"
)
_LOGS: Final = ("builds", "deployment_events", "observations", "decision_events")
_ID_BYTES: Final = 8
# From this number of products on, the entries of all are asked for at once.
_FEW: Final = 16


class _Kept(NamedTuple):
    """What is kept of a product: `summary` is JSON, `ids` are hashes of the ids of its events."""

    key: str
    summary: str
    ids: bytes

    def checksum(self, name: str) -> int:
        """Return a number that tells whether the row is as it was written."""
        return crc32(self.ids, crc32(f"{name}\0{self.key}\0{self.summary}".encode()))


class ValidatedProducts:
    """The file with what was found; every failure of it costs time only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self.reader = reader_version(Path(__file__).resolve().parent.parent, schemas_dir())

    @classmethod
    def of(cls, repository: Repository) -> Self:
        """Return the file that a repository has in its git directory."""
        return cls(state_file(repository.git_dir, "validated.sqlite"))

    def __enter__(self) -> Self:
        with suppress(OSError, sqlite3.OperationalError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=2.0)
        self._run("PRAGMA journal_mode = WAL")
        self._run("PRAGMA synchronous = OFF")
        self._run(_TABLE)
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

    def rows(self) -> dict[str, _Kept]:
        """Return what is kept, by product; a row that is not as it was written is left out."""
        found: dict[str, _Kept] = {}
        for name, *fields, checksum in self._run("SELECT * FROM products"):
            with suppress(TypeError, AttributeError, UnicodeError):
                kept = _Kept(*fields)
                if kept.checksum(name) == checksum:
                    found[name] = kept
        return found

    def put(self, name: str, kept: _Kept) -> None:
        """Keep what was found of a product."""
        values = (name, *kept, kept.checksum(name))
        self._run("INSERT OR REPLACE INTO products VALUES (?, ?, ?, ?, ?)", *values)

    def drop(self, names: Iterable[str]) -> None:
        """Remove products that are not there any more."""
        for name in names:
            self._run("DELETE FROM products WHERE name = ?", name)

    def _run(self, statement: str, *values: Any) -> list[Any]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError:
            # The file is locked, or the folder cannot be written: the file itself is sound.
            self._close()
        except sqlite3.Error:
            self._close()
            for end in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self._path.with_name(self._path.name + end).unlink()
        return []

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


class CheckedProduct(ProductRecord):
    """A product that was checked; its events are read again where they are asked for."""

    def __init__(
        self, name: str, tree: str | None, summary: Mapping[str, Any], read: _Read
    ) -> None:
        super().__init__(name, summary["document"], tree)
        self.problems = [Problem(*fields) for fields in summary["problems"]]
        self._summary = summary
        self._read = read
        for log in _LOGS:
            delattr(self, log)

    def __getattr__(self, name: str) -> Any:
        if name not in _LOGS:
            raise AttributeError(name)
        record = self._read(self.name)
        for log in _LOGS:
            setattr(self, log, getattr(record, log))
        return getattr(record, name)

    @property
    def environments_named(self) -> set[str]:
        """Return the environments that its events and observations name."""
        return set(self._summary["named"])

    @property
    def event_count(self) -> int:
        """Return the number of its builds and deployment events."""
        return int(self._summary["events"])

    @property
    def deciders(self) -> tuple[Decider, ...]:
        """Return who gave or refused approvals of its versions, once for each type."""
        return tuple(Decider(*each) for each in self._summary["deciders"])

    @property
    def latest_at(self) -> str:
        """Return the latest time of its events, observations and decisions, "" for none."""
        return str(self._summary["latest"])


if TYPE_CHECKING:
    _Read = Callable[[str], ProductRecord]


def load_checked(
    snapshot: Snapshot,
    *,
    kept: ValidatedProducts | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Registry:
    """Check all products, and return the registry with their problems, and no event in memory.

    A product that is as it was at the last time is not read. `progress` is called with the number
    of products that are done, and of all.
    """
    return _Checks(snapshot, kept).load(progress)


class _Checks:
    """One run of the checks of a snapshot."""

    def __init__(self, snapshot: Snapshot, kept: ValidatedProducts | None) -> None:
        self._snapshot = snapshot
        self._kept = kept
        self._entries: dict[str, dict[str, FileEntry]] | None = None
        self._read = 0
        self._registry = load_head(snapshot)
        names = json.dumps(sorted(self._registry.environment_aliases.items()))
        digest = sha256(names.encode()).hexdigest()[:16]
        self._key = f"{kept.reader} {digest}" if kept is not None else ""

    def load(self, progress: Callable[[int, int], None] | None) -> Registry:
        registry = self._registry
        rows = self._kept.rows() if self._kept is not None else {}
        if not rows:
            # All products are read, and the entries tell the trees.
            self._entries = by_product(self._snapshot.entries(layout.ROOT))
        trees = self._snapshot.product_trees()
        listed = registry.listed_instances
        ids: dict[str, bytes] = {}
        for count, name in enumerate(sorted(trees), 1):
            found = self._found(name, trees[name], rows.get(name))
            summary = json.loads(found.summary)
            record = CheckedProduct(name, trees[name], summary, self._record)
            registry.problems += record.problems
            if summary["is_product"]:
                registry.products[name], ids[name] = record, found.ids
                record.listed = listed
            if progress is not None:
                progress(count, len(trees))
        if self._kept is not None:
            self._kept.drop(rows.keys() - trees.keys())
        registry.problems += check_registry(registry, self._snapshot, _sharing(ids))
        registry.problems.sort()
        return registry

    def _found(self, name: str, tree: str | None, row: _Kept | None) -> _Kept:
        key = f"{self._key} {tree}"
        if row is not None and tree is not None and row.key == key:
            return row
        found = _summarized(key, self._files(name))
        if self._kept is not None and tree is not None:
            self._kept.put(name, found)
        return found

    def _files(self, name: str) -> ProductFiles:
        self._read += 1
        if self._entries is None and self._read > _FEW:
            self._entries = by_product(self._snapshot.entries(layout.ROOT))
        if self._entries is not None:
            entries: Mapping[str, FileEntry] = self._entries.get(name, {})
        else:
            entries = self._snapshot.entries(layout.product_dir(name))
        return read_product(
            self._snapshot,
            name,
            entries,
            environment_names=self._registry.environment_aliases,
        )

    def _record(self, name: str) -> ProductRecord:
        return self._files(name).record


def _summarized(key: str, files: ProductFiles) -> _Kept:
    record = files.record
    summary = {
        "is_product": files.is_product,
        "document": record.document,
        "problems": [
            (p.path, p.line, p.column, p.code, p.message, p.hint, p.severity)
            for p in record.problems
        ],
        "named": sorted(record.environments_named),
        "events": record.event_count,
        "latest": record.latest_at,
        "deciders": record.deciders,
    }
    events = (*record.builds, *record.deployment_events)
    return _Kept(key, json.dumps(summary, separators=(",", ":")), _hashes(events))


def _hashes(events: Iterable[Event]) -> bytes:
    """Return the hashes of the ids of events, each id once."""
    return b"".join(
        sha256(event_id.encode()).digest()[:_ID_BYTES]
        for event_id in {event["id"] for event in events}
    )


def _sharing(ids: Mapping[str, bytes]) -> set[str]:
    """Return the products that may have an event with the id of another product's event."""
    hashes = array("Q", b"".join(ids.values()))
    if len(set(hashes)) == len(hashes):
        return set()
    owners: dict[int, str] = {}
    found: set[str] = set()
    for name, own in ids.items():
        for each in array("Q", own):
            first = owners.setdefault(each, name)
            if first != name:
                found |= {first, name}
    return found
