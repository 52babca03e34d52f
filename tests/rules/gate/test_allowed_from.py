"""From when on a question is allowed, where rules of windows take turns."""

from __future__ import annotations

import pytest

from tests.registry.files import load, product
from versioner.reporting.gate.check import answer_text
from versioner.reporting.text import TextLayout
from versioner.rules.gate import Answer, Question, evaluate
from versioner.rules.gate.open_times import SEARCHED_YEARS

AT = "2026-11-26T10:00:00Z"
MORNINGS = 'blocked: [{daily: {from: "00:00", to: "12:00"}}]'
AFTERNOONS = 'blocked: [{daily: {from: "12:00", to: "24:00"}}]'


def asked(*blocks: str) -> Answer:
    files = {
        f"registry/rules/r{number}.yaml": f'name: "r{number}"\ntype: "schedule"\n'
        f"schedule:\n  {block}\n".encode()
        for number, block in enumerate(blocks)
    }
    registry = load(product("app"), files)
    assert not registry.governance.unreadable
    return evaluate(registry, Question("app", "1.0", "production", "", AT))


def test_rules_that_take_turns_for_years_are_followed_to_the_end() -> None:
    until = "FREQ=DAILY;UNTIL=20380630T000000"
    window = f'{{rule: "{until}", start: "2026-01-01T12:00", duration: "12h"}}'
    afternoons = f"blocked: [{{rrule: {window}}}]"
    assert asked(MORNINGS, afternoons).allowed_from == "2038-06-30T12:00:00Z"


def test_rules_that_leave_nothing_open_together_say_so() -> None:
    answer = asked(MORNINGS, AFTERNOONS)
    assert (answer.allowed_from, answer.is_never_open) == ("", True)
    assert all(each.until for each in answer.refusals)
    text = answer_text(TextLayout(), answer, ())
    assert f"No time of the next {SEARCHED_YEARS} years is open for all of these rules" in text


def test_a_rare_day_that_two_rules_open_is_found() -> None:
    leap_days = (
        'allowed: [{rrule: {rule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", '
        'start: "2024-02-29T00:00", duration: "24h"}}]'
    )
    sundays = 'allowed: [{weekly: {days: [sun], from: "00:00", to: "24:00"}}]'
    assert asked(leap_days, sundays).allowed_from == "2032-02-29T00:00:00Z"
    mondays = sundays.replace("sun", "mon")
    assert asked(leap_days, mondays).allowed_from == "2044-02-29T00:00:00Z"


def test_one_rule_that_is_always_open_changes_nothing() -> None:
    always = 'allowed: [{daily: {from: "00:00", to: "24:00"}}]'
    assert asked(MORNINGS, always).allowed_from == "2026-11-26T12:00:00Z"
    assert asked(AFTERNOONS, always).allowed_from == AT


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ((MORNINGS, 'blocked: [{weekly: {days: [thu], from: "12:00", to: "24:00"}}]'), "27T12"),
        ((MORNINGS, 'allowed: [{weekly: {days: [sat], from: "11:00", to: "13:00"}}]'), "28T12"),
        (('allowed: [{once: {from: "2026-11-29T08:00", to: "2026-11-29T09:00"}}]',), "29T08"),
    ],
)
def test_the_first_open_moment_is_that_of_all_schedules(
    windows: tuple[str, ...], expected: str
) -> None:
    assert asked(*windows).allowed_from == f"2026-11-{expected}:00:00Z"
