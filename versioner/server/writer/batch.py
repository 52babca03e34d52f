"""Judge events on one tip, one after the other, and make the commits that record them.

Each event is judged on the tip with what the events before it change. Those of one author in a row
share a commit; each commit is the parent of the next, and the caller moves the branch once.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner import layout
from versioner.delivery.direct import message_of
from versioner.errors import VersionerError
from versioner.git.commit import updates_of, write_commit
from versioner.git.objects import reading, tip_view
from versioner.models.events import DECISION_KINDS
from versioner.recording.context import TipFiles
from versioner.recording.gate import has_gate, is_start
from versioner.recording.preflight import Preflight
from versioner.recording.record import prepare
from versioner.rules.visible import VisibleLogs
from versioner.server.problems import HttpProblem
from versioner.server.writer.tip_reads import StartGate
from versioner.server.writer.writes import GateAnswer, Judged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.checkout import FileUpdate
    from versioner.git.session import LockedRepository
    from versioner.models import Changes, EventKind, RegistryConfig
    from versioner.models.governance import Rule
    from versioner.recording.context import EventDraft
    from versioner.recording.gate import Gate
    from versioner.recording.record import RecordResult
    from versioner.rules.gate.question import Answer
    from versioner.server.writer.tip_reads import KeptReads
    from versioner.server.writer.writes import EventWrite

    _Prepared = tuple[RecordResult, Changes, RegistryConfig]

__all__ = ["Batch", "Moment", "judge"]

_log = logging.getLogger(__name__)

# One process writes so many files in half the time that `git fast-import` takes.
_MOST_FILES: Final = 1024


class Moment(NamedTuple):
    """When a batch is judged, and the source of random ids."""

    now: str
    entropy: Callable[[], tuple[int, bytes]]


@dataclass(slots=True)
class _Group:
    """The events of one commit."""

    author: tuple[str, str] | None
    changes: Changes = field(default_factory=dict)
    recorded: dict[EventWrite, RecordResult] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Return the message of the commit; no signature of it is one of who decided."""
        decided = [each for each in self.recorded.values() if each.kind in DECISION_KINDS]
        others = [each for each in self.recorded.values() if each.kind not in DECISION_KINDS]
        return message_of(others, decided)


@dataclass(slots=True)
class Batch:
    """Events that are judged: the outcome of each, and what is to be committed.

    The outcome of a refused event is its error.
    """

    outcomes: dict[EventWrite, RecordResult | Exception] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    groups: list[_Group] = field(default_factory=list)
    config: Mapping[str, Any] = field(default_factory=dict)
    updates: dict[str, FileUpdate] = field(default_factory=dict)

    def add(self, write: EventWrite, recorded: RecordResult, own: Changes) -> None:
        """Add an event that is to be recorded."""
        author = write.author.as_recorded(self.config) if write.author is not None else None
        if not self.groups or self.groups[-1].author != author:
            self.groups.append(_Group(author))
        self.groups[-1].changes |= own
        self.groups[-1].recorded[write] = recorded
        self.changes |= own

    def commit(self, locked: LockedRepository, when: str) -> str | None:
        """Write the commits, which no ref names yet, and return the last; None without events."""
        new = None
        for group in self.groups:
            at = locked if new is None else locked._replace(tip=new)
            locked.session.author = group.author
            updates = updates_of(at, group.changes)
            if not updates:
                continue
            made = write_commit(
                at,
                updates,
                group.message,
                identity=self.config.get("commit"),
                when=when,
                most_files=_MOST_FILES,
            )
            self._note(updates)
            for write, recorded in group.recorded.items():
                self.outcomes[write] = recorded._replace(commit=made, parent=at.tip)
            new = made
        return new

    def _note(self, updates: Mapping[str, FileUpdate]) -> None:
        """Note what a commit changes, as against the tip."""
        for path, update in updates.items():
            first = self.updates.get(path, update)
            self.updates[path] = update._replace(stale=first.stale)

    def on_branch(
        self, branch: str, pushed_to: str = ""
    ) -> dict[EventWrite, RecordResult | Exception]:
        """Return the outcomes, once the branch is at the last commit."""
        return {
            write: each._replace(branch=branch, pushed_to=pushed_to)
            if not isinstance(each, Exception)
            else each
            for write, each in self.outcomes.items()
        }


def judge(
    locked: LockedRepository,
    writes: Sequence[EventWrite],
    moment: Moment,
    reads: KeptReads,
) -> Batch:
    """Judge events at the tip, each with those before it; an error is the outcome of its event.

    `reads` has what is read of a tip for the judge of starts.
    """
    judge = _Judge(locked, moment, reads)
    batch = judge.batch
    for write in writes:
        try:
            recorded, own, config = judge.prepare(write)
        except (VersionerError, HttpProblem) as error:
            batch.outcomes[write] = error
        except Exception as error:  # no event may stop the others
            _log.exception("an event could not be judged")
            batch.outcomes[write] = error
        else:
            batch.config = config
            batch.outcomes[write] = recorded
            if own:
                batch.add(write, recorded, own)
    return batch


class _Judge:
    """The judge of one batch."""

    def __init__(self, locked: LockedRepository, moment: Moment, reads: KeptReads) -> None:
        self.batch = Batch()
        self._locked = locked
        self._moment = moment
        self._reads = reads

    def prepare(self, write: EventWrite) -> tuple[RecordResult, Changes, RegistryConfig]:
        """Judge one event; raise what `prepare`, `check` and `review` of the event raise."""
        prepared = self._prepare(write, write.draft)
        if write.check is not None:
            write.check(prepared[0])
        if write.review is not None:
            other = write.review(self._judged(prepared))
            if other is not None:
                prepared = self._prepare(write, other)
                write.review(self._judged(prepared))
        return prepared

    def _prepare(self, write: EventWrite, draft: EventDraft) -> _Prepared:
        def report(answer: Answer, rules: Sequence[Rule]) -> None:
            write.gate = GateAnswer(answer, rules)

        write.gate = None
        gate: Gate | None = None
        if is_start(draft.kind, draft.fields):
            gate = StartGate(
                self._reads, Preflight(self._moment.now, report=report, reads=self._reads)
            )
        pending = self.batch.changes
        prepared = prepare(
            self._locked, draft, self._moment.entropy, write.create, pending, gate=gate
        )
        recorded = prepared[0]
        view = self._locked.view()
        if gate is not None and recorded.already and has_gate(view, recorded.product):
            # A start that was sent again is not judged again; its answer says the same.
            with suppress(VersionerError):
                gate.judge(self._locked, recorded.product, recorded.event, pending)
        return prepared

    def _judged(self, prepared: _Prepared) -> Judged:
        recorded, own, _ = prepared
        event = recorded.event

        def visible(kind: EventKind) -> VisibleLogs:
            with reading(self._locked) as reader:
                view = tip_view(self._locked, reader)
                tip = TipFiles(reader, view, {**self.batch.changes, **own})
                periods = layout.visible_periods(event["at"])
                logs = tip.logs_of(recorded.product, [kind], periods)
                environment, former = tip.environment(event.get("environment", ""))
            places = {layout.place_of(path): data for path, data in logs.items()}
            return VisibleLogs(
                {(kind, place.period): data for place, data in places.items() if place},
                dict.fromkeys(former, environment),
                months=layout.visible_months(event["at"]),
            )

        return Judged(recorded, visible)
