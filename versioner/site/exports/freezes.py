"""The calendar file: the times in which rules of windows block, for any calendar program."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from versioner.registry.event_order import seconds_of
from versioner.registry.governance.calendar import DAY
from versioner.site.views.parts.closed_times import DAYS_AHEAD, schedules_of

if TYPE_CHECKING:
    from icalendar import Event

    from versioner.rules.gate.closed_times import ClosedTime
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.closed_times import Schedule

__all__ = ["freezes_file"]


def freezes_file(context: SiteContext) -> bytes:
    """Return a calendar (RFC 5545) of what rules close in the days after the last commit.

    Rules that only report are left out. The same registry gives the same bytes.
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//versioner//deployment registry//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", _line(f"{context.title}: closed times"))
    for schedule in schedules_of(context):
        if schedule.rule.enforcement == "enabled":
            for time in schedule.times:
                calendar.add_component(_event(context, schedule, time))
    content: bytes = calendar.to_ical()
    return content


def _event(context: SiteContext, schedule: Schedule, time: ClosedTime) -> Event:
    from icalendar import Event

    now = seconds_of(context.now)
    start = now if time.start is None else time.start
    end = now + DAYS_AHEAD * DAY if time.end is None else time.end
    name = schedule.rule.name
    # A calendar program knows a time again by this name, from build to build.
    place = context.base_url or context.title
    digest = hashlib.sha256(f"{place} {name} {time.start} {time.end}".encode()).hexdigest()[:24]
    where = ", ".join(map(context.environment_title, schedule.environments)) or schedule.scope
    event = Event()
    event.add("uid", f"{digest}@versioner")
    event.add("dtstamp", _moment(now))
    event.add("dtstart", _moment(start))
    event.add("dtend", _moment(end))
    event.add("summary", _line(f"{schedule.title}: {where}"))
    words = filter(None, map(_line, (schedule.rule.reason, schedule.words)))
    event.add("description", "\n".join(words))
    event.add("categories", ["closed"])
    event.add("transp", "TRANSPARENT")
    return event


def _line(text: str) -> str:
    """Return a text in one line, as a property of a calendar has no line ends of its own."""
    return " ".join(text.split())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
