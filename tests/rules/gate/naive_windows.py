"""A naive model of the windows of schedule rules, for `naive_judge`: a walk over minutes.

What the clocks show is looked up minute by minute in the zone; nothing is computed from offsets.
A comment that begins with "Reading:" states how a sentence of the contract is read that leaves
something open.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NotModelled", "covers", "freeze", "seconds_of"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RRULE_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# The longest window that begins on one day, and some days more.
LOOK_BACK = 8


class NotModelled(Exception):
    """A recurrence that this model does not know."""


def seconds_of(duration: str) -> int:
    return int(duration[:-1]) * UNITS[duration[-1]]


@cache
def clock_of_day(zone: str, day: date) -> dict[datetime, list[datetime]]:
    """Return for each minute that the clocks of a zone show in a UTC day when they show it."""
    shown: dict[datetime, list[datetime]] = {}
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    where = ZoneInfo(zone)
    for _ in range(24 * 60):
        local = moment.astimezone(where).replace(tzinfo=None)
        shown.setdefault(local, []).append(moment)
        moment += MINUTE
    return shown


@cache
def moment_of(zone: str, local: datetime, *, is_end: bool = False) -> datetime:
    """Return the moment of a local time: of two the first, or the second for an end."""
    days = [local.date() + DAY * each for each in (-1, 0, 1, 2)]
    when = [moment for day in days for moment in clock_of_day(zone, day).get(local, ())]
    if when:
        return max(when) if is_end else min(when)
    # The clocks skip it: the first moment after the gap is the first that shows a later time.
    shown = {t: ms for day in days for t, ms in clock_of_day(zone, day).items() if t > local}
    return min(moment for moments in shown.values() for moment in moments)


def covers(frozen: Any, at: datetime) -> bool:
    """Return whether a window of a block, as `freeze` returns it, covers a moment."""
    return any(start <= at < end for start, end in spans(frozen, at.date()))


def freeze(value: Any) -> Any:
    """Return plain data in a form that can be a key."""
    if isinstance(value, dict):
        return tuple((key, freeze(each)) for key, each in value.items())
    return tuple(map(freeze, value)) if isinstance(value, list) else value


@cache
def spans(frozen: Any, day: date) -> list[tuple[datetime, datetime]]:
    """Return the spans of the windows of a block that may cover a moment of a UTC day."""
    block = dict(frozen)
    zone = block.get("time_zone", "UTC")
    windows = block["blocked" if "blocked" in block else "allowed"]
    found = []
    for ((kind, fields),) in windows:
        found += list(WINDOWS[kind](zone, dict(fields), day))
    return found


def once(zone: str, fields: dict[str, Any], day: date) -> Iterator[tuple[datetime, datetime]]:
    start, end = (datetime.fromisoformat(fields[key]) for key in ("from", "to"))
    yield moment_of(zone, start), moment_of(zone, end, is_end=True)


def clock(day: date, text: str) -> datetime:
    """Return a time of a day; 24:00 is the end of that day."""
    hour, minute = text.split(":")
    return datetime(day.year, day.month, day.day) + timedelta(hours=int(hour), minutes=int(minute))


def part_of_day(zone: str, fields: dict[str, Any], begins: date) -> tuple[datetime, datetime]:
    start, end = clock(begins, fields["from"]), clock(begins, fields["to"])
    end = end if end > start else clock(begins + DAY, fields["to"])
    return moment_of(zone, start), moment_of(zone, end, is_end=True)


def days_near(day: date) -> Iterator[date]:
    """Yield the days on which a window may begin that covers a moment of a UTC day."""
    for number in range(-LOOK_BACK, 3):
        yield day + DAY * number


def daily(zone: str, fields: dict[str, Any], day: date) -> Iterator[tuple[datetime, datetime]]:
    for begins in days_near(day):
        yield part_of_day(zone, fields, begins)


def weekly(zone: str, fields: dict[str, Any], day: date) -> Iterator[tuple[datetime, datetime]]:
    for begins in days_near(day):
        if "days" in fields and DAYS[begins.weekday()] in fields["days"]:
            yield part_of_day(zone, fields, begins)
        elif "days" not in fields and DAYS[begins.weekday()] == fields["from"][:3]:
            start = clock(begins, fields["from"][4:])
            # The next such moment after it, looked for day by day.
            ends = (
                clock(begins + DAY * n, fields["to"][4:])
                for n in range(9)
                if DAYS[(begins + DAY * n).weekday()] == fields["to"][:3]
            )
            end = next(each for each in ends if each > start)
            yield moment_of(zone, start), moment_of(zone, end, is_end=True)


def monthly(zone: str, fields: dict[str, Any], day: date) -> Iterator[tuple[datetime, datetime]]:
    for begins in days_near(day):
        length = calendar.monthrange(begins.year, begins.month)[1]
        if begins.day in fields["days"] or begins.day - length - 1 in fields["days"]:
            yield part_of_day(zone, fields, begins)


def rrule(zone: str, fields: dict[str, Any], day: date) -> Iterator[tuple[datetime, datetime]]:
    length = timedelta(seconds=seconds_of(fields["duration"]))
    for local in occurrences(zone, fields["rule"], fields["start"], day + DAY * 3):
        start = moment_of(zone, local) if abs(local.date() - day) < DAY * (LOOK_BACK + 3) else None
        if start is not None:
            yield start, start + length


def occurrences(zone: str, rule: str, start: str, last: date) -> Iterator[datetime]:
    """Yield the local times of a recurrence until a day, by a walk over the days from its start."""
    parts = dict(each.split("=") for each in rule.split(";"))
    first = datetime.fromisoformat(start)
    left = int(parts.pop("COUNT", "1000000"))
    until = parts.pop("UNTIL", "")
    day = first.date()
    while day <= last and left:
        local = datetime.combine(day, first.time())
        if is_on(parts, first.date(), day):
            if until and is_after(zone, local, until):
                return
            left -= 1
            yield local
        day += DAY


def is_after(zone: str, local: datetime, until: str) -> bool:
    if not until.endswith("Z"):
        return local > datetime.strptime(until, "%Y%m%dT%H%M%S")
    return moment_of(zone, local) > datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def is_on(parts: dict[str, str], first: date, day: date) -> bool:
    """Return whether a recurrence has a day."""
    known = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH"}
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    if set(parts) - known or frequency not in ("DAILY", "WEEKLY", "MONTHLY"):
        raise NotModelled(str(parts))
    weekday = RRULE_DAYS[day.weekday()]
    named = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    if "BYMONTH" in parts and str(day.month) not in parts["BYMONTH"].split(","):
        return False
    if frequency == "DAILY":
        return (day - first).days % interval == 0 and (not named or weekday in named)
    if frequency == "WEEKLY":
        monday = day - DAY * day.weekday()
        weeks = (monday - (first - DAY * first.weekday())).days // 7
        return weeks % interval == 0 and weekday in (named or [RRULE_DAYS[first.weekday()]])
    months = (day.year - first.year) * 12 + day.month - first.month
    return months % interval == 0 and is_on_in_month(parts, named, first, day)


def is_on_in_month(parts: dict[str, str], named: list[str], first: date, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    weekday = RRULE_DAYS[day.weekday()]
    if named:
        number, from_end = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
        names = {weekday, f"{number}{weekday}", f"+{number}{weekday}", f"{from_end}{weekday}"}
        return bool(names & set(named))
    if "BYMONTHDAY" in parts:
        days = [int(each) for each in parts["BYMONTHDAY"].split(",")]
        return day.day in days or day.day - length - 1 in days
    return day.day == first.day


WINDOWS = {"once": once, "daily": daily, "weekly": weekly, "monthly": monthly, "rrule": rrule}
