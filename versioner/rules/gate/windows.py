"""When the windows of a schedule begin and end, as moments in seconds since 1970."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from itertools import count
from typing import TYPE_CHECKING, Final

from versioner.models.governance import (
    DailyWindow,
    MonthlyWindow,
    OnceWindow,
    RecurringWindow,
    WeeklySpan,
    WeeklyWindow,
)
from versioner.registry.governance.calendar import (
    DAY,
    LAST_YEAR,
    local_time,
    moment_of,
    recurrence,
    zone_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from versioner.models.governance import ScheduleBlock, Window

__all__ = ["Span", "blocked_until", "merged_windows"]

Span = tuple[int, int]
_LocalWindow = OnceWindow | DailyWindow | WeeklyWindow | WeeklySpan | MonthlyWindow

# What is closed for longer than this counts as closed for ever: windows by the day and the week
# repeat within a year, with its changes of summer time; those by the month within eight years, the
# longest time between two leap days.
_YEAR: Final = 366 * DAY
_HORIZON_OF_WEEKS: Final = 2 * _YEAR
_HORIZON_OF_MONTHS: Final = 9 * _YEAR
_HORIZON_OF_RECURRENCES: Final = 30 * _YEAR
# The first second of the year 1000.
_FIRST: Final = -30_610_224_000
_MINUTE: Final = timedelta(minutes=1)


def blocked_until(block: ScheduleBlock, at: int) -> tuple[bool, int | None]:
    """Return whether a schedule blocks at a moment, and the first moment at which it does not.

    The moment is None where there is none.
    """
    if block.is_blocked:
        return _end_of_chain(block, at)
    for start, end in merged_windows(block, at):
        if end <= at:
            continue
        return (False, None) if start <= at else (True, start)
    return True, None


def _end_of_chain(block: ScheduleBlock, at: int) -> tuple[bool, int | None]:
    """Return the end of the windows that follow each other without a gap from a moment on."""
    until = at
    horizon = _horizon(block, at)
    for start, end in merged_windows(block, at):
        if start > until:
            break
        until = max(until, end)
        if until > horizon:
            return True, None
    return (True, until) if until > at else (False, None)


def _horizon(block: ScheduleBlock, at: int) -> int:
    """Return the moment after which windows that were closed until then are so for ever."""
    kinds = {type(each) for each in block.windows}
    if RecurringWindow in kinds:
        return at + _HORIZON_OF_RECURRENCES
    once = [each for each in block.windows if isinstance(each, OnceWindow)]
    zone = zone_of(block.time_zone)
    ends = [moment_of(datetime.fromisoformat(each.end), zone) for each in once] if zone else []
    length = _HORIZON_OF_MONTHS if MonthlyWindow in kinds else _HORIZON_OF_WEEKS
    return max([at, *ends]) + length


def merged_windows(block: ScheduleBlock, at: int) -> Iterator[Span]:
    """Yield the windows of a schedule that end after a moment, in order of their beginning."""
    zone = zone_of(block.time_zone)
    if zone is None:
        return
    sources = [spans_from(each, zone, block.time_zone, at) for each in block.windows]
    yield from merge(*sources)


def spans_from(window: Window, zone: ZoneInfo, name: str, at: int) -> Iterator[Span]:
    """Yield the times of one window that end after a moment, in order of their beginning."""
    if isinstance(window, RecurringWindow):
        yield from _recurring(window, name, at)
        return
    for start, end in _local_spans(window, local_time(at, zone).date()):
        begin, until = moment_of(start, zone), moment_of(end, zone, is_end=True)
        # The clocks may skip all of a window.
        if begin < until and until > at:
            yield begin, until


def _recurring(window: RecurringWindow, name: str, at: int) -> Iterator[Span]:
    since = at - window.duration
    year = datetime.fromtimestamp(max(since, _FIRST), UTC).year
    found = recurrence(window.rule, window.start, name, year)
    for position in count(found.first_after(since)):
        begin = found.begin(position)
        if begin is None:
            return
        yield begin, begin + window.duration


def _local_spans(window: _LocalWindow, day: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield the local times of a window, from the first that may go on on a day."""
    if isinstance(window, OnceWindow):
        yield datetime.fromisoformat(window.start), datetime.fromisoformat(window.end)
    elif isinstance(window, WeeklySpan):
        length = _length_of_span(window)
        for first in _days(day - timedelta(days=8)):
            if first.weekday() == window.start_day:
                start = _at(first, window.start)
                yield start, start + length
    else:
        for first in _days(day - timedelta(days=2)):
            if _begins_on(window, first):
                end_day = first if window.end > window.start else first + timedelta(days=1)
                yield _at(first, window.start), _at(end_day, window.end)


def _begins_on(window: DailyWindow | WeeklyWindow | MonthlyWindow, day: date) -> bool:
    if isinstance(window, DailyWindow):
        return True
    if isinstance(window, WeeklyWindow):
        return day.weekday() in window.days
    left = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - day
    return day.day in window.days or -left.days in window.days


def _length_of_span(window: WeeklySpan) -> timedelta:
    """Return the local time from the beginning of a span to its end, a week at most."""
    days = (window.end_day - window.start_day) % 7
    length = timedelta(days=days, minutes=window.end - window.start)
    return length if length > timedelta() else length + timedelta(days=7)


def _days(first: date) -> Iterator[date]:
    day = first
    while day.year <= LAST_YEAR:
        yield day
        day += timedelta(days=1)


def _at(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time()) + minutes * _MINUTE
