"""What a registry says of a moment, as far as rules ask: one question reads only what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from versioner.models.documents import DEFAULT_STALE_AFTER
from versioner.registry.event_order import OPENING, order_key, seconds_of
from versioner.registry.fold.cell import result_at
from versioner.registry.fold.product import void_ids
from versioner.registry.governance.calendar import duration_seconds
from versioner.registry.records import ProductRecord
from versioner.rules.gate.timeline import CellTimeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.models import Cell, Deployment, Event, Undeployment
    from versioner.models.governance import Decision
    from versioner.registry.records import Registry

__all__ = ["Facts", "OpenDeployment", "RegistryFacts", "VersionEvents"]


class OpenDeployment(NamedTuple):
    """A started deployment without a result; `stale_at` is when it stops to count."""

    product: str
    environment: str
    instance: str
    version: str
    since: int
    stale_at: int
    runs: frozenset[str]
    by: str


@dataclass(frozen=True, slots=True)
class VersionEvents:
    """The events of a version that are not void, oldest first."""

    builds: list[Event]
    deployments: list[Event]

    @property
    def commits(self) -> set[str]:
        """Return every commit that an event names."""
        events = (*self.builds, *self.deployments)
        return {event["scm_sha"] for event in events if event.get("scm_sha")}

    @property
    def digests(self) -> set[str]:
        """Return every digest of an artifact that an event names."""
        events = (*self.builds, *self.deployments)
        return {digest for event in events for digest in event.get("artifacts", {}).values()}


class Facts(Protocol):
    """What rules ask of a registry at a moment; products and environments by their names now."""

    @property
    def registry(self) -> Registry:
        """Return the registry, for its files."""

    @property
    def at(self) -> str:
        """Return the moment up to which events count."""

    def timeline(self, product: str, environment: str) -> CellTimeline:
        """Return what happened in a cell."""

    def version(self, product: str, version: str) -> VersionEvents:
        """Return the events of a version."""

    def decisions(self, product: str, version: str) -> list[Decision]:
        """Return the decisions about a version, in the order of the logs."""

    def open_in_environment(self, environment: str) -> Iterable[OpenDeployment]:
        """Return the started deployments of all products to an environment."""

    def open_of_product(self, product: str) -> Iterable[OpenDeployment]:
        """Return the started deployments of a product to all environments."""


class RegistryFacts:
    """The facts of a registry at one moment."""

    def __init__(self, registry: Registry, at: str) -> None:
        self.registry, self.at = registry, at
        self._products: dict[str, _ProductFacts] = {}

    def _product(self, name: str) -> _ProductFacts:
        found = self._products.get(name)
        if found is None:
            record = self.registry.products.get(name) or ProductRecord(name)
            found = self._products[name] = _ProductFacts(self.registry, record, self.at)
        return found

    def timeline(self, product: str, environment: str) -> CellTimeline:
        """Return what happened in a cell."""
        return self._product(product).timeline(environment)

    def version(self, product: str, version: str) -> VersionEvents:
        """Return the events of a version."""
        return self._product(product).version(version)

    def decisions(self, product: str, version: str) -> list[Decision]:
        """Return the decisions about a version, in the order of the logs."""
        record = self.registry.products.get(product)
        decisions = record.decisions if record is not None else ()
        return [each for each in decisions if each.version == version and each.at <= self.at]

    def open_in_environment(self, environment: str) -> Iterator[OpenDeployment]:
        """Yield the started deployments of all products to an environment."""
        if self.registry.find_open is None:
            for name in self.registry.products:
                yield from self._product(name).open_deployments([environment])
            return
        for deployment in self.registry.find_open(environment, self.at):
            events = [each for each in deployment.events if each["at"] <= self.at]
            statuses = {each["status"] for each in events}
            if statuses <= OPENING and "started" in statuses:
                yield open_deployment(self.registry, deployment, events)

    def open_of_product(self, product: str) -> Iterator[OpenDeployment]:
        """Yield the started deployments of a product to all environments."""
        yield from self._product(product).open_deployments()


class _ProductFacts:
    """The facts of one product at a moment."""

    def __init__(self, registry: Registry, record: ProductRecord, at: str) -> None:
        self._registry, self._record, self._at = registry, record, at
        self._timelines: dict[str, CellTimeline] = {}

    @cached_property
    def _cells(self) -> Mapping[str, Cell]:
        record = self._record
        steps = (each.changed_at for cell in record.cells.values() for each in _entries(cell))
        if max(steps, default="") <= self._at:
            return record.cells
        return record.cells_at(self._at)

    def timeline(self, environment: str) -> CellTimeline:
        found = self._timelines.get(environment)
        if found is None:
            listed = self._registry.listed_instances.get(environment, ())
            cell = self._cells.get(environment)
            found = CellTimeline(listed) if cell is None else timeline_of(cell, listed)
            self._timelines[environment] = found
        return found

    @cached_property
    def _void(self) -> set[str]:
        return void_ids(self._record.deployment_events)

    def version(self, version: str) -> VersionEvents:
        builds = [each for each in self._record.builds if self._names(each, version)]
        deployments = [
            each
            for each in self._record.deployment_events
            if self._names(each, version) and each["id"] not in self._void
        ]
        return VersionEvents(sorted(builds, key=order_key), sorted(deployments, key=order_key))

    def _names(self, event: Event, version: str) -> bool:
        return event.get("version") == version and bool(event["at"] <= self._at)

    def open_deployments(self, wanted: Iterable[str] = ()) -> Iterator[OpenDeployment]:
        for environment in wanted or self._cells:
            cell = self._cells.get(environment)
            for deployment in cell.open if cell is not None else ():
                if deployment.status == "started":
                    yield open_deployment(self._registry, deployment, deployment.events)


def open_deployment(
    registry: Registry, deployment: Deployment, events: list[Event]
) -> OpenDeployment:
    """Return what rules ask of a started deployment, by its events up to a moment."""
    document = registry.environments.get(deployment.environment, {})
    since = seconds_of(events[-1]["at"])
    return OpenDeployment(
        deployment.product,
        deployment.environment,
        deployment.instance,
        deployment.version,
        since,
        since + duration_seconds(document.get("stale_after", DEFAULT_STALE_AFTER)),
        frozenset(each["invoke_id"] for each in events if each.get("invoke_id")),
        next((each["deployed_by"] for each in reversed(events) if each.get("deployed_by")), ""),
    )


def timeline_of(cell: Cell, listed: Iterable[str]) -> CellTimeline:
    """Return what happened in a cell, by its completions and undeployments."""
    timeline = CellTimeline(tuple(listed))
    # In one second an undeployment comes before a completion; completions keep their order.
    steps: list[tuple[str, int, Deployment | Undeployment]] = [
        (result_at(each), 1, each) for each in cell.completed
    ]
    steps += [(each.at, 0, each) for each in cell.undeployments if each.void is None]
    steps.sort(key=lambda step: step[:2])
    for at, is_completion, entry in steps:
        add = timeline.complete if is_completion else timeline.remove
        add(entry.instance, entry.version, seconds_of(at))
    return timeline


def _entries(cell: Cell) -> Iterator[Deployment | Undeployment]:
    yield from cell.deployments
    yield from cell.undeployments
