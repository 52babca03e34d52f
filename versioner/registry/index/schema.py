"""The tables of the index, and the keys of their rows.

The key of an event is one number: product, kind of log, month, whether the event is in the file of
its month (and not of its year), position among the valid events of the file. So the rows of a
product stand together, in the order of its logs. A deployment has the key of its first event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.models import LogKind

__all__ = [
    "INDEXES",
    "KINDS",
    "SCHEMA",
    "RowWriter",
    "key_range",
    "month_key",
    "product_of_key",
]

KINDS: Final[dict[LogKind, int]] = {"build": 0, "deployment": 1, "observation": 2, "decision": 3}

_PRODUCT_SHIFT: Final = 40
_KIND_SHIFT: Final = 38
_MONTH_SHIFT: Final = 21
_FILE_SHIFT: Final = 20

SCHEMA: Final = (
    "CREATE TABLE head (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT UNIQUE, tree TEXT,"
    " is_product INTEGER, named TEXT, resolved TEXT, document TEXT, builds INTEGER, events INTEGER,"
    " observations INTEGER, decisions INTEGER, entries INTEGER, deployments INTEGER, last TEXT,"
    " problems TEXT)",
    "CREATE TABLE logs (product INTEGER, path TEXT, blob TEXT, PRIMARY KEY (product, path))"
    " WITHOUT ROWID",
    "CREATE TABLE events (key INTEGER PRIMARY KEY, id TEXT, environment TEXT, data TEXT)",
    "CREATE TABLE deployments (key INTEGER PRIMARY KEY, environment TEXT, instance TEXT,"
    " version TEXT, status TEXT, kind TEXT, at TEXT, changed_at TEXT, previous TEXT, void INTEGER,"
    " rank INTEGER, people TEXT, rest TEXT)",
    "CREATE TABLE cells (product INTEGER, environment TEXT, latest TEXT, state TEXT, course TEXT,"
    " PRIMARY KEY (product, environment))",
    "CREATE TABLE sources (product INTEGER, version TEXT, digits TEXT,"
    " PRIMARY KEY (product, version, digits)) WITHOUT ROWID",
    "CREATE TABLE changes (product INTEGER, version TEXT, data TEXT,"
    " PRIMARY KEY (product, version)) WITHOUT ROWID",
    "CREATE TABLE claims (product INTEGER, folded TEXT, version TEXT, sha TEXT, artifacts TEXT,"
    " PRIMARY KEY (product, folded)) WITHOUT ROWID",
    "CREATE TABLE shared_ids (id TEXT PRIMARY KEY) WITHOUT ROWID",
)
INDEXES: Final = (
    "CREATE INDEX events_by_id ON events (id)",
    "CREATE INDEX deployments_by_time ON deployments (at)",
    "CREATE INDEX deployments_by_environment ON deployments (environment, at)",
    "CREATE INDEX deployments_by_change ON deployments (environment, changed_at)"
    " WHERE changed_at > at",
    "CREATE INDEX open_deployments ON deployments (environment)"
    " WHERE status IN ('pending', 'started')",
    "CREATE INDEX deployments_by_version ON deployments (version, at)",
    "CREATE INDEX cells_by_latest ON cells (latest, environment, product)",
    "CREATE INDEX sources_by_digits ON sources (digits)",
)


class RowWriter(Protocol):
    """What rows are inserted by: a connection, or what keeps the statements for one."""

    def execute(self, statement: str, values: Sequence[Any], /) -> object:
        """Insert one row."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Insert several rows."""


def month_key(product: int, kind: int, month: str, *, of_month_file: bool) -> int:
    """Return the key of the first event of a month (`YYYY-MM`) in one file."""
    number = int(month[:4]) * 12 + int(month[5:7]) - 1
    return (
        product << _PRODUCT_SHIFT
        | kind << _KIND_SHIFT
        | number << _MONTH_SHIFT
        | of_month_file << _FILE_SHIFT
    )


def key_range(product: int, kind: int | None = None) -> tuple[int, int]:
    """Return the first key of a product (or of one kind of its logs) and the first after them."""
    if kind is None:
        return product << _PRODUCT_SHIFT, (product + 1) << _PRODUCT_SHIFT
    start = product << _PRODUCT_SHIFT | kind << _KIND_SHIFT
    return start, start + (1 << _KIND_SHIFT)


def product_of_key(key: int) -> int:
    """Return the number of the product that a key belongs to."""
    return key >> _PRODUCT_SHIFT
