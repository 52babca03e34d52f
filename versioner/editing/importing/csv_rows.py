"""Read the rows of tables: CSV with commas, semicolons or bars, and tab-separated values."""

from __future__ import annotations

import csv
import re
from itertools import chain
from typing import TYPE_CHECKING, Final

from versioner.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["read_table"]

_DELIMITERS: Final = ",;\t|"
# Excel reads this line as the name of the delimiter, and some tools write it.
_SEPARATOR: Final = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)

# The number of a row's last line, and its values.
TableRow = tuple[int, "list[str]"]


def read_table(
    lines: Iterator[str], *, tabs: bool, known: Callable[[str], bool]
) -> tuple[list[str], Iterator[TableRow]]:
    """Return the names of the columns, and the rows that are not empty.

    The delimiter is the one that gives most columns that are `known`. Raises InvalidInput for
    an empty file, and for a row with a quote that is not closed.
    """
    first, skipped = _first_line(lines)
    marked = _SEPARATOR.fullmatch(first)
    if marked is not None:
        first, more = _first_line(lines)
        skipped += more
    delimiter = "\t" if tabs else (marked[1] if marked else _delimiter(first, known))
    rows = _values(chain([first], lines), delimiter, skipped - 1)
    _, header = next(rows, (0, None))
    if header is None:
        raise _no_header()
    return [column.strip() for column in header], rows


def _first_line(lines: Iterator[str]) -> tuple[str, int]:
    """Return the first line that has a value, and how many lines it is from the start."""
    for number, line in enumerate(lines, 1):
        if line.strip(" \r\n" + _DELIMITERS):
            return line, number
    raise _no_header()


def _no_header() -> InvalidInput:
    return InvalidInput(
        "the file is empty", hint="the first line must contain the names of the columns"
    )


def _delimiter(header: str, known: Callable[[str], bool]) -> str:
    def score(delimiter: str) -> tuple[int, int]:
        try:
            columns = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:
            return (0, 0)
        return sum(known(column.strip()) for column in columns), len(columns)

    # The first of equals: a header of one column is read with commas.
    return max(_DELIMITERS, key=score)


def _values(lines: Iterator[str], delimiter: str, before: int) -> Iterator[TableRow]:
    """Yield the number of each row's last line, and its values."""
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    begun = 1
    try:
        for values in reader:
            if any(values) and any(map(str.strip, values)):
                yield before + reader.line_num, values
            begun = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InvalidInput(
                f"line {before + begun}: a quoted value in this row has no closing quote",
                hint='end each quoted value with a ", and write a " inside a value as ""',
            ) from None
        raise InvalidInput(f"line {before + begun}: {error}", hint="fix this row") from None
