"""Rules of type requirement: what the events of a version must say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.registry.governance.rules import text_of
from versioner.rules.gate.finding import Finding

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.models.governance import RequirementBlock
    from versioner.rules.gate.facts import Facts, VersionEvents
    from versioner.rules.gate.question import Question

__all__ = ["judge_requirement"]


def judge_requirement(block: RequirementBlock, facts: Facts, question: Question) -> Finding | None:
    """Return which values of a version are not as required, None where all are."""
    events = facts.version(question.product, question.version)
    faults = []
    for key, wanted in block.values.items():
        value = _latest(events, key)
        if value is None:
            faults.append(f"{key} is missing" + ("" if wanted == "*" else f", not {wanted}"))
        elif wanted not in ("*", text_of(value)):
            faults.append(f"{key} is {_short(value)}, not {wanted}")
    if not faults:
        return None
    hint = f"record a build event of {question.version} that says so"
    return Finding("REQUIREMENT_NOT_MET", "; ".join(faults), hint=hint)


def _short(value: object) -> str:
    text = text_of(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _latest(events: VersionEvents, key: str) -> Any:
    """Return the latest value of a field that is not empty, None for none; builds come first."""
    for log in (events.builds, events.deployments):
        for event in reversed(log):
            value = _value(event, key)
            if value not in (None, "", {}, []):
                return value
    return None


def _value(event: Event, key: str) -> Any:
    """Return the value at a dotted key; a key of metadata may have dots itself."""
    if key in event:
        return event[key]
    head, dot, rest = key.partition(".")
    while dot:
        inner = event.get(head)
        if isinstance(inner, dict):
            found = _value(inner, rest)
            if found is not None:
                return found
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None
