"""What callers hand to the writer, and what it reports of a write that is on the branch."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models import EventKind
    from versioner.models.governance import Rule
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.rules.gate.question import Answer
    from versioner.rules.visible import VisibleLogs

    Check = Callable[[RecordResult], None]
    Review = Callable[["Judged"], EventDraft | None]
    Operation = Callable[[Repository], Any]

__all__ = ["Author", "EditWrite", "EventWrite", "GateAnswer", "Judged", "Landed", "Write"]


class Author(NamedTuple):
    """The person who writes; `people:` in registry.yaml decides what of it a commit has."""

    login: str
    name: str = ""
    email: str = ""

    def as_recorded(self, config: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the name and the address of a commit's author, None where there is to be none."""
        people = config.get("people", "login")
        if people == "all":
            return self.name or self.login, self.email
        return None if people == "none" or "@" in self.login else (self.login, "")


class Judged(NamedTuple):
    """An event that is judged, and not recorded yet.

    `visible` returns the product's events of a kind, of the event's month and the one before, with
    the event itself and with the present names of environments.
    """

    recorded: RecordResult
    visible: Callable[[EventKind], VisibleLogs]


class GateAnswer(NamedTuple):
    """What the rules said to the start of a deployment, and the rules."""

    answer: Answer
    rules: Sequence[Rule]


@dataclass(eq=False, slots=True)
class EventWrite:
    """An event or a decision to record.

    `check` raises where the caller may not record it: its product and its environment are those of
    the registry then, whatever name the caller used. `review` sees what is going to be recorded; it
    may return another draft, which is then judged in its place. It is called again where the
    branch moved. `create` allows new products and environments. `gate` is what the rules said, also
    of a start that is refused; None where no rule was asked.
    """

    draft: EventDraft
    author: Author | None = None
    check: Check | None = None
    review: Review | None = None
    create: bool = True
    gate: GateAnswer | None = None
    future: Future[RecordResult] = field(default_factory=Future)


@dataclass(eq=False, slots=True)
class EditWrite:
    """An operation that makes at most one commit, as those of `editing` do.

    It returns an EditResult, or a value whose `edited` is one. `proposal` is how the name of the
    new branch begins to which the commit is pushed where the remote's branch is protected; "" for
    none, where that is an error.
    """

    operation: Operation
    author: Author | None = None
    proposal: str = ""
    future: Future[Any] = field(default_factory=Future)

    def commit_of(self, result: Any) -> str | None:
        """Return the commit that the operation made, None where nothing was to be changed."""
        edited = getattr(result, "edited", result)
        commit: str | None = edited.commit
        return commit


Write = EventWrite | EditWrite


class Landed(NamedTuple):
    """What one move of the branch brought: its last commit, and the events with their results."""

    commit: str
    recorded: tuple[RecordResult, ...] = ()
