"""Compare the index with what the files say, row by row; nothing is written."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.registry.head import load_head
from versioner.registry.index.schema import key_range
from versioner.registry.index.stale import stale_products
from versioner.registry.index.store import FAILURES, is_intact, private_database
from versioner.registry.index.update import insert_product
from versioner.registry.index.wanted import Wanted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from versioner.git.snapshot import Snapshot
    from versioner.registry.index.store import IndexStore

__all__ = ["IndexDifference", "index_differences"]

# Claims are left out: those of void events stay when events are appended, and are only a hint.
_BY_KEY: Final = ("events", "deployments")
_BY_PRODUCT: Final = ("logs", "cells", "sources", "changes")


class IndexDifference(NamedTuple):
    """A product ("" for the index as a whole) whose rows are not what the files say, and why."""

    product: str
    why: str


def index_differences(
    store: IndexStore, snapshot: Snapshot, progress: Callable[[int, int], None] | None = None
) -> Iterator[IndexDifference]:
    """Yield the products of a snapshot whose rows in the index are not those of the files."""
    connection = None
    with suppress(*FAILURES):
        connection = store.reading() or store.copied()
    if connection is None:
        yield IndexDifference("", "there is no index, or it is damaged")
        return
    with closing(connection):
        wanted = Wanted.of(snapshot, load_head(snapshot), None)
        yield from _differences(connection, store, wanted, progress)


def _differences(
    connection: sqlite3.Connection,
    store: IndexStore,
    wanted: Wanted,
    progress: Callable[[int, int], None] | None,
) -> Iterator[IndexDifference]:
    connection.execute("BEGIN")
    fresh, stale, surplus = stale_products(connection, wanted)
    for name in stale:
        yield IndexDifference(name, "its files have changed since it was read")
    for number in surplus:
        (name,) = connection.execute("SELECT name FROM products WHERE id = ?", (number,)).fetchone()
        yield IndexDifference(name, "there is no such product any more")
    if not is_intact(connection):
        yield IndexDifference("", "its tables and their indexes contradict each other")
    for count, (name, known) in enumerate(sorted(fresh.items()), 1):
        with closing(private_database(store.reader, ":memory:")) as expected:
            insert_product(expected, wanted, name, known.number)
            right, there = _rows(expected, known.number), _rows(connection, known.number)
        different = [what for what in right if right[what] != there[what]]
        if different:
            yield IndexDifference(name, f"differs from the files: {', '.join(different)}")
        if progress is not None:
            progress(count, len(fresh))


def _rows(connection: sqlite3.Connection, number: int) -> dict[str, list[Any]]:
    found = {
        "products": connection.execute("SELECT * FROM products WHERE id = ?", (number,)).fetchall()
    }
    for table in _BY_KEY:
        statement = f"SELECT * FROM {table} WHERE key >= ? AND key < ? ORDER BY key"
        found[table] = connection.execute(statement, key_range(number)).fetchall()
    for table in _BY_PRODUCT:
        statement = f"SELECT * FROM {table} WHERE product = ? ORDER BY 1, 2, 3"
        found[table] = connection.execute(statement, (number,)).fetchall()
    return found
