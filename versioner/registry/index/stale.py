"""Compare the products that the index has with those that are wanted; nothing is read of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.registry.index.wanted import Known

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from versioner.registry.index.wanted import Wanted

__all__ = ["stale_products"]


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
