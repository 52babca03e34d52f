"""The update of a product to which events were appended: only the rows that change are written.

That is the case after nearly each command. Anything else is left to `update.py`, which writes the
product anew: lines that were changed or removed, declarations of mistakes, problems.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from versioner import layout
from versioner.registry.checks.unexpected_files import is_expected
from versioner.registry.environment_names import with_environment_names
from versioner.registry.fold.product import fold_product, fold_versions
from versioner.registry.index.claims import add_claims
from versioner.registry.index.encoding import (
    DEPLOYMENT_COLUMNS,
    encode_cell,
    encode_entry,
)
from versioner.registry.index.product_rows import (
    blobs_of,
    change_rows,
    event_rows,
    insert_events,
    keys_of,
    source_digits,
)
from versioner.registry.index.reading import Rows
from versioner.registry.index.schema import KINDS, key_range, month_key
from versioner.registry.product_files import LogEvents
from versioner.serialization.compact_json import compact_json
from versioner.validation.documents import validate_document
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from versioner.git.files.entries import FileEntry
    from versioner.models import Cell, Deployment, Event, Undeployment
    from versioner.registry.index.wanted import Wanted

__all__ = ["append_to_product"]


class _NotAppended(Exception):
    """The change of a product is another one than events at the end of logs."""


class _Added(NamedTuple):
    key: int
    event: Event


@dataclass
class _Product:
    connection: sqlite3.Connection
    wanted: Wanted
    name: str
    number: int
    document: str
    named: set[str]
    blobs: dict[str, str]
    builds: list[_Added] = field(default_factory=list)
    deployments: list[_Added] = field(default_factory=list)
    observations: list[_Added] = field(default_factory=list)
    decisions: list[_Added] = field(default_factory=list)

    @property
    def added(self) -> list[_Added]:
        return [*self.builds, *self.deployments, *self.observations, *self.decisions]


def append_to_product(connection: sqlite3.Connection, wanted: Wanted, name: str) -> bool:
    """Update a product; return False, and write nothing, if the change is another one.

    The product must have had no problems, and has none then.
    """
    row = connection.execute(
        "SELECT id, document, named FROM products WHERE name = ? AND problems = '[]'"
        " AND is_product = 1",
        (name,),
    ).fetchone()
    if row is None:
        return False
    number, document, named = row
    if not _is_resolved(connection, wanted, number, named):
        return False
    entries = wanted.snapshot.entries(layout.product_dir(name))
    product = _Product(
        connection, wanted, name, number, document, {*json.loads(named)}, blobs_of(entries)
    )
    try:
        changed = _changed_paths(product, entries)
        _read_changed(product, changed)
        _check_added(product)
    except _NotAppended:
        return False
    _write(product, changed)
    return True


def _is_resolved(connection: sqlite3.Connection, wanted: Wanted, number: int, named: str) -> bool:
    """Return whether the environments that events name are what they were."""
    (resolved,) = connection.execute(
        "SELECT resolved FROM products WHERE id = ?", (number,)
    ).fetchone()
    return bool(resolved == wanted.resolved(named))


def _changed_paths(product: _Product, entries: Mapping[str, FileEntry]) -> list[str]:
    before = dict(
        product.connection.execute(
            "SELECT path, blob FROM logs WHERE product = ?", (product.number,)
        )
    )
    if not all(is_expected(path, entry) for path, entry in entries.items()):
        raise _NotAppended
    if before.keys() - product.blobs.keys() or "" in product.blobs.values():
        raise _NotAppended
    return [path for path, blob in product.blobs.items() if before.get(path) != blob]


def _read_changed(product: _Product, paths: list[str]) -> None:
    contents = product.wanted.snapshot.read_many(paths)
    for path in paths:
        place = layout.place_of(path)
        if place is None or path not in contents or place.is_of_year:
            raise _NotAppended
        if place.log_kind is None:
            document, problems = validate_document("product", contents[path], path)
            product.document = compact_json(document)
        else:
            events, problems = validate_log(place.log_kind, contents[path], path)
            _add_new(product, LogEvents(path, place.log_kind, place.period, events))
        if problems:
            raise _NotAppended


def _add_new(product: _Product, log: LogEvents) -> None:
    """Add the events of a log that the index does not have; those that it has must come first."""
    names = product.wanted.head.environment_aliases
    if log.kind in ("deployment", "observation"):
        product.named.update(each["environment"] for each in log.events if "environment" in each)
    if names:
        log = log._replace(events=with_environment_names(log.events, names))
    first = month_key(product.number, KINDS[log.kind], log.period, of_month_file=True)
    there = [
        data
        for (data,) in product.connection.execute(
            "SELECT data FROM events WHERE key >= ? AND key < ? ORDER BY key",
            (first, first + (1 << 20)),
        )
    ]
    count = len(there)
    if count > len(log.events) or there != [compact_json(each) for each in log.events[:count]]:
        raise _NotAppended
    keys = keys_of(product.number, log)
    lists = {
        "build": product.builds,
        "deployment": product.deployments,
        "observation": product.observations,
        "decision": product.decisions,
    }
    lists[log.kind] += map(_Added, keys[count:], log.events[count:])


def _check_added(product: _Product) -> None:
    """Make the checks of `product_checks.py` for the new events; any doubt ends it."""
    if not _are_known(product):
        raise _NotAppended
    ids = {each.event["id"] for each in product.added}
    if len(ids) < len(product.added) or any("voids" in each.event for each in product.added):
        raise _NotAppended
    start, end = key_range(product.number)
    for event_id in ids:
        if _find(product, event_id, start, end) is not None:
            raise _NotAppended
    events = [each.event for each in (*product.builds, *product.deployments)]
    if not add_claims(product.connection, product.number, events, product.connection):
        raise _NotAppended
    start, end = key_range(product.number, KINDS["deployment"])
    own = {each.event["id"] for each in product.deployments}
    for event in events:
        named = event.get("deployment")
        if named is not None and named not in own:
            data = _find(product, named, start, end)
            if data is None or "voids" in json.loads(data):
                raise _NotAppended


def _are_known(product: _Product) -> bool:
    """Return whether the versions of new decisions are surely known: an event may be void."""
    wanted = {each.event["version"] for each in product.decisions}
    events = [each.event for each in (*product.builds, *product.deployments)]
    wanted -= {event.get("version") for event in events}
    start, end = key_range(product.number)
    return all(
        product.connection.execute(
            "SELECT 1 FROM deployments WHERE key >= ? AND key < ? AND version = ? AND void = 0"
            " AND kind <> 'undeployment' LIMIT 1",
            (start, end, version),
        ).fetchone()
        for version in wanted
    )


def _find(product: _Product, event_id: str, start: int, end: int) -> Any:
    row = product.connection.execute(
        "SELECT data FROM events WHERE id = ? AND key >= ? AND key < ?", (event_id, start, end)
    ).fetchone()
    return None if row is None else row[0]


def _write(product: _Product, changed: list[str]) -> None:
    connection, number = product.connection, product.number
    insert_events(
        connection, event_rows(*zip(*product.added, strict=True)) if product.added else ()
    )
    for environment in {each.event["environment"] for each in product.deployments}:
        _fold_again(product, environment)
    _write_sources(product)
    # Those that are not shared any more stay: a reader looks at each of them.
    connection.executemany(
        "INSERT OR IGNORE INTO shared_ids SELECT id FROM events WHERE id = ? AND key >> 40 <> ?"
        " AND key >> 38 & 3 < 2",
        [(each.event["id"], number) for each in (*product.builds, *product.deployments)],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO logs VALUES (?, ?, ?)",
        [(number, path, product.blobs[path]) for path in changed],
    )
    start, end = key_range(number)
    named = compact_json(sorted(product.named))
    connection.execute(
        "UPDATE products SET tree = ?, document = ?, named = ?, resolved = ?,"
        " builds = builds + ?, events = events + ?, observations = observations + ?,"
        " decisions = decisions + ?,"
        " (entries, deployments, last) = (SELECT COUNT(*),"
        " COALESCE(SUM(kind <> 'undeployment'), 0),"
        " COALESCE(MAX(CASE WHEN void = 0 AND kind <> 'undeployment' THEN at END), '')"
        " FROM deployments WHERE key >= ? AND key < ?) WHERE id = ?",
        (
            *(product.wanted.trees[product.name], product.document),
            *(named, product.wanted.resolved(named)),
            *(len(product.builds), len(product.deployments), len(product.observations)),
            len(product.decisions),
            *(start, end, number),
        ),
    )


def _fold_again(product: _Product, environment: str) -> None:
    """Fold the cell of an environment, and write the rows that are not as they were."""
    keys, events = [], []
    rows = product.connection.execute(
        "SELECT key, data FROM events WHERE key >= ? AND key < ? AND environment IN (?, '')"
        " ORDER BY key",
        (*key_range(product.number, KINDS["deployment"]), environment),
    )
    for key, data in rows:
        keys.append(key)
        events.append(json.loads(data))
    key_of = dict(zip(map(id, events), keys, strict=True))
    _, cells = fold_product(product.name, events, product.wanted.head.listed_instances)
    _write_cell(product, cells[environment], key_of)


def _write_cell(product: _Product, cell: Cell, key_of: Mapping[int, int]) -> None:
    connection = product.connection
    before = {
        row[0]: row
        for row in connection.execute(
            f"SELECT {DEPLOYMENT_COLUMNS} FROM deployments"
            " WHERE key >= ? AND key < ? AND +environment = ?",  # "+": by the range of keys
            (*key_range(product.number), cell.environment),
        )
    }
    entries: list[Deployment | Undeployment] = [*cell.deployments, *cell.undeployments]
    rows = [encode_entry(each, key_of) for each in entries]
    connection.executemany(
        "DELETE FROM deployments WHERE key = ?",
        [(key,) for key in before.keys() - {row[0] for row in rows}],
    )
    connection.executemany(
        f"INSERT OR REPLACE INTO deployments VALUES ({', '.join('?' * 13)})",
        [row for row in rows if before.get(row[0]) != row],
    )
    connection.execute(
        "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)",
        (product.number, *encode_cell(cell)),
    )


def _write_sources(product: _Product) -> None:
    """Write the sources of the versions that the new events name."""
    versions = {each.event.get("version") for each in (*product.builds, *product.deployments)}
    builds: dict[str, list[Event]] = {}
    for event in _builds(product):
        builds.setdefault(event["version"], []).append(event)
    rows = Rows(product.connection)
    start, end = key_range(product.number)
    for version in versions - {None}:
        found = rows.entries(
            {product.number: product.name},
            "+d.version = ? AND d.key >= ? AND d.key < ? AND d.kind <> 'undeployment'",
            (version, start, end),
            "d.at, d.environment, d.rank, d.key",
        )
        deployments: Any = [*found]
        folded = fold_versions(product.name, builds.get(str(version), ()), deployments)
        for table in ("sources", "changes"):
            product.connection.execute(
                f"DELETE FROM {table} WHERE product = ? AND version = ?", (product.number, version)
            )
        product.connection.executemany(
            "INSERT INTO sources VALUES (?, ?, ?)",
            source_digits(product.number, folded.values()),
        )
        product.connection.executemany(
            "INSERT INTO changes VALUES (?, ?, ?)", change_rows(product.number, folded.values())
        )


def _builds(product: _Product) -> Iterator[Event]:
    for (data,) in product.connection.execute(
        "SELECT data FROM events WHERE key >= ? AND key < ? ORDER BY key",
        key_range(product.number, KINDS["build"]),
    ):
        yield json.loads(data)
