"""Rules as typed data, from documents without problems.

Of documents that are kept as JSON a rule is made without a reader of YAML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from versioner.models.governance import (
    ConcurrencyBlock,
    DailyWindow,
    FlowBlock,
    MonthlyWindow,
    OnceWindow,
    RecurringWindow,
    RequestApprovalBlock,
    RequirementBlock,
    Rule,
    ScheduleBlock,
    Scope,
    VersionApprovalBlock,
    WeeklySpan,
    WeeklyWindow,
)
from versioner.registry.governance.calendar import WEEKDAYS, duration_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.models.governance import RuleBlock, RuleType, Window

__all__ = ["rule_of", "text_of"]

_DAYS: Final = [day[:3].lower() for day in WEEKDAYS]


def minutes_of(time: str) -> int:
    """Return the minutes after midnight of a time of day."""
    return int(time[:2]) * 60 + int(time[3:])


def rule_of(document: Mapping[str, Any], path: str) -> Rule:
    """Return a rule from its document, which has no problem."""
    kind = cast("RuleType", document["type"])
    return Rule(
        name=document["name"],
        path=path,
        type=kind,
        block=_BLOCKS[kind](document[kind]),
        title=document.get("title", ""),
        reason=document.get("reason", ""),
        enforcement=document.get("enforcement", "enabled"),
        applies_to=_scope(document.get("applies_to", {})),
        excepted=_scope(document["except"]) if "except" in document else None,
        rollbacks=document.get("rollbacks", "judged"),
        override=document.get("override", "with-reason"),
    )


def _scope(value: Mapping[str, Any]) -> Scope:
    return Scope(**{key: tuple(items) for key, items in value.items()})


def _schedule(block: Mapping[str, Any]) -> ScheduleBlock:
    is_blocked = "blocked" in block
    windows = block["blocked" if is_blocked else "allowed"]
    return ScheduleBlock(
        tuple(_window(window) for window in windows), is_blocked, block.get("time_zone", "UTC")
    )


def _window(document: Mapping[str, Any]) -> Window:
    ((kind, value),) = document.items()
    return _WINDOWS[kind](value)


def _weekly(value: Mapping[str, Any]) -> WeeklyWindow | WeeklySpan:
    if "days" in value:
        days = tuple(_DAYS.index(day) for day in value["days"])
        return WeeklyWindow(days, minutes_of(value["from"]), minutes_of(value["to"]))
    (first, start), (last, end) = value["from"].split(" "), value["to"].split(" ")
    return WeeklySpan(_DAYS.index(first), minutes_of(start), _DAYS.index(last), minutes_of(end))


_WINDOWS: Final[dict[str, Callable[[Mapping[str, Any]], Window]]] = {
    "once": lambda value: OnceWindow(value["from"], value["to"]),
    "daily": lambda value: DailyWindow(minutes_of(value["from"]), minutes_of(value["to"])),
    "weekly": _weekly,
    "monthly": lambda value: MonthlyWindow(
        tuple(value["days"]), minutes_of(value["from"]), minutes_of(value["to"])
    ),
    "rrule": lambda value: RecurringWindow(
        value["rule"], value["start"], duration_seconds(value["duration"])
    ),
}


def _flow(block: Mapping[str, Any]) -> FlowBlock:
    through = tuple(block["through"])
    soak = block.get("soak", {})
    durations = dict.fromkeys(through, soak) if isinstance(soak, str) else soak
    return FlowBlock(
        through,
        block.get("in_order", False),
        {name: duration_seconds(text) for name, text in durations.items()},
        block.get("still_there", False),
    )


def _version_approval(block: Mapping[str, Any]) -> VersionApprovalBlock:
    expires = block.get("expires_after")
    return VersionApprovalBlock(
        dict(block["types"]),
        None if expires is None else duration_seconds(expires),
        block.get("after", ""),
        tuple(block.get("not_by", ())),
        block.get("signed", False),
    )


def _requirement(block: Mapping[str, Any]) -> RequirementBlock:
    return RequirementBlock({key: text_of(value) for key, value in block.items()})


def text_of(value: object) -> str:
    """Return a value as the text that requirements are compared by."""
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_BLOCKS: Final[dict[str, Callable[[Mapping[str, Any]], RuleBlock]]] = {
    "schedule": _schedule,
    "flow": _flow,
    "version-approval": _version_approval,
    "request-approval": lambda block: RequestApprovalBlock(
        dict(block.get("types", {})), block.get("signed", False)
    ),
    "requirement": _requirement,
    "concurrency": lambda block: ConcurrencyBlock(block["limit"], block["per"]),
}
