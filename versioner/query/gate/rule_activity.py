"""What happened to the rules of a registry in the last days: breaches, overrides and reports.

Of a refused start nothing is written, so refusals are not known, and nobody counts them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from versioner.models.governance import RequestApprovalBlock
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.rule_history import RulePeriod
from versioner.rules.gate.breaches import ProductPast, breaches_between, judges_of, past_of
from versioner.rules.gate.requests import versions_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from versioner.git.files.file_changes import FileChange
    from versioner.git.repository import Repository
    from versioner.registry.index.kept_answers import KeptAnswers
    from versioner.registry.records import ProductRecord, Registry
    from versioner.rules.gate.breaches import Breach

__all__ = ["DAYS", "RuleActivity", "RuleCounts", "rule_activity", "rule_activity_in"]

# Counted are the deployments that began in so many days before the last commit.
DAYS: Final = 90


@dataclass(slots=True)
class RuleCounts:
    """Counts of deployments of one rule.

    `violations` broke it without an override, `overrides` started in spite of it, and `reports`
    would have been refused if it did not only report.
    """

    violations: int = 0
    overrides: int = 0
    reports: int = 0

    @property
    def total(self) -> int:
        """Return the sum of the counts."""
        return self.violations + self.overrides + self.reports


@dataclass(frozen=True, slots=True)
class RuleActivity:
    """What happened from one moment to another, by rule.

    `is_partial` is whether a part of the last days is not counted, because a shallow clone does not
    tell which rules were in force.
    `violations` are those that nobody has reviewed, the newest first. `changes` are those of the
    files of rules, oldest first.
    """

    since: str
    until: str
    counts: Mapping[str, RuleCounts]
    violations: Sequence[Breach] = field(default=())
    is_partial: bool = False
    changes: Sequence[FileChange] = ()

    def of(self, rule: str) -> RuleCounts:
        """Return the counts of a rule."""
        return self.counts.get(rule) or RuleCounts()


def rule_activity_in(
    repository: Repository,
    registry: Registry,
    *,
    now: str,
    progress: Callable[[int, int], None] | None = None,
) -> RuleActivity:
    """Return what happened in the last days before `now`, the time of the registry's commit.

    Each deployment is judged by the rules as they stood when it began. What is found is kept in the
    git directory, so that the next call reads only products that changed.
    """
    from versioner.git.files.file_changes import begin_of_history, changes_below
    from versioner.git.state import state_file
    from versioner.registry.governance.rule_history import RULES_FOLDER, rule_periods
    from versioner.registry.index.kept_answers import KeptAnswers

    rules = registry.governance.rules
    revision = registry.revision
    if not rules or revision is None:
        return rule_activity(registry, now=now)
    first = seconds_of(_begin_of_month(_since(now)))
    periods = rule_periods(rules, repository, revision, first)
    path = state_file(repository.common_dir, "rule-activity.json")
    kept = KeptAnswers(path, _code())
    begin = begin_of_history(repository, revision)
    found = rule_activity(registry, periods, now=now, begin=begin, kept=kept, progress=progress)
    kept.write()
    changes = changes_below(repository, RULES_FOLDER, revision, seconds_of(found.since))
    return replace(found, changes=changes)


def rule_activity(
    registry: Registry,
    periods: Sequence[RulePeriod] | None = None,
    *,
    now: str,
    begin: str = "",
    kept: KeptAnswers | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RuleActivity:
    """Return what happened in the last days before a moment, by the rules in force then.

    Without `periods`, the rules have always been as they are; from `begin` on they are known.
    `kept` has what was found of products
    that have not changed since. Records that are read are released.
    """
    since = _since(now)
    rules = registry.governance.rules
    if not rules:
        return RuleActivity(since, now, {})
    if periods is None:
        periods = [RulePeriod(each) for each in rules if each.enforcement != "disabled"]
    judges = judges_of(periods)
    reading = _Reading(registry, periods, _begin_of_month(since))
    pasts = []
    for number, record in enumerate(registry.products.values(), 1):
        key = reading.key_of(record)
        rows = kept.get(record.name, key) if kept is not None and key else None
        if rows is None:
            past = reading.past_of(record)
            if kept is not None and key:
                kept.put(record.name, key, [*past])
        else:
            past = ProductPast(*rows)
        pasts.append(past)
        if progress is not None:
            progress(number, len(registry.products))
    first = max(since, begin)
    breaches = breaches_between(pasts, judges, first, now)
    counts = _counts(pasts, breaches, first, now)
    return RuleActivity(first, now, counts, _violations(breaches), first > since)


class _Reading:
    """The reading of products, of deployments that began at a moment or later."""

    def __init__(self, registry: Registry, periods: Sequence[RulePeriod], since: str) -> None:
        self._registry, self._since = registry, since
        self._judges = judges_of(periods)
        blocks = [each.rule.block for each in periods]
        asks_requests = any(isinstance(each, RequestApprovalBlock) for each in blocks)
        requests = registry.governance.requests if asks_requests else ()
        self._requests = [{*versions_in(registry, each)} for each in requests]
        facts = [
            since,
            [repr(each) for each in periods],
            [*registry.environments.items()],
            sorted(registry.environment_aliases.items()),
            sorted(registry.aliases.items()),
            sorted(registry.governance.groups.items()),
            [repr(each) for each in requests],
        ]
        self._common = _digest(json.dumps(facts, sort_keys=True, default=str))

    def key_of(self, record: ProductRecord) -> str:
        """Return the key of all that a product's past is made from, "" for none."""
        names = [record.name]
        for own in self._requests:
            # A request is completed by the deployments of all its products.
            names += sorted(own - {record.name}) if record.name in own else ()
        products = self._registry.products
        trees = [products[name].tree if name in products else "none" for name in names]
        return f"{' '.join(map(str, trees))} {self._common}" if all(trees) else ""

    def past_of(self, record: ProductRecord) -> ProductPast:
        """Read a product."""
        if not any(
            cell.latest is not None and cell.latest.changed_at >= self._since
            for cell in record.cells.values()
        ):
            return ProductPast([], [], [], [], [])
        found = past_of(self._registry, record, self._judges, self._since)
        record.release()
        return found


def _counts(
    pasts: Iterable[ProductPast], breaches: Iterable[Breach], since: str, until: str
) -> dict[str, RuleCounts]:
    counts: dict[str, RuleCounts] = {}
    for past in pasts:
        for name, at in past.overrides:
            if since <= at <= until:
                counts.setdefault(name, RuleCounts()).overrides += 1
        for name, at in past.reports:
            if since <= at <= until:
                counts.setdefault(name, RuleCounts()).reports += 1
    for each in breaches:
        own = counts.setdefault(each.rule, RuleCounts())
        own.reports += each.is_reported
        own.violations += not each.is_reported
    return counts


def _violations(breaches: Sequence[Breach]) -> list[Breach]:
    found = [each for each in breaches if not each.is_reported and not each.is_reviewed]
    return found[::-1]


def _since(now: str) -> str:
    moment = datetime.fromisoformat(now) - timedelta(days=DAYS)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _begin_of_month(at: str) -> str:
    return f"{at[:7]}-01T00:00:00Z"


def _code() -> str:
    """Return a hash of the code that judges and reads: the sizes and times of its modules."""
    found: list[Any] = []
    top = Path(__file__).parent.parent
    for folder in ("rules/gate", "query", "registry", "models"):
        for path in sorted((top / folder).rglob("*.py")):
            status = os.stat(path)  # noqa: PTH116 -- hundreds of times
            found.append((path.name, status.st_size, status.st_mtime_ns))
    return _digest(json.dumps(found))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
