"""Fold events into deployments, cells and versions; pure, and linear in the events.

The order of arrival does not matter: events are ordered by (`at`, opening before closing,
position in the log). A closing event finds the open deployment of its version: the newest one of
its own run, else the newest one where either event names no run. `deployment` on an event takes
precedence over this. Void events are left out: where the first event of a deployment is void, so
is the whole deployment; where a later event is, the cell is folded again without it.

The events of each instance of an environment, and those of the whole, fold into deployments of
their own. `fold_instances.py` puts their results together: what runs where, and since when.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal

from versioner.models import Cell, Undeployment, Version
from versioner.models.events import UNDEPLOYED
from versioner.registry.event_order import order_key
from versioner.registry.fold.cell import closing_event, fold_events, positions_of
from versioner.registry.fold.instances import InstanceFold
from versioner.registry.fold.whole_cell import fold_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from versioner.models import Deployment, Event, Status

__all__ = [
    "empty_cell",
    "fold_product",
    "fold_versions",
    "void_ids",
    "void_ids_of",
]


# The fields of events that name the source of a version.
_SOURCE: Final = frozenset({"scm_sha", "scm_repository", "scm_branch", "artifacts", "changes"})


def fold_product(
    product: str, events: Sequence[Event], listed: Mapping[str, Sequence[str]] | None = None
) -> tuple[list[Deployment], dict[str, Cell]]:
    """Fold a product's deployment events, given in log position order.

    `listed` are the instances that the files of environments list. Return the product's
    deployments, oldest first, and its cells by environment, in order of name. Two deployments
    that began at the same second are in order of environment.
    """
    voids = _voids_by_target(events)
    by_environment: dict[str, list[Event]] = {}
    for event in events:
        if "voids" not in event:
            by_environment.setdefault(event["environment"], []).append(event)
    cells = {
        name: _fold_environment(
            product,
            name,
            sorted(by_environment[name], key=order_key),
            voids,
            (listed or {}).get(name, ()),
        )
        for name in sorted(by_environment)
    }
    deployments = [each for cell in cells.values() for each in cell.deployments]
    deployments.sort(key=attrgetter("at"))
    return deployments, cells


def empty_cell(product: str, environment: str, listed: Sequence[str] = ()) -> Cell:
    """Return the cell of an environment where nothing was deployed."""
    cell = Cell(product, environment, [])
    InstanceFold(cell, listed).finish(())
    return cell


def fold_versions(
    product: str, builds: Sequence[Event], deployments: Sequence[Deployment]
) -> dict[str, Version]:
    """Fold a product's versions, first seen first, from its builds and folded deployments.

    A version that only void deployments name is one of them, so that every link to it works.
    """
    versions: dict[str, Version] = {}
    for event in sorted(builds, key=order_key):
        name = event["version"]
        version = versions.get(name)
        if version is None:
            version = versions[name] = Version(product, name, event["at"])
        version.builds.append(event)
    for deployment in deployments:
        name = deployment.version
        version = versions.get(name)
        if version is None:
            version = versions[name] = Version(product, name, deployment.at)
        elif deployment.at < version.at:
            version.at = deployment.at
        version.deployments.append(deployment)
    for version in versions.values():
        _fill_in(version)
    return dict(sorted(versions.items(), key=lambda item: item[1].at))


def void_ids(events: Sequence[Event]) -> set[str]:
    """Return the ids of a product's deployment events that are void, with their deployments."""
    if not any("voids" in event for event in events):
        return set()
    return void_ids_of(*fold_product("", events))


def void_ids_of(deployments: Iterable[Deployment], cells: Mapping[str, Cell]) -> set[str]:
    """Return the ids of the events that are void in a product's fold."""
    whole = (event["id"] for each in deployments if each.void for event in each.events)
    single = (event["id"] for each in deployments for event, _ in each.void_events)
    undeployments = (each for cell in cells.values() for each in cell.undeployments)
    return {*whole, *single, *(each.id for each in undeployments if each.void)}


def _voids_by_target(events: Iterable[Event]) -> dict[str, Event]:
    """Return the void events by the id they name: the earliest, where several name one."""
    voids = [event for event in events if "voids" in event]
    voids.sort(key=lambda each: (each["at"], each["id"]), reverse=True)
    return {void["voids"]: void for void in voids}


