"""Times in words, counted from now: `yesterday`, `monday`, `last week`, `3 days ago`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

__all__ = ["relative_moment"]

_WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_PERIODS: Final = ("week", "month", "year")
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_ONE_DAY: Final = timedelta(days=1)
_AGO: Final = re.compile(r"([0-9]{1,9}) ?(second|minute|hour|day|week|month|year)s?(?: ago)?")


def relative_moment(text: str, now: datetime, *, end: bool = False) -> datetime | None:
    """Return the moment that words name, or None for other text.

    A day, week, month or year means its first second (UTC), with `end` its last one. A weekday is
    the latest one that is not after today; with `last`, the latest one before today. A week begins
    on Monday. Raises OverflowError for a moment before the year 1.
    """
    words = re.sub(r"[\s_-]+", " ", text.strip().lower())
    if words == "now":
        return now
    if match := _AGO.fullmatch(words):
        number, unit = int(match[1]), match[2]
        if unit in _SECONDS:
            return now - timedelta(seconds=number * _SECONDS[unit])
        day = _months_before(now.date(), number * (12 if unit == "year" else 1))
        return datetime.combine(day, now.timetz())
    days = _days(words, now.date())
    if days is None:
        return None
    return datetime.combine(days[1] if end else days[0], time(23, 59, 59) if end else time(), UTC)


def _days(words: str, today: date) -> tuple[date, date] | None:
    """Return the first and the last day of what words name, or None for other words."""
    if words in ("today", "yesterday"):
        day = today if words == "today" else today - _ONE_DAY
        return day, day
    which, _, noun = words.rpartition(" ")
    if which in ("", "last") and (weekday := _weekday(noun)) is not None:
        latest = today - _ONE_DAY if which else today
        day = latest - timedelta(days=(latest.weekday() - weekday) % 7)
        return day, day
    if which in ("this", "last") and noun in _PERIODS:
        first = _first_day(noun, today)
        if which == "this":
            return first, today
        return _first_day(noun, first - _ONE_DAY), first - _ONE_DAY
    if match := re.fullmatch(r"((?!0000)[0-9]{4}) (0[1-9]|1[0-2])", words):
        first = date(int(match[1]), int(match[2]), 1)
        return first, _last_of_month(first)
    return None


def _weekday(word: str) -> int | None:
    names = [name for name in _WEEKDAYS if word in (name, name[:3])]
    return _WEEKDAYS.index(names[0]) if names else None


def _first_day(noun: str, day: date) -> date:
    if noun == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if noun == "month" else day.replace(month=1, day=1)


def _months_before(day: date, number: int) -> date:
    """Return the day some months before another one; a month that is too short ends with it."""
    months = day.year * 12 + day.month - 1 - number
    if months < 12:
        raise OverflowError(f"{number} months before {day}")
    first = date(months // 12, months % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), _last_of_month(first))


def _last_of_month(first: date) -> date:
    # December 9999 has no month after it.
    return (
        first.replace(day=31)
        if first.month == 12
        else first.replace(month=first.month + 1) - _ONE_DAY
    )
