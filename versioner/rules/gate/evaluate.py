"""Judge a question by all rules; pure and total."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from versioner import layout
from versioner.models.governance import (
    ConcurrencyBlock,
    FlowBlock,
    RequestApprovalBlock,
    RequirementBlock,
    ScheduleBlock,
    UnreadableFile,
    VersionApprovalBlock,
)
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.facts import RegistryFacts
from versioner.rules.gate.finding import Finding, moment_text
from versioner.rules.gate.open_times import first_open
from versioner.rules.gate.question import CODES, Answer, Verdict
from versioner.rules.gate.rule_types.concurrency import judge_concurrency
from versioner.rules.gate.rule_types.flow import judge_flow
from versioner.rules.gate.rule_types.requirement import judge_requirement
from versioner.rules.gate.rule_types.schedule import judge_schedule
from versioner.rules.gate.rule_types.version_approval import judge_version_approval
from versioner.rules.gate.scope import is_in_scope
from versioner.rules.gate.unread import unread_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.models.governance import Rule
    from versioner.registry.records import Registry
    from versioner.rules.gate.facts import Facts
    from versioner.rules.gate.question import Code, Outcome, Question

__all__ = ["evaluate", "find_reason", "resolved", "rules_in_scope", "verdict_of"]


def evaluate(registry: Registry, question: Question) -> Answer:
    """Return the answer to a question, by the events with a time up to the question's."""
    own = resolved(registry, question)
    facts = RegistryFacts(registry, own.at)
    is_known = _is_known(facts, own)
    commit = registry.revision or ""
    unreadable = tuple(_unreadable(registry, own))
    if unreadable:
        return Answer(own, False, "", "", (), unreadable, is_known, commit)
    rules = rules_in_scope(registry, own)
    now = seconds_of(own.at)
    verdicts = tuple(_verdicts(facts, own, rules, now))
    code = _first_code(verdicts)
    if not code:
        return Answer(own, True, code, own.at, verdicts, (), is_known, commit)
    found, is_never_open = _allowed_from(facts, own, rules, now, verdicts)
    when = moment_text(found)
    return Answer(own, False, code, when, verdicts, (), is_known, commit, "", is_never_open)


def _unreadable(registry: Registry, question: Question) -> Iterator[UnreadableFile]:
    """Yield the files with errors that may be about a question."""
    site = site_of(registry, question.product, question.environment)
    for each in registry.governance.unreadable:
        if is_in_scope(each, site, registry):
            yield each
    record = registry.products.get(question.product)
    folder = f"{layout.product_dir(question.product)}/decisions/"
    for problem in record.problems if record is not None else ():
        if problem.severity == "error" and problem.path.startswith(folder):
            yield UnreadableFile(problem.path, problem.line, problem.message)
    yield from unread_files(registry, question, site)


def resolved(registry: Registry, question: Question) -> Question:
    """Return a question with the names that product and environment have now."""
    product = registry.target_of(question.product)
    environment = registry.environment_name(question.environment)
    return replace(question, product=product, environment=environment)


def rules_in_scope(registry: Registry, question: Question) -> list[Rule]:
    """Return the rules that are about a place and not disabled, by name."""
    site = site_of(registry, question.product, question.environment)
    found = [
        rule
        for rule in registry.governance.rules
        if rule.enforcement != "disabled" and is_in_scope(rule, site, registry)
    ]
    return sorted(found, key=lambda rule: rule.name)


def _is_known(facts: Facts, question: Question) -> bool:
    events = facts.version(question.product, question.version)
    return bool(events.builds or events.deployments)


def _first_code(verdicts: Iterable[Verdict]) -> Code | Literal[""]:
    codes = {each.code for each in verdicts if each.is_refusal}
    return next((code for code in CODES if code in codes), "")


def _verdicts(
    facts: Facts, question: Question, rules: Sequence[Rule], now: int
) -> Iterator[Verdict]:
    yield from _built_in_verdicts(facts, question, now)
    for rule in rules:
        yield verdict_of(rule, find_reason(rule, facts, question, now), facts, question)


def _built_in_verdicts(facts: Facts, question: Question, now: int) -> Iterator[Verdict]:
    blocked = _block_of_version(facts, question)
    if blocked is not None:
        yield _built_in("blocked-version", blocked)
    if not facts.registry.governance.requests:
        return
    from versioner.rules.gate.rule_types.open_requests import judge_open_requests

    for finding in judge_open_requests(facts, question, now):
        yield _built_in("open-request", finding)


