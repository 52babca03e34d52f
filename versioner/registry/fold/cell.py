"""Fold the events of one cell, in fold order, into deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.models import Deployment
from versioner.registry.event_order import OPENING, seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Event

__all__ = ["closing_event", "fold_events", "positions_of", "result_at"]

# A closing event up to this much before its opening event still closes it: clocks differ.
_CLOCK_SKEW_SECONDS: Final = 600


def fold_events(
    product: str, environment: str, ordered: list[Event], instance: str = ""
) -> list[Deployment]:
    """Fold events of one cell, in fold order and without voids, into deployments, oldest first.

    All are of one instance, or of the whole environment; none is an undeployment.
    """
    openings = any(event["status"] in OPENING for event in ordered)
    fold = _CellFold(product, environment, instance, openings)
    roots = _named_roots(ordered)
    if roots:
        return _fold_named(fold, ordered, roots)
    for event in ordered:
        fold.place(event)
    return fold.deployments


def positions_of(ordered: list[Event]) -> dict[int, int]:
    """Return each event's position in fold order, by the event's identity."""
    return {id(event): position for position, event in enumerate(ordered)}


def result_at(deployment: Deployment) -> str:
    """Return when a deployment was closed, or the time of its latest event while it is open."""
    return str(closing_event(deployment)["at"])


def closing_event(deployment: Deployment) -> Event:
    """Return the event that closed a deployment, or its latest event while it is open."""
    for event in reversed(deployment.events):
        if event["status"] not in OPENING:
            return event
    return deployment.events[-1]


def _fold_named(
    fold: _CellFold, ordered: list[Event], roots: Mapping[int, Event]
) -> list[Deployment]:
    """Fold events where some name their deployment by the id of another event of it."""
    positions = positions_of(ordered)
    homes: dict[int, Deployment] = {}
    waiting: dict[int, list[Event]] = {}  # events that come before the event they name
    for event in ordered:
        root = roots.get(id(event))
        if root is not None:
            if id(root) in homes:
                fold.attach(homes[id(root)], event)
            else:
                waiting.setdefault(id(root), []).append(event)
            continue
        home = homes[id(event)] = fold.place(event)
        if id(event) in waiting:
            for early in waiting.pop(id(event)):
                fold.attach(home, early)
            _reorder(home, positions)
    return sorted(fold.deployments, key=lambda each: positions[id(each.events[0])])


def _named_roots(ordered: list[Event]) -> dict[int, Event]:
    """Return, by identity, the first event of the deployment that each naming event names.

    A name of no event, of another version's event, or in a cycle is ignored.
    """
    naming = [event for event in ordered if event.get("deployment")]
    if not naming:
        return {}
    by_id = {event["id"]: event for event in ordered}
    links: dict[int, Event] = {}
    for event in naming:
        target = by_id.get(event["deployment"])
        if target is None or target is event:
            continue
        if target["version"] == event["version"]:
            links[id(event)] = target
    roots: dict[int, Event | None] = {}
    for event in naming:
        # Each link is followed once, so that the cost of a chain is linear in its length.
        path: dict[int, None] = {}
        node = event
        while id(node) in links and id(node) not in roots and id(node) not in path:
            path[id(node)] = None
            node = links[id(node)]
        end = None if id(node) in path else roots.get(id(node), node)
        roots.update(dict.fromkeys(path, end))
    return {key: root for key, root in roots.items() if root is not None}


def _reorder(deployment: Deployment, positions: Mapping[int, int]) -> None:
    """Set the fields of a deployment again after events were added out of order."""
    events = deployment.events
    events.sort(key=lambda event: positions[id(event)])
    deployment.id = events[0]["id"]
    deployment.at = events[0]["at"]
    deployment.changed_at = events[-1]["at"]
    for event in events:
        if event["status"] not in OPENING:
            deployment.status = event["status"]


class _CellFold:
    """The deployments of one instance of a cell; which are open, and which closed recently."""

    def __init__(self, product: str, environment: str, instance: str, openings: bool) -> None:
        self.deployments: list[Deployment] = []
        self._product, self._environment, self._instance = product, environment, instance
        # Recently closed deployments matter only where some event opens one.
        self._openings = openings
        self._open: dict[str, _OpenDeployments] = {}  # by version
        self._closed: dict[str, list[tuple[str, Deployment]]] = {}  # by version: when, which

    def place(self, event: Event) -> Deployment:
        """Add an event to its deployment, or to a new one; return the deployment."""
        version = event["version"]
        found = None
        if version in self._open:
            found = self._open[version].newest(event.get("invoke_id", ""))
        if found is None and event["status"] in OPENING and version in self._closed:
            found = self._closed_before(event)
        if found is None:
            return self._begin(event)
        self.attach(found, event)
        return found

    def attach(self, deployment: Deployment, event: Event) -> None:
        """Add an event to a deployment; a closed one stays closed, a started one started."""
        status, version = event["status"], event["version"]
        deployment.events.append(event)
        deployment.changed_at = event["at"]
        if status not in OPENING:
            if deployment.is_open:
                self._open[version].remove(deployment)
                if not self._open[version]:
                    del self._open[version]
            deployment.status = status
            self._closed.setdefault(version, []).append((event["at"], deployment))
        elif deployment.is_open:
            self._open[version].add(deployment, event.get("invoke_id", ""))
            if status == "started":
                deployment.status = "started"

    def _begin(self, event: Event) -> Deployment:
        version, status, at = event["version"], event["status"], event["at"]
        deployment = Deployment(
            event["id"],
            self._product,
            self._environment,
            version,
            status,
            at,
            at,
            [event],
            self._instance,
        )
        self.deployments.append(deployment)
        if status in OPENING:
            found = self._open.setdefault(version, _OpenDeployments())
            found.add(deployment, event.get("invoke_id", ""))
        elif self._openings:
            self._closed.setdefault(version, []).append((at, deployment))
        return deployment

    def _closed_before(self, event: Event) -> Deployment | None:
        """Return the deployment that was closed at most ten minutes before this opening event."""
        version, status, run = event["version"], event["status"], event.get("invoke_id", "")
        horizon = seconds_of(event["at"]) - _CLOCK_SKEW_SECONDS
        # Events come in order of time, so what is too old now stays too old.
        recent = [each for each in self._closed[version] if seconds_of(each[0]) >= horizon]
        self._closed[version] = recent
        either = None
        for _, deployment in reversed(recent):
            runs = {each.get("invoke_id", "") for each in deployment.events} - {""}
            if any(each["status"] == status for each in deployment.events):
                continue
            if not run or run in runs:
                return deployment
            if not runs and either is None:
                either = deployment
        return either


class _OpenDeployments:
    """The open deployments of one version, by run."""

    def __init__(self) -> None:
        self._all: dict[int, Deployment] = {}  # oldest first
        self._runs: dict[str, dict[int, Deployment]] = {}  # "" for those without a run
        self._runs_of: dict[int, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, deployment: Deployment, run: str) -> None:
        """Add a deployment, or a run to one that is here."""
        key = id(deployment)
        runs = self._runs_of.setdefault(key, set())
        if run and "" in runs:
            runs.remove("")
            del self._runs[""][key]
        if run or not runs:
            runs.add(run)
            self._runs.setdefault(run, {})[key] = deployment
        self._all[key] = deployment

    def remove(self, deployment: Deployment) -> None:
        """Remove a deployment."""
        key = id(deployment)
        del self._all[key]
        for run in self._runs_of.pop(key):
            del self._runs[run][key]

    def newest(self, run: str) -> Deployment | None:
        """Return the newest deployment of a run, else the newest one where either has no run."""
        candidates = [self._runs.get(run), self._runs.get("")] if run else [self._all]
        for found in candidates:
            if found:
                return next(reversed(found.values()))
        return None
