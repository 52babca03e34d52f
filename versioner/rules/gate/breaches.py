"""What was deployed in spite of rules: what no rule was asked about, or what was overridden.

A start is judged before it is recorded, and a refused one writes nothing. So what breaks an enabled
rule was never judged: a completed deployment without a start, or a start that was recorded by other
means. Each deployment is judged at the moment at which it began, by the rules in force then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from versioner.models.governance import ConcurrencyBlock
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.facts import OpenDeployment
from versioner.rules.gate.past import OpenSpans, PastProduct, open_times
from versioner.rules.gate.past_judge import PastJudge, is_exempt, question_of
from versioner.rules.gate.question import Question
from versioner.rules.gate.rule_types.concurrency import find_open
from versioner.rules.gate.scope import is_in_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.models import Deployment
    from versioner.registry.governance.rule_history import RulePeriod
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["Breach", "ProductPast", "breaches_between", "judges_of", "past_of"]


class Breach(NamedTuple):
    """A deployment that a rule would have refused.

    `is_reported` is whether the rule only reported then. `event` is the start, or the completion of
    a deployment without one; `is_reviewed` is whether a decision names it.
    """

    rule: str
    is_reported: bool
    product: str
    environment: str
    instance: str
    version: str
    at: str
    deployment: str
    event: str
    code: str
    is_reviewed: bool


class ProductPast(NamedTuple):
    """What one product has of breaches since a moment, as JSON data.

    `breaches` are lists of the values of `Breach`, of rules that were enabled. `reports`, of rules
    that only reported, and `overrides` are pairs: the rule, and when the deployment began. Rules
    about all products of an environment are judged later: `open` are the times of open deployments,
    and `asked` the number of a judge, a breach without its code, and the run that asked.
    """

    breaches: list[list[Any]]
    reports: list[list[str]]
    overrides: list[list[str]]
    open: list[list[Any]]
    asked: list[list[Any]]


class _Judge(PastJudge):
    """A rule in the time in which it was in force."""

    def __init__(self, period: RulePeriod) -> None:
        super().__init__(period.rule)
        self._since, self._until = period.since, period.until
        block = self.rule.block
        self.is_of_all = isinstance(block, ConcurrencyBlock) and block.per == "environment"

    def is_in_force(self, at: str) -> bool:
        """Return whether the rule was in force at a moment."""
        return at > self._since and (not self._until or at <= self._until)


def judges_of(periods: Iterable[RulePeriod]) -> list[_Judge]:
    """Return the judges of the past, in the order of the rules."""
    return [_Judge(each) for each in periods]


def past_of(
    registry: Registry, record: ProductRecord, judges: Sequence[_Judge], since: str
) -> ProductPast:
    """Return what one product has of deployments that began at a moment or later."""
    found = ProductPast([], [], [], [], [])
    past = PastProduct(registry, record, {})
    reviewed = {each.event for each in record.decisions if each.decision == "override-reviewed"}
    places: dict[str, list[tuple[int, _Judge]]] = {}
    is_open_asked = any(judge.is_of_all for judge in judges)
    for deployment in record.deployments:
        if deployment.void is not None:
            continue
        if is_open_asked:
            found.open.extend(_open_rows(deployment, registry, since))
        event = _unjudged(deployment)
        if event is None or deployment.at < since:
            continue
        overridden = _overridden(deployment)
        found.overrides.extend([name, deployment.at] for name in sorted(overridden))
        environment = deployment.environment
        if environment not in places:
            places[environment] = _in_scope(registry, record.name, environment, judges)
        own = [
            (number, judge)
            for number, judge in places[environment]
            if judge.is_in_force(deployment.at) and not _is_overridden(judge, overridden)
        ]
        if own:
            is_reviewed = any(each["id"] in reviewed for each in deployment.events)
            _judge(deployment, event, past, own, found, is_reviewed=is_reviewed)
    return found


def _in_scope(
    registry: Registry, product: str, environment: str, judges: Sequence[_Judge]
) -> list[tuple[int, _Judge]]:
    site = site_of(registry, product, environment)
    return [
        (number, judge)
        for number, judge in enumerate(judges)
        if is_in_scope(judge.rule, site, registry)
    ]


def _unjudged(deployment: Deployment) -> str | None:
    """Return the event of a deployment that a rule could break: its start, or its completion.

    None is returned for one that did not start, and for one that failed without a start.
    """
    ids = {each["status"]: each["id"] for each in reversed(deployment.events)}
    return ids.get("started") or ids.get("completed")


def _overridden(deployment: Deployment) -> set[str]:
    return {own["rule"] for each in deployment.events for own in each.get("overrides") or ()}


def _is_overridden(judge: _Judge, names: set[str]) -> bool:
    return judge.rule.override != "never" and bool({judge.rule.name, "all"} & names)


def _judge(
    deployment: Deployment,
    event: str,
    past: PastProduct,
    judges: Sequence[tuple[int, _Judge]],
    found: ProductPast,
    *,
    is_reviewed: bool,
) -> None:
    past.go_to(deployment)
    question = question_of(deployment)
    now = seconds_of(deployment.at)
    for number, judge in judges:
        breach = _breach(judge, deployment, event, is_reviewed=is_reviewed)
        if judge.is_of_all:
            if not is_exempt(judge.rule, past, question):
                found.asked.append([number, [*breach], question.run])
            continue
        finding = judge.ask(past, question, now)
        if finding is None or is_exempt(judge.rule, past, question):
            continue
        if breach.is_reported:
            found.reports.append([breach.rule, breach.at])
        else:
            found.breaches.append([*breach._replace(code=finding.code)])


def _breach(judge: _Judge, deployment: Deployment, event: str, *, is_reviewed: bool) -> Breach:
    return Breach(
        judge.rule.name,
        judge.rule.enforcement == "report-only",
        deployment.product,
        deployment.environment,
        deployment.instance,
        deployment.version,
        deployment.at,
        deployment.id,
        event,
        "",
        is_reviewed,
    )


def _open_rows(deployment: Deployment, registry: Registry, since: str) -> Iterator[list[Any]]:
    """Yield the times in which a deployment was in the way of others, after a moment."""
    if deployment.changed_at == deployment.at and not deployment.is_open:
        return
    first = seconds_of(since)
    for until, each in open_times(deployment, registry):
        if until > first:
            yield [until, deployment.id, *each[:-2], sorted(each.runs), ""]


def breaches_between(
    pasts: Sequence[ProductPast], judges: Sequence[_Judge], since: str, until: str
) -> list[Breach]:
    """Return the deployments that began in a time and that rules would have refused, oldest first.

    `pasts` are those of all products.
    """
    found = [Breach(*row) for past in pasts for row in past.breaches]
    found += _between_products(pasts, judges)
    found = [each for each in found if since <= each.at <= until]
    return sorted(found, key=lambda each: (each.at, each.product, each.deployment, each.rule))


def _between_products(pasts: Sequence[ProductPast], judges: Sequence[_Judge]) -> Iterator[Breach]:
    """Yield what the rules refuse that ask about all products of an environment."""
    spans = _spans_of(pasts)
    for past in pasts:
        for number, row, run in past.asked:
            breach, block = Breach(*row), judges[number].rule.block
            own = spans.get(breach.environment)
            if own is None or not isinstance(block, ConcurrencyBlock):
                continue
            question = Question(
                *(breach.product, breach.version, breach.environment, breach.instance),
                *(breach.at, run),
            )
            now = seconds_of(breach.at)
            finding = find_open(block, own.at(now, breach.deployment), question, now)
            if finding is not None:
                yield breach._replace(code=finding.code)


def _spans_of(pasts: Iterable[ProductPast]) -> Mapping[str, OpenSpans]:
    spans: dict[str, OpenSpans] = {}
    for past in pasts:
        for until, name, *values, runs, by in past.open:
            found = OpenDeployment._make([*values, frozenset(runs), by])
            spans.setdefault(found.environment, OpenSpans()).insert(until, name, found)
    for own in spans.values():
        own.finish()
    return spans
