"""A naive model of the deployments that events make, for `naive_fold`.

A comment that begins with "Reading:" states how a sentence of the design is read that leaves
something open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Event

__all__ = ["NaiveDeployment", "in_order", "without_voids"]

OPENING = ("pending", "started")
CLOSING = ("completed", "failed", "aborted")
TEN_MINUTES = 600


@dataclass
class NaiveDeployment:
    """The events of one deployment, and what it was there where it completed."""

    events: list[Event]
    kind: str = ""
    previous: str = ""
    void: bool = False
    void_events: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.events[0]["id"])

    @property
    def version(self) -> str:
        return str(self.events[0]["version"])

    @property
    def instance(self) -> str:
        return str(self.events[0].get("instance", ""))

    @property
    def result(self) -> Event | None:
        """Return the event that closes it, None while it is open.

        Reading: of several closing events (the later ones name the deployment) the last counts.
        """
        closing = [each for each in self.events if each["status"] in CLOSING]
        return closing[-1] if closing else None

    @property
    def status(self) -> str:
        if self.result is not None:
            return str(self.result["status"])
        # Reading: a deployment that is started stays so when a pending event comes after.
        return "started" if any(e["status"] == "started" for e in self.events) else "pending"


def in_order(events: Sequence[Event]) -> list[Event]:
    """Return events by time, opening before undeployment before closing, then log position.

    Reading: of two opening events of one second, the pending one comes first.
    """
    ranks = {"pending": 0, "started": 1, "undeployed": 2} | dict.fromkeys(CLOSING, 3)
    return sorted(events, key=lambda each: (each["at"], ranks[each["status"]]))


def without_voids(
    events: list[Event], voided: set[str]
) -> tuple[list[NaiveDeployment], list[Event]]:
    """Return the deployments, void ones too, and the events that are valid."""
    originals = group(events)
    gone = [d for d in originals if d.id in voided]
    out = {each["id"] for d in gone for each in d.events} | voided
    valid = [each for each in events if each["id"] not in out]
    deployments = group(valid)
    # A void event is told with the deployment that it belonged to: the one that has its first.
    for original in originals:
        for deployment in deployments:
            if original.events[0] in deployment.events:
                deployment.void_events += [e["id"] for e in original.events if e["id"] in voided]
    return [*deployments, *(NaiveDeployment(d.events, void=True) for d in gone)], valid


def group(events: list[Event]) -> list[NaiveDeployment]:
    """Return the deployments that events make, by their first events.

    Reading: an event that names a deployment, by the id of any of its events, belongs to it, open
    or closed. Where that event names another in its turn, both belong to the last one; where this
    comes later, they wait for it, and are no open deployment until then.
    """
    deployments: list[NaiveDeployment] = []
    waiting: list[Event] = []
    for event in events:
        if event["status"] == "undeployed":
            continue
        target = named_by(event, events)
        found = next((d for d in deployments if target in d.events), None)
        if target is not None and found is None:
            waiting.append(event)
            continue
        found = found or ordinary(event, deployments, events)
        if found is None:
            found = NaiveDeployment([])
            deployments.append(found)
        found.events.append(event)
        while joining := [w for w in waiting if named_by(w, events) in found.events]:
            found.events += joining
            waiting = [w for w in waiting if w not in joining]
        found.events.sort(key=events.index)
    return sorted(deployments, key=lambda each: events.index(each.events[0]))


def named_by(event: Event, events: list[Event]) -> Event | None:
    """Return the event that an event's `deployment` leads to, None where it names none.

    Reading: the name of a deployment of another version or instance, and names that lead around
    in a circle, are as none. A deployment's first event may name itself.
    """
    chain = [event]
    while True:
        target = target_of(chain[-1], events)
        if target is None:
            return chain[-1] if len(chain) > 1 else None
        if target in chain:
            return None
        chain.append(target)


def target_of(event: Event, events: list[Event]) -> Event | None:
    for each in events:
        named = each is not event and each["id"] == event.get("deployment")
        if named and each["status"] != "undeployed":
            same = [each.get(key, "") == event.get(key, "") for key in ("version", "instance")]
            return each if all(same) else None
    return None


def ordinary(
    event: Event, deployments: list[NaiveDeployment], events: list[Event]
) -> NaiveDeployment | None:
    """Return the deployment that an event goes on or closes, None where it is a new one."""
    near = [
        d
        for d in deployments
        if d.version == event["version"]
        and d.instance == event.get("instance", "")
        and runs_agree(event, d)
    ]
    found = newest([d for d in near if d.result is None], event)
    if found is None and event["status"] in OPENING:
        early = [d for d in near if closed_early(d, event)]
        # Reading: the newest of these is the one that was closed last.
        early.sort(key=lambda d: events.index(d.result or d.events[-1]))
        found = newest(early, event)
    return found


def runs_agree(event: Event, deployment: NaiveDeployment) -> bool:
    """Return whether they are of the same run, or one of the two has none."""
    runs = {e["invoke_id"] for e in deployment.events if "invoke_id" in e}
    return "invoke_id" not in event or not runs or event["invoke_id"] in runs


def newest(deployments: list[NaiveDeployment], event: Event) -> NaiveDeployment | None:
    """Return the newest deployment, one of the event's own run first."""
    run = event.get("invoke_id")
    own = [d for d in deployments if run and run in {e.get("invoke_id") for e in d.events}]
    first = own or deployments
    return first[-1] if first else None


def closed_early(deployment: NaiveDeployment, opening: Event) -> bool:
    """Return whether a deployment was closed at most ten minutes before this opening of it.

    Reading: a deployment is pending once and started once, so that another opening of the same
    status is of a new deployment.
    """
    if deployment.result is None or any(
        each["status"] == opening["status"] for each in deployment.events
    ):
        return False
    return seconds(opening) - seconds(deployment.result) <= TEN_MINUTES


def seconds(event: Event) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()
