"""Read rules from their files: each as a `Rule`, or as an unreadable file with the scope it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from versioner.models.governance import (
    EVERYWHERE,
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
    UnreadableFile,
    VersionApprovalBlock,
    WeeklySpan,
    WeeklyWindow,
)
from versioner.registry.governance.calendar import duration_seconds
from versioner.registry.governance.rule_checks import WEEKDAYS, minutes_of, rule_content_problems
from versioner.validation.documents import validate_document
from versioner.validation.locate import locate_problems
from versioner.validation.schema_check import find_violations
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.models import Problem
    from versioner.models.governance import RuleBlock, RuleType, Window

__all__ = ["ReadRule", "read_rule", "rule_of", "unreadable_rule"]

_SCOPE_KEYS: Final = ("products", "teams", "environments", "environment_types")


class ReadRule(NamedTuple):
    """A rule, or the unreadable file in its place, with the problems of the file."""

    rule: Rule | None
    unreadable: UnreadableFile | None
    problems: list[Problem]


def read_rule(data: bytes, path: str) -> ReadRule:
    """Read the file of a rule."""
    document, problems = validate_document("rule", data, path)
    if document is not None:
        content = list(rule_content_problems(document))
        problems = locate_problems(path, data, content_problems=content) if content else problems
    errors = [problem for problem in problems if problem.severity == "error"]
    if document is None or errors:
        return ReadRule(None, unreadable_rule(data, errors[0]), problems)
    return ReadRule(rule_of(document, path), None, problems)


def unreadable_rule(data: bytes, problem: Problem) -> UnreadableFile:
    """Return the unreadable file of a rule with an error; its scope is read as far as possible."""
    value = read_yaml(data, problem.path).value
    document = value if isinstance(value, dict) else {}
    return UnreadableFile(
        problem.path,
        problem.line,
        problem.message,
        _readable_scope(document.get("applies_to")) or EVERYWHERE,
        _readable_exception(document.get("except")),
    )


def _readable_scope(value: Any) -> Scope | None:
    """Return the keys of a scope that can be read; the others are left out, None for no scope."""
    if not isinstance(value, dict):
        return None
    readable = {
        key: tuple(value[key]) for key in _SCOPE_KEYS if key in value and _is_readable(key, value)
    }
    return Scope(**readable)


def _readable_exception(value: Any) -> Scope | None:
    """Return an exception if all of it can be read: a part of one would except too much."""
    scope = _readable_scope(value)
    is_whole = isinstance(value, dict) and value and set(value) <= set(_SCOPE_KEYS)
    if scope is None or not is_whole:
        return None
    return scope if all(getattr(scope, key) is not None for key in value) else None


def _is_readable(key: str, scope: Mapping[str, Any]) -> bool:
    # A wrong item is perhaps a name that was written wrong, so the whole key excludes nothing.
    rule = {"name": "x", "type": "schedule", "schedule": {}, "applies_to": {key: scope[key]}}
    return not find_violations("rule", rule)


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
        days = tuple(WEEKDAYS.index(day) for day in value["days"])
        return WeeklyWindow(days, minutes_of(value["from"]), minutes_of(value["to"]))
    (first, start), (last, end) = value["from"].split(" "), value["to"].split(" ")
    return WeeklySpan(
        WEEKDAYS.index(first), minutes_of(start), WEEKDAYS.index(last), minutes_of(end)
    )


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
