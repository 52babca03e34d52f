"""The figures of the metrics over a period, from deployments that ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, Protocol

from versioner.query.metrics.outcomes import ended_deployments
from versioner.query.metrics.periods import Period, periods_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from versioner.query.metrics.outcomes import EndedDeployment, EndedKind, LeadTime
    from versioner.query.metrics.periods import Cut
    from versioner.query.metrics.policy import MetricsPolicy
    from versioner.registry.records import ProductRecord

__all__ = [
    "Counted",
    "Metrics",
    "MetricsReport",
    "Spread",
    "Tally",
    "ended_in",
    "metrics_of",
    "report_of",
    "spread_of",
]


class Counted(Protocol):
    """What the figures take of a deployment that ended: see EndedDeployment."""

    @property
    def kind(self) -> EndedKind:
        """Return its kind."""

    @property
    def is_failure(self) -> bool:
        """Return whether it is a failed change."""

    @property
    def restored_after(self) -> int | None:
        """Return after how many seconds a version completed that stayed."""

    @property
    def lead_time(self) -> LeadTime | None:
        """Return its lead time."""

    @property
    def is_rework(self) -> bool:
        """Return whether it is rework."""


class Spread(NamedTuple):
    """How many seconds something took: the number of samples, the quartiles and the median."""

    n: int
    q1: float | None
    median: float | None
    q3: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of a period.

    `completed` counts completed deployments of another version than ran before, `rollbacks` those
    of them that went back; `redeployments` are counted apart. `failed` of `changes` are failed
    changes, `rework` of them completed soon after a failed one.
    """

    period: Period
    completed: int
    rollbacks: int
    redeployments: int
    changes: int
    failed: int
    rework: int
    lead_time: Spread
    lead_times_from_build: int
    time_to_restore: Spread

    @property
    def failure_rate(self) -> float | None:
        """Return the share of the changes that failed; None where there were none."""
        return self.failed / self.changes if self.changes else None

    @property
    def is_any(self) -> bool:
        """Return whether any deployment is counted."""
        return bool(self.completed or self.redeployments or self.changes)


@dataclass(slots=True)
class Tally:
    """The numbers behind the metrics, which can be added up: of days, environments or products.

    `kinds` counts the deployments by their kind; `failed` are failed changes, `failed_aborted`
    those of them that were aborted. `leads` and `restored` have the samples in seconds.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    failed_aborted: int = 0
    rework: int = 0
    leads: list[int] = field(default_factory=list)
    leads_from_build: int = 0
    restored: list[int] = field(default_factory=list)

    def add(self, row: Counted, *, lead_times: bool = True) -> None:
        """Count a deployment that ended, with its lead time or without it."""
        self.kinds[row.kind] += 1
        if row.is_failure:
            self.failed += 1
            self.failed_aborted += row.kind == "aborted"
        self.rework += row.is_rework
        lead = row.lead_time if lead_times else None
        if lead is not None:
            self.leads.append(lead.seconds)
            self.leads_from_build += lead.since == "build"
        if row.restored_after is not None:
            self.restored.append(row.restored_after)

    def add_all(self, other: Tally, *, lead_times: bool = True) -> None:
        """Count what another tally has, with its lead times or without them."""
        self.kinds.update(other.kinds)
        self.failed += other.failed
        self.failed_aborted += other.failed_aborted
        self.rework += other.rework
        self.restored += other.restored
        if lead_times:
            self.leads += other.leads
            self.leads_from_build += other.leads_from_build

    @property
    def total(self) -> int:
        """Return the number of deployments that ended."""
        return sum(self.kinds.values())

    def metrics(self, period: Period) -> Metrics:
        """Return the metrics of a period whose deployments were counted."""
        changes, rollbacks = self.kinds["change"], self.kinds["rollback"]
        return Metrics(
            period=period,
            completed=changes + rollbacks,
            rollbacks=rollbacks,
            redeployments=self.kinds["redeployment"],
            changes=changes + self.kinds["failed"] + self.failed_aborted,
            failed=self.failed,
            rework=self.rework,
            lead_time=spread_of(self.leads),
            lead_times_from_build=self.leads_from_build,
            time_to_restore=spread_of(self.restored),
        )


@dataclass(frozen=True, slots=True)
class MetricsReport:
    """The metrics of a period, and those of the weeks or months of it, where they are asked for."""

    total: Metrics
    parts: Sequence[Metrics] = field(default_factory=tuple)


def spread_of(values: Iterable[int]) -> Spread:
    """Return the median and quartiles of values, by linear interpolation with both ends."""
    ordered = sorted(values)
    if not ordered:
        return Spread(0, None, None, None)
    q1, median, q3 = (_quantile(ordered, Fraction(part, 4)) for part in (1, 2, 3))
    return Spread(len(ordered), q1, median, q3)


def _quantile(ordered: Sequence[int], part: Fraction) -> float:
    # Fractions, so that no figure depends on the order of the arithmetic.
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    exact = ordered[below] + (ordered[above] - ordered[below]) * (place - below)
    return int(exact) if exact.denominator == 1 else float(exact)


def ended_in(
    records: Iterable[ProductRecord],
    policy: MetricsPolicy,
    *,
    since: str,
    until: str,
    done: Callable[[str], None] = lambda _: None,
) -> Iterator[EndedDeployment]:
    """Yield the deployments of some products that ended in a period, both ends included.

    What came before the period and after it decides about them, too. `done` is called with the
    name of each product after it was read, so that its record can be dropped.
    """
    for record in records:
        for row in ended_deployments(record, policy):
            if since <= row.at <= until:
                yield row
        done(record.name)


def report_of(
    ended: Iterable[EndedDeployment], *, since: str, until: str, by: Cut | None = None
) -> MetricsReport:
    """Return the metrics of deployments that ended in a period, with those of its parts."""
    rows = [*ended]
    total = metrics_of(rows, Period("", since, until))
    if by is None:
        return MetricsReport(total)
    rows.sort(key=lambda row: row.at)
    parts, first = [], 0
    for period in periods_between(since, until, by):
        end = first
        while end < len(rows) and rows[end].at <= period.until:
            end += 1
        parts.append(metrics_of(rows[first:end], period))
        first = end
    return MetricsReport(total, parts)


def metrics_of(rows: Iterable[Counted], period: Period) -> Metrics:
    """Return the metrics of the deployments that ended in a period."""
    tally = Tally()
    for row in rows:
        tally.add(row)
    return tally.metrics(period)
