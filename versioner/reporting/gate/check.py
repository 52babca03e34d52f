"""The answer whether a version may ship: for people in a hurry, as JSON, and for CI systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.layout import product_path
from versioner.models import Problem
from versioner.reporting.terminal import as_json, clean, clean_lines
from versioner.rules.gate.open_times import SEARCHED_YEARS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models.governance import Rule
    from versioner.reporting.text import TextLayout
    from versioner.rules.gate.question import Answer, Question, Verdict

__all__ = [
    "answer_document",
    "answer_json",
    "answer_lines",
    "answer_outputs",
    "answer_problems",
    "answer_summary",
    "answer_text",
    "error_summary",
    "question_text",
]

_CODE_WORDS: Final = {
    "VERSION_BLOCKED": "the version is blocked",
    "DEPLOYMENT_IN_PROGRESS": "other deployments are in progress",
    "NO_DEPLOY_WINDOW": "closed at this time",
    "FLOW_VIOLATION": "something else has to be deployed first",
    "INSUFFICIENT_SOAK_TIME": "not there for long enough",
    "QUALITY_APPROVAL_REQUIRED": "approvals of the version are missing",
    "APPROVAL_REQUIRED": "an approved request is missing",
    "REQUIREMENT_NOT_MET": "a requirement is not met",
}


def answer_json(answer: Answer) -> str:
    """Return an answer as JSON with stable keys."""
    return as_json(answer_document(answer))


def answer_document(answer: Answer) -> dict[str, Any]:
    """Return an answer as data with stable keys."""
    question = answer.question
    return {
        "allowed": answer.allowed,
        "product": question.product,
        "version": question.version,
        "environment": question.environment,
        "instance": question.instance,
        "at": question.at,
        "code": answer.code,
        "allowed_from": answer.allowed_from,
        "verdicts": [_verdict_json(each) for each in answer.verdicts],
        "commit": answer.commit,
        "tree": answer.tree,
    }


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule,
        "type": verdict.type,
        "enforcement": verdict.enforcement,
        "outcome": verdict.outcome,
        "code": verdict.code,
        "message": verdict.message,
        "until": verdict.until,
    }


def question_text(question: Question) -> str:
    """Return what was asked: web 1.4.0 to production/eu."""
    instance = f"/{question.instance}" if question.instance else ""
    return f"{question.product} {question.version} to {question.environment}{instance}"


def answer_text(
    layout: TextLayout, answer: Answer, rules: Sequence[Rule], *, passed: bool = False
) -> str:
    """Return an answer for people: allowed or not, each reason, and what would change it.

    With `passed`, the verdicts of rules that do not refuse are listed as well.
    """
    word = layout.paint("ALLOWED", "good") if answer.allowed else layout.paint("REFUSED", "bad")
    head = f"{word}  {clean(question_text(answer.question))}"
    if answer.code:
        head += f": {_CODE_WORDS[answer.code]}"
    lines = [head, *(f"  {line}" for line in answer_lines(answer, rules))]
    if passed:
        lines += [f"  {clean(line)}" for line in _passed(answer)]
    if not answer.allowed:
        lines.append(_from_when(answer))
    at = f"asked for {answer.question.at}"
    where = (
        f"at commit {answer.commit[:12]}" if answer.commit else "by files that are not committed"
    )
    lines.append(layout.paint(f"{at}, {where}", "dim"))
    return "\n".join(lines)


def answer_lines(answer: Answer, rules: Sequence[Rule]) -> list[str]:
    """Return a line for each verdict that is not simply passed, with what would change it."""
    by_name = {rule.name: rule for rule in rules}
    lines: list[str] = []
    for verdict in answer.verdicts:
        if verdict.outcome == "passed":
            continue
        mark = "" if verdict.is_refusal else f" ({_mode(verdict)})"
        lines.append(clean(f"{verdict.rule or verdict.type}{mark}: {verdict.message}"))
        rule = by_name.get(verdict.rule)
        if rule is not None and rule.reason:
            lines.append(clean(f"    why: {' '.join(rule.reason.split())}"))
        if verdict.hint and verdict.is_refusal:
            lines.append(clean(f"    to change it: {verdict.hint}"))
    return lines


def _mode(verdict: Verdict) -> str:
    if verdict.outcome == "failed":
        return "report-only, does not refuse"
    return "exempt: a rollback" if verdict.outcome == "exempt" else "overridden"


def _passed(answer: Answer) -> list[str]:
    return [f"{each.rule}: passed" for each in answer.verdicts if each.outcome == "passed"]


def _from_when(answer: Answer) -> str:
    if answer.is_never_open:
        return (
            f"No time of the next {SEARCHED_YEARS} years is open for all of these rules: one of "
            "them has to change first."
        )
    if not answer.allowed_from:
        return "No time alone will do: something else has to change first."
    return f"Allowed from {answer.allowed_from} on, if nothing else changes."


def answer_outputs(answer: Answer | None) -> str:
    """Return the lines of a step's outputs; None for a question that has no answer."""
    if answer is None:
        return "allowed=false\nallowed_from=\n"
    allowed = "true" if answer.allowed else "false"
    return f"allowed={allowed}\nallowed_from={answer.allowed_from}\n"


def error_summary(message: str) -> str:
    """Return why there is no answer as Markdown for the page of a CI run."""
    text = clean_lines(message).replace("```", "'''")
    return f"**Not allowed**: the question has no answer\n\n```text\n{text}\n```\n"


def answer_problems(answer: Answer, rules: Sequence[Rule]) -> list[Problem]:
    """Return what refuses as problems of the files of rules, for reports about files.

    What does not refuse, as a rule that only reports, is a warning. The problem of a built-in check
    is one of the product.
    """
    paths = {rule.name: rule.path for rule in rules}
    product = product_path(answer.question.product)
    return [
        Problem(
            paths.get(each.rule, product),
            0,
            0,
            each.code,
            f"{question_text(answer.question)}: {each.rule or each.type}: {each.message}",
            each.hint,
            "error" if each.is_refusal else "warning",
        )
        for each in answer.verdicts
        if each.outcome != "passed"
    ]


def answer_summary(answer: Answer, rules: Sequence[Rule]) -> str:
    """Return an answer as Markdown for the page of a CI run."""
    word = "Allowed" if answer.allowed else "Refused"
    lines = [f"**{word}**: {clean(question_text(answer.question))}", ""]
    if text := answer_lines(answer, rules):
        # As code: reasons are people's texts, and have no Markdown of their own.
        lines += ["```text", *(line.replace("```", "'''") for line in text), "```", ""]
    if not answer.allowed:
        lines += [_from_when(answer), ""]
    return "\n".join(lines)
