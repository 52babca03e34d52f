"""Lists as CSV (RFC 4180) and as TSV, with the keys of their JSON documents as the heading.

A value inside an object has the key `outer.inner`. A list of texts is one cell, with `, ` between
them; deeper data is JSON. An empty cell is null, and true and false are as in JSON. A cell that a
spreadsheet would read as a formula, or that begins with an apostrophe, gets an apostrophe in front.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from versioner.reporting.terminal import clean, clean_lines
from versioner.serialization.csv_cells import formula_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Listing", "delimited", "keys_of"]


class Listing(NamedTuple):
    """The documents of a list, and the keys of them that are columns, in order."""

    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]


def delimited(listing: Listing, kind: str) -> Iterator[bytes]:
    """Yield a list as a heading and a row for each document, `csv` or `tsv`, in UTF-8.

    CSV has lines that end in CR LF, and quotes where they are needed. TSV has lines that end in
    LF, and a space in place of each tab and line break within a cell.
    """
    line_of = _csv_line if kind == "csv" else _tsv_line
    yield line_of(listing.columns)
    for row in listing.rows:
        yield line_of([_cell(_at(row, column)) for column in listing.columns])


def _csv_line(cells: Sequence[str]) -> bytes:
    # Most lists are printed as text or JSON.
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([clean_lines(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")


def _tsv_line(cells: Sequence[str]) -> bytes:
    words = (clean(" ".join(cell.split("\t"))) for cell in map(_line, cells))
    return ("\t".join(words) + "\n").encode("utf-8", "replace")


def keys_of(document: Mapping[str, Any], key: str = "") -> list[str]:
    """Return the keys of a document as they are in a heading: `outer.inner` within an object."""
    found = []
    for name, value in document.items():
        whole = f"{key}.{name}" if key else name
        found += keys_of(value, whole) if isinstance(value, dict) else [whole]
    return found


def _at(row: Mapping[str, Any], column: str) -> Any:
    """Return the value of a column; None where an object on the way is null or lacks the key."""
    value: Any = row
    while isinstance(value, dict):
        # A key of the registry's own, such as the name of an environment, may contain a dot.
        if column in value:
            return value[column]
        key, _, column = column.partition(".")
        value = value.get(key)
    return None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return formula_safe(value.replace("\r\n", "\n"))
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return formula_safe(", ".join(value))
    return json.dumps(value, ensure_ascii=False)


def _line(cell: str) -> str:
    return " ".join(cell.splitlines())
