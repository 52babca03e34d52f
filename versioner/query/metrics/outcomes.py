"""What each deployment that ended counts as, by the definitions of the metrics.

The definitions are in `versioner/docs/metrics.md`. They are blind to instances: the deployments
of a product to an environment are one row, in the order in which they ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner.query.times.text import seconds_between
from versioner.registry.event_order import order_key
from versioner.registry.fold.cell import closing_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.models import Deployment, Event
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
        ended = [
            _Ended(order_key(event), 0, event, each)
            for each in cell.deployments
            if each.void is None and not each.is_open
            for event in (closing_event(each),)
        ]
        if len({each.event["at"] for each in ended}) < len(ended):
            positions = positions or {e["id"]: n for n, e in enumerate(record.deployment_events)}
            ended = [each._replace(place=positions.get(each.event["id"], 0)) for each in ended]
        ended.sort(key=itemgetter(0, 1))
        rows = _kinds(ended)
        _judge(rows, policy)
        if policy.has_lead_times(environment):
            _add_lead_times(rows, begun)
        yield from rows


class _Ended(NamedTuple):
    """A deployment that ended, with its place: by its end, in one second as the log has it."""

    order: str
    place: int
    event: Event
    deployment: Deployment


def _judge(rows: Sequence[EndedDeployment], policy: MetricsPolicy) -> None:
    # Few rows are compared by their times, so that a time is computed where it is needed.
    taken_back = _taken_back(rows, policy.rollback_window)
    _mark_failures(rows, taken_back, policy)
    _mark_restored(rows, taken_back)
    _mark_rework(rows, policy.rework_window)


def _kinds(ended: Sequence[_Ended]) -> list[EndedDeployment]:
    """Return the deployments with their kinds: what ran before decides about each."""
    rows: list[EndedDeployment] = []
    firsts: dict[str, int] = {}  # by version: its first completion
    current = ""
    for position, (_, _, event, deployment) in enumerate(ended):
        version, kind = deployment.version, _kind_of_failed(deployment)
        if kind is None:
            kind = "redeployment" if version == current else "change"
            if kind == "change" and firsts.setdefault(version, position) != position:
                kind = "rollback" if firsts[version] < firsts[current] else "change"
            current = version
        rows.append(EndedDeployment(deployment, str(event["at"]), kind))
    return rows


def _kind_of_failed(deployment: Deployment) -> EndedKind | None:
    if deployment.status == "failed":
        return "failed"
    return "aborted" if deployment.status == "aborted" else None


def _is_completed(row: EndedDeployment) -> bool:
    return row.deployment.status == "completed"


def _taken_back(rows: Sequence[EndedDeployment], window: int) -> list[bool]:
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
            result[position] = seconds_between(row.at, rows[following].at) <= window
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


def _mark_restored(rows: Sequence[EndedDeployment], taken_back: Sequence[bool]) -> None:
    restored: int | None = None  # the next completion that stayed
    for position in range(len(rows) - 1, -1, -1):
        row = rows[position]
        if row.is_failure and restored is not None:
            row.restored_after = seconds_between(row.at, rows[restored].at)
        if _is_completed(row) and not taken_back[position]:
            restored = position


def _mark_rework(rows: Sequence[EndedDeployment], window: int) -> None:
    failed = ""  # when the latest failed change before the row ended
    for row in rows:
        if failed and row.kind == "change":
            row.is_rework = seconds_between(failed, row.at) <= window
            # Rows are in the order of their ends: no later one is within the window.
            failed = failed if row.is_rework else ""
        if row.is_failure:
            failed = row.at


class _Beginning(NamedTuple):
    at: str
    since: Literal["build", "deployment"]


def _beginnings(record: ProductRecord) -> dict[str, _Beginning]:
    """Return by version when it was first known: its first build, else its first deployment."""
    deployed = _firsts((each.version, each.at) for each in record.deployments if each.void is None)
    built = _firsts((event["version"], event["at"]) for event in record.builds)
    found = {
        name: _Beginning(at, "deployment") for name, at in deployed.items() if name not in built
    }
    found.update({name: _Beginning(at, "build") for name, at in built.items()})
    return found


def _firsts(times: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the first of the times with each name."""
    found: dict[str, str] = {}
    for name, at in times:
        if at < found.setdefault(name, at):
            found[name] = at
    return found


def _add_lead_times(rows: Sequence[EndedDeployment], begun: Mapping[str, _Beginning]) -> None:
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
    seconds = seconds_between(beginning.at, completed)
    if seconds < 0 or (seconds == 0 and beginning.since == "deployment"):
        return None
    return LeadTime(seconds, beginning.since)
