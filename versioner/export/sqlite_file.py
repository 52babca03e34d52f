"""One SQLite file with a table for each table of the export."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from versioner.errors import OperationFailed
from versioner.export.cells import sqlite_cell
from versioner.export.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from versioner.export.folder import ExportFolder
    from versioner.export.rows import ProductRows, Row
    from versioner.export.tables import Column, ColumnType, Table, TableName
    from versioner.registry.records import ProductRecord

__all__ = ["SqliteFile"]

SQLITE_FILE: Final = "registry.sqlite"

_TYPES: Final[dict[ColumnType, str]] = {"integer": "INTEGER", "boolean": "INTEGER"}
_KEYS: Final[dict[TableName, str]] = {
    "products": "PRIMARY KEY (product)",
    "environments": "PRIMARY KEY (environment)",
    "versions": "PRIMARY KEY (product, version)",
}
_REFERENCES: Final[dict[TableName, str]] = {
    "versions": "FOREIGN KEY (product) REFERENCES products (product)",
    "deployments": "FOREIGN KEY (product) REFERENCES products (product),"
    " FOREIGN KEY (environment) REFERENCES environments (environment)",
    "decisions": "FOREIGN KEY (product) REFERENCES products (product)",
    "running": "FOREIGN KEY (environment) REFERENCES environments (environment),"
    " FOREIGN KEY (product, version) REFERENCES versions (product, version)",
}
_INDEXES: Final = """
CREATE INDEX deployments_by_place ON deployments (product, environment, instance, at);
CREATE INDEX deployments_by_version ON deployments (product, version);
CREATE INDEX deployments_by_time ON deployments (at);
CREATE INDEX deployments_by_id ON deployments (id);
CREATE INDEX decisions_by_version ON decisions (product, version);
CREATE INDEX running_by_place ON running (environment, product);
"""
# Events may name an environment whose file is missing or has errors; it gets a row.
_ADD_ENVIRONMENTS: Final = """
INSERT OR IGNORE INTO environments (environment, retired)
SELECT DISTINCT environment, 0 FROM (
    SELECT environment FROM deployments UNION SELECT environment FROM running
)
"""


class SqliteFile:
    """The draft of the file, in one transaction without a journal: a cut draft is made again."""

    def __init__(self, folder: ExportFolder, _since: str) -> None:
        self._path = folder.draft()
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            self._connection.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;"
                + "".join(map(_create, TABLES.values()))
            )
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def add(self, name: TableName, rows: Iterable[Row]) -> None:
        """Write rows of a table."""
        marks = ", ".join("?" * len(TABLES[name].columns))
        try:
            self._connection.executemany(
                f"INSERT INTO {name} VALUES ({marks})",  # noqa: S608
                (tuple(map(sqlite_cell, row)) for row in rows),
            )
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def add_product(self, _record: ProductRecord, rows: ProductRows) -> None:
        """Write what a product has to export."""
        for name, each in rows._asdict().items():
            self.add(name, each)  # type: ignore[arg-type]

    def finish(self) -> dict[str, tuple[Path, int]]:
        """End the file, and return its draft with the number of deployments."""
        try:
            self._connection.execute(_ADD_ENVIRONMENTS)
            for statement in _INDEXES.strip().split("\n"):
                self._connection.execute(statement)
            count = self._connection.execute("SELECT count(*) FROM deployments").fetchone()[0]
            self._connection.execute("COMMIT")
            self._connection.close()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return {SQLITE_FILE: (self._path, count)}

    def close(self) -> None:
        """Close the file, complete or not."""
        self._connection.close()

    def _failure(self, error: sqlite3.Error) -> OperationFailed:
        self._connection.close()
        return OperationFailed(f"cannot write {SQLITE_FILE}: {error}")


def _create(table: Table) -> str:
    constraints = [each for keys in (_KEYS, _REFERENCES) if (each := keys.get(table.name))]
    parts = ", ".join([*map(_column, table.columns), *constraints])
    # STRICT refuses a value of another type; SQLite has it from 3.37 on.
    strict = " STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
    return f"CREATE TABLE {table.name} ({parts}){strict};"


def _column(column: Column) -> str:
    needed = " NOT NULL" if column.needed else ""
    check = f" CHECK ({column.name} IN (0, 1))" if column.type == "boolean" else ""
    return f"{column.name} {_TYPES.get(column.type, 'TEXT')}{needed}{check}"
