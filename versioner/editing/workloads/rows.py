"""Read plain rows: a table with the columns product, version and artifact."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from versioner.editing.workloads.workload import Workload
from versioner.errors import InvalidInput
from versioner.names import check_version, nearest
from versioner.rules.images import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_table", "read_table"]

_COLUMNS: Final = ("product", "version", "artifact")
_DELIMITERS: Final = ",;\t"


def is_table(text: str) -> bool:
    """Return whether the first line of a text has a column `product`."""
    return "product" in _header(text.partition("\n")[0])


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _header(line: str) -> list[str]:
    line = line.strip("\r\n")
    return [name.strip().strip('"').strip().lower() for name in line.split(_delimiter(line))]


def read_table(text: str) -> Iterator[Workload]:
    """Yield the rows; one without version and artifact is a product that does not run.

    Raises InvalidInput, with the number of the line, for a row that is not valid.
    """
    columns = _header(text.partition("\n")[0])
    _check_columns(columns)
    reader = csv.reader(text.splitlines()[1:], delimiter=_delimiter(text.partition("\n")[0]))
    try:
        for values in reader:
            number = reader.line_num + 1
            if any(value.strip() for value in values):
                yield _row(columns, [value.strip() for value in values], number)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num + 1}: {error}", hint="fix this row") from None


def _check_columns(columns: list[str]) -> None:
    needed = "the first line must name the columns: product,version,artifact"
    if "product" not in columns:
        raise InvalidInput("the table has no column product", hint=needed)
    for name in columns:
        if name not in _COLUMNS:
            near = nearest(name, _COLUMNS, limit=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise InvalidInput(
                f'the table has an unknown column "{name[:40]}"', hint=meant + needed
            )
    if len(set(columns)) != len(columns):
        raise InvalidInput("the table has a column twice", hint=needed)


def _row(columns: list[str], values: list[str], number: int) -> Workload:
    if len(values) != len(columns):
        raise InvalidInput(
            f"line {number}: the row has {len(values)} values, the first line has "
            f"{len(columns)} columns",
            hint="give each row a value for each column; it may be empty",
        )
    row = dict(zip(columns, values, strict=True))
    product, version, artifact = (row.get(name, "") for name in _COLUMNS)
    if not product:
        raise InvalidInput(f"line {number}: the row has no product", hint="name the product")
    if version:
        try:
            check_version(version)
        except InvalidInput as error:
            raise InvalidInput(f"line {number}: {error.message}", hint=error.hint) from None
    digest = digest_of(artifact)
    if artifact and not digest:
        raise InvalidInput(
            f'line {number}: the artifact "{artifact[:60]}" has no digest',
            hint="write sha256: and 64 hexadecimal digits, or leave it empty",
        )
    return Workload(
        f"line {number}",
        digests=(digest,) if digest else (),
        product=product,
        version=version,
        running=bool(version or digest),
    )
