"""What was deployed in spite of rules is what a replay refuses of what nobody asked about."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.builders import deployment, moment, product, registry
from tests.rules.gate.test_replay import RULES, rule, world
from versioner.models.governance import Decision
from versioner.registry.governance.rule_history import RulePeriod
from versioner.rules.gate.breaches import breaches_between, judges_of, past_of
from versioner.rules.gate.replay import replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models.governance import Rule
    from versioner.registry.records import Registry
    from versioner.rules.gate.breaches import Breach

EPOCH = "1970-01-01T00:00:00Z"
ALWAYS = {"blocked": [{"daily": {"from": "00:00", "to": "24:00"}}]}


def breaches(
    whole: Registry, periods: Sequence[RulePeriod], since: str = EPOCH, until: str = "9"
) -> list[Breach]:
    judges = judges_of(periods)
    pasts = [past_of(whole, record, judges, since) for record in whole.products.values()]
    return breaches_between(pasts, judges, since, until)


def in_force(*rules: Rule, since: str = "", until: str = "") -> list[RulePeriod]:
    return [RulePeriod(each, since, until) for each in rules]


@pytest.mark.parametrize("seed", range(3))
def test_breaches_are_what_a_replay_refuses_of_starts_and_completions(seed: int) -> None:
    whole = world(Random(seed))
    every = {each.id: each for own in whole.products.values() for each in own.deployments}
    since = moment(1500)
    expected = {
        (each.id, name)
        for each in replay(whole, RULES, since=since).refused
        for name in each.rules
        if {"started", "completed"} & {event["status"] for event in every[each.id].events}
    }
    found = breaches(whole, in_force(*RULES), since)
    assert {(each.deployment, each.rule) for each in found} == expected
    assert len(found) == len(expected) > 20
    assert len({each.rule for each in found}) >= len(RULES) - 1
    assert all(each.at >= since and each.code for each in found)


def test_a_rule_is_asked_only_about_the_time_in_which_it_was_in_force() -> None:
    whole = world(Random(3))
    every = breaches(whole, in_force(*RULES))
    since, until = moment(2000), moment(4000)
    some = breaches(whole, in_force(*RULES, since=since, until=until))
    assert some == [each for each in every if since < each.at <= until]
    assert 0 < len(some) < len(every)


def one(*statuses: str, **fields: object) -> Registry:
    events = [
        deployment("1.0", status, minutes=number, environment="production", id=status, **fields)
        for number, status in enumerate(statuses)
    ]
    return registry(product("a", events))


@pytest.mark.parametrize(
    ("statuses", "event"),
    [
        (("completed",), "completed"),
        (("started",), "started"),
        (("started", "completed"), "started"),
        (("pending", "started", "failed"), "started"),
        (("failed",), ""),
        (("pending",), ""),
        (("pending", "aborted"), ""),
    ],
)
def test_a_start_or_a_lone_completion_breaks_a_rule(statuses: tuple[str, ...], event: str) -> None:
    found = breaches(one(*statuses), in_force(rule("closed", "schedule", ALWAYS)))
    assert [each.event for each in found] == ([event] if event else [])


def test_what_was_overridden_breaks_no_rule_that_permits_it() -> None:
    whole = one("started", overrides=[{"rule": "closed", "reason": "The shop is down"}])
    closed = rule("closed", "schedule", ALWAYS)
    never = rule("closed", "schedule", ALWAYS, override="never")
    other = rule("other", "schedule", ALWAYS, enforcement="report-only")
    assert breaches(whole, in_force(closed)) == []
    assert [each.rule for each in breaches(whole, in_force(never))] == ["closed"]
    judges = judges_of(in_force(closed, other))
    past = past_of(whole, whole.products["a"], judges, EPOCH)
    at = moment(0)
    assert (past.breaches, past.reports, past.overrides) == ([], [["other", at]], [["closed", at]])


def test_a_reviewed_breach_is_marked() -> None:
    whole = one("started", "completed")
    record = whole.products["a"]
    record.decisions = (
        Decision("d", moment(9), "ann", "override-reviewed", version="1.0", event="started"),
    )
    (found,) = breaches(whole, in_force(rule("closed", "schedule", ALWAYS)))
    assert found.is_reviewed


def test_approvals_of_the_past_count_without_their_signatures() -> None:
    signed = rule("qa", "version-approval", {"types": {"qa": 1}, "signed": True})
    whole = one("completed")
    assert [each.code for each in breaches(whole, in_force(signed))] == [
        "QUALITY_APPROVAL_REQUIRED"
    ]
    approval = Decision("d", moment(-9), "ann", "approved", "qa", "1.0")
    whole.products["a"].decisions = (approval,)
    assert breaches(whole, in_force(signed)) == []
