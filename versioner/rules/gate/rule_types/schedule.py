"""Rules of type schedule: nothing may ship inside some windows, or outside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from versioner.registry.governance.calendar import WEEKDAYS, local_time, zone_of
from versioner.rules.gate.finding import Finding
from versioner.rules.gate.windows import blocked_until

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from versioner.models.governance import ScheduleBlock

__all__ = ["judge_schedule", "local_text"]


def judge_schedule(block: ScheduleBlock, now: int) -> Finding | None:
    """Return why a schedule refuses at a moment, None where it does not."""
    is_blocked, until = blocked_until(block, now)
    if not is_blocked:
        return None
    closed = "inside a closed window" if block.is_blocked else "outside the open windows"
    if until is None:
        for_ever = "that does not end" if block.is_blocked else "and none opens again"
        return Finding("NO_DEPLOY_WINDOW", f"{closed}, {for_ever}")
    when = local_text(until, block.time_zone)
    return Finding("NO_DEPLOY_WINDOW", f"{closed}, until {when}", until)


def local_text(moment: int, time_zone: str) -> str:
    """Return a moment in a time zone for people: Mon 30 Nov 2026 09:00 Europe/London."""
    zone = zone_of(time_zone)
    if zone is None or moment >= 253_402_214_400:
        return "the end of the calendar"
    local = local_time(moment, zone)
    day = WEEKDAYS[local.weekday()][:3]
    month = (
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
        *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    )[local.month - 1]
    clock = f"{local.hour:02}:{local.minute:02}" + (f":{local.second:02}" if local.second else "")
    return f"{day} {local.day} {month} {local.year} {clock} {time_zone}{_offset(moment, zone)}"


def _offset(moment: int, zone: ZoneInfo) -> str:
    """Return the offset of a local time that the clocks pass twice, "" for any other."""
    local = datetime.fromtimestamp(moment, zone)
    offset = local.utcoffset() or timedelta()
    if local.replace(fold=1 - local.fold).utcoffset() == offset:
        return ""
    minutes = int(offset.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f" (UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''})"
