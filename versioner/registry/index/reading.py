"""Read rows of the index as the registry's own types."""

from __future__ import annotations

import json
import os
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from versioner.registry.index.encoding import DEPLOYMENT_COLUMNS, decode_entry, keys_in
from versioner.registry.index.schema import KINDS, key_range, product_of_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from versioner.models import Deployment, Event, LogKind, Undeployment

    Entry = Deployment | Undeployment

__all__ = ["ProductState", "Rows"]

_COLUMNS: Final = ", ".join(f"d.{each.strip()}" for each in DEPLOYMENT_COLUMNS.split(","))
_ENTRIES: Final = f"SELECT {_COLUMNS}, e.data FROM deployments d JOIN events e ON e.key = d.key"
_MANY: Final = 400
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
# The columns of a product that count the events of its logs.
_COUNTS: Final = {
    "build": "builds",
    "deployment": "events",
    "observation": "observations",
    "decision": "decisions",
}


class ProductState(NamedTuple):
    """The files of a product that the index has, and the environments that its events name."""

    name: str
    tree: str
    is_product: int
    named: str
    resolved: str


class Rows:
    """The rows of one state of the index, read in one transaction.

    A process that was forked from this one must not use its connection to a file: `reopen` returns
    another one, in the same state.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        reopen: Callable[[], sqlite3.Connection] | None = None,
    ) -> None:
        self._connections = [connection]
        self._reopen = reopen
        self._process = os.getpid()
        # How often more of a product was read than its document and the environments it names.
        self.histories_read = 0

    def select(self, statement: str, *values: Any) -> Iterator[Any]:
        """Yield the rows of a statement."""
        if self._reopen is not None and self._process != os.getpid():
            # The inherited connection is kept, for closing it would concern the parent's locks.
            self._connections.append(self._reopen())
            self._process = os.getpid()
        return self._connections[-1].execute(statement, values)

    def close(self) -> None:
        """Close the connection."""
        if self._process == os.getpid():
            self._connections[-1].close()

    def of_product(self, number: int, column: str) -> Any:
        """Return a column of a product's row."""
        self.histories_read += column not in ("document", "resolved")
        found = next(self.select(f"SELECT {column} FROM products WHERE id = ?", number))
        return found[0]

    def documents(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the document of each product that the index has."""
        return self.select("SELECT name, document FROM products")

    def facts_of_products(self) -> str:
        """Return the names, documents and environments of all products, as one text."""
        (found,) = next(
            self.select(
                "SELECT group_concat(name || is_product || document || resolved, char(10))"
                " FROM (SELECT * FROM products ORDER BY name)"
            )
        )
        return str(found)

    def dependencies(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the document of each product that may depend on another one."""
        return self.select(
            "SELECT name, document FROM products WHERE instr(document, 'depends_on') > 0"
        )

    def places_since(self, since: str) -> tuple[int, dict[str, int]]:
        """Return how many products were deployed since a moment, and how many in each place."""
        (products,) = next(
            self.select("SELECT COUNT(DISTINCT product) FROM cells WHERE latest >= ?", since)
        )
        counts = self.select(
            "SELECT environment, COUNT(*) FROM cells WHERE latest >= ? GROUP BY environment", since
        )
        return products, dict(counts)

    def states_of_products(self) -> Iterator[ProductState]:
        """Yield the state of each product that the index has."""
        rows = self.select("SELECT name, tree, is_product, named, resolved FROM products")
        return map(ProductState._make, rows)

    def places_of_products(self, since: str) -> dict[str, list[str]]:
        """Return by product the environments to which it was deployed since a moment."""
        found: dict[str, list[str]] = {}
        rows = self.select(
            "SELECT p.name, c.environment FROM cells c JOIN products p ON p.id = c.product"
            " WHERE c.latest >= ?",
            since,
        )
        for name, environment in rows:
            found.setdefault(name, []).append(environment)
        return found

    def has_log(self, number: int, kind: str) -> bool:
        """Return whether a product has events of a kind."""
        return bool(self.of_product(number, _COUNTS[kind]))

    def events(self, number: int, kind: str) -> dict[int, Event]:
        """Return the events of one kind of a product, by key, in the order of its logs."""
        self.histories_read += 1
        found = self.select(
            "SELECT key, data FROM events WHERE key >= ? AND key < ? ORDER BY key",
            *key_range(number, KINDS[cast("LogKind", kind)]),
        )
        events: dict[int, Event] = {}
        # A product may have thousands of events: parsing some at once costs less.
        while some := list(islice(found, _MANY)):
            keys, texts = zip(*some, strict=True)
            events.update(zip(keys, json.loads(f"[{','.join(texts)}]"), strict=True))
        return events

    def cells(self, number: int) -> Iterator[tuple[str, str]]:
        """Yield the environment and the state of each cell of a product, in order of name."""
        self.histories_read += 1
        return self.select(
            "SELECT environment, state FROM cells WHERE product = ? ORDER BY environment", number
        )

    def courses(self, number: int) -> Iterator[tuple[str, str]]:
        """Yield the environment and the course of each cell of a product."""
        return self.select("SELECT environment, course FROM cells WHERE product = ?", number)

    def changes(self, number: int) -> Iterator[tuple[str, str]]:
        """Yield each version of a product whose commits are known, with these."""
        return self.select("SELECT version, data FROM changes WHERE product = ?", number)

    def entries_of_product(
        self, number: int, name: str, events: Mapping[int, Event]
    ) -> list[tuple[int, Entry]]:
        """Return the deployments and undeployments of a product with their keys, oldest first.

        `events` are its events of deployments.
        """
        self.histories_read += 1
        rows = self.select(
            f"SELECT {DEPLOYMENT_COLUMNS} FROM deployments WHERE key >= ? AND key < ?"
            " ORDER BY at, environment, rank, key",
            *key_range(number),
        )
        return [
            (row[0], decode_entry(name, row, events[row[0]], _rest(row), events)) for row in rows
        ]

    def entries(
        self, names: Mapping[int, str], condition: str, values: Sequence[Any], order: str
    ) -> Iterator[Entry]:
        """Yield the deployments and undeployments that a condition selects, in an order."""
        rows = self.select(f"{_ENTRIES} WHERE {condition} ORDER BY {order}", *values)
        while some := list(islice(rows, _MANY)):
            others = self._events_at({key for row in some for key in keys_in(_rest(row))})
            for row in some:
                name = names[product_of_key(row[0])]
                yield decode_entry(name, row, json.loads(row[13]), _rest(row), others)

    def keys_of_ids(self, first: str, last: str) -> list[int]:
        """Return the keys of the deployment events whose ids are in a range, both inclusive."""
        rows = self.select(
            "SELECT key FROM events WHERE id >= ? AND id <= ? AND key >> 38 & 3 = ?",
            *(first, last, KINDS["deployment"]),
        )
        return [key for (key,) in rows]

    def _events_at(self, keys: Iterable[int]) -> dict[int, Event]:
        found = {}
        wanted = sorted(keys)
        for start in range(0, len(wanted), _MANY):
            some = wanted[start : start + _MANY]
            marks = ", ".join("?" * len(some))
            rows = self.select(f"SELECT key, data FROM events WHERE key IN ({marks})", *some)
            found.update({key: json.loads(data) for key, data in rows})
        return found


def _rest(row: Sequence[Any]) -> Mapping[str, Any]:
    return json.loads(row[12]) if row[12] else _NOTHING
