"""A calendar of days: a column for each week, a row for each weekday, a shade for each number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SHADES", "cell", "shades"]

SHADES: Final = 4


def shades(numbers: Sequence[int]) -> list[int]:
    """Return the shade of each number: 0 for none, then 1 to 4 in equal parts of the most."""
    most = max(numbers, default=0)
    return [-(-SHADES * number // most) if number > 0 else 0 for number in numbers]


def cell(column: int, row: int, step: int, size: int, top: int) -> str:
    """Return the path of the square of a day."""
    return f"M{column * step} {top + row * step}h{size}v{size}h-{size}z"
