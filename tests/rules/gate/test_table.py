"""The judge answers each case of the table as the text of the contract says."""

from __future__ import annotations

import pytest

from tests.rules.gate.case_files import BUILT_IN, Case, all_cases
from versioner.git.snapshot import MemorySnapshot
from versioner.registry.load import load_registry
from versioner.rules.gate import Answer, Verdict, evaluate

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{each.file}: {each.name}" for each in CASES])
def test_the_judge_answers_as_the_text_says(case: Case) -> None:
    answer = evaluate(load_registry(MemorySnapshot(case.world.paths())), case.question)
    assert [each.path for each in answer.unreadable] == case.unreadable
    if case.unreadable:
        assert (answer.allowed, answer.verdicts) == (False, ())
        # A file with another extension is not read, so that no line of it is wrong.
        lines = [each.line for each in answer.unreadable if each.path.endswith(".yaml")]
        assert all(each.message for each in answer.unreadable)
        assert all(lines)
        return
    lines = [line_of(each) for each in answer.verdicts]
    assert agree(lines, case.verdicts), lines
    assert (answer.allowed, answer.code) == (not case.code, case.code)
    assert case.allowed_from in ("any", answer.allowed_from)
    assert answer.is_known == case.fields.get("known", answer.is_known)
    check_form(answer, case)


def test_the_table_has_over_200_cases_whose_names_are_different_sentences() -> None:
    names = [each.name for each in CASES]
    assert len(names) > 200
    assert len(set(names)) == len(names)
    assert all(" " in each and not each.endswith(".") for each in names)


def line_of(verdict: Verdict) -> str:
    words = [verdict.rule or verdict.type, verdict.outcome, verdict.code]
    until = f"until {verdict.until}" if verdict.until else ""
    return " ".join(word for word in (*words, until) if word)


def agree(lines: list[str], expected: list[str]) -> bool:
    """Return whether verdicts are as expected; of several built-in ones the order is free.

    `until any` is any moment, and none.
    """
    free = {each.removesuffix(" until any") for each in expected if each.endswith(" until any")}
    plain = [each.partition(" until ")[0] for each in lines]
    lines = [short if short in free else each for short, each in zip(plain, lines, strict=True)]
    expected = [each.removesuffix(" until any") for each in expected]
    return len(lines) == len(expected) and all(
        same_words(line.split(" "), other.split(" "))
        for line, other in zip(ordered(lines), ordered(expected), strict=True)
    )


def same_words(words: list[str], expected: list[str]) -> bool:
    """Return whether words are as expected, where `a|b` is either."""
    return len(words) == len(expected) and all(
        word in other.split("|") for word, other in zip(words, expected, strict=True)
    )


def ordered(lines: list[str]) -> list[str]:
    built_in = [each for each in lines if each.startswith(BUILT_IN)]
    return sorted(built_in) + [each for each in lines if each not in built_in]


def check_form(answer: Answer, case: Case) -> None:
    """Check what is true of every verdict."""
    ranks = [0 if each.rule == "" else 1 for each in answer.verdicts]
    assert ranks == sorted(ranks)
    for each in answer.verdicts:
        rule = case.world.rules.get(each.rule, {"type": each.type})
        assert each.type == rule["type"]
        assert each.enforcement == rule.get("enforcement", "enabled")
        assert bool(each.code) == (each.outcome != "passed")
        assert each.message or each.outcome == "passed"
