"""Times in words, counted from now: `yesterday`, `last week`, `3 days ago`, `monday 09:00`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal

from versioner.registry.governance.calendar import WEEKDAYS, moment_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["Direction", "relative_moment"]

# Where the words without a direction lead to; `both` is `past` that takes words for the future too.
Direction = Literal["past", "future", "both"]

_PERIODS: Final = ("week", "month", "year")
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_ONE_DAY: Final = timedelta(days=1)
_SHORT: Final = {unit[0]: unit for unit in _SECONDS}
_MONTHS: Final = {"month": 1, "year": 12}
_NEAR_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
_AMOUNT: Final = re.compile(
    r"(in |\+ ?)?([0-9]{1,9}) ?(?:(second|minute|hour|day|week|month|year)s?|([smhdw]))"
    r"( ago| from now)?"
)
_CLOCK: Final = re.compile(
    r"(?:(?P<day>(?!at ).+?) )?(?:at )?"
    r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?"
)
_MONTH: Final = re.compile(r"((?!0000)[0-9]{4}) (0[1-9]|1[0-2])")


def relative_moment(
    text: str,
    now: datetime,
    *,
    end: bool = False,
    direction: Direction = "past",
    zone: ZoneInfo | None = None,
) -> datetime | None:
    """Return the moment that words name, or None for other text.

    A day, week, month or year means its first second, with `end` its last one. A weekday is the
    latest one that is not after today; with `last`, the latest one before today. An amount is that
    long ago. A week begins on Monday. For the future, each means its first second, a weekday or a
    time of day is the next one after now, and an amount is that long from now. Days are those of a
    zone, None for UTC. Raises OverflowError for a moment that no calendar has.
    """
    words = re.sub(r"[\s_-]+", " ", text.strip().lower())
    if words == "now":
        return now
    if match := _AMOUNT.fullmatch(words):
        return _after_amount(match, now, direction)
    local = now if zone is None else now.astimezone(zone)
    days = _days(words, local.date()) if direction != "future" else None
    if days is not None or direction == "past":
        at = time(23, 59, 59) if end else time()
        return None if days is None else _moment(days[1] if end else days[0], at, zone)
    return _coming_moment(words, now, local.date(), zone)


def _after_amount(match: re.Match[str], now: datetime, direction: Direction) -> datetime | None:
    forward, number, unit, short, backward = match.groups()
    is_past = backward == " ago" or not (forward or backward or direction == "future")
    if (forward and backward == " ago") or (direction == "past" and not is_past):
        return None
    unit, count = unit or _SHORT[short], int(number) * (-1 if is_past else 1)
    if unit in _SECONDS:
        return now + timedelta(seconds=count * _SECONDS[unit])
    day = _months_after(now.date(), count * (12 if unit == "year" else 1))
    return datetime.combine(day, now.timetz())


def _coming_moment(
    words: str, now: datetime, today: date, zone: ZoneInfo | None
) -> datetime | None:
    """Return the next moment after now that words name; one that is past where none comes."""
    clock = _CLOCK.fullmatch(words)
    days = _coming_days(clock["day"] or "" if clock else words, today, is_timed=clock is not None)
    at = time()
    if clock is not None:
        at = time(int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0))
    found = [_moment(day, at, zone) for day in days]
    return next((each for each in found if each > now), found[-1] if found else None)


def _coming_days(words: str, today: date, *, is_timed: bool) -> list[date]:
    """Return the days that words may name, the first one first; none for other words."""
    if words in _NEAR_DAYS or (not words and is_timed):
        day = today + timedelta(days=_NEAR_DAYS.get(words, 0))
        return [day] if words else [day, day + _ONE_DAY]
    if match := re.fullmatch(r"([0-9]{4}) ([0-9]{2}) ([0-9]{2})", words):
        try:
            return [date(*map(int, match.groups()))]
        except ValueError:
            return []
    which, _, noun = words.rpartition(" ")
    if which in ("", "on", "this", "next") and (weekday := _weekday(noun)) is not None:
        first = today + _ONE_DAY if which == "next" else today
        day = first + timedelta(days=(weekday - first.weekday()) % 7)
        return [day, day + timedelta(days=7)]
    if which == "next" and noun in _PERIODS and not is_timed:
        first = _first_day(noun, today)
        return [
            first + timedelta(days=7) if noun == "week" else _months_after(first, _MONTHS[noun])
        ]
    if (match := _MONTH.fullmatch(words)) and not is_timed:
        return [date(int(match[1]), int(match[2]), 1)]
    return []


def _moment(day: date, at: time, zone: ZoneInfo | None) -> datetime:
    if zone is None:
        return datetime.combine(day, at, UTC)
    return datetime.fromtimestamp(moment_of(datetime.combine(day, at), zone), UTC)


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
    if match := _MONTH.fullmatch(words):
        first = date(int(match[1]), int(match[2]), 1)
        return first, _last_of_month(first)
    return None


def _weekday(word: str) -> int | None:
    names = [name.lower() for name in WEEKDAYS]
    return next((day for day, name in enumerate(names) if word in (name, name[:3])), None)


def _first_day(noun: str, day: date) -> date:
    if noun == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if noun == "month" else day.replace(month=1, day=1)


def _months_after(day: date, number: int) -> date:
    """Return the day some months after another one; a month that is too short ends with it."""
    months = day.year * 12 + day.month - 1 + number
    if not 12 <= months < 10_000 * 12:
        raise OverflowError(f"{number} months after {day}")
    first = date(months // 12, months % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), _last_of_month(first))


def _last_of_month(first: date) -> date:
    # December 9999 has no month after it.
    return (
        first.replace(day=31)
        if first.month == 12
        else first.replace(month=first.month + 1) - _ONE_DAY
    )
