"""Write the rows of one product: all of them, from what its files say."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.layout import month_of, year_of
from versioner.registry.checks.unexpected_files import is_expected
from versioner.registry.index.claims import add_claims
from versioner.registry.index.encoding import encode_cell, encode_entry
from versioner.registry.index.schema import KINDS, key_range, month_key
from versioner.registry.product_files import read_product
from versioner.serialization.compact_json import compact_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.git.files.entries import FileEntry
    from versioner.git.snapshot import Snapshot
    from versioner.models import Cell, Deployment, Event, Undeployment, Version
    from versioner.registry.index.schema import RowWriter
    from versioner.registry.index.wanted import EnvironmentNames
    from versioner.registry.product_files import LogEvents, ProductFiles
    from versioner.registry.records import ProductRecord

__all__ = [
    "ProductSource",
    "blobs_of",
    "change_rows",
    "delete_product",
    "event_rows",
    "insert_events",
    "insert_from_files",
    "keys_of",
    "source_digits",
]

_INSERT_DEPLOYMENT: Final = f"INSERT INTO deployments VALUES ({', '.join('?' * 13)})"


def delete_product(connection: sqlite3.Connection, product: int) -> None:
    """Delete the rows of a product."""
    start, end = key_range(product)
    for table in ("events", "deployments"):
        connection.execute(f"DELETE FROM {table} WHERE key >= ? AND key < ?", (start, end))
    for table in ("logs", "cells", "sources", "changes", "claims"):
        connection.execute(f"DELETE FROM {table} WHERE product = ?", (product,))
    connection.execute("DELETE FROM products WHERE id = ?", (product,))


class ProductSource(NamedTuple):
    """A product that is to be read: its number in the index, its tree id, and its files."""

    name: str
    number: int
    tree: str
    entries: Mapping[str, FileEntry]


def insert_from_files(
    writer: RowWriter, snapshot: Snapshot, environments: EnvironmentNames, source: ProductSource
) -> None:
    """Read a product from its files, and insert its rows."""
    found = read_product(
        snapshot,
        source.name,
        source.entries,
        environment_names=environments.former,
        listed=environments.listed,
    )
    named = compact_json(sorted(found.named))
    _insert_product(writer, source, found, named, environments.resolved(named))


def _insert_product(
    connection: RowWriter, source: ProductSource, found: ProductFiles, named: str, resolved: str
) -> None:
    record, product = found.record, source.number
    key_of: dict[int, int] = {}
    for log in found.logs:
        keys = keys_of(product, log)
        key_of.update(zip(map(id, log.events), keys, strict=True))
        insert_events(connection, event_rows(keys, log.events))
    for cell in record.cells.values():
        _insert_cell(connection, product, cell, key_of)
    connection.executemany(
        "INSERT INTO sources VALUES (?, ?, ?)", source_digits(product, record.versions.values())
    )
    connection.executemany(
        "INSERT INTO changes VALUES (?, ?, ?)", change_rows(product, record.versions.values())
    )
    add_claims(connection, product, [*record.builds, *record.deployment_events], None)
    connection.executemany(
        "INSERT INTO logs VALUES (?, ?, ?)",
        [(product, path, blob) for path, blob in sorted(blobs_of(source.entries).items())],
    )
    row = (
        *(product, record.name, source.tree, int(found.is_product), named, resolved),
        *_summary(record),
    )
    connection.execute(f"INSERT INTO products VALUES ({', '.join('?' * len(row))})", row)


def keys_of(product: int, log: LogEvents) -> list[int]:
    """Return the keys of the events of a log."""
    kind = KINDS[log.kind]
    of_month_file = log.period != year_of(log.period)
    following: dict[str, int] = {}
    keys = []
    for event in log.events:
        month = month_of(event["at"])
        key = following.get(month)
        if key is None:
            key = month_key(product, kind, month, of_month_file=of_month_file)
        keys.append(key)
        following[month] = key + 1
    return keys


def _insert_cell(
    connection: RowWriter, product: int, cell: Cell, key_of: Mapping[int, int]
) -> None:
    """Insert a cell, its deployments and its undeployments."""
    entries: list[Deployment | Undeployment] = [*cell.deployments, *cell.undeployments]
    connection.executemany(_INSERT_DEPLOYMENT, [encode_entry(each, key_of) for each in entries])
    connection.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?)", (product, *encode_cell(cell)))


def insert_events(connection: RowWriter, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert the rows of events."""
    connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)


def source_digits(product: int, versions: Iterable[Version]) -> Iterator[tuple[int, str, str]]:
    """Yield a row for the commit of each version, and for each of its digests."""
    for version in versions:
        if version.scm_sha or version.artifacts:
            for digits in {version.scm_sha, *map(_digits, version.artifacts.values())} - {""}:
                yield product, version.name, digits


def change_rows(product: int, versions: Iterable[Version]) -> Iterator[tuple[int, str, str]]:
    """Yield a row for each version whose commits are known."""
    for version in versions:
        if version.changes is not None:
            yield product, version.name, compact_json(version.changes)


def blobs_of(entries: Mapping[str, FileEntry]) -> dict[str, str]:
    """Return the ids of the files of a product that are read, "" for one that has none."""
    return {path: entry.id or "" for path, entry in entries.items() if is_expected(path, entry)}


def _digits(digest: str) -> str:
    return digest.partition(":")[2]


def event_rows(keys: Sequence[int], events: Sequence[Event]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of events."""
    for key, event in zip(keys, events, strict=True):
        yield key, event["id"], event.get("environment", ""), compact_json(event)


def _summary(record: ProductRecord) -> tuple[Any, ...]:
    last = max((each.at for each in record.deployments if each.void is None), default="")
    undeployments = sum(len(cell.undeployments) for cell in record.cells.values())
    return (
        compact_json(record.document),
        *(len(record.builds), len(record.deployment_events), len(record.observations)),
        *(len(record.decision_events), len(record.deployments) + undeployments),
        *(len(record.deployments), last),
        compact_json([astuple(problem) for problem in record.problems]),
    )
