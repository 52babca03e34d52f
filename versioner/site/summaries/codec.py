"""Deployments and cells as JSON: whole ones, and rows with only what lists of all products show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.models import Cell, CellResults, Deployment, Instance, Undeployment
from versioner.query.derived.latest_values import latest_value
from versioner.registry.fold.cell_results import results_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "BROUGHT",
    "TAKEN",
    "ListedRow",
    "RowData",
    "cell_data",
    "cell_from",
    "deciding_deployments",
    "row_data",
    "row_from",
]


# The key, of no event, under which the event of a row has the commits in words.
BROUGHT: Final = "brought"
# The same for what a rollback took away: the versions and the commits.
TAKEN: Final = "taken"


class RowData(NamedTuple):
    """A deployment or an undeployment in short, and the part of the page of its product's month.

    An undeployment has no kind; `before` are the versions that it ended, and for a deployment the
    one before it, which ran since `before_since` ("": not known). `void` has the time and
    the reason where it was declared void. `commits` are those that it brought, in words, and
    `taken` are the versions and the commits that it took away.
    """

    id: str
    environment: str
    instance: str
    version: str
    status: str
    kind: str
    at: str
    changed_at: str
    by: str
    reason: str
    before: str | list[str]
    void: list[str] | None
    before_since: str
    part: int
    commits: str = ""
    taken: Sequence[str] = ()

    @property
    def version_shown(self) -> str:
        """Return the version of the row; of an undeployment, what it ended, else `nothing`."""
        before = self.before if isinstance(self.before, str) else ", ".join(self.before)
        return self.version or before or "nothing"


class ListedRow(NamedTuple):
    """A row of a list of several products, in its order, with its data in short."""

    at: str
    product: str
    id: str
    data: RowData


def row_data(row: Deployment | Undeployment, before_since: str = "") -> list[Any]:
    """Return a deployment or an undeployment in short, as JSON data."""
    removed = isinstance(row, Undeployment)
    void = row.void
    return [
        row.id,
        row.environment,
        row.instance,
        row.version,
        row.status,
        "" if removed else row.kind,
        row.at,
        row.changed_at,
        latest_value(row.events, "deployed_by"),
        latest_value(row.events, "reason"),
        list(row.ended) if isinstance(row, Undeployment) else row.previous,
        None if void is None else [void["at"], latest_value([void], "reason")],
        before_since,
    ]


def row_from(product: str, data: Sequence[Any]) -> Deployment | Undeployment:
    """Return a deployment or an undeployment with one event, which has its texts."""
    (key, environment, instance, version, status, kind, at, changed, by, reason, before, void,
     _, _, *commits) = data  # fmt: skip
    event = {"at": changed, "deployed_by": by, "reason": reason, "status": status}
    event.update(zip((BROUGHT, TAKEN), commits, strict=False))
    voided = None if void is None else {"at": void[0], "reason": void[1]}
    if not kind:
        return Undeployment(
            key, product, environment, instance, version, at, event, tuple(before), voided
        )
    return Deployment(
        key, product, environment, version, status, at, changed, [event], instance, kind, before,
        voided,
    )  # fmt: skip


def cell_data(cell: Cell) -> list[Any]:
    """Return a cell, with only the deployments that decide its state, as JSON data."""
    results = results_of(cell)
    return [
        cell.product,
        cell.environment,
        _maybe(cell.current),
        _maybe(cell.latest),
        [_whole(each) for each in cell.open],
        cell.since,
        cell.redeployed_at,
        [
            [each.name, _maybe(each.current), each.kind, each.previous, each.since,
             each.redeployed_at]
            for each in cell.instances
        ],
        [results.settled, _maybe(results.failed_last)],
    ]  # fmt: skip


def cell_from(data: list[Any]) -> Cell:
    """Return a cell whose state is that of the whole one."""
    (product, environment, current, latest, opened, since, redeployed, instances,
     (settled, failed)) = data  # fmt: skip
    return Cell(
        product,
        environment,
        [],
        current=_deployment(current) if current else None,
        latest=_deployment(latest) if latest else None,
        open=[_deployment(each) for each in opened],
        since=since,
        redeployed_at=redeployed,
        instances=[
            Instance(name, _deployment(running) if running else None, *rest)
            for name, running, *rest in instances
        ],
        results=CellResults(settled, _deployment(failed) if failed else None),
    )


def deciding_deployments(cell: Cell) -> Iterator[Deployment]:
    """Yield the deployments of a cell that its data has."""
    failed = results_of(cell).failed_last
    found = [cell.current, cell.latest, *cell.open, *(each.current for each in cell.instances)]
    return (each for each in (*found, failed) if each is not None)


def _maybe(deployment: Deployment | None) -> list[Any] | None:
    return None if deployment is None else _whole(deployment)


def _whole(deployment: Deployment) -> list[Any]:
    return [
        deployment.id, deployment.product, deployment.environment, deployment.version,
        deployment.status, deployment.at, deployment.changed_at, deployment.events,
        deployment.instance, deployment.kind, deployment.previous, deployment.void,
    ]  # fmt: skip


def _deployment(data: list[Any]) -> Deployment:
    return Deployment(*data)
