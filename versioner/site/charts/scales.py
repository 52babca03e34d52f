"""Scales of pictures: round steps of an axis, and coordinates with few digits."""

from __future__ import annotations

from typing import Final

__all__ = ["number_text", "ticks"]

_STEPS: Final = (1, 2, 5)
# An axis has so many lines: fewer say little, more are noise.
_LINES: Final = (2, 3, 4)


def number_text(value: float) -> str:
    """Return a coordinate with at most one digit behind the point: `12`, `.5`, `-3.1`."""
    rounded = round(value * 10)
    whole, tenth = divmod(abs(rounded), 10)
    sign = "-" if rounded < 0 else ""
    return f"{sign}{whole}" if not tenth else f"{sign}{whole or ''}.{tenth}"


def ticks(most: int) -> list[int]:
    """Return the lines of an axis for whole numbers up to one: 2 to 4 equal round steps above 0.

    The last is the end of the axis, the least that holds the number.
    """
    size = 1
    while size * _STEPS[-1] * _LINES[-1] < most:
        size *= 10
    ends = [
        (step * size * lines, -lines)
        for step in _STEPS
        for lines in _LINES
        if step * size * lines >= most
    ]
    end, lines = min(ends)
    return [end // -lines * number for number in range(1, 1 - lines)]
