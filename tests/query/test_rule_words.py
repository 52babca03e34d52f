"""Rules in words: where each applies and what it asks for."""

from __future__ import annotations

import pytest

from tests.registry.files import load, told
from versioner.query.gate.rule_words import duration_words, requirement_words, scope_words

RULES = {
    'type: "schedule"\nschedule:\n  blocked:\n    - weekly: {days: ["fri", "mon"], from: "15:00", '
    'to: "24:00"}\n    - daily: {from: "22:00", to: "06:00"}\n  time_zone: "Europe/London"': (
        "Nothing ships each Mon, Fri from 15:00 to 24:00, each day from 22:00 to 06:00 "
        "(Europe/London)"
    ),
    'type: "schedule"\nschedule:\n  allowed:\n    - weekly: {from: "fri 15:00", to: "mon 09:00"}': (
        "Ships only each week from Fri 15:00 to Mon 09:00 (UTC)"
    ),
    'type: "schedule"\nschedule:\n  blocked:\n    - monthly: {days: [1, 22, 13, -1, -2], '
    'from: "00:00", to: "24:00"}\n    - daily: {from: "09:00", to: "09:00"}': (
        "Nothing ships the 1st, the 22nd, the 13th, the last day, the 2nd last day of each month "
        "all day, each day from 09:00 for 24 hours (UTC)"
    ),
    'type: "schedule"\nschedule:\n  blocked:\n    - once: {from: "2026-12-19T18:00", '
    'to: "2027-01-04T09:00"}': ("Nothing ships from 2026-12-19 18:00 to 2027-01-04 09:00 (UTC)"),
    'type: "schedule"\nschedule:\n  blocked:\n    - rrule: {rule: "FREQ=MONTHLY;BYDAY=2TU", '
    'start: "2026-01-13T18:00", duration: "6h"}': (
        "Nothing ships by FREQ=MONTHLY;BYDAY=2TU from 2026-01-13 18:00 for 6 hours (UTC)"
    ),
    'type: "flow"\nflow: {through: ["test", "staging"], in_order: true, soak: "24h", '
    "still_there: true}": (
        "Only after test and staging, in this order, for 1 day in each, while it still runs there"
    ),
    'type: "flow"\nflow: {through: ["staging"], soak: {staging: "90m"}}': (
        "Only after staging, for 90 minutes in staging"
    ),
    'type: "version-approval"\nversion-approval: {types: {qa: 1, security: 2}, after: "staging", '
    'expires_after: "72h", not_by: ["deployer", "builder"], signed: true}': (
        "Approved by 1 of qa and 2 of security, after it ran in staging, within the last 3 days, "
        "not by the deployer or the builder, signed"
    ),
    'type: "request-approval"\nrequest-approval: {types: {qa: 1}}': (
        "Part of an approved request, with approvals 1 of qa"
    ),
    'type: "requirement"\nrequirement: {"extra_metadata.tests": "passed", '
    '"artifacts.image": "*"}': (
        "Events of the version say extra_metadata.tests is passed and artifacts.image is present"
    ),
    'type: "concurrency"\nconcurrency: {limit: 1, per: "environment"}': (
        "At most one deployment of an environment at once"
    ),
    'type: "concurrency"\nconcurrency: {limit: 3, per: "product"}': (
        "At most 3 deployments of a product at once"
    ),
}


def rule_of(text: str):
    registry = load({"registry/rules/r.yaml": f'name: "r"\n{text}\n'.encode()})
    assert [each for each in told(registry) if not each.endswith(("environment", "scope"))] == []
    (rule,) = registry.governance.rules
    return rule


@pytest.mark.parametrize(("text", "expected"), RULES.items(), ids=range(len(RULES)))
def test_what_a_rule_asks_for(text: str, expected: str) -> None:
    assert requirement_words(rule_of(text).block) == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("", "everything"),
        ('applies_to: {products: ["pay-*", "shop"], environments: ["production"]}',
         "pay-*, shop in production"),
        ('applies_to: {environment_types: ["production"]}', "production environments"),
        ('applies_to: {teams: ["payments"]}\nexcept: {products: ["status-page"]}',
         "products of payments; not status-page"),
        ("applies_to: {products: []}", "nothing"),
    ],
)  # fmt: skip
def test_where_a_rule_applies(scope: str, expected: str) -> None:
    text = f'{scope}\ntype: "concurrency"\nconcurrency: {{limit: 1, per: "product"}}'
    assert scope_words(rule_of(text.strip())) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "1 minute"),
        (5400, "90 minutes"),
        (3600, "1 hour"),
        (86_400, "1 day"),
        (172_800, "2 days"),
    ],
)
def test_a_duration_has_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words
