"""Deployment requests: those that refuse as long as they are open, and rules that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.registry.event_order import seconds_of
from versioner.rules.gate.finding import Finding, listed
from versioner.rules.gate.requests import (
    done_steps,
    request_state,
    slots_of,
    steps_of,
    versions_in,
    waits_for,
)
from versioner.rules.gate.rule_types.schedule import local_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.governance import Request, RequestApprovalBlock
    from versioner.rules.gate.facts import Facts
    from versioner.rules.gate.question import Question
    from versioner.rules.gate.requests import Slot

__all__ = ["judge_open_requests", "judge_request_approval"]


def judge_open_requests(facts: Facts, question: Question, now: int) -> Iterator[Finding]:
    """Yield why each open request that holds the version refuses: not approved, or out of turn."""
    registry = facts.registry
    for request in _holding(facts, question):
        state = request_state(registry, request, facts.at)
        if state not in ("open", "approved", "rejected"):
            continue
        slots = slots_of(request, registry.governance.groups, facts.at)
        finding = _refusal(request, facts, slots, now, steps=True)
        if finding is not None:
            yield finding
        waiting = waits_for(registry, request, question.product, question.environment, facts.at)
        if waiting:
            message = f'request "{request.name}": {question.product} comes after {listed(waiting)}'
            hint = f"deploy {listed(waiting)} to {question.environment} first"
            yield Finding("FLOW_VIOLATION", message, hint=hint)


def judge_request_approval(
    block: RequestApprovalBlock, facts: Facts, question: Question, now: int
) -> Finding | None:
    """Return why no request allows the version, None where one does."""
    registry, findings = facts.registry, []
    for request in _holding(facts, question):
        is_completed = request_state(registry, request, facts.at) == "completed"
        slots = slots_of(
            request,
            registry.governance.groups,
            facts.at,
            types=block.types,
            signed=block.signed,
        )
        finding = _refusal(request, facts, slots, now, steps=not is_completed)
        if finding is None:
            return None
        findings.append(finding)
    if not findings:
        message = f"no open request has {question.version} for {question.environment}"
        example = f"{question.product}={question.version}"
        hint = f"`versioner request create NAME` with {example}, and open it"
        return Finding("APPROVAL_REQUIRED", message, hint=hint)
    untils = [each.until for each in findings if each.until is not None]
    message = "; ".join(each.message for each in findings)
    hint = "; ".join(each.hint for each in findings if each.hint)
    return Finding("APPROVAL_REQUIRED", message, min(untils, default=None), hint)


def _holding(facts: Facts, question: Question) -> list[Request]:
    """Return the requests whose files say open, and that have the version and environment."""
    registry = facts.registry
    return [
        request
        for request in registry.governance.requests
        if request.state == "open"
        and question.environment in map(registry.environment_name, request.environments)
        and versions_in(registry, request).get(question.product) == question.version
    ]


def _refusal(
    request: Request, facts: Facts, slots: tuple[Slot, ...], now: int, *, steps: bool
) -> Finding | None:
    """Return why one request does not allow its versions at a moment, None where it does."""
    faults, hints = [], []
    for slot in slots:
        if not slot.is_filled:
            faults.append(_slot_text(slot))
            hints.append(_slot_hint(request, slot, facts))
    done = done_steps(request, facts.at) if steps else {}
    for step in steps_of(request, "before") if steps else ():
        if step not in done:
            faults.append(f'step {step} "{_step_text(request, step)}" is not done')
            hints.append(f"`versioner request step {request.name} {step}`")
    until, text = _window(request, now)
    if not faults and not text:
        return None
    message = f'request "{request.name}": ' + "; ".join([*faults, text] if text else faults)
    if faults:
        return Finding("APPROVAL_REQUIRED", message, hint="; ".join(hints))
    hint = "" if until is None else f"wait until {local_text(until, 'UTC')}"
    return Finding("APPROVAL_REQUIRED", message, until, hint)


def _window(request: Request, now: int) -> tuple[int | None, str]:
    """Return when the window of a request opens, and why it is not open, "" where it is."""
    if request.window is None:
        return None, ""
    start, end = map(seconds_of, request.window)
    if now < start:
        return start, f"its window opens {local_text(start, 'UTC')}"
    return None, "" if now < end else f"its window closed {local_text(end, 'UTC')}"


def _step_text(request: Request, step: str) -> str:
    return request.before[int(step.partition(".")[2]) - 1]


def _slot_text(slot: Slot) -> str:
    text = f"{slot.approval_type}: {len(slot.approved_by)} of {slot.needed}"
    if slot.approved_by:
        text += f", by {listed([*slot.approved_by])}"
    if slot.rejected_by:
        text += f", rejected by {listed([*slot.rejected_by])}"
    return text


def _slot_hint(request: Request, slot: Slot, facts: Facts) -> str:
    group = facts.registry.governance.groups.get(slot.approval_type)
    people = slot.rejected_by or tuple(name for name in group or () if name not in slot.approved_by)
    who = listed([*people]) if group is not None or slot.rejected_by else "anybody"
    command = f"`versioner request approve {request.name} --type {slot.approval_type}`"
    return f"{who or 'nobody'} may approve: {command}"
