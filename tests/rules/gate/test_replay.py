"""The replay of rules over the past agrees with the judge, asked at each of its moments."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import build, deployment, moment, product, registry, undeployment, void
from versioner.models.governance import Decision, Governance
from versioner.registry.governance.rules import rule_of
from versioner.rules.gate import Question, evaluate
from versioner.rules.gate.replay import replay

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.models.governance import Rule
    from versioner.registry.records import ProductRecord, Registry

PLACES = ("test", "staging", "production")


def rule(name: str, kind: str, block: Any, **fields: Any) -> Rule:
    return rule_of({"name": name, "type": kind, kind: block, **fields}, f"rules/{name}.yaml")


RULES = [
    rule("closed", "schedule", {
        "time_zone": "Australia/Lord_Howe",
        "blocked": [{"daily": {"from": "02:00", "to": "09:30"}}, {"weekly": {
            "days": ["sun"], "from": "09:00", "to": "24:00"}}]}),
    rule("open", "schedule", {"allowed": [{"weekly": {"from": "mon 06:00", "to": "fri 18:00"}}]},
         rollbacks="exempt"),
    rule("ever", "schedule", {"blocked": [{"daily": {"from": "00:00", "to": "24:00"}}]},
         applies_to={"products": ["b"]}, enforcement="disabled"),
    rule("flow", "flow", {"through": ["test", "staging"], "in_order": True, "soak": "40m"},
         applies_to={"environments": ["production"]}),
    rule("there", "flow", {"through": ["staging"], "still_there": True}, rollbacks="exempt",
         applies_to={"environments": ["production"]}, **{"except": {"products": ["c"]}}),
    rule("one", "concurrency", {"limit": 1, "per": "environment"}),
    rule("two", "concurrency", {"limit": 2, "per": "product"}),
    rule("told", "requirement", {"extra_metadata.tests": "passed"}),
    rule("approved", "version-approval", {
        "types": {"qa": 1}, "expires_after": "6h", "not_by": ["deployer"], "after": "test"}),
]  # fmt: skip


def past(random: Random, name: str) -> ProductRecord:
    """Return a product with deployments of a few days, some without a result, void or removed."""
    events: list[Event] = []
    for number in range(40):
        minutes = random.randrange(0, 6000, 10)
        place, version = random.choice(PLACES), f"{random.randrange(1, 6)}.0"
        instance = random.choice([{}, {}, {"instance": "eu"}, {"instance": "us"}])
        run = {"invoke_id": f"r{number}", "deployed_by": random.choice(["jo", "li"])}
        common = {"environment": place, **instance, **run}
        if random.random() < 0.1:
            events.append(undeployment(minutes=minutes, environment=place, **instance))
            continue
        if random.random() < 0.6:
            events.append(deployment(version, "started", minutes=minutes, **common))
            minutes += random.randrange(0, 300, 10)
        if random.random() < 0.8:
            status = random.choice(["completed", "completed", "completed", "failed"])
            events.append(deployment(version, status, minutes=minutes, **common))
    events.sort(key=lambda event: event["at"])
    events += [void(event, minutes=7000) for event in random.sample(events, 2)]
    builds = [
        build(f"{n}.0", minutes=n * 900, extra_metadata={"tests": random.choice(["passed", ""])})
        for n in range(1, 6)
    ]
    record = product(name, events, builds)
    record.decisions = tuple(
        Decision(f"d{n}", moment(random.randrange(0, 6000, 10)), random.choice(["jo", "al"]),
                 random.choice(["approved", "approved", "rejected", "revoked"]), "qa",
                 f"{random.randrange(1, 6)}.0", position=n)
        for n in range(12)
    )  # fmt: skip
    return record


def world(random: Random) -> Registry:
    documents: dict[str, dict[str, Any]] = {
        "test": {"stale_after": "3h"}, "staging": {"instances": ["eu", "us"]}, "production": {}
    }  # fmt: skip
    whole = registry(*(past(random, name) for name in "abc"), environments=documents)
    whole.governance = Governance(rules=tuple(RULES))
    return whole


def without(whole: Registry, own: str, events: list[Event]) -> Registry:
    """Return a registry in which the events of one deployment were never recorded."""
    gone = {event["id"] for event in events}
    changed = registry(environments=whole.environments)
    for name, record in whole.products.items():
        kept = [each for each in record.deployment_events if each["id"] not in gone]
        changed.products[name] = product(name, kept, record.builds)
        changed.products[name].listed = record.listed
        changed.products[name].decisions = record.decisions
    rules = [rule_of_enabled(each) for each in RULES]
    changed.governance = Governance(rules=tuple(rules))
    return changed


def rule_of_enabled(each: Rule) -> Rule:
    from dataclasses import replace

    return replace(each, enforcement="enabled")


@pytest.mark.parametrize("seed", range(2))
def test_a_replay_is_the_judge_asked_before_each_deployment(seed: int) -> None:
    whole = world(Random(seed))
    done = replay(whole, RULES)
    found = {each.id: each for each in done.refused}
    refused = 0
    valid = [
        each for record in whole.products.values() for each in record.deployments if not each.void
    ]
    assert done.deployments == len(valid)
    for each in valid:
        run = each.events[0]["invoke_id"]
        question = Question(
            each.product, each.version, each.environment, each.instance, each.at, run
        )
        answer = evaluate(without(whole, each.id, each.events), question)
        rules = tuple(verdict.rule for verdict in answer.refusals)
        assert (found[each.id].rules if each.id in found else ()) == rules, each
        if rules:
            refused += 1
            untils = {verdict.until for verdict in answer.refusals}
            assert (found[each.id].wait is None) == ("" in untils)
    assert refused == len(done.refused)
    ever = next(row for row in done.rules if row.name == "ever")
    assert ever.refused == ever.judged > 0
    assert all(row.judged for row in done.rules)


def test_only_deployments_of_the_time_are_judged_by_all_that_was_before() -> None:
    whole = world(Random(7))
    every = replay(whole, RULES)
    since, until = moment(2000), moment(4000)
    some = replay(whole, RULES, since=since, until=until)
    assert some.refused == [each for each in every.refused if since <= each.at < until]
    assert 0 < some.deployments < every.deployments
