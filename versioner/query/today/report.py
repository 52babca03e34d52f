"""Make the report of a day or of several days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from versioner.query.lag import lag_policy
from versioner.query.today.model import (
    Failing,
    Failure,
    Moved,
    OtherPlace,
    Period,
    TodayReport,
    Waiting,
)
from versioner.query.today.standing import standing_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from versioner.models import Deployment
    from versioner.query.matrix import CellState
    from versioner.query.times.zones import Zone
    from versioner.query.today.happenings import Happening
    from versioner.query.today.model import TodaySource
    from versioner.query.today.standing import CellStates, Standing

__all__ = [
    "LatestReport",
    "days_until",
    "happened_in",
    "latest_report",
    "production_of",
    "report_of",
    "report_since",
]


def last_days(now: str, zone: Zone, days: int = 1) -> Period:
    """Return the day of a moment, or that many days to it, in a time zone."""
    return days_until(zone.day(now), zone, days)


def days_until(last: str, zone: Zone, days: int = 1) -> Period:
    """Return a day, or that many days to it."""
    first = zone.later(last, 1 - days)
    return Period(zone.beginning(first), zone.beginning(zone.later(last, 1)), first, last, days)


def report_of(
    source: TodaySource,
    period: Period,
    zone: Zone,
    *,
    now: str,
    products: Collection[str] | None = None,
    team: str = "",
    standing: Standing | None = None,
) -> TodayReport:
    """Return the report of a time; `products` are those that are looked at, None for all.

    `standing` is what `standing_of` returns, where it is known.
    """
    standing = standing or standing_of(source, now=now, products=products)
    registry, wanted, states = source.registry, standing.wanted, standing.states
    report = _happened(source, period, zone, wanted, states)
    order = _Order(source, report.owners)
    for each in standing.lags:
        order.owner(each.product)
    days = report.policy.days
    return replace(
        report,
        team=team,
        failing=tuple(_failing(states.values(), period, order)),
        waiting=tuple(_waiting(states.values(), order)),
        requests=tuple(
            each
            for each in source.requests()
            if {registry.target_of(name) for name in each.request.versions} & {*wanted}
        ),
        closed=standing.closed,
        ready=tuple(each for each in standing.lags if each.days < days),
        stuck=tuple(each for each in standing.lags if each.days >= days),
        last_day=zone.day(standing.latest_at) if standing.latest_at else "",
    )


def happened_in(source: TodaySource, period: Period, zone: Zone) -> TodayReport:
    """Return the report of a past time: only what happened, and not what is at its end."""
    wanted = source.registry.products.keys()
    return _happened(source, period, zone, wanted, {})


def _happened(
    source: TodaySource,
    period: Period,
    zone: Zone,
    wanted: Collection[str],
    states: CellStates,
) -> TodayReport:
    found = [e for e in source.happenings(period.since, period.until) if e.product in wanted]
    owners: dict[str, str] = {}
    order = _Order(source, owners)
    parts = _Happened(found, states, order)
    return TodayReport(
        period=period,
        zone=zone.name,
        team="",
        owners=owners,
        production=order.production,
        policy=lag_policy(source.registry),
        reached=parts.reached(),
        redeployed=sum(each.kind == "redeployment" for each in parts.completed),
        rolled_back=parts.of_kind("rollback"),
        removed=parts.of_kind("undeployment"),
        void=tuple(each for each in parts.found if each.is_void),
        failed=parts.failed(),
        others=parts.others(),
    )


class LatestReport(NamedTuple):
    """The days that were asked for, and the report of these or of the last ones with anything."""

    asked: Period
    report: TodayReport


def latest_report(
    source: TodaySource,
    zone: Zone,
    *,
    now: str,
    days: int = 1,
    products: Collection[str] | None = None,
    team: str = "",
    standing: Standing | None = None,
) -> LatestReport:
    """Return the report of the day of a moment, or of several days to it.

    Where nothing happened in these days, it is the report of the last ones in which something did.
    `standing` is what `standing_of` returns, where it is known.
    """
    standing = standing or standing_of(source, now=now, products=products)
    make = partial(report_of, source, zone=zone, now=now, team=team, standing=standing)
    asked = last_days(now, zone, days)
    report = make(asked)
    if report.is_quiet and report.last_day and report.last_day < asked.first:
        report = make(days_until(report.last_day, zone, days))
    return LatestReport(asked, report)


def report_since(
    source: TodaySource,
    since: str,
    zone: Zone,
    *,
    now: str,
    products: Collection[str] | None = None,
    team: str = "",
) -> LatestReport:
    """Return the report of the time from a moment to the end of the current day.

    What is dated after now, by a clock that is ahead, counts as in the report of the day.
    """
    first, last = zone.day(since), zone.day(now)
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    until = zone.beginning(zone.later(last, 1))
    period = Period(since, until, first, last, max(1, days))
    report = report_of(source, period, zone, now=now, products=products, team=team)
    return LatestReport(period, report)


def production_of(source: TodaySource) -> tuple[str, ...]:
    """Return the environments that count as production."""
    known, names = source.registry.environments, source.matrix.environments
    found = [name for name in names if known.get(name, {}).get("type") == "production"]
    return tuple(found or filter(None, [lag_policy(source.registry).target]))


class _Order:
    """The order of what a report names: production first, then by team, product and time."""

    def __init__(self, source: TodaySource, owners: dict[str, str]) -> None:
        self._source, self.owners = source, owners
        known, names = source.registry.environments, source.matrix.environments
        self.production = production_of(source)
        others = (name for name in reversed([*known, *names]) if name not in self.production)
        places = [*self.production, *others]
        self._places = {name: place for place, name in reversed([*enumerate(places)])}

    def owner(self, product: str) -> str:
        """Return the owner of a product, which the report then has."""
        if product not in self.owners:
            self.owners[product] = self._source.owner(product)
        return self.owners[product]

    def of(self, product: str, environment: str, at: str) -> tuple[object, ...]:
        """Return the key of something: by team, production first; those without a team last."""
        owner = self.owner(product)
        return (not owner, owner.lower(), self.place(environment), product, at)

    def place(self, environment: str) -> int:
        """Return the place of an environment: production first, then from the last to the first."""
        return self._places.get(environment, len(self._places))

    def is_production(self, environment: str) -> bool:
        """Return whether an environment is production."""
        return environment in self.production


class _Happened:
    """What happened in a time, in the parts of a report."""

    def __init__(
        self,
        found: Iterable[Happening],
        states: dict[tuple[str, str], CellState],
        order: _Order,
    ) -> None:
        self._states, self._order = states, order
        self.found = sorted(found, key=lambda e: (*order.of(e.product, e.environment, e.at), e.id))
        self.completed = [e for e in self.found if e.status == "completed" and not e.is_void]

    def of_kind(self, kind: str) -> tuple[Happening, ...]:
        """Return what completed with a kind."""
        return tuple(
            each
            for each in self.found
            if each.kind == kind and not each.is_void and each.status in ("completed", "undeployed")
        )

    def reached(self) -> tuple[Moved, ...]:
        """Return what came to production and was not there: forward, one of each place."""
        groups: dict[tuple[str, str, str], list[Happening]] = {}
        for each in self.completed:
            if self._order.is_production(each.environment) and each.kind in (
                "deployment",
                "return",
            ):
                groups.setdefault((each.product, each.environment, each.instance), []).append(each)
        return tuple(
            Moved(
                own[-1],
                own[0],
                tuple(
                    dict.fromkeys(e.version for e in own[-2::-1] if e.version != own[-1].version)
                ),
            )
            for own in groups.values()
        )

    def failed(self) -> tuple[Failure, ...]:
        """Return what failed or was cancelled, the last first for each place."""
        found = []
        for each in self.found:
            if each.status in ("failed", "aborted") and not each.is_void:
                state = self._states.get((each.product, each.environment))
                if state is None:
                    found.append(Failure(each, None, ""))
                    continue
                last = state.failed_last
                is_still = last is not None and last.id == each.id
                found.append(Failure(each, is_still, ", ".join(state.versions)))
        return tuple(found)

    def others(self) -> tuple[OtherPlace, ...]:
        """Return what came to the environments that are not production."""
        groups: dict[str, list[Happening]] = {}
        for each in self.completed:
            if not self._order.is_production(each.environment):
                groups.setdefault(each.environment, []).append(each)
        return tuple(
            OtherPlace(name, len(own), tuple(_last_versions(own)))
            for name, own in sorted(groups.items(), key=lambda pair: self._order.place(pair[0]))
        )


def _last_versions(own: Iterable[Happening]) -> list[tuple[str, str]]:
    found: dict[str, Happening] = {}
    for each in own:
        kept = found.get(each.product)
        if each.kind != "redeployment" and (kept is None or each.at >= kept.at):
            found[each.product] = each
    return sorted((name, each.version) for name, each in found.items())


def _failing(states: Iterable[CellState], period: Period, order: _Order) -> list[Failing]:
    found = []
    for state in states:
        last = state.failed_last
        if last is not None and last.changed_at < period.since:
            found.append(Failing(last, ", ".join(state.versions)))
    found.sort(key=lambda e: _key(order, e.deployment))
    return found


def _waiting(states: Iterable[CellState], order: _Order) -> list[Waiting]:
    found = []
    for state in states:
        if state.in_progress is not None:
            found.append(Waiting(state.in_progress, state.in_progress.status))
        if state.no_result is not None:
            found.append(Waiting(state.no_result, "no result"))
    return sorted(found, key=lambda each: _key(order, each.deployment))


def _key(order: _Order, deployment: Deployment) -> tuple[object, ...]:
    return order.of(deployment.product, deployment.environment, deployment.at)
