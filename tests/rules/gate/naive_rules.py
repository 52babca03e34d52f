"""The naive judge's rules, by type: a function of the moment that returns a code, "" for passed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.rules.gate.naive_facts import Facts, Place, Stay, moment
from tests.rules.gate.naive_requests import Requests, is_within
from tests.rules.gate.naive_windows import covers, freeze, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.registry.naive_deployments import NaiveDeployment
    from versioner.rules.gate import Question

__all__ = ["RULES"]

Block = dict[str, Any]


def schedule(facts: Facts, question: Question, block: Block) -> Callable[[datetime], str]:
    is_blocked, frozen = "blocked" in block, freeze(block)
    return lambda at: "NO_DEPLOY_WINDOW" if covers(frozen, at) == is_blocked else ""


def flow(facts: Facts, question: Question, block: Block) -> Callable[[datetime], str]:
    through = block["through"]
    soak = block.get("soak", {})
    asked: dict[str, str] = soak if isinstance(soak, dict) else dict.fromkeys(through, soak)
    places = {name: facts.place(question.product, name) for name in through}
    version = question.version
    firsts = [places[name].first_completion(version) for name in through]
    violated = None in firsts or any(
        place.is_rolled_back(version, name) for place in places.values() for name in place.names
    )
    if block.get("in_order") and None not in firsts:
        violated = violated or firsts != sorted(firsts)  # type: ignore[type-var]
    if block.get("still_there"):
        for place in places.values():
            violated = violated or all(place.running(name) != version for name in place.names)
    stays = {name: stays_of(places[name], version) for name in asked}

    def code_at(at: datetime) -> str:
        if violated:
            return "FLOW_VIOLATION"
        for environment, duration in asked.items():
            longest = max((each.end or at) - each.start for each in stays[environment])
            if longest < timedelta(seconds=seconds_of(duration)):
                return "INSUFFICIENT_SOAK_TIME"
        return ""

    return code_at


def stays_of(place: Place, version: str) -> list[Stay]:
    """Return the stays of a version on all instances."""
    return [s for name in place.names for s in place.stays(name) if s.version == version]


def version_approval(facts: Facts, question: Question, block: Block) -> Callable[[datetime], str]:
    log = facts.decisions(facts.world.decisions.get(question.product, []))
    log = [each for each in log if each["version"] == question.version and "approval_type" in each]
    latest = {(each["by"], each["approval_type"]): each for each in log}
    people = left_out(facts, question, block.get("not_by", ()))
    known = facts.known_facts(question.product, question.version)
    first = None
    if "after" in block:
        first = facts.place(question.product, block["after"]).first_completion(question.version)

    def counts(decision: Block, at: datetime) -> bool:
        given = moment(decision["at"])
        named = {("commit", decision.get("scm_sha", "")), *decision.get("artifacts", {}).items()}
        expires = block.get("expires_after")
        return (
            decision["by"] not in people
            and known <= named
            and not ("after" in block and (first is None or given < first))
            and not (expires and at - given >= timedelta(seconds=seconds_of(expires)))
        )

    def code_at(at: datetime) -> str:
        for kind, number in block["types"].items():
            group = facts.world.groups.get(kind)
            given = [
                each
                for (by, of), each in latest.items()
                if of == kind and (group is None or by in group)
            ]
            if any(each["decision"] == "rejected" for each in given):
                return "QUALITY_APPROVAL_REQUIRED"
            approved = [e for e in given if e["decision"] == "approved" and counts(e, at)]
            if len(approved) < number:
                return "QUALITY_APPROVAL_REQUIRED"
        return ""

    return code_at


def left_out(facts: Facts, question: Question, roles: list[str]) -> set[str]:
    """Return who gives no approval."""
    people = set()
    if "deployer" in roles:
        events = facts.deployment_events(question.product, question.version)
        people |= {each["deployed_by"] for each in events if "deployed_by" in each}
    if "builder" in roles:
        events = facts.builds(question.product, question.version)
        people |= {each["built_by"] for each in events if "built_by" in each}
    return people


def request_approval(facts: Facts, question: Question, block: Block) -> Callable[[datetime], str]:
    requests = Requests(facts, question)
    windows = requests.windows_that_allow(block.get("types", {}))
    return lambda at: "" if any(is_within(each, at) for each in windows) else "APPROVAL_REQUIRED"


def requirement(facts: Facts, question: Question, block: Block) -> Callable[[datetime], str]:
    builds = sorted(facts.builds(question.product, question.version), key=lambda e: e["at"])
    deployments = facts.deployment_events(question.product, question.version)
    is_met = all(
        is_fulfilled(wanted, said(key, builds) or said(key, deployments))
        for key, wanted in block.items()
    )
    return lambda at: "" if is_met else "REQUIREMENT_NOT_MET"


def said(key: str, events: list[Any]) -> str:
    """Return what the latest event says that says a key with a value that is not empty."""
    for event in reversed(events):
        value = event
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        # Reading: null is empty, as "", [] and {} are; 0 and false are not.
        if value not in ("", None) and value != [] and value != {}:
            return text_of(value)
    return ""


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def is_fulfilled(wanted: Any, value: str) -> bool:
    return bool(value) if wanted == "*" else value == text_of(wanted)


def concurrency(facts: Facts, question: Question, block: Block) -> Callable[[datetime], str]:
    per_environment = block["per"] == "environment"
    here = facts.canonical(question.environment)
    products = list(facts.world.products) if per_environment else [question.product]
    ends = []
    for product in products:
        for environment, each in facts.open_deployments(product):
            own = is_own(question, product, environment == here, each)
            if not own and (environment == here or not per_environment):
                document = facts.world.environments.get(environment, {})
                stale = timedelta(seconds=seconds_of(document.get("stale_after", "24h")))
                # Reading: it is open since it was started (the last time it was told so).
                ends.append(max(moment(e["at"]) for e in each.events) + stale)
    # Reading: a deployment that began after the moment of an answer is none: facts end there.
    limit = block["limit"]
    return lambda at: "DEPLOYMENT_IN_PROGRESS" if sum(at < end for end in ends) >= limit else ""


def is_own(question: Question, product: str, is_here: bool, deployment: NaiveDeployment) -> bool:
    """Return whether a deployment is the question's own.

    Reading: where the run of the question is known, one that names another run is not.
    """
    runs = {each["invoke_id"] for each in deployment.events if "invoke_id" in each}
    same_run = not question.run or not runs or question.run in runs
    what = (product, deployment.version, deployment.instance)
    asked = (question.product, question.version, question.instance)
    return is_here and what == asked and same_run


RULES: dict[str, Callable[[Facts, Question, Block], Callable[[datetime], str]]] = {
    "schedule": schedule,
    "flow": flow,
    "version-approval": version_approval,
    "request-approval": request_approval,
    "requirement": requirement,
    "concurrency": concurrency,
}
