"""The question that the judge is asked, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from versioner.models.governance import Enforcement, UnreadableFile

__all__ = ["CODES", "Answer", "Code", "Outcome", "Question", "Verdict"]

Outcome = Literal["passed", "failed", "overridden", "exempt"]

Code = Literal[
    "VERSION_BLOCKED", "DEPLOYMENT_IN_PROGRESS", "NO_DEPLOY_WINDOW", "FLOW_VIOLATION",
    "INSUFFICIENT_SOAK_TIME", "QUALITY_APPROVAL_REQUIRED", "APPROVAL_REQUIRED",
    "REQUIREMENT_NOT_MET",
]  # fmt: skip
# The first of these heads an answer where several rules refuse.
CODES: Final[tuple[Code, ...]] = (
    "VERSION_BLOCKED", "DEPLOYMENT_IN_PROGRESS", "NO_DEPLOY_WINDOW", "FLOW_VIOLATION",
    "INSUFFICIENT_SOAK_TIME", "QUALITY_APPROVAL_REQUIRED", "APPROVAL_REQUIRED",
    "REQUIREMENT_NOT_MET",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """The question whether a version may go to an environment, or an instance, at a moment.

    `at` is UTC (RFC 3339, `Z`). `run` is the run of a pipeline that asks (`invoke_id`): where it is
    known, an open deployment of another run is not the question's own. `overrides` are the rules
    that the asker overrides ("all" for every one that permits it).
    """

    product: str
    version: str
    environment: str
    instance: str
    at: str
    run: str = ""
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule, or a built-in check (`rule` is ""), says to a question.

    `until` is the moment from which on it no longer refuses, "" where no time alone is enough, or
    where it passed. `hint` is what would change a refusal, for people.
    """

    rule: str
    type: str
    enforcement: Enforcement
    outcome: Outcome
    code: Code | Literal[""] = ""
    message: str = ""
    until: str = ""
    hint: str = ""

    @property
    def is_refusal(self) -> bool:
        """Return whether it refuses the question by itself."""
        return self.outcome == "failed" and self.enforcement == "enabled"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question: all verdicts, built-in ones first, then rules by name.

    `allowed_from` is the earliest moment from the question's on at which the same question, with no
    further event, is allowed; "" where no time alone is enough. `is_known` is whether an event
    names the version by then. Where `unreadable` is not empty, the question is not answered:
    `allowed` is False and there are no verdicts. `commit` is that of the registry, "" for none,
    and `tree` the tree of this commit where the caller knows it. `is_never_open` is whether every
    refusal ends with time, and yet no moment of the next years (`open_times.SEARCHED_YEARS`) is in
    no closed time of any rule.
    """

    question: Question
    allowed: bool
    code: Code | Literal[""]
    allowed_from: str
    verdicts: tuple[Verdict, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()
    is_known: bool = True
    commit: str = ""
    tree: str = ""
    is_never_open: bool = False

    @property
    def refusals(self) -> tuple[Verdict, ...]:
        """Return the verdicts that refuse."""
        return tuple(each for each in self.verdicts if each.is_refusal)
