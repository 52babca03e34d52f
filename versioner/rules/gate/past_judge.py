"""One rule that is asked about many moments of the past, in order."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from versioner.models.governance import (
    RequestApprovalBlock,
    ScheduleBlock,
    VersionApprovalBlock,
)
from versioner.rules.gate.closed_times import closed_times
from versioner.rules.gate.evaluate import find_reason
from versioner.rules.gate.finding import Finding
from versioner.rules.gate.question import Question

if TYPE_CHECKING:
    from versioner.models import Deployment
    from versioner.models.governance import Rule
    from versioner.rules.gate.closed_times import ClosedTime
    from versioner.rules.gate.facts import Facts

__all__ = ["PastJudge", "is_exempt", "question_of"]


class PastJudge:
    """A rule, asked about one moment after the other.

    Approvals count without their signatures: of the past, it is not looked up who made which line.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        block = rule.block
        if isinstance(block, VersionApprovalBlock | RequestApprovalBlock) and block.signed:
            self.rule = replace(rule, block=replace(block, signed=False))
        self._closed = _ClosedTimes(block) if isinstance(block, ScheduleBlock) else None

    def ask(self, past: Facts, question: Question, now: int) -> Finding | None:
        """Return why the rule refuses a question, None where it does not."""
        if self._closed is not None:
            closed = self._closed.at(now)
            return Finding("NO_DEPLOY_WINDOW", "", closed.end) if closed is not None else None
        return find_reason(self.rule, past, question, now)


def is_exempt(rule: Rule, past: Facts, question: Question) -> bool:
    """Return whether a rule does not hold for a question, because it is about a rollback."""
    if rule.rollbacks != "exempt":
        return False
    timeline = past.timeline(question.product, question.environment)
    return timeline.is_rollback(question.version, question.instance)


def question_of(deployment: Deployment) -> Question:
    """Return the question that was to be asked before a deployment began."""
    runs = [each["invoke_id"] for each in deployment.events if each.get("invoke_id")]
    return Question(
        deployment.product,
        deployment.version,
        deployment.environment,
        deployment.instance,
        deployment.at,
        runs[0] if runs else "",
    )


# The closed times of a schedule are computed for so many seconds at once.
_CHUNK: Final = 92 * 86_400


class _ClosedTimes:
    """The closed times of a schedule, computed once for each quarter of a year that is asked."""

    def __init__(self, block: ScheduleBlock) -> None:
        self._block = block
        self._chunks: dict[int, tuple[list[int], list[ClosedTime]]] = {}

    def at(self, now: int) -> ClosedTime | None:
        """Return the closed time that a moment is in, None where it is in none."""
        number = now // _CHUNK
        if number not in self._chunks:
            first = number * _CHUNK
            found = closed_times(self._block, first, first + _CHUNK)
            self._chunks[number] = [each.start or 0 for each in found], found
        starts, times = self._chunks[number]
        place = bisect_right(starts, now) - 1
        if place < 0:
            return None
        end = times[place].end
        return times[place] if end is None or now < end else None
