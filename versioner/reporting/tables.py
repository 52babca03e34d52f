"""Tables that fit the width of the terminal; if they cannot, the same rows as a list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.terminal import clean
from versioner.reporting.text import Span, TextLayout, pad, shorten, text_width, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.reporting.text import Style

__all__ = [
    "CellText",
    "Column",
    "fitted_table",
    "labelled_list",
    "paragraph",
    "table",
    "value_lines",
]

_GAP: Final = "  "
_LEAST_BESIDE_TAIL: Final = 8

# Spare columns are left out before others are cut to less than this.
_COMFORT: Final = 20

# The content of one cell: text, coloured text, or several lines.
CellText = str | Span | list[Span]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; it may be cut to `least` characters (0: it is never cut).

    If the terminal is too narrow, `spare` columns are left out, the last one first.
    """

    title: str
    least: int = 0
    spare: bool = False


def table(
    layout: TextLayout,
    columns: Sequence[Column],
    rows: Iterable[Sequence[CellText]],
    *,
    indent: str = "",
) -> str:
    """Return rows below their titles, without columns that have no text.

    If the table does not fit even with cut columns, each row becomes a block of lines: its first
    cell, then the others with their titles.
    """
    kept, grid = _used(columns, rows)
    laid_out = _try(layout, kept, grid, indent)
    return _as_list(layout, kept, grid, indent) if laid_out is None else laid_out


def fitted_table(
    layout: TextLayout,
    columns: Sequence[Column],
    rows: Iterable[Sequence[CellText]],
    *,
    indent: str = "",
) -> str | None:
    """Return the table, or None if the terminal is too narrow for it."""
    kept, grid = _used(columns, rows)
    return _try(layout, kept, grid, indent)


def labelled_list(
    layout: TextLayout, pairs: Iterable[tuple[str, CellText]], *, indent: str = "  "
) -> str:
    """Return labels and values, one below the other, without labels that have no value."""
    rows = [(clean(label), _lines(entry)) for label, entry in pairs]
    rows = [(label, lines) for label, lines in rows if _has_text(lines)]
    width = max((text_width(label) for label, _ in rows), default=0)
    room = layout.width - len(indent) - width - len(_GAP)
    result = []
    for label, lines in rows:
        texts = [
            layout.paint(text, line.style)
            for line in lines
            for text in wrap(line.text + line.tail, room)
        ]
        labels = [layout.paint(pad(label, width), "dim"), *[" " * width] * (len(texts) - 1)]
        result += [f"{indent}{one}{_GAP}{text}" for one, text in zip(labels, texts, strict=True)]
    return "\n".join(line.rstrip() for line in result)


def paragraph(text: str, style: Style = "") -> list[Span]:
    """Return free text as the content of a cell, a span for each line."""
    return [Span(line, style) for line in text.expandtabs(4).splitlines()]


def _used(
    columns: Sequence[Column], rows: Iterable[Sequence[CellText]]
) -> tuple[list[Column], list[list[list[Span]]]]:
    grid = [[_lines(entry) for entry in row] for row in rows]
    used = [at for at, _ in enumerate(columns) if any(_has_text(row[at]) for row in grid)]
    return [columns[at] for at in used], [[row[at] for at in used] for row in grid]


def _try(
    layout: TextLayout, columns: list[Column], grid: list[list[list[Span]]], indent: str
) -> str | None:
    """Return the table with all columns, else without spare ones, else with cut columns."""
    whole = list(range(len(columns)))
    spare = [at for at in whole if columns[at].spare]
    fewer = [[at for at in whole if at not in spare[keep:]] for keep in range(len(spare), -1, -1)]
    for used, comfort in [*((used, _COMFORT) for used in fewer), (fewer[-1], 0)]:
        kept, cells = [columns[at] for at in used], [[row[at] for at in used] for row in grid]
        widths = _fit(kept, cells, layout.width - len(indent), comfort)
        if widths is not None:
            return _laid_out(layout, kept, cells, widths, indent)
    return None


def _laid_out(
    layout: TextLayout,
    columns: Sequence[Column],
    grid: list[list[list[Span]]],
    widths: list[int],
    indent: str,
) -> str:
    titles = [[Span(column.title, "dim")] for column in columns]
    lines = [line for row in (titles, *grid) for line in _row(layout, row, widths)]
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)


def _lines(entry: CellText) -> list[Span]:
    if isinstance(entry, list):
        return [Span(_flat(text), style, _flat(tail)) for text, style, tail in entry]
    if isinstance(entry, Span):
        return _lines([entry])
    return [Span(_flat(entry))]


@lru_cache(maxsize=65536)
def _flat(text: str) -> str:
    if text.isascii() and text.isprintable() and "::" not in text and "##" not in text:
        return text
    return clean(text.replace("\t", " ").replace("\r\n", " ").replace("\n", " "))


def _has_text(lines: list[Span]) -> bool:
    return any(line.text or line.tail for line in lines)


def _fit(
    columns: Sequence[Column], grid: list[list[list[Span]]], width: int, comfort: int
) -> list[int] | None:
    """Return the widths of the columns, with the widest cut first; None if they cannot fit."""
    widths = [text_width(column.title) for column in columns]
    tails = [0] * len(columns)
    for row in grid:
        for at, lines in enumerate(row):
            for line in lines:
                widths[at] = max(widths[at], line.width)
                if line.tail:
                    beside = min(text_width(line.text), _LEAST_BESIDE_TAIL)
                    tails[at] = max(tails[at], text_width(line.tail) + beside)
    room = width - len(_GAP) * (len(columns) - 1)
    least = [
        _least(column, has, tail, comfort)
        for column, has, tail in zip(columns, widths, tails, strict=True)
    ]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        spare = [has if has > low else 0 for has, low in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths


def _least(column: Column, has: int, tail: int, comfort: int) -> int:
    if not column.least:
        return has
    return min(has, max(column.least, comfort, text_width(column.title), tail))


def _row(layout: TextLayout, row: list[list[Span]], widths: list[int]) -> list[str]:
    return [
        _GAP.join(_painted(layout, span, width) for span, width in zip(spans, widths, strict=True))
        for spans in zip_longest(*row, fillvalue=Span(""))
    ]


def _painted(layout: TextLayout, span: Span, width: int) -> str:
    text = shorten(span.text, width - text_width(span.tail)) + span.tail
    return layout.paint(text, span.style) + " " * (width - text_width(text))


def _as_list(
    layout: TextLayout, columns: Sequence[Column], grid: list[list[list[Span]]], indent: str
) -> str:
    blocks = []
    for first, *others in grid:
        head = [
            layout.paint(line.text + line.tail, line.style or "bold")
            for line in first
            if line.text or line.tail
        ]
        titled = zip(columns[1:], others, strict=True)
        body = labelled_list(
            layout, [(column.title, lines) for column, lines in titled], indent="  "
        )
        blocks += [*head, *(body.split("\n") if body else ())]
    return "\n".join(f"{indent}{line}" for line in blocks)


def value_lines(value: Any) -> list[Span]:
    """Return a value as lines: text and lists of texts as they read, deeper data as JSON."""
    if isinstance(value, str):
        return paragraph(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return paragraph(", ".join(value))
    return paragraph(json.dumps(value, ensure_ascii=False))
