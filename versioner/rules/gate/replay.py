"""Ask rules about every deployment of the past, each at the moment at which it began.

The answer is that of the registry as it then was, and of the rules as they are. The deployment
itself is left out: the question was asked before it. The cost is linear in the events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from versioner.models.governance import ConcurrencyBlock
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.past import OpenSpans, PastProduct
from versioner.rules.gate.past_judge import PastJudge, is_exempt, question_of
from versioner.rules.gate.scope import is_in_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from versioner.models import Deployment
    from versioner.models.governance import Rule
    from versioner.registry.records import ProductRecord, Registry
    from versioner.rules.gate.finding import Finding

__all__ = ["RefusedDeployment", "Replay", "ReplayedRule", "replay"]


class RefusedDeployment(NamedTuple):
    """A deployment that rules would have refused.

    `codes` are those of the rules, and `wait` is for how many seconds all of them would have
    refused it, None where no time alone would have been enough.
    """

    product: str
    environment: str
    instance: str
    version: str
    at: str
    id: str
    is_rollback: bool
    rules: tuple[str, ...]
    codes: tuple[str, ...]
    wait: int | None


@dataclass(slots=True)
class ReplayedRule:
    """What one rule would have done: how many deployments were in its scope, and were refused.

    `exempt` are rollbacks that the rule lets pass; `waits` are the seconds for which it refuses,
    of each refused deployment that time alone would have helped.
    """

    name: str
    type: str
    enforcement: str
    judged: int = 0
    refused: int = 0
    rollbacks: int = 0
    exempt: int = 0
    waits: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Replay:
    """What rules would have done to the deployments that began in a time.

    `judged` are the deployments in the scope of one rule or more; `refused` are in order of time.
    """

    since: str
    until: str
    deployments: int = 0
    judged: int = 0
    refused: list[RefusedDeployment] = field(default_factory=list)
    rules: list[ReplayedRule] = field(default_factory=list)

    @property
    def rollbacks(self) -> int:
        """Return how many of the refused deployments were rollbacks."""
        return sum(each.is_rollback for each in self.refused)


def replay(
    registry: Registry,
    rules: Sequence[Rule],
    *,
    since: str = "",
    until: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Return what some rules would have done, whatever their enforcement is.

    Judged are the deployments with `since` <= began < `until`; "" is no limit. Each record is
    released after it was read.
    """
    rules = sorted(rules, key=lambda rule: rule.name)
    done = Replay(since, until, rules=[_row(rule) for rule in rules])
    spans = _open_spans(registry, rules)
    judges = [_Judge(rule, row) for rule, row in zip(rules, done.rules, strict=True)]
    for count, record in enumerate(registry.products.values(), 1):
        _replay_product(registry, record, judges, spans, done)
        record.release()
        if progress is not None:
            progress(count, len(registry.products))
    done.refused.sort(key=lambda each: (each.at, each.product, each.environment, each.id))
    return done


def _row(rule: Rule) -> ReplayedRule:
    return ReplayedRule(rule.name, rule.type, rule.enforcement)


def _open_spans(registry: Registry, rules: Sequence[Rule]) -> dict[str, OpenSpans]:
    """Return the times of open deployments by environment, where a rule asks for them."""
    spans: dict[str, OpenSpans] = {}
    blocks = [rule.block for rule in rules]
    if not any(isinstance(each, ConcurrencyBlock) and each.per == "environment" for each in blocks):
        return spans
    for deployment in _ever_open(registry):
        own = spans.setdefault(deployment.environment, OpenSpans())
        own.add(deployment, registry)
    for own in spans.values():
        own.finish()
    return spans


def _ever_open(registry: Registry) -> Iterator[Deployment]:
    """Yield the valid deployments that may have been open for a time."""
    if registry.find_open is not None:
        yield from registry.find_open()
        return
    for record in registry.products.values():
        yield from (each for each in record.deployments if each.void is None)
        record.release()


def _replay_product(
    registry: Registry,
    record: ProductRecord,
    judges: Sequence[_Judge],
    spans: dict[str, OpenSpans],
    done: Replay,
) -> None:
    past = PastProduct(registry, record, spans)
    in_scope: dict[str, list[_Judge]] = {}
    for deployment in record.deployments:
        if deployment.void is not None or not _is_wanted(deployment.at, done):
            continue
        done.deployments += 1
        environment = deployment.environment
        own = in_scope.get(environment)
        if own is None:
            site = site_of(registry, record.name, environment)
            own = [each for each in judges if is_in_scope(each.rule, site, registry)]
            in_scope[environment] = own
        if own:
            done.judged += 1
            _judge(deployment, past, own, done)


def _is_wanted(at: str, done: Replay) -> bool:
    return at >= done.since and (not done.until or at < done.until)


def _judge(
    deployment: Deployment, past: PastProduct, judges: Sequence[_Judge], done: Replay
) -> None:
    """Ask the rules in whose scope a deployment is, and add what they say."""
    past.go_to(deployment)
    question = question_of(deployment)
    now = seconds_of(deployment.at)
    refusals: list[tuple[str, Finding]] = []
    for judge in judges:
        finding = judge.ask(past, question, now)
        judge.row.judged += 1
        if finding is None:
            continue
        if is_exempt(judge.rule, past, question):
            judge.row.exempt += 1
            continue
        judge.add(finding, now, is_rollback=deployment.kind == "rollback")
        refusals.append((judge.rule.name, finding))
    if refusals:
        done.refused.append(_refused(deployment, refusals, now))


def _refused(
    deployment: Deployment, refusals: Sequence[tuple[str, Finding]], now: int
) -> RefusedDeployment:
    untils = [finding.until for _, finding in refusals]
    known = [until for until in untils if until is not None]
    return RefusedDeployment(
        *(deployment.product, deployment.environment, deployment.instance, deployment.version),
        *(deployment.at, deployment.id, deployment.kind == "rollback"),
        tuple(name for name, _ in refusals),
        tuple(finding.code for _, finding in refusals),
        max(known) - now if len(known) == len(untils) else None,
    )


class _Judge(PastJudge):
    """One rule, and what it said so far."""

    def __init__(self, rule: Rule, row: ReplayedRule) -> None:
        super().__init__(rule)
        self.row = row

    def add(self, finding: Finding, now: int, *, is_rollback: bool) -> None:
        """Count a refusal."""
        self.row.refused += 1
        self.row.rollbacks += is_rollback
        if finding.until is not None:
            self.row.waits.append(finding.until - now)
