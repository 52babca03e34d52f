"""The digest of a week: what was deployed, what failed, and what needs people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from versioner.notify.digests.lag import stuck_lines
from versioner.query.derived.running_versions import place_text
from versioner.query.gate.requests import list_requests
from versioner.query.matrix import cell_state, stale_after
from versioner.registry.checks.settings import site_url
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models import Deployment
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["Digest", "Moved", "digest_of", "last_week", "week_of"]


class Moved(NamedTuple):
    """A product that runs another version in an environment than when the time began."""

    product: str
    place: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened in a time, of a team or ("") of all.

    `completed`, `failed` and `rollbacks` count deployments; `no_result` and `failed_last` name
    where something is to be looked at now, `requests` what waits for approvals. `stuck` has
    a sentence for each version that is stuck.
    """

    title: str
    team: str
    since: str
    until: str
    products: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0
    rollbacks: int = 0
    busiest: tuple[tuple[str, int], ...] = ()
    moved: tuple[Moved, ...] = ()
    failed_last: tuple[tuple[str, str, str], ...] = ()
    no_result: tuple[tuple[str, str, str], ...] = ()
    requests: tuple[tuple[str, str], ...] = ()
    stuck: tuple[str, ...] = ()
    url: str = ""

    @property
    def is_quiet(self) -> bool:
        """Return whether nothing happened and nothing waits."""
        counts = (self.completed, self.failed)
        waits = (self.failed_last, self.no_result, self.requests, self.stuck)
        return not any((*counts, *waits))


def digest_of(registry: Registry, team: str, since: str, until: str) -> Digest:
    """Return the digest of a time: from `since` on, before `until`."""
    records = [each for each in registry.products.values() if not team or team == _team_of(each)]
    deployments = [
        each
        for record in records
        for each in record.deployments
        if each.void is None and since <= each.changed_at < until
    ]
    completed = [each for each in deployments if each.status == "completed"]
    by_product: dict[str, int] = {}
    for each in completed:
        by_product[each.product] = by_product.get(each.product, 0) + 1
    names = {record.name for record in records}
    return Digest(
        title=registry.title,
        team=team,
        since=since,
        until=until,
        products=len(records),
        active=len({each.product for each in deployments}),
        completed=len(completed),
        failed=sum(each.status in ("failed", "aborted") for each in deployments),
        rollbacks=sum(each.kind == "rollback" for each in completed),
        busiest=tuple(sorted(by_product.items(), key=lambda each: (-each[1], each[0]))[:5]),
        moved=tuple(each for record in records for each in _moved(registry, record, since, until)),
        failed_last=tuple(_cells(registry, records, until, "failed")),
        no_result=tuple(_cells(registry, records, until, "no result")),
        requests=tuple(
            (each.request.name, ", ".join(each.lacks))
            for each in list_requests(registry, until, states=("open", "rejected"))
            if not team or names & {registry.target_of(name) for name in each.request.versions}
        ),
        stuck=stuck_lines(registry, names, until, _before(until)),
        url=site_url(registry),
    )


def _team_of(record: ProductRecord) -> str:
    return str((record.document.get("extra_metadata") or {}).get("team") or "")


def _moved(registry: Registry, record: ProductRecord, since: str, until: str) -> Iterator[Moved]:
    """Yield the environments that run another version of a product at the end of a time."""
    after = record.cells_at(_before(until))
    if not any(since <= each.changed_at < until for each in record.deployments):
        return
    before = record.cells_at(_before(since))
    for name, cell in after.items():
        old = before[name].versions if name in before else ()
        if cell.versions != old:
            title = str((registry.environments.get(name) or {}).get("title") or name)
            yield Moved(record.name, title, ", ".join(old), ", ".join(cell.versions))


def _before(moment: str) -> str:
    return utc_text(datetime.fromisoformat(moment) - timedelta(seconds=1))


def _cells(
    registry: Registry, records: list[ProductRecord], now: str, status: str
) -> Iterator[tuple[str, str, str]]:
    """Yield product, place and version of the cells with a status."""
    for record in records:
        for name, cell in record.cells_at(_before(now)).items():
            state = cell_state(cell, now=now, stale_after=stale_after(registry, name))
            found: Deployment | None = (
                state.no_result if status == "no result" else state.failed_last
            )
            if state.status == status and found is not None:
                yield record.name, place_text(name, found.instance), found.version


def last_week(now: str) -> tuple[str, str]:
    """Return the beginning and the end of the last whole week, Monday to Monday, UTC."""
    moment = datetime.fromisoformat(now)
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    end = today - timedelta(days=today.weekday())
    return utc_text(end - timedelta(days=7)), utc_text(end)


def week_of(since: str) -> str:
    """Return the name of the week in which a moment is: `2026-W48`."""
    year, week, _ = datetime.fromisoformat(since).isocalendar()
    return f"{year}-W{week:02}"
