"""Weeks and months as texts: the Monday of a day, the weeks before one, months before one."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

__all__ = ["day_before", "months_before", "week_of", "weeks_until"]


@lru_cache(maxsize=4096)
def _monday(day: str) -> str:
    found = date.fromisoformat(day)
    return (found - timedelta(days=min(found.weekday(), found.toordinal() - 1))).isoformat()


def week_of(at: str) -> str:
    """Return the day (`2026-11-23`) of the Monday of a time's week (UTC)."""
    return _monday(at[:10])


def weeks_until(at: str, number: int) -> list[str]:
    """Return the Mondays of some weeks, the last of them that of a time, oldest first."""
    last = date.fromisoformat(week_of(at)).toordinal()
    return [
        date.fromordinal(last - 7 * back).isoformat()
        for back in range(number - 1, -1, -1)
        if last > 7 * back
    ]


def day_before(at: str, days: int) -> str:
    """Return the day some days before a time, at most back to the first of all days."""
    return date.fromordinal(max(1, date.fromisoformat(at[:10]).toordinal() - days)).isoformat()


def months_before(month: str, number: int) -> str:
    """Return the month (`2026-11`) some months before one, at most back to the first of all."""
    index = max(12, int(month[:4]) * 12 + int(month[5:7]) - 1 - number)
    return f"{index // 12:04}-{index % 12 + 1:02}"
