"""A rule in words, for people: where it applies, and what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.models.governance import (
    ConcurrencyBlock,
    DailyWindow,
    FlowBlock,
    MonthlyWindow,
    OnceWindow,
    RecurringWindow,
    RequestApprovalBlock,
    RequirementBlock,
    ScheduleBlock,
    VersionApprovalBlock,
    WeeklySpan,
    WeeklyWindow,
)
from versioner.registry.governance.calendar import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models.governance import Rule, RuleBlock, Scope, Window

__all__ = ["duration_words", "requirement_words", "scope_words"]

_DAYS: Final = tuple(day[:3] for day in WEEKDAYS)
_UNITS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"))


def scope_words(rule: Rule) -> str:
    """Return where a rule applies: "payment-* in production; not status-page"."""
    applies = _places(rule.applies_to) or "everything"
    excepted = _places(rule.excepted) if rule.excepted is not None else ""
    return f"{applies}; not {excepted}" if excepted else applies


def requirement_words(block: RuleBlock) -> str:
    """Return what a rule asks for, as a sentence without its full stop."""
    if isinstance(block, ScheduleBlock):
        windows = ", ".join(map(window_words, block.windows))
        first = "Nothing ships" if block.is_blocked else "Ships only"
        return f"{first} {windows} ({block.time_zone})"
    if isinstance(block, FlowBlock):
        return _flow(block)
    if isinstance(block, VersionApprovalBlock):
        return _version_approval(block)
    if isinstance(block, RequestApprovalBlock):
        slots = f", with approvals {_types(block.types)}" if block.types else ""
        return f"Part of an approved request{slots}{', signed' if block.signed else ''}"
    if isinstance(block, RequirementBlock):
        return "Events of the version say " + " and ".join(
            f"{key} is {'present' if value == '*' else value}"
            for key, value in block.values.items()
        )
    return _concurrency(block)


def window_words(window: Window) -> str:
    """Return when a window is, in the local time of its rule: "Fri from 15:00 to 24:00"."""
    if isinstance(window, OnceWindow):
        return f"from {window.start.replace('T', ' ')} to {window.end.replace('T', ' ')}"
    if isinstance(window, DailyWindow):
        return f"each day {_span(window.start, window.end)}"
    if isinstance(window, WeeklyWindow):
        days = ", ".join(_DAYS[day] for day in sorted(set(window.days)))
        return f"each {days} {_span(window.start, window.end)}"
    if isinstance(window, WeeklySpan):
        start = f"{_DAYS[window.start_day]} {_time(window.start)}"
        return f"each week from {start} to {_DAYS[window.end_day]} {_time(window.end)}"
    if isinstance(window, MonthlyWindow):
        days = ", ".join(map(_day_of_month, window.days))
        return f"{days} of each month {_span(window.start, window.end)}"
    return _recurring(window)


def duration_words(seconds: int) -> str:
    """Return a duration in its largest whole unit: "24 hours" is "1 day"."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} seconds"


def _places(scope: Scope) -> str:
    products = [*_listed(scope.products)]
    products += [f"products of {team}" for team in _listed(scope.teams, "no team")]
    environments = [*_listed(scope.environments)]
    environments += [
        f"{each} environments" for each in _listed(scope.environment_types, "no type of")
    ]
    found = [", ".join(products)] if products else []
    if environments:
        found.append(("in " if products else "") + ", ".join(environments))
    return " ".join(found)


def _listed(names: Iterable[str] | None, nothing: str = "nothing") -> Iterable[str]:
    """Return the names of one key of a scope: none where it is absent, `nothing` if empty."""
    return () if names is None else tuple(names) or (nothing,)


def _flow(block: FlowBlock) -> str:
    order = ", in this order" if block.in_order and len(block.through) > 1 else ""
    soak = [f"{duration_words(seconds)} in {name}" for name, seconds in block.soak.items()]
    each = set(block.soak.values())
    if len(soak) > 1 and len(each) == 1 and set(block.soak) == set(block.through):
        soak = [f"{duration_words(each.pop())} in each"]
    parts = [f"Only after {_and(block.through)}{order}"]
    parts += [f"for {_and(soak)}"] if soak else []
    parts += ["while it still runs there"] if block.still_there else []
    return ", ".join(parts)


def _version_approval(block: VersionApprovalBlock) -> str:
    parts = [f"Approved by {_types(block.types)}"]
    if block.after:
        parts.append(f"after it ran in {block.after}")
    if block.expires_after is not None:
        parts.append(f"within the last {duration_words(block.expires_after)}")
    if block.not_by:
        parts.append(f"not by the {' or the '.join(block.not_by)}")
    if block.signed:
        parts.append("signed")
    return ", ".join(parts)


def _concurrency(block: ConcurrencyBlock) -> str:
    number = "one deployment" if block.limit == 1 else f"{block.limit} deployments"
    where = "an environment" if block.per == "environment" else "a product"
    return f"At most {number} of {where} at once"


def _types(types: Mapping[str, int]) -> str:
    return _and([f"{number} of {name}" for name, number in types.items()])


def _and(texts: Iterable[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last


def _span(start: int, end: int) -> str:
    if start == 0 and end in (0, 24 * 60):
        return "all day"
    if start == end:
        return f"from {_time(start)} for 24 hours"
    return f"from {_time(start)} to {_time(end)}"


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _day_of_month(day: int) -> str:
    if day == -1:
        return "the last day"
    number = abs(day)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 < number < 14 else number % 10, "th")
    return f"the {number}{ending}" + (" last day" if day < 0 else "")


def _recurring(window: RecurringWindow) -> str:
    start = window.start.replace("T", " ")
    return f"by {window.rule} from {start} for {duration_words(window.duration)}"
