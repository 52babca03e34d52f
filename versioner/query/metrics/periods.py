"""Periods of metrics: from one moment to another, cut into ISO weeks or months (UTC)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cut", "Period", "name_of_period", "periods_between"]

Cut = Literal["week", "month"]


class Period(NamedTuple):
    """A period of time: its name, its first and its last second (UTC, RFC 3339)."""

    name: str
    since: str
    until: str


def name_of_period(at: str, cut: Cut) -> str:
    """Return the week (`2026-W48`) or the month (`2026-11`) of a moment."""
    if cut == "month":
        return at[:7]
    year, week, _ = date.fromisoformat(at[:10]).isocalendar()
    return f"{year:04}-W{week:02}"


def periods_between(since: str, until: str, cut: Cut) -> Iterator[Period]:
    """Yield the weeks or months from one moment to another; the first and the last may be cut."""
    at = since
    while at <= until:
        last = _last_day(date.fromisoformat(at[:10]), cut)
        yield Period(name_of_period(at, cut), at, min(f"{last}T23:59:59Z", until))
        if last == date.max:
            return
        at = f"{last + timedelta(days=1)}T00:00:00Z"


def _last_day(day: date, cut: Cut) -> date:
    """Return the last day of the week or month of a day; the last of all days ends the last one."""
    if cut == "week":
        return day + min(timedelta(days=6 - day.weekday()), date.max - day)
    following = day.replace(day=28) + min(timedelta(days=4), date.max - day.replace(day=28))
    return date.max if following.month == day.month else following - timedelta(days=following.day)
