"""A naive model of what has happened until a moment, for `naive_judge`.

All is folded again for each question, with the naive model of the fold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.registry.naive_deployments import in_order, without_voids
from tests.registry.naive_fold import all_told, has_effect, of, tells_what_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.registry.naive_deployments import NaiveDeployment
    from tests.rules.gate.notation import World
    from versioner.models import Event

__all__ = ["Facts", "Place", "Stay", "moment"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Stay:
    """A time during which a version ran on one instance; `end` is None where it still does."""

    version: str
    start: datetime
    end: datetime | None = None


@dataclass
class Place:
    """What the events of a product say of one environment."""

    told: list[Event]
    valid: list[Event]
    deployments: list[NaiveDeployment]
    listed: list[str]

    @cached_property
    def names(self) -> list[str]:
        """Return the instances that are named or listed, and "" for the unnamed one."""
        named = {each["instance"] for each in self.valid if "instance" in each}
        return [*sorted(named | set(self.listed)), ""]

    def history(self, name: str) -> list[Event]:
        """Return what was said of an instance, in order.

        The unnamed one stands for an instance that has told nothing itself. It ends where each
        listed instance has told something itself.
        """
        own = [each for each in self.told if each.get("instance") == name]
        if name and any(has_effect(each, self.told) for each in own):
            return of(name, self.told)
        said: list[Event] = []
        ended = False
        for number, event in enumerate(self.told, 1):
            if "instance" not in event:
                said.append(event)
                ended = False
            if not ended and all_told(self.told[:number], self.listed):
                said.append({"at": event["at"], "status": "undeployed"})
                ended = True
        return said

    def stays(self, name: str) -> list[Stay]:
        """Return the stays of versions on an instance, oldest first."""
        stays: list[Stay] = []
        for event in self.history(name):
            running = stays[-1] if stays and stays[-1].end is None else None
            if event["status"] == "undeployed":
                if running and event.get("version", running.version) == running.version:
                    running.end = moment(event["at"])
                continue
            if running and running.version == event["version"]:
                continue
            if running:
                running.end = moment(event["at"])
            stays.append(Stay(event["version"], moment(event["at"])))
        return stays

    def running(self, name: str) -> str:
        """Return the version that runs on an instance, "" for none."""
        stays = self.stays(name)
        return stays[-1].version if stays and stays[-1].end is None else ""

    def completions(self, name: str) -> list[str]:
        """Return the versions that completed on an instance, in order."""
        return [e["version"] for e in self.history(name) if e["status"] == "completed"]

    def first_completion(self, version: str) -> datetime | None:
        """Return the first completion of a version, on any instance."""
        times = [
            moment(each["at"])
            for each in self.told
            if each["status"] == "completed" and each["version"] == version
        ]
        return min(times, default=None)

    def is_rolled_back(self, version: str, name: str) -> bool:
        """Return whether a rollback took a version away after its latest completion there."""
        completed: list[str] = []
        running, taken = "", False
        for event in self.history(name):
            if event["status"] == "undeployed":
                running = "" if event.get("version", running) == running else running
                continue
            new = event["version"]
            if new == version:
                taken = False
            elif running == version and new in completed:
                taken = taken or completed.index(new) < completed.index(version)
            completed.append(new)
            running = new
        return taken


@dataclass
class Facts:
    """What a registry says at a moment."""

    world: World
    at: str
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    def canonical(self, environment: str) -> str:
        """Return the name of an environment that may be a former one."""
        for name, document in self.world.environments.items():
            if environment in document.get("aliases", ()):
                return name
        return environment

    def place(self, product: str, environment: str) -> Place:
        key = (product, self.canonical(environment))
        if key not in self.places:
            self.places[key] = self.place_of(*key)
        return self.places[key]

    def place_of(self, product: str, environment: str) -> Place:
        log = self.world.deployments.get(product, [])
        here = in_order(
            [
                each
                for each in log
                if self.canonical(each.get("environment", "")) == environment
                and each["at"] <= self.at
            ]
        )
        deployments, valid = without_voids(here, {each["voids"] for each in log if "voids" in each})
        told = [each for each in valid if tells_what_runs(each, deployments)]
        listed = self.world.environments.get(environment, {}).get("instances", [])
        return Place(told, valid, [each for each in deployments if not each.void], listed)

    def environments(self, product: str) -> set[str]:
        log = self.world.deployments.get(product, [])
        return {self.canonical(each["environment"]) for each in log if "environment" in each}

    def builds(self, product: str, version: str) -> list[Event]:
        log = self.world.builds.get(product, [])
        return [e for e in log if e["version"] == version and e["at"] <= self.at]

    def deployment_events(self, product: str, version: str) -> list[Event]:
        """Return the events of deployments of a version that are not void, oldest first."""
        places = [self.place(product, each) for each in sorted(self.environments(product))]
        events = [e for place in places for e in place.valid if e.get("version") == version]
        log = self.world.deployments.get(product, [])
        return sorted(events, key=lambda each: (each["at"], log.index(each)))

    def is_known(self, product: str, version: str) -> bool:
        return bool(self.builds(product, version) or self.deployment_events(product, version))

    def known_facts(self, product: str, version: str) -> set[tuple[str, str]]:
        """Return the commits and digests that are known of a version."""
        facts = set()
        for event in (*self.builds(product, version), *self.deployment_events(product, version)):
            facts |= {("commit", event["scm_sha"])} if "scm_sha" in event else set()
            facts |= set(event.get("artifacts", {}).items())
        return facts

    def decisions(self, log: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the decisions until then, oldest first, those of one second by place."""
        return sorted((each for each in log if each["at"] <= self.at), key=lambda each: each["at"])

    def open_deployments(self, product: str) -> Iterator[tuple[str, NaiveDeployment]]:
        """Yield the started deployments of a product, with their environments."""
        for environment in sorted(self.environments(product)):
            for each in self.place(product, environment).deployments:
                if each.result is None and each.status == "started":
                    yield environment, each