def _built_in(kind: str, finding: Finding) -> Verdict:
    return Verdict(
        rule="",
        type=kind,
        enforcement="enabled",
        outcome="failed",
        code=finding.code,
        message=finding.message,
        until=moment_text(finding.until),
        hint=finding.hint,
    )


def _block_of_version(facts: Facts, question: Question) -> Finding | None:
    own = [
        each
        for each in facts.decisions(question.product, question.version)
        if each.decision in ("blocked", "unblocked")
    ]
    last = max(own, key=lambda each: (each.at, each.position), default=None)
    if last is None or last.decision == "unblocked":
        return None
    by = f" by {last.by}" if last.by else ""
    message = f"the version was blocked{by} on {last.at[:10]}"
    message += f": {last.comment}" if last.comment else ""
    hint = f"`versioner unblock {question.product} {question.version}`"
    return Finding("VERSION_BLOCKED", message, hint=hint)


def find_reason(rule: Rule, facts: Facts, question: Question, now: int) -> Finding | None:
    """Return why a rule refuses at a moment, None where it does not."""
    block = rule.block
    if isinstance(block, ScheduleBlock):
        return judge_schedule(block, now)
    if isinstance(block, FlowBlock):
        return judge_flow(block, facts, question, now)
    if isinstance(block, VersionApprovalBlock):
        return judge_version_approval(block, facts, question, now)
    if isinstance(block, RequestApprovalBlock):
        from versioner.rules.gate.rule_types.open_requests import judge_request_approval

        return judge_request_approval(block, facts, question, now)
    if isinstance(block, RequirementBlock):
        return judge_requirement(block, facts, question)
    assert isinstance(block, ConcurrencyBlock)  # noqa: S101 - mypy holds that it is the last type
    return judge_concurrency(block, facts, question, now)


def verdict_of(rule: Rule, finding: Finding | None, facts: Facts, question: Question) -> Verdict:
    """Return the verdict of a rule, by its mode and by what the question overrides."""
    if finding is None:
        return Verdict(rule.name, rule.type, rule.enforcement, "passed")
    outcome: Outcome = "failed"
    if rule.rollbacks == "exempt" and _is_rollback(facts, question):
        outcome = "exempt"
    elif rule.override != "never" and {rule.name, "all"} & {*question.overrides}:
        outcome = "overridden"
    return Verdict(
        rule=rule.name,
        type=rule.type,
        enforcement=rule.enforcement,
        outcome=outcome,
        code=finding.code,
        message=finding.message,
        until=moment_text(finding.until),
        hint=finding.hint,
    )


def _is_rollback(facts: Facts, question: Question) -> bool:
    timeline = facts.timeline(question.product, question.environment)
    return timeline.is_rollback(question.version, question.instance)


def _allowed_from(
    facts: Facts, question: Question, rules: Sequence[Rule], now: int, verdicts: Sequence[Verdict]
) -> tuple[int | None, bool]:
    """Return the first moment at which nothing refuses any more, None where there is none.

    Until its own moment each refusal goes on, so only the latest of these moments is looked at
    next, and from there the first at which all schedules are open: what passed before may refuse
    then. Beside schedules, each rule has a few such moments, so the search ends. The second value
    is whether the schedules were searched for a time at which all are open, without success.
    """
    schedules = _refusing_schedules(facts, question, rules)
    while True:
        refusals = [each for each in verdicts if each.is_refusal]
        if not refusals:
            return now, False
        if not all(each.until for each in refusals):
            return None, False
        later = max(seconds_of(each.until) for each in refusals)
        found = first_open(schedules, later)
        if found is None or found <= now:
            return None, True
        now = found
        verdicts = tuple(_verdicts(facts, question, rules, now))


def _refusing_schedules(
    facts: Facts, question: Question, rules: Sequence[Rule]
) -> list[ScheduleBlock]:
    """Return the schedules whose rules refuse whenever they block."""
    blocked = Finding("NO_DEPLOY_WINDOW", "")
    return [
        rule.block
        for rule in rules
        if isinstance(rule.block, ScheduleBlock)
        and verdict_of(rule, blocked, facts, question).is_refusal
    ]