def _fill_in(version: Version) -> None:
    """Set a version's source and status from its events; builds take precedence."""
    if version.builds:
        version.status = _build_status(version.builds)
    # Whole lists come before partial ones, then the first one counts.
    known: tuple[bool, str] | None = None
    for event in version.source_events:
        # Most events name no source, and all events of a registry pass here.
        if _SOURCE.isdisjoint(event):
            continue
        sha = event.get("scm_sha", "")
        # One may be the short form of the other.
        if len(sha) > len(version.scm_sha):
            version.scm_sha = sha
        version.scm_repository = version.scm_repository or event.get("scm_repository", "")
        version.scm_branch = version.scm_branch or event.get("scm_branch", "")
        if "artifacts" in event:
            version.artifacts = {**event["artifacts"], **version.artifacts}
        if "changes" in event:
            changes = event["changes"]
            rank = "partial" in changes, event["at"]
            if known is None or rank < known:
                known, version.changes = rank, changes


def _build_status(builds: list[Event]) -> Status | Literal[""]:
    """Return the status of the latest build; builds fold as deployments do."""
    runs = fold_events("", "", builds)
    positions = positions_of(builds)
    latest = max(runs, key=lambda each: positions[id(closing_event(each))])
    return latest.status


def _fold_environment(
    product: str,
    environment: str,
    ordered: list[Event],
    voids: Mapping[str, Event],
    listed: Sequence[str],
) -> Cell:
    """Fold the events of one environment, in fold order, into a cell."""
    cell = Cell(product, environment, [])
    by_instance: dict[str, list[Event]] = {}
    for event in ordered:
        if event["status"] == UNDEPLOYED:
            cell.undeployments.append(_undeployment(product, event, voids))
        else:
            by_instance.setdefault(event.get("instance", ""), []).append(event)
    for instance, events in by_instance.items():
        cell.deployments += _fold_instance(product, environment, instance, events, voids)
    if len(by_instance) > 1:
        positions = positions_of(ordered)
        cell.deployments.sort(key=lambda each: positions[id(each.events[0])])
    _set_cell_state(cell, ordered, listed)
    return cell


def _undeployment(product: str, event: Event, voids: Mapping[str, Event]) -> Undeployment:
    return Undeployment(
        id=event["id"],
        product=product,
        environment=event["environment"],
        instance=event.get("instance", ""),
        version=event.get("version", ""),
        at=event["at"],
        event=event,
        void=voids.get(event["id"]),
    )


def _fold_instance(
    product: str,
    environment: str,
    instance: str,
    ordered: list[Event],
    voids: Mapping[str, Event],
) -> list[Deployment]:
    deployments = fold_events(product, environment, ordered, instance)
    if voids and any(event["id"] in voids for event in ordered):
        return _fold_without_void(deployments, ordered, voids)
    return deployments


def _fold_without_void(
    deployments: list[Deployment], ordered: list[Event], voids: Mapping[str, Event]
) -> list[Deployment]:
    """Mark the void deployments, and fold the others again where a later event is void."""
    whole: list[Deployment] = []
    dropped: list[tuple[Event, Event]] = []  # a deployment's first event, its void event
    for deployment in deployments:
        deployment.void = voids.get(deployment.id)
        if deployment.void is not None:
            whole.append(deployment)
            continue
        first, *later = deployment.events
        dropped += [(first, event) for event in later if event["id"] in voids]
    if not dropped:
        return deployments
    out = {id(event) for _, event in dropped}
    out.update(id(event) for each in whole for event in each.events)
    cell = deployments[0]
    kept = [event for event in ordered if id(event) not in out]
    again = fold_events(cell.product, cell.environment, kept, cell.instance)
    homes = {id(event): each for each in again for event in each.events}
    for first, event in dropped:
        homes[id(first)].void_events.append((event, voids[event["id"]]))
    positions = positions_of(ordered)
    return sorted([*whole, *again], key=lambda each: positions[id(each.events[0])])


def _set_cell_state(cell: Cell, ordered: list[Event], listed: Sequence[str]) -> None:
    """Set what is current, open and latest in a cell, and the kind of each deployment."""
    valid = [each for each in cell.deployments if each.void is None]
    undeployments = [each for each in cell.undeployments if each.void is None]
    cell.open = [each for each in valid if each.is_open]
    cell.latest = valid[-1] if valid else None
    steps: list[Deployment | Undeployment] = [*valid, *undeployments]
    if undeployments or any(len(each.events) > 1 for each in valid):
        # Deployments may run in parallel: the event that closed each one gives their order.
        positions = positions_of(ordered)
        steps.sort(key=lambda each: positions[id(_last_event(each))])
    if not (undeployments or listed or any(each.instance for each in valid)):
        fold_whole(cell, [step for step in steps if not isinstance(step, Undeployment)])
        return
    fold = InstanceFold(cell, listed)
    for step in steps:
        if isinstance(step, Undeployment):
            fold.remove(step)
        else:
            fold.place(step)
    fold.finish({step.instance for step in steps if step.instance})


def _last_event(step: Deployment | Undeployment) -> Event:
    return step.event if isinstance(step, Undeployment) else closing_event(step)
