"""Stacked bars: a column for each week, with a part for each outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.site.charts.scales import number_text as n
from versioner.site.charts.scales import ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bars", "Tick", "stacked_bars"]

# The least height of a part, so that one failure among thousands of successes is seen.
_LEAST = 2.0


class Tick(NamedTuple):
    """A line of the grid: its height in the picture, and its number."""

    y: str
    text: str


class Bars(NamedTuple):
    """The paths of stacked bars: one for each outcome, and the tops of the columns.

    `tops` are the heights at which marks above the columns begin.
    """

    paths: list[str]
    tops: list[float]
    ticks: list[Tick]


def stacked_bars(
    columns: Sequence[Sequence[int]], *, step: int, bar: int, top: int, bottom: int
) -> Bars:
    """Return the bars of columns of numbers, the first part of each at the bottom.

    Columns are `step` wide and their bars `bar`; the axis leads from `bottom` to `top`.
    """
    most = max((sum(column) for column in columns), default=0)
    lines = ticks(most)
    height = (bottom - top) / lines[-1]
    parts = len(columns[0]) if columns else 0
    paths, tops = [""] * parts, []
    for number, column in enumerate(columns):
        x, y = number * step + (step - bar) / 2, float(bottom)
        for part, value in enumerate(column):
            if value:
                tall = max(value * height, _LEAST)
                paths[part] += f"M{n(x)} {n(y)}h{bar}v-{n(tall)}h-{bar}z"
                y -= tall
        tops.append(max(y, 0.0))
    grid = [Tick(n(bottom - each * height), f"{each:,}") for each in lines]
    return Bars(paths, tops, grid)
