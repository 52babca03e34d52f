"""Read a registry: the bytes of a snapshot as validated records, without the index.

Problems are collected and not raised: `Registry.problems` has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.git.files.entries import by_product
from versioner.registry.checks.across_products import check_registry
from versioner.registry.head import load_head
from versioner.registry.product_files import read_product
from versioner.registry.records import wanted_products

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from versioner.git.files.entries import FileEntry
    from versioner.git.snapshot import Snapshot
    from versioner.registry.records import Registry

__all__ = ["load_registry"]


def load_registry(
    snapshot: Snapshot,
    *,
    products: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    head: Registry | None = None,
) -> Registry:
    """Load everything, or with `products` those alone (old names lead to new ones).

    `head` is the registry without products, where it was loaded before; products are added to it.
    `progress` is called with the number of products read and of all to read. Checks across
    products are made only when all of them are loaded. Raises NotFound for an unknown name in
    `products`.
    """
    registry = load_head(snapshot) if head is None else head
    if products is None:
        entries = by_product(snapshot.entries(layout.ROOT))
    else:
        entries = _wanted_entries(snapshot, products, registry)
    wanted = sorted(entries)
    trees = snapshot.product_trees(None if products is None else wanted)
    listed = registry.listed_instances
    for count, name in enumerate(wanted, 1):
        found = read_product(
            snapshot,
            name,
            entries[name],
            tree=trees.get(name),
            environment_names=registry.environment_aliases,
            listed=listed,
        )
        registry.problems += found.record.problems
        if found.is_product:
            registry.products[name] = found.record
        if progress is not None:
            progress(count, len(wanted))
    if products is None:
        registry.problems += check_registry(registry, snapshot)
    registry.problems.sort()
    return registry


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
