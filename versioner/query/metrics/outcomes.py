"""What each deployment that ended counts as, by the definitions of the metrics.

The definitions are in `versioner/docs/metrics.md`. They are blind to instances: the deployments
of a product to an environment are one row, in the order in which they ended.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner.registry.event_order import order_key, seconds_of
from versioner.registry.fold import result_at
from versioner.registry.fold_cell import closing_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.models import Deployment
    from versioner.query.metrics.policy import MetricsPolicy
    from versioner.registry.records import ProductRecord

__all__ = ["EndedDeployment", "EndedKind", "LeadTime", "ended_deployments"]

# A change brings another version than ran before, forward; so does one that failed on the way.
EndedKind = Literal["change", "rollback", "redeployment", "failed", "aborted"]


class LeadTime(NamedTuple):
    """The seconds from the beginning of a version to its first completion, and what began it."""

    seconds: int
    since: Literal["build", "deployment"]


@dataclass(slots=True)
class EndedDeployment:
    """A deployment that ended, and what the metrics count it as.

    `at` is when it ended (UTC, RFC 3339). `is_failure` says whether it is a failed change, and
    `restored_after` after how many seconds a version completed there that stayed, None where none
    did or nothing failed. `lead_time` is None where the version has none or did not complete here
    for the first time. `is_rework` marks a completed change soon after a failed one.
    """

    deployment: Deployment
    at: str
    kind: EndedKind
    is_failure: bool = False
    restored_after: int | None = None
    lead_time: LeadTime | None = None
    is_rework: bool = False


def ended_deployments(record: ProductRecord, policy: MetricsPolicy) -> Iterator[EndedDeployment]:
    """Yield the deployments of a product that ended, environment by environment, by their end.

    Void and open deployments are left out, and environments that do not count.
    """
    begun = _beginnings(record)
    positions: dict[str, int] = {}
    for environment, cell in record.cells.items():
        if not policy.counts(environment):
            continue
        ended = [each for each in cell.deployments if each.void is None and not each.is_open]
        if len({result_at(each) for each in ended}) < len(ended) and not positions:
            positions = {event["id"]: n for n, event in enumerate(record.deployment_events)}
        rows = _judged(_in_order(ended, positions), policy)
        if environment in policy.lead_time_environments:
            _add_lead_times(rows, begun)
        yield from rows


def _in_order(ended: Iterable[Deployment], positions: Mapping[str, int]) -> list[Deployment]:
    """Return deployments in the order of their ends; those of one second as the log has them."""

    def key(deployment: Deployment) -> tuple[str, int]:
        event = closing_event(deployment)
        return order_key(event), positions.get(event["id"], 0)

    return sorted(ended, key=key)


def _judged(ended: Sequence[Deployment], policy: MetricsPolicy) -> list[EndedDeployment]:
    rows = _kinds(ended)
    times = [seconds_of(row.at) for row in rows]
    taken_back = _taken_back(rows, times, policy.rollback_window)
    _mark_failures(rows, taken_back, policy)
    _mark_restored(rows, times, taken_back)
    _mark_rework(rows, times, policy.rework_window)
    return rows


def _kinds(ended: Sequence[Deployment]) -> list[EndedDeployment]:
    """Return the deployments with their kinds: what ran before decides about each."""
    rows: list[EndedDeployment] = []
    firsts: dict[str, int] = {}  # by version: its first completion
    current = ""
    for position, deployment in enumerate(ended):
        version, kind = deployment.version, _kind_of_failed(deployment)
        if kind is None:
            kind = "redeployment" if version == current else "change"
            if kind == "change" and firsts.setdefault(version, position) != position:
                kind = "rollback" if firsts[version] < firsts[current] else "change"
            current = version
        rows.append(EndedDeployment(deployment, result_at(deployment), kind))
    return rows


def _kind_of_failed(deployment: Deployment) -> EndedKind | None:
    if deployment.status == "failed":
        return "failed"
    return "aborted" if deployment.status == "aborted" else None


def _is_completed(row: EndedDeployment) -> bool:
    return row.deployment.status == "completed"


def _taken_back(rows: Sequence[EndedDeployment], times: Sequence[int], window: int) -> list[bool]:
    """Return of each row whether it completed and its version was soon rolled back from.

    So it is where the next completion of another version is a rollback within the window.
    """
    result = [False] * len(rows)
    following: int | None = None  # the completion that ended the stay of the row's version
    latest: int | None = None  # the completion after the row
    for position in range(len(rows) - 1, -1, -1):
        row = rows[position]
        if not _is_completed(row):
            continue
        if latest is not None and rows[latest].kind != "redeployment":
            following = latest
        if following is not None and rows[following].kind == "rollback":
            result[position] = times[following] - times[position] <= window
        latest = position
    return result


def _mark_failures(
    rows: Sequence[EndedDeployment], taken_back: Sequence[bool], policy: MetricsPolicy
) -> None:
    for row, is_taken_back in zip(rows, taken_back, strict=True):
        if row.kind == "change":
            row.is_failure = is_taken_back and "rolled-back" in policy.failures
        else:
            row.is_failure = row.kind in policy.failures


def _mark_restored(
    rows: Sequence[EndedDeployment], times: Sequence[int], taken_back: Sequence[bool]
) -> None:
    restored: int | None = None  # the next completion that stayed
    for position in range(len(rows) - 1, -1, -1):
        row = rows[position]
        if row.is_failure and restored is not None:
            row.restored_after = times[restored] - times[position]
        if _is_completed(row) and not taken_back[position]:
            restored = position


def _mark_rework(rows: Sequence[EndedDeployment], times: Sequence[int], window: int) -> None:
    failed: int | None = None  # when the latest failed change before the row ended
    for row, time in zip(rows, times, strict=True):
        row.is_rework = row.kind == "change" and failed is not None and time - failed <= window
        if row.is_failure:
            failed = time


class _Beginning(NamedTuple):
    at: str
    since: Literal["build", "deployment"]


def _beginnings(record: ProductRecord) -> dict[str, _Beginning]:
    """Return by version when it was first known: its first build, else its first deployment."""
    deployed: dict[str, list[str]] = defaultdict(list)
    for deployment in record.deployments:
        if deployment.void is None:
            deployed[deployment.version].append(deployment.at)
    found = {name: _Beginning(min(times), "deployment") for name, times in deployed.items()}
    built: dict[str, list[str]] = defaultdict(list)
    for event in record.builds:
        built[event["version"]].append(event["at"])
    found.update({name: _Beginning(min(times), "build") for name, times in built.items()})
    return found


def _add_lead_times(rows: Iterable[EndedDeployment], begun: Mapping[str, _Beginning]) -> None:
    seen = set[str]()
    for row in rows:
        version = row.deployment.version
        if _is_completed(row) and version not in seen:
            seen.add(version)
            row.lead_time = _lead_time(begun[version], row.at)


def _lead_time(beginning: _Beginning, completed: str) -> LeadTime | None:
    """Return a lead time; None where no event tells it.

    A version that this very completion makes known has none, and so has one of 0 s without a
    build event. A build that was recorded as later than the completion tells none either.
    """
    seconds = seconds_of(completed) - seconds_of(beginning.at)
    if seconds < 0 or (seconds == 0 and beginning.since == "deployment"):
        return None
    return LeadTime(seconds, beginning.since)
