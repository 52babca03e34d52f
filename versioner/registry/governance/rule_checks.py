"""Check what no schema can judge in a rule: its block, its windows, its zone, its environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.models.governance import RULE_TYPES
from versioner.registry.governance.calendar import (
    Recurrence,
    duration_seconds,
    moment_of,
    parse_local,
    recurrence_fault,
    zone_hint,
    zone_of,
)
from versioner.validation import codes
from versioner.validation.locate import ContentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from versioner.validation.violations import Pointer

__all__ = ["rule_content_problems"]


def rule_content_problems(document: Mapping[str, Any]) -> Iterator[ContentProblem]:
    """Yield the problems of a rule that conforms to its schema."""
    kind = document["type"]
    for other in RULE_TYPES:
        if other in document and other != kind:
            message = f'a rule of type "{kind}" has the block "{other}"'
            hint = f"remove {other}, or write it as a rule of its own"
            yield ContentProblem((other,), codes.RULE_BLOCK, message, hint)
    if kind == "schedule":
        yield from _schedule_problems(document["schedule"])
    elif kind == "flow":
        yield from _flow_problems(document["flow"])


def _schedule_problems(block: Mapping[str, Any]) -> Iterator[ContentProblem]:
    there = [key for key in ("blocked", "allowed") if key in block]
    if len(there) != 1:
        message = "schedule has both blocked and allowed" if there else "schedule has no windows"
        hint = "write exactly one of blocked and allowed, a list of windows"
        yield ContentProblem(("schedule",), codes.RULE_BLOCK, message, hint)
    name = block.get("time_zone", "UTC")
    zone = zone_of(name)
    if zone is None:
        message = f'there is no time zone "{name}"'
        yield ContentProblem(("schedule", "time_zone"), codes.TIME_ZONE, message, zone_hint(name))
    for key in there:
        for number, window in enumerate(block[key]):
            yield from _window_problems(("schedule", key, number), window, zone)


def _window_problems(
    at: Pointer, window: Mapping[str, Any], zone: ZoneInfo | None
) -> Iterator[ContentProblem]:
    ((kind, value),) = window.items()
    where = (*at, kind)
    if kind == "weekly":
        yield from _weekly_problems(where, value)
    elif kind == "monthly" and 0 in value["days"]:
        message = "a month has no day 0"
        hint = "write 1 for the first day, and -1 for the last"
        yield ContentProblem((*where, "days", value["days"].index(0)), codes.WINDOW, message, hint)
    elif kind == "once":
        yield from _once_problems(where, value, zone)
    elif kind == "rrule":
        yield from _recurrence_problems(where, value, zone)


def _weekly_problems(where: Pointer, value: Mapping[str, Any]) -> Iterator[ContentProblem]:
    has_days = "days" in value
    for key in ("from", "to"):
        if has_days == (" " in value[key]):
            message = (
                f"{key} has a day of the week, and days are listed too"
                if has_days
                else f"{key} has no day of the week, and no days are listed"
            )
            hint = 'write days: [fri] with from: "15:00", or from: "fri 15:00" without days'
            yield ContentProblem((*where, key), codes.WINDOW, message, hint)


def _once_problems(
    where: Pointer, value: Mapping[str, Any], zone: ZoneInfo | None
) -> Iterator[ContentProblem]:
    start, end = parse_local(value["from"]), parse_local(value["to"])
    for key, local in (("from", start), ("to", end)):
        if local is None:
            message = f"there is no such day: {value[key]}"
            yield ContentProblem((*where, key), codes.WINDOW, message, "write a day that exists")
    if start is None or end is None or zone is None:
        return
    if moment_of(end, zone, is_end=True) <= moment_of(start, zone):
        message = f"this window never occurs: {value['to']} is not after {value['from']}"
        hint = (
            "write a later time as to"
            if end <= start
            else "the clocks of the zone skip these times: write others"
        )
        yield ContentProblem((*where, "to"), codes.WINDOW, message, hint)


def _recurrence_problems(
    where: Pointer, value: Mapping[str, Any], zone: ZoneInfo | None
) -> Iterator[ContentProblem]:
    if parse_local(value["start"]) is None:
        message = f"there is no such day: {value['start']}"
        yield ContentProblem((*where, "start"), codes.WINDOW, message, "write a day that exists")
    elif (fault := recurrence_fault(value["rule"], value["start"])) is not None:
        message = f"the recurrence rule {fault[0]}"
        yield ContentProblem((*where, "rule"), codes.RECURRENCE, message, fault[1])
    elif zone is not None and Recurrence(value["rule"], value["start"], zone).begin(0) is None:
        message = "this window never occurs: its UNTIL is before its start"
        hint = "write a later UNTIL"
        yield ContentProblem((*where, "rule"), codes.WINDOW, message, hint)
    if duration_seconds(value["duration"]) == 0:
        message = "this window never occurs: its duration is 0"
        hint = "write how long it is, such as 6h"
        yield ContentProblem((*where, "duration"), codes.WINDOW, message, hint)


def _flow_problems(block: Mapping[str, Any]) -> Iterator[ContentProblem]:
    soak = block.get("soak", {})
    for name in soak if isinstance(soak, dict) else ():
        if name not in block["through"]:
            message = f'soak names "{name}", which is not in through'
            hint = f"add {name} to through, or remove it here"
            yield ContentProblem(("flow", "soak", name), codes.SOAK, message, hint)
