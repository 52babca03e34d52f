"""A naive judge, written from the words of the contract alone: slow and obvious.

A rule is a question to a moment: what has happened until the question's moment stands still, and
only time goes on. `until` and `allowed_from` are found by asking again for each minute. A comment
that begins with "Reading:" states how a sentence of the contract is read that leaves something
open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tests.rules.gate.naive_facts import Facts, moment
from tests.rules.gate.naive_requests import Requests
from tests.rules.gate.naive_rules import RULES
from versioner.names import environment_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rules.gate.notation import World
    from versioner.rules.gate import Question

__all__ = ["NaiveAnswer", "naive_answer"]

ORDER = (
    "VERSION_BLOCKED",
    "DEPLOYMENT_IN_PROGRESS",
    "NO_DEPLOY_WINDOW",
    "FLOW_VIOLATION",
    "INSUFFICIENT_SOAK_TIME",
    "QUALITY_APPROVAL_REQUIRED",
    "APPROVAL_REQUIRED",
    "REQUIREMENT_NOT_MET",
)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass
class Check:
    """One rule or built-in check: the code at a moment, "" where it passes."""

    name: str
    code_at: Callable[[datetime], str]
    rule: dict[str, Any] = field(default_factory=dict)
    outcome: str = "failed"

    @property
    def refuses(self) -> bool:
        """Return whether a failure refuses the question."""
        return self.outcome == "failed" and self.rule.get("enforcement") != "report-only"


@dataclass
class NaiveAnswer:
    """The answer, with verdicts as lines (see `case_files`). `horizon` is how far it looked."""

    code: str
    allowed_from: str
    verdicts: list[str]
    is_known: bool
    horizon: str


def naive_answer(world: World, question: Question, minutes: int) -> NaiveAnswer:
    """Return the answer to a question, looking so many minutes ahead."""
    facts = Facts(world, question.at)
    at = moment(question.at)
    checks = [*built_in(facts, question), *rules(facts, question)]
    codes = {each.code_at(at) for each in checks if each.refuses}
    lines = [line_of(each, at, minutes) for each in checks]
    when = first_pass([each for each in checks if each.refuses], at, minutes)
    return NaiveAnswer(
        code=next((each for each in ORDER if each in codes), ""),
        allowed_from=text_of(when),
        verdicts=[each for each in lines if each],
        is_known=facts.is_known(question.product, question.version),
        horizon=text_of(at + MINUTE * minutes),
    )


def text_of(when: datetime | None) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""


def line_of(check: Check, at: datetime, minutes: int) -> str:
    code = check.code_at(at)
    if not code:
        return "" if check.name in ("blocked-version", "open-request") else f"{check.name} passed"
    until = text_of(first_pass([check], at, minutes))
    return f"{check.name} {check.outcome} {code}" + (f" until {until}" if until else "")


def first_pass(checks: list[Check], at: datetime, minutes: int) -> datetime | None:
    """Return the first moment at which all pass, by a walk over minutes, then over seconds."""
    for number in range(minutes + 1):
        if all(not each.code_at(at + MINUTE * number) for each in checks):
            when = at + MINUTE * number
            while when > at and all(not each.code_at(when - SECOND) for each in checks):
                when -= SECOND
            return when
    return None


def built_in(facts: Facts, question: Question) -> list[Check]:
    log = facts.world.decisions.get(question.product, [])
    blocks = [
        each["decision"]
        for each in facts.decisions(log)
        if each["version"] == question.version and each["decision"] in ("blocked", "unblocked")
    ]
    code = "VERSION_BLOCKED" if blocks and blocks[-1] == "blocked" else ""
    requests = Requests(facts, question)
    found = [Check("blocked-version", always(code))]
    for name in sorted(facts.world.requests):
        stage = requests.stage_refusal(name)
        found.append(Check("open-request", requests.refusal(name)))
        found.append(Check("open-request", always(stage)))
    return found


def always(code: str) -> Callable[[datetime], str]:
    return lambda at: code


def rules(facts: Facts, question: Question) -> list[Check]:
    """Return the checks of the rules whose scope fits, by name."""
    found = []
    for name, rule in sorted(facts.world.rules.items()):
        if rule.get("enforcement") == "disabled" or not applies(facts, question, rule):
            continue
        check = Check(name, RULES[rule["type"]](facts, question, rule[rule["type"]]), rule)
        if rule.get("rollbacks") == "exempt" and is_rollback(facts, question):
            check.outcome = "exempt"
        elif rule.get("override") != "never" and {name, "all"} & set(question.overrides):
            check.outcome = "overridden"
        found.append(check)
    return found


def applies(facts: Facts, question: Question, rule: dict[str, Any]) -> bool:
    if "except" in rule and matches(facts, question, rule["except"]):
        return False
    return matches(facts, question, rule.get("applies_to", {}))


def matches(facts: Facts, question: Question, scope: dict[str, list[str]]) -> bool:
    environment = facts.canonical(question.environment)
    described = facts.world.environments.get(environment, {})
    team = facts.world.products.get(question.product, {}).get("extra_metadata", {}).get("team")
    values = {
        "products": question.product,
        "teams": team,
        "environments": environment,
        "environment_types": described.get("type", environment_type(environment)),
    }
    return all(
        any(is_like(facts, key, values[key], each) for each in patterns)
        for key, patterns in scope.items()
    )


def is_like(facts: Facts, key: str, value: str | None, pattern: str) -> bool:
    """Return whether a value is that of a scope.

    Reading: globs are of products and environments alone, and a former name of an environment in
    a scope is that environment.
    """
    if key == "environments" and value == facts.canonical(pattern):
        return True
    is_glob = key in ("products", "environments")
    return value is not None and (fnmatchcase(value, pattern) if is_glob else value == pattern)


def is_rollback(facts: Facts, question: Question) -> bool:
    """Return whether what runs there is another version that first completed later than this.

    Of a whole environment: on every instance where something runs.
    """
    place = facts.place(question.product, question.environment)
    names = [question.instance] if question.instance else place.names
    running = {name: place.running(name) for name in names}
    there = [name for name in names if running[name]]
    return bool(there) and all(
        is_earlier(question.version, running[name], place.completions(name)) for name in there
    )


def is_earlier(version: str, other: str, completed: list[str]) -> bool:
    """Return whether a version completed first before another one did.

    Reading: of two in one second the earlier is the one that the fold puts first.
    """
    return version in completed and completed.index(version) < completed.index(other)
