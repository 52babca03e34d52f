"""Read a registry: the bytes of a snapshot as validated records, without the index.

Problems are collected and not raised: `Registry.problems` has them. The record of a product is
cached by the product's content.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.git.files.entries import by_product
from versioner.models import Problem
from versioner.registry.checks import check_registry
from versioner.registry.head import load_head
from versioner.registry.product_files import read_product
from versioner.registry.records import ProductRecord, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from versioner.git.snapshot import FileEntry, Snapshot
    from versioner.registry.cache import ProductCache

__all__ = ["load_registry", "wanted_products"]


def load_registry(
    snapshot: Snapshot,
    *,
    products: Collection[str] | None = None,
    cache: ProductCache | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Registry:
    """Load everything, or with `products` those alone (old names lead to new ones).

    `progress` is called with the number of products read and of all to read. Checks across
    products are made only when all of them are loaded. Raises NotFound for an unknown name in
    `products`.
    """
    registry = load_head(snapshot)
    if products is None:
        entries = by_product(snapshot.entries(layout.ROOT))
    else:
        entries = _wanted_entries(snapshot, products, registry)
    wanted = sorted(entries)
    trees = snapshot.product_trees(None if products is None else wanted)
    listed = registry.listed_instances
    reader = _Reader(snapshot, registry.environment_aliases, cache)
    for count, name in enumerate(wanted, 1):
        record, is_product = reader.product(name, entries[name], trees.get(name))
        registry.problems += record.problems
        if is_product:
            registry.products[name] = record
            record.listed = listed
        if progress is not None:
            progress(count, len(wanted))
    if products is None:
        registry.problems += check_registry(registry, snapshot)
    registry.problems.sort()
    return registry


def wanted_products(products: Iterable[str], names: Iterable[str], registry: Registry) -> list[str]:
    """Return the names that some names or old names lead to; raise NotFound for an unknown one."""
    # Names are resolved before any product is read, so the records are empty.
    known = Registry(
        products={name: ProductRecord(name) for name in names},
        aliases=registry.aliases,
        deleted=registry.deleted,
    )
    return sorted({known.resolve(name).name for name in products})


def _wanted_entries(
    snapshot: Snapshot, products: Collection[str], registry: Registry
) -> dict[str, dict[str, FileEntry]]:
    """Return the entries of the products that some names lead to."""
    wanted = wanted_products(products, snapshot.product_names(), registry)
    entries = by_product(snapshot.selected_entries(wanted))
    if all(_has_place(entries.get(name, ())) for name in wanted):
        return {name: entries[name] for name in wanted}
    # A directory without files of a registry is no product: its name may be one that leads on.
    everything = by_product(snapshot.entries(layout.ROOT))
    names = [name for name, own in everything.items() if _has_place(own)]
    return {name: everything[name] for name in wanted_products(products, names, registry)}


def _has_place(paths: Iterable[str]) -> bool:
    return any(map(layout.place_of, paths))


class _Reader:
    """The products of a snapshot, read from the cache where it has them."""

    def __init__(
        self, snapshot: Snapshot, names: dict[str, str], cache: ProductCache | None
    ) -> None:
        self._snapshot, self._names, self._cache = snapshot, names, cache
        # The events that were read depend on the former names of environments, too.
        text = json.dumps(sorted(names.items()))
        self._key = f"+{hashlib.sha256(text.encode()).hexdigest()[:16]}" if names else ""

    def product(
        self, name: str, entries: dict[str, FileEntry], tree: str | None
    ) -> tuple[ProductRecord, bool]:
        key = f"{tree}{self._key}"
        cache = self._cache if tree is not None else None
        kept = cache.get(name, key) if cache is not None else None
        if kept is not None:
            with suppress(KeyError, TypeError):
                return _from_cache(name, tree, kept), True
        found = read_product(
            self._snapshot, name, entries, tree=tree, environment_names=self._names
        )
        if cache is not None and found.is_product:
            cache.put(name, key, _for_cache(found.record))
        return found.record, found.is_product


def _for_cache(record: ProductRecord) -> dict[str, Any]:
    return {
        "document": record.document,
        "builds": record.builds,
        "deployments": record.deployment_events,
        "observations": record.observations,
        "decisions": record.decision_events,
        "problems": [
            (p.path, p.line, p.column, p.code, p.message, p.hint, p.severity)
            for p in record.problems
        ],
    }


def _from_cache(name: str, tree: str | None, kept: dict[str, Any]) -> ProductRecord:
    return ProductRecord(
        name=name,
        document=kept["document"],
        tree=tree,
        builds=kept["builds"],
        deployment_events=kept["deployments"],
        observations=kept["observations"],
        decision_events=kept["decisions"],
        problems=[Problem(*fields) for fields in kept["problems"]],
    )
