"""The naive judge's requests: what holds a version, how far it is, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.rules.gate.naive_facts import Facts, moment
from tests.rules.gate.notation import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from versioner.rules.gate import Question

__all__ = ["Requests", "is_within"]

Document = dict[str, Any]


class Requests:
    """The requests of a registry, as a question finds them."""

    def __init__(self, facts: Facts, question: Question) -> None:
        self.facts = facts
        self.question = question
        self.environment = facts.canonical(question.environment)

    def holds(self, request: Document) -> bool:
        """Return whether an open request holds the question's version and environment."""
        question = self.question
        environments = [self.facts.canonical(each) for each in request["environments"]]
        return (
            request["state"] == "open"
            and self.environment in environments
            and request["versions"].get(question.product) == question.version
        )

    def log(self, name: str) -> list[Document]:
        return self.facts.decisions(self.facts.world.request_decisions.get(name, []))

    def words(self, name: str, kind: str) -> list[str]:
        """Return the latest decisions of each person of a type, on this content."""
        digest = content_hash(self.facts.world.requests[name])
        group = self.facts.world.groups.get(kind)
        latest = {
            each["by"]: each["decision"]
            for each in self.log(name)
            if each.get("approval_type") == kind and each["of"] == digest
        }
        return [word for by, word in latest.items() if group is None or by in group]

    def is_rejected(self, name: str, slots: dict[str, int]) -> bool:
        return any("rejected" in self.words(name, kind) for kind in slots)

    def is_filled(self, name: str, slots: dict[str, int]) -> bool:
        return all(self.words(name, k).count("approved") >= n for k, n in slots.items())

    def is_ticked(self, name: str, part: str) -> bool:
        steps = self.facts.world.requests[name].get("steps", {}).get(part, [])
        latest = {each["step"]: each["decision"] for each in self.log(name) if "step" in each}
        return all(latest.get(f"{part}.{n}") == "done" for n in range(1, len(steps) + 1))

    def is_there(self, name: str, product: str, environment: str) -> bool:
        """Return whether a product is in an environment in the version of the request.

        Reading: where instances differ, it is so on each on which something runs.
        """
        version = self.facts.world.requests[name]["versions"][product]
        place = self.facts.place(product, environment)
        opened = [each["at"] for each in self.log(name) if each["decision"] == "opened"]
        since = [
            each
            for each in place.told
            if (each["status"], each.get("version")) == ("completed", version)
            and opened
            and each["at"] >= opened[0]
        ]
        if any("instance" not in each for each in since):
            return True
        running = [each for each in place.names if place.running(each)]
        completed = {each["instance"] for each in since}
        return bool(running or completed) and all(
            place.running(each) == version or each in completed for each in running
        )

    def is_completed(self, name: str) -> bool:
        request = self.facts.world.requests[name]
        return self.is_ticked(name, "after") and all(
            self.is_there(name, product, environment)
            for product in request["versions"]
            for environment in request["environments"]
        )

    def refusal(self, name: str) -> Callable[[datetime], str]:
        """Return the code by which a request refuses at a moment without a rule, "" for none."""
        request = self.facts.world.requests[name]
        slots = request.get("approvals", {})
        is_rejected = self.is_rejected(name, slots)
        if not self.holds(request) or (not is_rejected and self.is_completed(name)):
            return lambda at: ""
        is_approved = self.is_filled(name, slots) and self.is_ticked(name, "before")
        if is_rejected or not is_approved:
            return lambda at: "APPROVAL_REQUIRED"
        return lambda at: "" if is_within(request.get("window"), at) else "APPROVAL_REQUIRED"

    def stage_refusal(self, name: str) -> str:
        """Return the code by which a later stage of a request waits, "" where it does not."""
        request = self.facts.world.requests[name]
        slots = request.get("approvals", {})
        is_over = not self.is_rejected(name, slots) and self.is_completed(name)
        if not self.holds(request) or is_over:
            return ""
        order = request.get("order", [])
        stages = [n for n, stage in enumerate(order) if self.question.product in stage]
        before = [product for stage in order[: min(stages, default=0)] for product in stage]
        waits = any(not self.is_there(name, each, self.environment) for each in before)
        return "FLOW_VIOLATION" if waits else ""

    def windows_that_allow(self, types: dict[str, int]) -> list[Document | None]:
        """Return the windows of the requests that are approved, with these slots too."""
        windows = []
        for name, request in self.facts.world.requests.items():
            own = request.get("approvals", {})
            slots = {k: max(own.get(k, 0), types.get(k, 0)) for k in {*own, *types}}
            if not self.holds(request) or self.is_rejected(name, slots):
                continue
            is_ready = self.is_completed(name) or self.is_ticked(name, "before")
            if is_ready and self.is_filled(name, slots):
                windows.append(request.get("window"))
        return windows


def is_within(window: Document | None, at: datetime) -> bool:
    return not window or moment(window["from"]) <= at < moment(window["to"])
