"""The past of one product, moment by moment: what a replay asks, without folding anything again.

Events are added as time passes, so each question costs what it asks, however long the past is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from copy import deepcopy
from typing import TYPE_CHECKING

from versioner.registry.event_order import OPENING, order_key, seconds_of
from versioner.registry.fold.cell import result_at
from versioner.rules.gate.facts import OpenDeployment, VersionEvents, open_deployment
from versioner.rules.gate.timeline import CellTimeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.models import Deployment, Event, Undeployment
    from versioner.models.governance import Decision
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["OpenSpans", "PastProduct", "open_times"]

# When something took effect, whether it is a completion, and what it is.
_Step = tuple[int, bool, "Deployment | Undeployment"]


class OpenSpans:
    """When deployments were started, without a result and not stale; in one place of any kind."""

    def __init__(self, longest: int = 0) -> None:
        self._spans: list[tuple[int, int, str, OpenDeployment]] = []
        self._starts: list[int] = []
        self._longest = longest

    def add(self, deployment: Deployment, registry: Registry) -> None:
        """Add the times in which a deployment is in the way of others."""
        for until, found in open_times(deployment, registry):
            self.insert(until, deployment.id, found)

    def insert(self, until: int, own: str, found: OpenDeployment) -> None:
        """Add a time in which the deployment with an id is in the way of others."""
        self._spans.append((found.since, until, own, found))
        self._longest = max(self._longest, until - found.since)

    def finish(self) -> None:
        """Put the times in order; nothing is added afterwards."""
        self._spans.sort(key=lambda span: span[:3])
        self._starts = [span[0] for span in self._spans]

    def at(self, moment: int, own: str) -> Iterator[OpenDeployment]:
        """Yield the deployments that are open at a moment, but not the one with an id."""
        first = bisect_left(self._starts, moment - self._longest)
        for _, until, deployment_id, found in self._spans[
            first : bisect_right(self._starts, moment)
        ]:
            if until > moment and deployment_id != own:
                yield found


def open_times(deployment: Deployment, registry: Registry) -> Iterator[tuple[int, OpenDeployment]]:
    """Yield the times in which a deployment is in the way of others: the end of each, and it."""
    openings = [each for each in deployment.events if each["status"] in OPENING]
    begun = next((n for n, each in enumerate(openings) if each["status"] == "started"), None)
    if begun is None:
        return
    end = None if deployment.is_open else seconds_of(result_at(deployment))
    for number in range(begun, len(openings)):
        found = open_deployment(registry, deployment, openings[: number + 1])
        after = openings[number + 1 : number + 2]
        until = min([found.stale_at, *(seconds_of(each["at"]) for each in after)])
        until = until if end is None else min(until, end)
        if until > found.since:
            yield until, found


class PastProduct:
    """The facts of one product at the moment that was gone to; a deployment of its own is left out.

    `open_spans` are those of environments, of all products.
    """

    def __init__(
        self, registry: Registry, record: ProductRecord, open_spans: Mapping[str, OpenSpans]
    ) -> None:
        self.registry, self.at = registry, ""
        self._record, self._open_spans = record, open_spans
        self._now, self._own = 0, ""
        self._timelines: dict[str, CellTimeline] = {}
        self._shown: dict[str, CellTimeline] = {}  # in place of those, at the present second
        self._steps = _steps(record)
        self._done = 0
        self._events: dict[str, VersionEvents] | None = None
        self._decisions: dict[str, list[Decision]] | None = None
        self._open: OpenSpans | None = None

    def go_to(self, deployment: Deployment) -> None:
        """Go to the moment at which a deployment began, which is not before the last one."""
        self.at, self._own = deployment.at, deployment.id
        self._now = seconds_of(deployment.at)
        self._shown.clear()
        # The steps of the very second are not added for good: one of them is of the deployment.
        while self._done < len(self._steps) and self._steps[self._done][0] < self._now:
            _apply(self._timeline(self._steps[self._done][2].environment), self._steps[self._done])
            self._done += 1
        for number in range(self._done, len(self._steps)):
            step = self._steps[number]
            if step[0] > self._now:
                break
            if step[2].id != self._own:
                environment = step[2].environment
                if environment not in self._shown:
                    self._shown[environment] = deepcopy(self._timeline(environment))
                _apply(self._shown[environment], step)

    def _timeline(self, environment: str) -> CellTimeline:
        found = self._timelines.get(environment)
        if found is None:
            listed = self.registry.listed_instances.get(environment, ())
            found = self._timelines[environment] = CellTimeline(listed)
        return found

    # ---- facts -------------------------------------------------------------------------------

    def timeline(self, product: str, environment: str) -> CellTimeline:
        """Return what happened in a cell."""
        return self._shown.get(environment) or self._timeline(environment)

    def version(self, product: str, version: str) -> VersionEvents:
        """Return the events of a version up to the moment, without those of the own deployment."""
        if self._events is None:
            self._events = _events_by_version(self._record)
        found = self._events.get(version)
        if found is None:
            return VersionEvents([], [])
        return VersionEvents(self._until_now(found.builds), self._until_now(found.deployments))

    def _until_now(self, events: list[Event]) -> list[Event]:
        return [each for each in events if each["at"] <= self.at and each["id"] != self._own]

    def decisions(self, product: str, version: str) -> list[Decision]:
        """Return the decisions about a version, in the order of the logs."""
        if self._decisions is None:
            self._decisions = {}
            for each in self._record.decisions:
                self._decisions.setdefault(each.version, []).append(each)
        return [each for each in self._decisions.get(version, ()) if each.at <= self.at]

    def open_in_environment(self, environment: str) -> Iterable[OpenDeployment]:
        """Return the started deployments of all products to an environment."""
        spans = self._open_spans.get(environment)
        return () if spans is None else spans.at(self._now, self._own)

    def open_of_product(self, product: str) -> Iterable[OpenDeployment]:
        """Return the started deployments of the product to all environments."""
        if self._open is None:
            self._open = OpenSpans()
            for each in self._record.deployments:
                if each.void is None:
                    self._open.add(each, self.registry)
            self._open.finish()
        return self._open.at(self._now, self._own)


def _steps(record: ProductRecord) -> list[_Step]:
    """Return the completions and undeployments of a product, in the order they took effect."""
    steps: list[_Step] = []
    for cell in record.cells.values():
        steps += [(seconds_of(result_at(each)), True, each) for each in cell.completed]
        steps += [
            (seconds_of(each.at), False, each) for each in cell.undeployments if not each.void
        ]
    steps.sort(key=lambda step: step[:2])
    return steps


def _apply(timeline: CellTimeline, step: _Step) -> None:
    at, is_completion, entry = step
    add = timeline.complete if is_completion else timeline.remove
    add(entry.instance, entry.version, at)


def _events_by_version(record: ProductRecord) -> dict[str, VersionEvents]:
    found: dict[str, VersionEvents] = {}
    for event in sorted(record.builds, key=order_key):
        found.setdefault(event["version"], VersionEvents([], [])).builds.append(event)
    valid = [each for each in record.deployments if each.void is None]
    events = [event for each in valid for event in each.events]
    for event in sorted(events, key=order_key):
        found.setdefault(event["version"], VersionEvents([], [])).deployments.append(event)
    return found
