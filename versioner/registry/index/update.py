"""The update of the rows of products to the files of a snapshot."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.registry.index.append import append_to_product
from versioner.registry.index.product_rows import (
    ProductSource,
    delete_product,
    insert_from_files,
)
from versioner.registry.index.schema import key_range

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable

    from versioner.registry.index.fill import Statement
    from versioner.registry.index.wanted import Wanted

__all__ = ["fill", "insert_product", "update_products"]

# For fewer bytes of files, starting other processes costs more than it saves.
_SHARED_LEAST: Final = 8 * 1024 * 1024


def update_products(
    connection: sqlite3.Connection,
    wanted: Wanted,
    stale: Collection[str],
    surplus: Iterable[int],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the rows of products that are not as wanted, and delete those of surplus ones.

    The ids that events of several products have are noted.
    """
    written = []
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
            insert_product(connection, wanted, name, number)
            written.append(number)
        if progress is not None:
            progress(count, len(stale))
    for number in written:
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


def insert_product(connection: sqlite3.Connection, wanted: Wanted, name: str, number: int) -> None:
    """Read a product from its files, and insert its rows under a number."""
    source = source_of(wanted, name, number)
    insert_from_files(connection, wanted.snapshot, wanted.environments, source)


def source_of(wanted: Wanted, name: str, number: int) -> ProductSource:
    """Return what tells a product's rows."""
    entries = wanted.snapshot.entries(layout.product_dir(name))
    return ProductSource(name, number, wanted.trees[name], entries)


def _is_worth_sharing(sources: Iterable[ProductSource]) -> bool:
    sizes = (entry.size for source in sources for entry in source.entries.values())
    return sum(sizes) >= _SHARED_LEAST


def fill(
    connection: sqlite3.Connection,
    wanted: Wanted,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Insert the rows of all products that are wanted into an empty index."""
    sources = [source_of(wanted, name, number) for number, name in enumerate(wanted.trees, 1)]
    with ExitStack() as stack:
        read: Iterable[tuple[ProductSource, list[Statement] | None]]
        read = ((source, None) for source in sources)
        if _is_worth_sharing(sources):
            from versioner.registry.index.fill import ReadingProcesses

            processes = stack.enter_context(ReadingProcesses(wanted.environments))
            read = processes.read(wanted.snapshot, sources)
        for count, (source, statements) in enumerate(read, 1):
            if statements is None:
                insert_from_files(connection, wanted.snapshot, wanted.environments, source)
            for statement, rows in statements or ():
                connection.executemany(statement, rows)
            if progress is not None:
                progress(count, len(sources))
