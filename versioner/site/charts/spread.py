"""The spread of durations: how many fall between round bounds."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BOUNDS", "spread_counts"]

# Upper bounds in seconds, each with its words; longer durations are in one group more.
BOUNDS: Final = (
    (60, "1m"),
    (600, "10m"),
    (3600, "1h"),
    (4 * 3600, "4h"),
    (86400, "1d"),
    (3 * 86400, "3d"),
    (7 * 86400, "7d"),
    (30 * 86400, "30d"),
)
_LIMITS: Final = [limit for limit, _ in BOUNDS]


def spread_counts(seconds: Iterable[int]) -> list[int]:
    """Return how many durations are up to each bound and above the one before, then the others."""
    found = [0] * (len(BOUNDS) + 1)
    for each in seconds:
        found[bisect_left(_LIMITS, each)] += 1
    return found
