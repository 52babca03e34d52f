"""The environment state matrix: what runs where, now or as it was at a moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from versioner.models.documents import DEFAULT_STALE_AFTER
from versioner.query.derived.drift import (
    HiddenEnvironment,
    active_since,
    compared_environments,
    is_drifting,
)
from versioner.query.derived.running_versions import version_on
from versioner.query.observed import UNNAMED, RecordedState, observed_states, seen_until
from versioner.query.times.text import parse_duration, seconds_between
from versioner.registry.fold.cell_results import is_later, results_of
from versioner.registry.fold.product import empty_cell
from versioner.registry.records import use_of_cells

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from versioner.models import Cell, Deployment, Event, Instance
    from versioner.query.observed import ObservationKey, ObservedState
    from versioner.registry.records import EnvironmentUse, ProductRecord, Registry

__all__ = [
    "CellState",
    "Matrix",
    "MatrixRow",
    "cell_state",
    "matrix",
    "recorded_states",
    "stale_after",
    "with_observed",
]

CellStatus = Literal[
    "", "no result", "pending", "started", "completed", "failed", "aborted", "undeployed"
]


@dataclass(frozen=True, slots=True)
class CellState:
    """The version that runs in one cell, and the deployments in progress or without success.

    `version` is the current one ("" where none runs, and where several do: `mixed`), `since` is
    when it completed there first, without a break, and `age_seconds` how long ago that was.
    `redeployed_at` is when it completed last, "" where that was the first time. Where nothing
    runs any more, `since` is when that began. `instances` are the states of the environment's
    instances; there are none where no event names one and the environment lists none.

    `status` is that of the newest deployment: "completed", "pending" or "started" (in progress),
    "no result" (in progress for longer than the environment's `stale_after`), "failed" or
    "aborted" (the version before it still runs), "undeployed" (nothing runs any more), "" (none
    yet). `deployment` is the current one; `in_progress`, `no_result` and `failed_last` are the
    others that `status` may refer to. `observed` is what was last seen to run, by instance and
    source.
    """

    product: str
    environment: str
    version: str = ""
    status: CellStatus = ""
    since: str = ""
    age_seconds: int = 0
    deployment: Deployment | None = None
    in_progress: Deployment | None = None
    no_result: Deployment | None = None
    failed_last: Deployment | None = None
    observed: tuple[ObservedState, ...] = ()
    mixed: bool = False
    redeployed_at: str = ""
    instances: tuple[Instance, ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """Return the versions that run, each once."""
        if not self.instances:
            return (self.version,) if self.version else ()
        return tuple(dict.fromkeys(each.version for each in self.instances if each.version))

    def version_on(self, instance: str) -> str:
        """Return the version on an instance; the unnamed one stands for those not named."""
        return version_on(self.instances, instance, self.version)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A product's cells, in the order of the matrix's environments.

    The product drifts when two of the environments compared run different versions on one
    instance; an empty cell runs none.
    """

    product: str
    cells: tuple[CellState, ...]
    drifting: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """The rows by product name, as of the moment `at`.

    Drift compares the environments that are in use: `compared`. `hidden` are the others, with
    the reason for each. Where environments are asked for by name, all of them are compared.
    """

    environments: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    at: str
    compared: tuple[str, ...]
    hidden: tuple[HiddenEnvironment, ...] = ()


def matrix(
    registry: Registry,
    *,
    now: str,
    at: str | None = None,
    products: Sequence[str] | None = None,
    environments: Sequence[str] | None = None,
) -> Matrix:
    """Return the matrix of all or some products and environments.

    `at` gives the state of that moment as it is known today: events up to it, less what was
    declared void at any time. Retired environments are included only when named. Raises NotFound.
    """
    records = _records(registry, products)
    columns = tuple(_columns(registry, records, environments))
    stale = {name: stale_after(registry, name) for name in columns}
    cells = {record.name: _cells_at(record, at) for record in records}
    compared, hidden = columns, tuple[HiddenEnvironment, ...]()
    if environments is None:
        # Which environments are in use is a question to all products, whichever are asked for.
        since = active_since(at or now)
        use = registry.environment_use(since) if at is None else _use_at(registry, cells, at, since)
        compared, hidden = compared_environments(use, columns)
    listed = registry.listed_instances
    for name, own in cells.items():
        missing = [each for each in columns if each in listed and each not in own]
        cells[name] = {**own, **{each: empty_cell(name, each, listed[each]) for each in missing}}
    seen = {each.name: seen_until(each.observations, at) for each in records if each.observations}
    rows = [
        _row(name, own, stale, compared, at or now, seen.get(name)) for name, own in cells.items()
    ]
    return Matrix(columns, tuple(rows), at or now, compared, hidden)


def cell_state(cell: Cell, *, now: str, stale_after: int) -> CellState:
    """Return the state of one cell; `stale_after` is in seconds."""
    current, since = cell.current, cell.since
    newest = max(cell.open, key=attrgetter("changed_at"), default=None)
    is_stale = newest is not None and seconds_between(newest.changed_at, now) > stale_after
    # An older deployment without a result is not shown once another one has completed.
    results = results_of(cell)
    unsettled = (each for each in cell.open if is_later(each, results.settled))
    lost = max(unsettled, key=attrgetter("changed_at"), default=None)
    running = None if is_stale else newest
    failed = results.failed_last
    return CellState(
        product=cell.product,
        environment=cell.environment,
        version=current.version if current is not None else "",
        status=_status(cell, running, lost if is_stale else None, failed),
        since=since,
        age_seconds=max(0, seconds_between(since, now)) if since else 0,
        deployment=current,
        in_progress=running,
        no_result=lost if is_stale else None,
        failed_last=failed,
        mixed=cell.is_mixed,
        redeployed_at=cell.redeployed_at,
        instances=tuple(cell.instances),
    )


def recorded_states(state: CellState) -> dict[str, RecordedState]:
    """Return what is recorded by instance, to compare observations with, as for `recorded_at`."""
    running = state.in_progress
    opening = frozenset((running.version,)) if running is not None else frozenset[str]()
    found = {
        each.name or UNNAMED: RecordedState(
            versions=(each.version,) if each.version else (),
            since=each.since,
            opening=opening if running and running.instance in (each.name, "") else frozenset(),
        )
        for each in state.instances
    }
    found[""] = RecordedState(versions=state.versions, since=state.since, opening=opening)
    return found


def with_observed(
    state: CellState, seen: Mapping[ObservationKey, Sequence[Event]] | None
) -> CellState:
    """Return the state of a cell with what was observed there."""
    if not seen:
        return state
    found = observed_states(seen, state.environment, recorded_states(state))
    return replace(state, observed=found) if found else state


def _cells_at(record: ProductRecord, at: str | None) -> Mapping[str, Cell]:
    return record.cells if at is None else record.cells_at(at)


def _use_at(
    registry: Registry, cells: Mapping[str, Mapping[str, Cell]], at: str, since: str
) -> EnvironmentUse:
    every = (cells.get(name) or record.cells_at(at) for name, record in registry.products.items())
    return use_of_cells(every, since)


def _records(registry: Registry, products: Sequence[str] | None) -> list[ProductRecord]:
    if products is None:
        return [registry.products[name] for name in sorted(registry.products)]
    found = {record.name: record for record in map(registry.resolve, products)}
    return [found[name] for name in sorted(found)]


def _columns(
    registry: Registry, records: Iterable[ProductRecord], environments: Sequence[str] | None
) -> list[str]:
    if environments is not None:
        wanted = {registry.environment(name)["name"] for name in environments}
        return [name for name in registry.environments if name in wanted]
    # An environment without a file is an error of the registry, but versions run there.
    undescribed = {name for record in records for name in record.cells} - {*registry.environments}
    shown = [name for name, each in registry.environments.items() if not each.get("retired")]
    return shown + sorted(undescribed)


def stale_after(registry: Registry, environment: str) -> int:
    """Return after how many seconds a deployment to an environment has no result any more."""
    document = registry.environments.get(environment, {})
    return parse_duration(document.get("stale_after", DEFAULT_STALE_AFTER), field="stale_after")


def _row(
    product: str,
    cells: Mapping[str, Cell],
    stale: Mapping[str, int],
    compared: Collection[str],
    now: str,
    seen: Mapping[ObservationKey, Sequence[Event]] | None,
) -> MatrixRow:
    states = tuple(
        cell_state(cells[name], now=now, stale_after=seconds)
        if name in cells
        else CellState(product, name)
        for name, seconds in stale.items()
    )
    states = tuple(with_observed(state, seen) for state in states) if seen else states
    drifting = is_drifting([state for state in states if state.environment in compared])
    return MatrixRow(product, states, drifting)


def _status(
    cell: Cell,
    running: Deployment | None,
    lost: Deployment | None,
    failed: Deployment | None,
) -> CellStatus:
    if running is not None:
        return running.status
    if lost is not None:
        return "no result"
    if failed is not None:
        return failed.status
    if cell.versions:
        return "completed"
    return "undeployed" if cell.since else ""
