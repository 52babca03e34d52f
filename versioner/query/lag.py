"""Deploy lag: versions that have run for days in an environment and are not in production.

A version lags where an environment before the last one runs it, the last one runs another, and it
is the newer of the two: by its number, where both are written as numbers in the same way, else by
when it came. So does a version that was rolled back from in the last environment. A version whose
lag is as long as the policy says, or longer, is stuck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from versioner.models.governance import ScheduleBlock
from versioner.query.commits.between import commits_behind
from versioner.query.derived.owners import owner_of
from versioner.query.derived.running_versions import pending_instances
from versioner.query.times.text import seconds_between
from versioner.query.versions.numbers import version_number
from versioner.registry.event_order import seconds_of
from versioner.registry.fold.cell import result_at
from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.closed_times import closed_times, schedule_rules
from versioner.rules.gate.scope import is_in_scope
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from versioner.models.governance import Decision
    from versioner.query.gate.requests import RequestDetail
    from versioner.query.matrix import CellState, Matrix
    from versioner.registry.records import ProductRecord, Registry
    from versioner.rules.gate.closed_times import ClosedTime

__all__ = [
    "Lag",
    "LagPolicy",
    "LagReason",
    "lag_policy",
    "lags_of",
    "policy_of",
]

_DEFAULT_DAYS: Final = 7
_DAY_SECONDS: Final = 86400


@dataclass(frozen=True, slots=True)
class LagPolicy:
    """After how many days a version is stuck, in which environments, before which one ("": none).

    `sources` are in the order of the environments.
    """

    days: int
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class LagReason:
    """A reason why a version lags: its code, and what it is about.

    `deprecated`, `blocked`, `rejected`, `rolled back` and `failed` (at a time), `in progress`,
    `closed` (by a rule, until a time or for ever), `request` (its name, and what it lacks).
    """

    code: str
    at: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lag:
    """A version that runs in `source` since a time, and not in `target`, where `running` runs.

    `commits` is by how many commits `target` is behind, None where that is not known.
    """

    product: str
    owner: str
    source: str
    target: str
    instance: str
    version: str
    since: str
    seconds: int
    running: str
    running_since: str
    running_seconds: int = 0
    reasons: tuple[LagReason, ...] = ()
    commits: int | None = None

    @property
    def days(self) -> int:
        """Return the lag in whole days."""
        return self.seconds // _DAY_SECONDS


def lag_policy(registry: Registry) -> LagPolicy:
    """Return the policy of a registry, as `lag` of registry.yaml says it.

    The target is the last environment of the type production, without one the last of all; the
    sources are those before it. Retired environments are left out.
    """
    told: Mapping[str, Any] = registry.config.get("lag") or {}
    named = [
        name for name, document in registry.environments.items() if not document.get("retired")
    ]
    production = [n for n in named if registry.environments[n].get("type") == "production"]
    target = registry.environment_name(str(told.get("to") or "")) or next(
        reversed(production or named), ""
    )
    before = named[: named.index(target)] if target in named else named
    sources = [name for name in before if name not in production]
    if "from" in told:
        asked = {registry.environment_name(name) for name in told["from"]}
        sources = [name for name in registry.environments if name in asked and name != target]
    return LagPolicy(int(told.get("days", _DEFAULT_DAYS)), tuple(sources), target)


def policy_of(
    registry: Registry, policy: LagPolicy, sources: Sequence[str], target: str | None
) -> LagPolicy:
    """Return a policy with other environments; raise NotFound for one that does not exist."""
    to = str(registry.environment(target)["name"]) if target else policy.target
    names = {str(registry.environment(name)["name"]) for name in sources}
    order = [*registry.environments]
    if not names:
        before = order[: order.index(to)] if to in order else order
        names = {name for name in before if not registry.environments[name].get("retired")}
    return LagPolicy(policy.days, tuple(n for n in order if n in names and n != to), to)


def lags_of(
    registry: Registry,
    matrix: Matrix,
    policy: LagPolicy,
    *,
    now: str,
    requests: Iterable[RequestDetail] = (),
    hidden: Collection[str] = (),
    record_of: Callable[[str], ProductRecord] | None = None,
) -> list[Lag]:
    """Return the versions that lag, the longest lag first, one of each product.

    `requests` are those that are not over. `record_of` returns a product with its decisions and its
    commits, where its record in the registry does not have them. The days of the policy are not
    looked at: the caller chooses.
    """
    reasons = _Reasons(registry, policy.target, now, requests, record_of)
    found = []
    for row in matrix.rows:
        states = {cell.environment: cell for cell in row.cells}
        target = states.get(policy.target)
        lag = target and _lag(registry.products[row.product], states, target, policy, now, hidden)
        if target and lag:
            found.append(reasons.with_reasons(lag, target))
    return sorted(found, key=lambda each: (-each.seconds, each.product))


def _lag(
    record: ProductRecord,
    states: Mapping[str, CellState],
    target: CellState,
    policy: LagPolicy,
    now: str,
    hidden: Collection[str],
) -> Lag | None:
    """Return what lags nearest to the target; nothing where it runs what the nearest one runs."""
    for name in reversed(policy.sources):
        source = states.get(name)
        if source is None or not source.versions:
            continue
        for instance, version, running in _waiting(source, target):
            since = _since(source, version)
            return Lag(
                product=record.name,
                owner=owner_of(record, hidden),
                source=name,
                target=policy.target,
                instance=instance,
                version=version,
                since=since,
                seconds=max(0, seconds_between(since, now)),
                running=running,
                running_since=_since(target, running) if running else "",
                running_seconds=seconds_between(_since(target, running), now) if running else 0,
            )
        return None
    return None


def _waiting(source: CellState, target: CellState) -> Iterator[tuple[str, str, str]]:
    for instance, version, running in pending_instances(source, target):
        if not running or _is_newer(source, version, target, running):
            yield instance, version, running


def _is_newer(source: CellState, version: str, target: CellState, running: str) -> bool:
    mine, theirs = version_number(version), version_number(running)
    if mine and theirs and mine.way == theirs.way and mine.order != theirs.order:
        return mine.order > theirs.order
    return _was_rolled_back(version, target) or _since(source, version) > _since(target, running)


def _was_rolled_back(version: str, target: CellState) -> bool:
    current = target.deployment
    return current is not None and current.kind == "rollback" and current.previous == version


def _since(state: CellState, version: str) -> str:
    """Return since when a cell runs a version."""
    found = [each.since for each in state.instances if each.version == version]
    return min(found, default=state.since)


class _Reasons:
    """Why versions are not in one environment."""

    def __init__(
        self,
        registry: Registry,
        target: str,
        now: str,
        requests: Iterable[RequestDetail],
        record_of: Callable[[str], ProductRecord] | None,
    ) -> None:
        self._registry, self._target, self._now = registry, target, now
        self._record_of = record_of or registry.products.__getitem__
        self._closed = [*self._closed_now()]
        self._requests = [
            each
            for each in requests
            if target in map(registry.environment_name, each.request.environments)
        ]

    def with_reasons(self, lag: Lag, target: CellState) -> Lag:
        """Return a lag with the reasons for it, and by how many commits."""
        record, behind = self._record_of(lag.product), None
        if lag.running:
            behind = commits_behind(record, lag.running, lag.version)
        return replace(lag, reasons=tuple(self._of(lag, target)), commits=behind)

    def _of(self, lag: Lag, target: CellState) -> Iterator[LagReason]:
        document = self._registry.products[lag.product].document or {}
        if document.get("lifecycle") == "deprecated":
            yield LagReason("deprecated")
        yield from self._decided(lag)
        current, failed, running = target.deployment, target.failed_last, target.in_progress
        if current is not None and _was_rolled_back(lag.version, target):
            yield LagReason("rolled back", result_at(current))
        if failed is not None and failed.version == lag.version:
            yield LagReason("failed", result_at(failed))
        if running is not None and running.version == lag.version:
            yield LagReason("in progress", running.at)
        yield from self._held(lag)

    def _decided(self, lag: Lag) -> Iterator[LagReason]:
        latest: dict[bool, Decision] = {}
        for each in self._record_of(lag.product).decisions:
            if each.version == lag.version and each.at <= self._now:
                kept = latest.get(each.decision in ("blocked", "unblocked"))
                if kept is None or (each.at, each.position) >= (kept.at, kept.position):
                    latest[each.decision in ("blocked", "unblocked")] = each
        for each in latest.values():
            if each.decision in ("blocked", "rejected"):
                yield LagReason(each.decision, each.at, each.comment)

    def _held(self, lag: Lag) -> Iterator[LagReason]:
        site = site_of(self._registry, lag.product, self._target)
        for rule, time in self._closed:
            if is_in_scope(rule, site, self._registry):
                until = "" if time.end is None else _utc(time.end)
                yield LagReason("closed", until, rule.title or rule.name)
        for each in self._requests:
            wanted = {
                self._registry.target_of(name): version
                for name, version in each.request.versions.items()
            }
            if wanted.get(lag.product) == lag.version:
                lacks = f" needs {', '.join(each.lacks)}" if each.lacks else ""
                yield LagReason("request", "", f"{each.request.name}{lacks}")

    def _closed_now(self) -> Iterator[tuple[Any, ClosedTime]]:
        at = seconds_of(self._now)
        for rule in schedule_rules(self._registry):
            if rule.enforcement == "enabled" and isinstance(rule.block, ScheduleBlock):
                for time in closed_times(rule.block, at, at + 1):
                    if time.start is None or time.start <= at:
                        yield rule, time


def _utc(seconds: int) -> str:
    return utc_text(datetime.fromtimestamp(seconds, UTC))
