"""The calendar: what is closed in the next days, and the windows of requests, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from versioner.registry.event_order import seconds_of
from versioner.registry.governance.calendar import DAY, WEEKDAYS
from versioner.rules.gate.finding import moment_text
from versioner.site.urls import CALENDAR, FREEZES, RULES, request_page
from versioner.site.views.parts.closed_times import DAYS_AHEAD, schedules_of
from versioner.site.views.parts.layout import View, frame
from versioner.site.views.rules import rule_anchor
from versioner.site.wording import month_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.site.context import SiteContext
    from versioner.site.views.parts.closed_times import Schedule

__all__ = ["calendar_view"]


class _Entry(NamedTuple):
    """A time on the calendar, in seconds: closed by a rule, or the window of a request."""

    start: int
    end: int
    text: str
    where: str
    kind: str
    href: str


def calendar_view(context: SiteContext) -> View:
    """Return the view of the calendar of the days after the last commit."""
    schedules = schedules_of(context)
    first = date.fromisoformat(context.zone.day(context.now))
    entries = sorted(_entries(context, schedules))
    days = [first + timedelta(days=number) for number in range(DAYS_AHEAD)]
    return {
        "frame": frame(
            context,
            CALENDAR,
            "Calendar",
            section=CALENDAR,
            script="lists",
            description=f"When nothing ships in the next {DAYS_AHEAD} days.",
            current=True,
            zone=context.zone.name,
        ),
        "days_ahead": DAYS_AHEAD,
        "file": context.link(CALENDAR, FREEZES),
        "zone": context.zone.name,
        "months": [
            {
                "title": month_text(month),
                "offset": date.fromisoformat(f"{month}-01").weekday()
                if own[0].day == 1 else own[0].weekday(),
                "days": [_day(context, entries, day) for day in own],
            }
            for month, own in _by_month(days)
        ],
    }  # fmt: skip


def _entries(context: SiteContext, schedules: Sequence[Schedule]) -> Iterator[_Entry]:
    now = seconds_of(context.now)
    last = now + DAYS_AHEAD * DAY
    for each in schedules:
        kind = "closed-time" if each.rule.enforcement == "enabled" else "reported"
        href = f"{context.link(CALENDAR, RULES)}#{rule_anchor(each.rule.name)}"
        where = ", ".join(context.environment_title(name) for name in each.environments)
        for time in each.times:
            start = now if time.start is None else time.start
            end = last if time.end is None else time.end
            yield _Entry(start, end, each.title, where or each.scope, kind, href)
    for request in context.registry.governance.requests:
        if request.window is None or request.state == "cancelled":
            continue
        start, end = map(seconds_of, request.window)
        if end > now and start < last:
            href = context.link(CALENDAR, request_page(request.name))
            where = ", ".join(map(context.environment_title, request.environments))
            yield _Entry(start, end, request.title or request.name, where, "request", href)


def _by_month(days: list[date]) -> Iterator[tuple[str, list[date]]]:
    months: dict[str, list[date]] = {}
    for day in days:
        months.setdefault(day.isoformat()[:7], []).append(day)
    yield from months.items()


def _day(context: SiteContext, entries: list[_Entry], day: date) -> View:
    text = day.isoformat()
    found = [view for each in entries if (view := _part(context, each, text))]
    return {
        "date": text,
        "number": day.day,
        "weekday": WEEKDAYS[day.weekday()],
        "entries": found,
    }


def _part(context: SiteContext, entry: _Entry, day: str) -> View | None:
    """Return the part of an entry on one day, None where it has none."""
    zone = context.zone
    start, end = moment_text(entry.start), moment_text(entry.end)
    first, last = zone.day(start), zone.day(end)
    if not first <= day <= last or (day == last and zone.clock(end) == "00:00"):
        return None
    opens = zone.clock(start) if first == day else "00:00"
    closes = zone.clock(end) if last == day else "24:00"
    is_whole = (opens, closes) == ("00:00", "24:00")
    return {
        "clock": "all day" if is_whole else f"{opens} to {closes}",
        "text": entry.text,
        "where": entry.where,
        "kind": entry.kind,
        "href": entry.href,
    }
