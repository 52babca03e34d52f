"""Check all products of a registry, and read only those that changed since the last time.

The key of a product is its tree id, the environments' former names, and a hash of the tool and
the schemas, so that nothing kept is ever stale. A product is read, checked and dropped: memory
holds one product, and of the others what is kept of them.
"""

from __future__ import annotations

import json
from array import array
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.git.files.entries import by_product
from versioner.models import Problem
from versioner.registry.checks.across_products import check_registry
from versioner.registry.checks.results_file import KeptProduct
from versioner.registry.governance.decisions import Decider
from versioner.registry.head import load_head
from versioner.registry.product_files import read_product
from versioner.registry.records import ProductRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from versioner.git.files.entries import FileEntry
    from versioner.git.snapshot import Snapshot
    from versioner.models import Event
    from versioner.registry.checks.results_file import ValidatedProducts
    from versioner.registry.product_files import ProductFiles
    from versioner.registry.records import Registry

__all__ = ["CheckedProduct", "load_checked"]

_LOGS: Final = ("builds", "deployment_events", "observations", "decision_events")
_ID_BYTES: Final = 8
_USUAL_ID: Final = 32
# From this number of products on, the entries of all are asked for at once.
_FEW: Final = 16


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
        # The keys of all products, and the hashes of the ids of those that were read.
        self._keys: dict[str, str] = {}
        self._ids: dict[str, bytes] = {}
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
        for count, name in enumerate(sorted(trees), 1):
            summary = json.loads(self._summary(name, trees[name], rows.get(name)))
            record = CheckedProduct(name, trees[name], summary, self._record)
            registry.problems += record.problems
            if summary["is_product"]:
                registry.products[name] = record
                record.listed = listed
            if progress is not None:
                progress(count, len(trees))
        if self._kept is not None:
            self._kept.drop(rows.keys() - trees.keys())
        sharing = self._sharing(rows)
        registry.problems += check_registry(registry, self._snapshot, sharing)
        registry.problems.sort()
        return registry

    def _summary(self, name: str, tree: str | None, row: KeptProduct | None) -> str:
        self._keys[name] = key = f"{self._key} {tree}"
        if row is not None and tree is not None and row.key == key:
            return row.summary
        files = self._files(name)
        found = KeptProduct(key, _summarized(files))
        self._ids[name] = _hashes(_events_of(files.record))
        if self._kept is not None and tree is not None:
            self._kept.put(name, found, self._ids[name])
        return found.summary

    def _sharing(self, rows: Mapping[str, KeptProduct]) -> set[str]:
        """Return the products that may have an event with the id of another product's event."""
        kept, before = self._kept, {name: row.key for name, row in rows.items()}
        known = kept.sharing(before) if kept is not None and before else None
        if known is not None and before == self._keys:
            return known
        ids = self._all_ids()
        # Where no two products shared an id, only the ids of the changed ones can be another's.
        found = set() if known == set() and _are_new(self._ids, ids) else _sharing(ids)
        if kept is not None:
            kept.put_sharing(self._keys, found)
        return found

    def _all_ids(self) -> dict[str, bytes]:
        """Return the hashes of the ids of each product's events."""
        unread = {name: key for name, key in self._keys.items() if name not in self._ids}
        found = self._kept.ids_of(unread) if self._kept is not None and unread else {}
        for name in unread.keys() - found.keys():
            found[name] = _hashes(_events_of(self._record(name)))
        return found | self._ids

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


def _events_of(record: ProductRecord) -> Iterator[Event]:
    yield from record.builds
    yield from record.deployment_events


def _summarized(files: ProductFiles) -> str:
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
    return json.dumps(summary, separators=(",", ":"))


def _hashes(events: Iterable[Event]) -> bytes:
    """Return the hashes of the ids of events, each id once."""
    ids = {event["id"] for event in events}
    # An id that this tool makes is random to its end, which needs no hash.
    tails = [each[-2 * _ID_BYTES :] for each in ids if len(each) == _USUAL_ID]
    if len(tails) == len(ids):
        with suppress(ValueError):
            return bytes.fromhex("".join(tails))
    return b"".join(map(_hash, ids))


def _hash(event_id: str) -> bytes:
    if len(event_id) == _USUAL_ID:
        with suppress(ValueError):
            return bytes.fromhex(event_id[-2 * _ID_BYTES :])
    return sha256(event_id.encode()).digest()[:_ID_BYTES]


def _are_new(changed: Mapping[str, bytes], ids: Mapping[str, bytes]) -> bool:
    """Return whether no id of a changed product is that of another product."""
    own = array("Q", b"".join(changed.values()))
    others = (array("Q", each) for name, each in ids.items() if name not in changed)
    known = set(own)
    return len(known) == len(own) and all(map(known.isdisjoint, others))


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
