"""The update of the rows of products to the files of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.registry.index.append import append_to_product
from versioner.registry.index.product_rows import blobs_of, delete_product, insert_product
from versioner.registry.index.schema import as_json, key_range
from versioner.registry.index.wanted import Known
from versioner.registry.product_files import read_product

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable

    from versioner.registry.index.wanted import Wanted

__all__ = ["insert_from_files", "note_shared_ids", "stale_products", "update_products"]


def stale_products(
    connection: sqlite3.Connection, wanted: Wanted
) -> tuple[dict[str, Known], list[str], list[int]]:
    """Compare the index with the files.

    Return the products that are as wanted, the names of those that are not, and the numbers of
    those that the index has too many.
    """
    fresh: dict[str, Known] = {}
    surplus: list[int] = []
    for number, name, tree, is_product, named, resolved in _rows(connection, wanted):
        if name not in wanted.trees:
            surplus.append(number)
        elif tree == wanted.trees[name] and resolved == wanted.resolved(named):
            fresh[name] = Known(number, bool(is_product))
    return fresh, [name for name in wanted.trees if name not in fresh], surplus


def _rows(
    connection: sqlite3.Connection, wanted: Wanted
) -> Iterable[tuple[int, str, str, int, str, str]]:
    columns = "SELECT id, name, tree, is_product, named, resolved FROM products"
    if wanted.every:
        return connection.execute(columns)
    return (
        row
        for name in wanted.trees
        for row in connection.execute(f"{columns} WHERE name = ?", (name,))
    )


def update_products(
    connection: sqlite3.Connection,
    wanted: Wanted,
    stale: Collection[str],
    surplus: Iterable[int],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the rows of products that are not as wanted, and delete those of surplus ones."""
    for number in surplus:
        delete_product(connection, number)
    (last,) = connection.execute("SELECT MAX(id) FROM products").fetchone()
    following = (last or 0) + 1
    for count, name in enumerate(stale, 1):
        row = connection.execute("SELECT id FROM products WHERE name = ?", (name,)).fetchone()
        number = following if row is None else row[0]
        following += row is None
        if row is None or not append_to_product(connection, wanted, name):
            delete_product(connection, number)
            insert_from_files(connection, wanted, name, number)
        if progress is not None:
            progress(count, len(stale))


def note_shared_ids(connection: sqlite3.Connection, products: Iterable[str]) -> None:
    """Insert the ids of events of some products that an event of another product has."""
    for name in products:
        (number,) = connection.execute("SELECT id FROM products WHERE name = ?", (name,)).fetchone()
        _note_shared_ids(connection, number)


def _note_shared_ids(connection: sqlite3.Connection, product: int) -> None:
    # Those that are not shared any more stay: a reader looks at each of them.
    start, end = key_range(product, 0)[0], key_range(product, 2)[0]
    connection.execute(
        "INSERT OR IGNORE INTO shared_ids SELECT id FROM events e WHERE key >= ? AND key < ?"
        " AND EXISTS (SELECT 1 FROM events o WHERE o.id = e.id AND o.key >> 40 <> ?"
        " AND o.key >> 38 & 3 < 2)",
        (start, end, product),
    )


def insert_from_files(
    connection: sqlite3.Connection, wanted: Wanted, name: str, number: int
) -> None:
    """Read a product from its files, and insert its rows under a number."""
    entries = wanted.snapshot.entries(layout.product_dir(name))
    found = read_product(
        wanted.snapshot,
        name,
        entries,
        environment_names=wanted.head.environment_aliases,
        listed=wanted.head.listed_instances,
    )
    insert_product(
        connection,
        number,
        found,
        tree=wanted.trees[name],
        resolved=wanted.resolved(as_json(sorted(found.named))),
        blobs=blobs_of(entries),
    )
