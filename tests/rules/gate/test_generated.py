"""The judge agrees with the naive one on generated questions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.rules.gate.generated import generated
from tests.rules.gate.naive_judge import naive_answer
from tests.rules.gate.test_table import agree, line_of
from versioner.git.snapshot import MemorySnapshot
from versioner.registry.load import load_registry
from versioner.rules.gate import CODES, Answer, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rules.gate.naive_judge import NaiveAnswer

QUESTIONS = 90
HORIZON = 30 * 60


def test_the_judge_says_to_generated_questions_what_the_naive_judge_says(
    scale: Callable[[int, int], int],
) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(scale(QUESTIONS, 2_000)):
        world, question = generated(seed)
        expected = naive_answer(world, question, HORIZON)
        answer = evaluate(load_registry(MemorySnapshot(world.paths())), question)
        assert not answer.unreadable, (seed, answer.unreadable)
        lines = [within(line_of(each), expected.horizon) for each in answer.verdicts]
        assert agree(lines, expected.verdicts), (seed, lines, expected.verdicts)
        assert told(answer, expected.horizon) == said(expected), seed
        kinds.update(["allowed"] if answer.allowed else [])
        kinds.update(word for each in answer.verdicts for word in (each.outcome, each.code))
    # The questions have all that the text distinguishes.
    assert set(kinds) >= {"allowed", "passed", "failed", "overridden", "exempt", *CODES}


def within(line: str, horizon: str) -> str:
    """Return a verdict without an `until` that is beyond the horizon of the naive judge."""
    before, _, until = line.partition(" until ")
    return before if until > horizon else line


def told(answer: Answer, horizon: str) -> tuple[str, bool, str, bool]:
    when = answer.allowed_from
    return answer.code, answer.allowed, when if when <= horizon else "", answer.is_known


def said(answer: NaiveAnswer) -> tuple[str, bool, str, bool]:
    return answer.code, not answer.code, answer.allowed_from, answer.is_known
