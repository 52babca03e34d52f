"""Rows as Parquet, by pyarrow: the only module that imports it."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import OperationFailed
from versioner.export.cells import json_cell
from versioner.export.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.export.rows import Row
    from versioner.export.tables import Column, ColumnType, TableName

__all__ = ["PARTITIONED_BY", "check_installed", "parquet_bytes", "parquet_schema"]

# The columns that are in the names of the folders and, as engines expect it, not in the files.
PARTITIONED_BY: Final[dict[TableName, tuple[str, ...]]] = {
    "deployments": ("product", "month"),
    "versions": ("product",),
    "running": ("product",),
    "decisions": ("product",),
    "environments": (),
    "products": (),
    "request_decisions": (),
}
# A row group is what an engine reads at once.
_ROWS_TOGETHER: Final = 100_000
# Statistics by which engines skip files; those of other columns would only take space.
_STATISTICS: Final = ("at", "environment", "version", "status", "void")


def check_installed() -> None:
    """Raise OperationFailed where pyarrow is not installed."""
    _arrow()


@cache
def _arrow() -> Any:
    try:
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
        import pyarrow.parquet  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise OperationFailed(
            "the export to Parquet needs the package pyarrow, which is not installed",
            hint="install it with: pip install 'versioner[parquet]' (or pip install pyarrow)",
        ) from error
    return pyarrow


@cache
def parquet_schema(name: TableName) -> Any:
    """Return the schema of a table's files, a pyarrow.Schema."""
    pa = _arrow()
    return pa.schema(
        [
            pa.field(column.name, _type(column.type), nullable=not column.needed)
            for _, column in _columns(name)
        ]
    )


def parquet_bytes(name: TableName, rows: Sequence[Row]) -> bytes:
    """Return a Parquet file with rows of a table."""
    pa = _arrow()
    schema = parquet_schema(name)
    arrays = [
        _array(column, field.type, [row[place] for row in rows])
        for (place, column), field in zip(_columns(name), schema, strict=True)
    ]
    sink = io.BytesIO()
    pa.parquet.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        sink,
        compression="zstd",
        row_group_size=_ROWS_TOGETHER,
        write_statistics=[each for each in _STATISTICS if each in schema.names],
        store_schema=False,
    )
    return sink.getvalue()


@cache
def _columns(name: TableName) -> list[tuple[int, Column]]:
    """Return the columns of a table's files, each with its place in a row."""
    return [
        (place, column)
        for place, column in enumerate(TABLES[name].columns)
        if column.name not in PARTITIONED_BY[name]
    ]


def _type(kind: ColumnType) -> Any:
    pa = _arrow()
    types = {
        "time": pa.timestamp("us", tz="UTC"),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "texts": pa.list_(pa.string()),
        "digests": pa.map_(pa.string(), pa.string()),
    }
    return types.get(kind, pa.string())


def _array(column: Column, type_: Any, values: list[Any]) -> Any:
    pa = _arrow()
    if column.type == "time":
        return pa.array(values, pa.string()).cast(type_)
    if column.type == "digests":
        values = [None if each is None else sorted(each.items()) for each in values]
    elif column.type == "json":
        values = [json_cell(each) for each in values]
    return pa.array(values, type_)
