"""Random registries and questions for the naive judge: seed after seed the same.

All times are whole minutes, and few, so that moments meet; most are near a change of the clocks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from tests.rules.gate.generated_rules import ENVIRONMENTS, KINDS, RuleGenerator
from tests.rules.gate.notation import World, content_hash
from versioner.rules.gate import Question

if TYPE_CHECKING:
    from versioner.models import Event

__all__ = ["generated"]

# A zone, and a moment near a change of its clocks; or an ordinary one.
PLACES = (
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("UTC", "2028-02-29T12:00"),
    ("UTC", "2026-11-30T12:00"),
    ("UTC", "2026-12-31T22:00"),
)
INSTANCES = ("eu", "us")
WORDS = (*("approved",) * 6, "rejected", "revoked", "blocked", "unblocked")
REQUEST_WORDS = (*("approved",) * 4, "rejected", "done", "done", "undone", "opened")
TESTS = ("passed", "failed", "", True, 0)
STATES = ("open", "open", "open", "draft", "cancelled")
IMAGE = {"image": "sha256:" + "a" * 64}
VERSIONS = ("1.0", "1.1", "1.2")
PEOPLE = ("alice", "bob", "carol")
STATUSES = (
    *("pending", "started", "started", "started"),
    *("completed",) * 8,
    *("failed", "aborted", "undeployed"),
)


class Generator(RuleGenerator):
    """One registry and one question, by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.zone, near = self.random.choice(PLACES)
        self.near = datetime.fromisoformat(near).replace(tzinfo=UTC)
        self.world = World()
        self.number = 0

    def time(self, hours_before: int, hours_after: int = 0) -> str:
        """Return a moment near the change of the clocks, in steps of 15 minutes."""
        quarter = self.random.randint(-4 * hours_before, 4 * hours_after)
        return text_of(self.near + timedelta(minutes=15 * quarter))

    def next_id(self) -> str:
        self.number += 1
        return f"e{self.number:03}"

    def registry(self) -> World:
        """Return a registry of two products with rules, requests and decisions."""
        world = self.world
        world.environments = {name: self.environment(name) for name in ENVIRONMENTS}
        world.products = {"app": self.product(), "billing": self.product()}
        if self.maybe(0.4):
            world.groups = {kind: self.some(PEOPLE) for kind in self.some(KINDS)}
        for product in world.products:
            self.events(product)
            count = self.random.randint(0, 8)
            log = [self.decision() for _ in range(count)]
            world.decisions[product] = sorted(log, key=lambda each: each["at"][:7])
        for name in self.random.sample(("one", "two"), self.random.choice((0, 0, 1, 1, 2))):
            self.request(name)
        for name in self.random.sample("abcdef", self.random.choice((1, 1, 2, 2, 3, 4))):
            world.rules[name] = self.rule()
        return world

    def environment(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = {}
        if self.maybe(0.3):
            document["instances"] = self.some(INSTANCES)
        if self.maybe(0.3):
            document["stale_after"] = self.random.choice(("1h", "6h", "2d"))
        if name == "production" and self.maybe(0.3):
            document["aliases"] = ["prod"]
        return document

    def product(self) -> dict[str, Any]:
        return {"extra_metadata": {"team": "payments"}} if self.maybe(0.5) else {}

    def place(self) -> dict[str, str]:
        """Return an environment, and perhaps an instance of it."""
        name = self.random.choice(ENVIRONMENTS)
        if name == "production" and "aliases" in self.world.environments[name] and self.maybe(0.3):
            name = "prod"
        instance = {"instance": self.random.choice(INSTANCES)} if self.maybe(0.35) else {}
        return {"environment": name, **instance}

    def events(self, product: str) -> None:
        deployments = [self.deployment() for _ in range(self.random.randint(2, 14))]
        self.raise_versions(deployments)
        for target in self.random.sample(deployments, self.random.choice((0, 0, 0, 1, 2))):
            at = self.time(72, 24)
            deployments.append(
                {"at": at, "voids": target["id"], "reason": "wrong", "id": self.next_id()}
            )
        builds = [self.build() for _ in range(self.random.randint(0, 3))]
        self.world.deployments[product] = sorted(deployments, key=lambda each: each["at"][:7])
        self.world.builds[product] = sorted(builds, key=lambda each: each["at"][:7])

    def raise_versions(self, deployments: list[Event]) -> None:
        """Set versions that mostly follow each other in time, so that some are rollbacks."""
        ordered = sorted(deployments, key=lambda each: each["at"])
        for number, event in enumerate(ordered):
            if "version" in event and self.maybe(0.7):
                event["version"] = VERSIONS[number * len(VERSIONS) // len(ordered)]

    def deployment(self) -> Event:
        status = self.random.choice(STATUSES)
        event: Event = {"at": self.time(72, 12), **self.place(), "status": status}
        if status != "undeployed" or self.maybe(0.4):
            event["version"] = self.random.choice(VERSIONS)
        if self.maybe(0.3):
            event["invoke_id"] = self.random.choice(("run-1", "run-2"))
        return {**event, **self.facts("deployed_by"), "id": self.next_id()}

    def build(self) -> Event:
        event: Event = {"at": self.time(72), "version": self.random.choice(VERSIONS)}
        return {**event, "status": "completed", **self.facts("built_by"), "id": self.next_id()}

    def facts(self, person: str) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self.maybe(0.3):
            facts[person] = self.random.choice(PEOPLE)
        if self.maybe(0.1):
            facts["scm_sha"] = "abc1234"
        if self.maybe(0.1):
            facts["artifacts"] = IMAGE
        if self.maybe(0.5):
            facts["extra_metadata"] = {"tests": self.random.choice(TESTS)}
        return facts

    def decision(self) -> dict[str, Any]:
        word = self.random.choice(WORDS)
        at, by = self.time(60, 6), self.random.choice(PEOPLE)
        decision = {"at": at, "by": by, "decision": word, "version": self.random.choice(VERSIONS)}
        if word in ("blocked", "unblocked"):
            return {**decision, "id": self.next_id()}
        decision["approval_type"] = self.random.choice(KINDS)
        known = {"scm_sha": "abc1234", "artifacts": IMAGE} if self.maybe(0.7) else {}
        return {**decision, **known, "id": self.next_id()}

    def request(self, name: str) -> None:
        products = self.some(("app", "billing"))
        request: dict[str, Any] = {
            "title": name,
            "state": self.random.choice(STATES),
            "environments": self.some(ENVIRONMENTS),
            "versions": {each: self.random.choice(VERSIONS) for each in products},
        }
        if self.maybe(0.4):
            start = datetime.fromisoformat(self.time(12, 24))
            end = start + timedelta(hours=self.random.choice((1, 6, 24)))
            request["window"] = {"from": text_of(start), "to": text_of(end)}
        if self.maybe(0.4):
            request["order"] = [[each] for each in self.random.sample(products, len(products))]
        if self.maybe(0.5):
            request["approvals"] = {kind: self.random.randint(1, 2) for kind in self.some(KINDS)}
        if self.maybe(0.4):
            request["steps"] = {part: ["One"] for part in self.some(("before", "after"))}
        self.world.requests[name] = request
        digest = content_hash(request)
        count = self.random.randint(0, 8)
        self.world.request_decisions[name] = [self.request_decision(digest) for _ in range(count)]

    def request_decision(self, digest: str) -> dict[str, Any]:
        word = self.random.choice(REQUEST_WORDS)
        decision = {"at": self.time(60, 6), "by": self.random.choice(PEOPLE), "decision": word}
        if word in ("approved", "rejected"):
            decision["approval_type"] = self.random.choice(KINDS)
            decision["of"] = digest if self.maybe(0.85) else "0" * 64
        elif word != "opened":
            decision["step"] = self.random.choice(("before.1", "after.1"))
        return {**decision, "id": self.next_id()}

    def question(self) -> Question:
        place = self.place()
        product, version = (
            self.random.choice(("app", "app", "billing")),
            self.random.choice(VERSIONS),
        )
        if self.world.requests and self.maybe(0.6):
            request = self.random.choice(list(self.world.requests.values()))
            product, version = self.random.choice(list(request["versions"].items()))
            place["environment"] = self.random.choice(request["environments"])
        first = tuple(self.world.rules)[:1]
        return Question(
            product,
            version,
            place["environment"],
            place.get("instance", ""),
            self.time(24, 6),
            run=self.random.choice(("", "", "run-1")),
            overrides=self.random.choice((*((),) * 6, ("all",), first)),
        )


def text_of(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def generated(seed: int) -> tuple[World, Question]:
    """Return the registry and the question of a seed."""
    generator = Generator(seed)
    return generator.registry(), generator.question()
