"""The naive judge gives the answers of the table too: two readings of one text agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rules.gate.case_files import all_cases
from tests.rules.gate.naive_judge import naive_answer
from tests.rules.gate.naive_windows import NotModelled
from tests.rules.gate.test_table import agree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rules.gate.case_files import Case

CASES = [each for each in all_cases() if not each.fields.get("files")]
DAY = 24 * 60
# Recurrences that the naive judge does not know: by position, and by year.
NOT_MODELLED = 10


def test_the_naive_judge_answers_as_the_table_says(scale: Callable[[int, int], int]) -> None:
    left_out = 0
    for case in CASES[:: scale(3, 1)]:
        try:
            check(case, minutes=scale(DAY // 4, 10 * DAY))
        except NotModelled:
            left_out += 1
    assert left_out < NOT_MODELLED


def check(case: Case, minutes: int) -> None:
    answer = naive_answer(case.world, case.question, minutes)
    expected = [within(each, answer.horizon) for each in case.verdicts]
    assert agree(answer.verdicts, expected), (case.name, answer.verdicts)
    assert answer.code == case.code, case.name
    if case.allowed_from != "any" and case.allowed_from <= answer.horizon:
        assert answer.allowed_from == case.allowed_from, case.name
    assert answer.is_known == case.fields.get("known", answer.is_known), case.name


def within(line: str, horizon: str) -> str:
    """Return a verdict without an `until` that is beyond the horizon."""
    before, _, until = line.partition(" until ")
    return before if until > horizon and until != "any" else line


def test_a_case_that_says_something_else_is_noticed() -> None:
    case = next(each for each in CASES if "night is closed after midnight" in each.name)
    wrong = type(case)(case.file, case.fields | {"until": "11-26T06:01"})
    with pytest.raises(AssertionError):
        check(wrong, minutes=DAY)
