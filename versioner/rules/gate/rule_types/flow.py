"""Rules of type flow: a version must have passed through other environments."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from versioner.rules.gate.finding import Finding, listed
from versioner.rules.gate.rule_types.schedule import local_text

if TYPE_CHECKING:
    from versioner.models.governance import FlowBlock
    from versioner.rules.gate.facts import Facts
    from versioner.rules.gate.question import Question
    from versioner.rules.gate.timeline import CellTimeline

__all__ = ["duration_text", "judge_flow"]


class _Lacking(NamedTuple):
    """An environment where a version has not been for long enough; None: it no longer runs."""

    environment: str
    stay: int
    soak: int
    until: int | None


def judge_flow(block: FlowBlock, facts: Facts, question: Question, now: int) -> Finding | None:
    """Return why a version did not pass through the environments of a rule, None where it did."""
    version = question.version
    names = [facts.registry.environment_name(name) for name in block.through]
    cells = {name: facts.timeline(question.product, name) for name in names}
    faults = [
        *_not_passed(names, cells, version),
        *(_out_of_order(names, cells, version) if block.in_order else ()),
        *(_gone(names, cells, version) if block.still_there else ()),
    ]
    if faults:
        return Finding("FLOW_VIOLATION", "; ".join(faults), hint=_hint(question, faults, names))
    soaks = {facts.registry.environment_name(name): time for name, time in block.soak.items()}
    lacking = [each for name in names for each in _lacking(name, cells, version, soaks, now)]
    return _soak_finding(lacking) if lacking else None


def _not_passed(names: list[str], cells: dict[str, CellTimeline], version: str) -> list[str]:
    faults = []
    for name in names:
        if version not in cells[name].first_completions:
            faults.append(f"never completed in {name}")
        elif cells[name].is_taken_away(version):
            faults.append(f"rolled back in {name}")
    return faults


def _out_of_order(names: list[str], cells: dict[str, CellTimeline], version: str) -> list[str]:
    faults = []
    for before, name in pairwise(names):
        first = cells[before].first_completions.get(version)
        then = cells[name].first_completions.get(version)
        if first is not None and then is not None and then < first:
            faults.append(f"completed in {name} before it did in {before}")
    return faults


def _gone(names: list[str], cells: dict[str, CellTimeline], version: str) -> list[str]:
    return [
        f"no longer runs in {name}"
        for name in names
        if version in cells[name].first_completions and not cells[name].is_running(version)
    ]


def _hint(question: Question, faults: list[str], names: list[str]) -> str:
    missing = [name for name in names if any(fault.endswith(f" {name}") for fault in faults)]
    if not missing:
        return ""
    return f"deploy {question.product} {question.version} to {listed(missing)} first"


def _lacking(
    name: str, cells: dict[str, CellTimeline], version: str, soaks: dict[str, int], now: int
) -> list[_Lacking]:
    soak = soaks.get(name, 0)
    stay = cells[name].longest_stay(version, now)
    if stay >= soak:
        return []
    since = cells[name].running_since(version)
    return [_Lacking(name, stay, soak, None if since is None else since + soak)]


def _soak_finding(lacking: list[_Lacking]) -> Finding:
    texts = [
        f"was in {each.environment} for {duration_text(each.stay)} of {duration_text(each.soak)}"
        + (", and no longer runs there" if each.until is None else "")
        for each in lacking
    ]
    untils = [each.until for each in lacking if each.until is not None]
    message = "; ".join(texts)
    if len(untils) < len(lacking):
        gone = [each.environment for each in lacking if each.until is None]
        return Finding("INSUFFICIENT_SOAK_TIME", message, hint=f"deploy it to {listed(gone)} again")
    hint = f"wait until {local_text(max(untils), 'UTC')}"
    return Finding("INSUFFICIENT_SOAK_TIME", message, max(untils), hint)


def duration_text(seconds: int) -> str:
    """Return a duration for people, in its two largest units: 1d 4h, 90m, 0m."""
    minutes = seconds // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}d {hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h {rest}m" if rest else f"{hours}h"
    return f"{rest}m" if rest or not seconds else f"{seconds}s"
