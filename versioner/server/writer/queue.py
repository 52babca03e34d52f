"""The queue of writes, and the one thread that carries them out.

While the thread writes, others arrive; those that are events are recorded together by the next
move of the branch. A caller gets its result when its commit is on the branch.
"""

from __future__ import annotations

import logging
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from versioner.delivery.direct import ensure_event_id
from versioner.errors import OperationFailed
from versioner.git.process import RefChanged
from versioner.recording.preflight import Refused
from versioner.remote.faults import RemoteFailure
from versioner.server.writer.batch import Moment
from versioner.server.writer.local import LocalPlace
from versioner.server.writer.remote import RemotePlace
from versioner.server.writer.writes import EditWrite, EventWrite, Landed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from versioner.git.repository import Repository
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.client import RemoteClient
    from versioner.rules.gate.question import Answer
    from versioner.server.writer.writes import Author, Check, Write

    Listener = Callable[[Landed], None]

__all__ = ["RegistryWriter", "WriterBusy"]

_log = logging.getLogger(__name__)

_MOST_TOGETHER: Final = 256
_MOST_WAITING: Final = 4096
T = TypeVar("T")


class WriterBusy(OperationFailed):
    """A write that is not accepted: too many wait, or the server ends."""


class _Place(Protocol):
    """Where the writer writes: a repository of this machine, or a remote."""

    def record(
        self, writes: Sequence[EventWrite], moment: Moment
    ) -> dict[EventWrite, RecordResult | Exception]:
        """Record events by one move of the branch; return the outcome of each."""

    def edit(self, write: EditWrite) -> Any:
        """Carry out an operation, and return its result."""

    def close(self) -> None:
        """Release what is kept open."""


class RegistryWriter:
    """The only writer of one server: each write is the same operation that a command makes.

    `repository` is one of this machine, in which the writer commits on `branch` (default: as
    `track` finds it) or, with `client`, the mirror of a remote, to whose branch it pushes. `now`
    returns the time as RFC 3339 in UTC, `entropy` the time in milliseconds and ten random bytes.
    Any number of servers and commands may write at once.
    """

    def __init__(
        self,
        repository: Repository,
        client: RemoteClient | None = None,
        *,
        branch: str = "",
        now: Callable[[], str],
        entropy: Callable[[], tuple[int, bytes]],
    ) -> None:
        self._place: _Place = (
            LocalPlace(repository, branch)
            if client is None
            else RemotePlace(repository, client, entropy()[1].hex())
        )
        self._now = now
        self._entropy = entropy
        self._listeners: list[Listener] = []
        self._refusal_listeners: list[Callable[[str, Answer], None]] = []
        self._waiting: deque[Write] = deque()
        self._changed = Condition()
        self._is_closed = False
        self._thread: Thread | None = None

    def record_event(
        self,
        draft: EventDraft,
        *,
        author: Author | None = None,
        check: Check | None = None,
        create: bool = True,
    ) -> RecordResult:
        """Record an event or a decision, and return its result when it is on the branch.

        Raises as `recording.record.record_event` does, and what `check` raises.
        """
        return self.submit_event(draft, author=author, check=check, create=create).result()

    record_decision = record_event

    def edit(
        self,
        operation: Callable[[Repository], T],
        *,
        author: Author | None = None,
        proposal: str = "",
    ) -> T:
        """Carry out an operation of `editing`, and return its result when it is on the branch.

        It returns an EditResult, or a value whose `edited` is one, and may be called again where
        the branch moved meanwhile. With `proposal`, a commit that a protected branch does not take
        is pushed to a new branch, whose name begins so and which the result names. Raises what the
        operation raises, and RemoteFailure.
        """
        return self.submit_edit(operation, author=author, proposal=proposal).result()

    def submit_event(
        self,
        draft: EventDraft,
        *,
        author: Author | None = None,
        check: Check | None = None,
        create: bool = True,
    ) -> Future[RecordResult]:
        """Queue an event or a decision as `record_event` does; return its result to come."""
        return self.submit(EventWrite(draft, author, check, create=create))

    def submit(self, write: EventWrite) -> Future[RecordResult]:
        """Queue an event or a decision; return its result to come."""
        # Each try has the same id.
        write.draft = ensure_event_id(write.draft, self._entropy)
        if self._refusal_listeners:
            write.future.add_done_callback(lambda done: self._report_refusal(write, done))
        self._put(write)
        return write.future

    def submit_edit(
        self,
        operation: Callable[[Repository], T],
        *,
        author: Author | None = None,
        proposal: str = "",
    ) -> Future[T]:
        """Queue an operation as `edit` does; return its result to come."""
        write = EditWrite(operation, author, proposal)
        self._put(write)
        return write.future

    def subscribe(self, listener: Listener) -> None:
        """Call a function, which must be quick, after each move of the branch."""
        self._listeners.append(listener)

    def on_refusal(self, listener: Callable[[str, Answer], None]) -> None:
        """Call a function, which must be quick, with the id and the answer of refused starts."""
        self._refusal_listeners.append(listener)

    def _report_refusal(self, write: EventWrite, done: Future[RecordResult]) -> None:
        error = None if done.cancelled() else done.exception()
        if isinstance(error, Refused):
            for listener in self._refusal_listeners:
                listener(write.draft.event_id, error.answer)

    def close(self) -> None:
        """Carry out what waits, and end the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self._place.close()

    def _put(self, write: Write) -> None:
        with self._changed:
            if self._is_closed or len(self._waiting) >= _MOST_WAITING:
                raise WriterBusy(
                    "the server is ending"
                    if self._is_closed
                    else f"{_MOST_WAITING:,} writes wait already",
                    hint="send the request again",
                )
            if self._thread is None:
                self._thread = Thread(target=self._run, name="versioner-writer", daemon=True)
                self._thread.start()
            # A caller that goes away cancels nothing: the write may be under way.
            write.future.set_running_or_notify_cancel()
            self._waiting.append(write)
            self._changed.notify()

    def _run(self) -> None:
        while together := self._take():
            first = together[0]
            if isinstance(first, EditWrite):
                self._edit(first)
            else:
                self._record([each for each in together if isinstance(each, EventWrite)])

    def _take(self) -> list[Write]:
        """Wait for writes; return an edit alone, or the events up to the next edit."""
        with self._changed:
            while not self._waiting:
                if self._is_closed:
                    return []
                self._changed.wait()
            taken = [self._waiting.popleft()]
            while (
                isinstance(taken[0], EventWrite)
                and len(taken) < _MOST_TOGETHER
                and self._waiting
                and isinstance(self._waiting[0], EventWrite)
            ):
                taken.append(self._waiting.popleft())
            return taken

    def _edit(self, write: EditWrite) -> None:
        try:
            result = self._place.edit(write)
            commit = write.commit_of(result)
        except BaseException as error:  # the caller gets it
            write.future.set_exception(error)
            return
        write.future.set_result(result)
        if commit is not None:
            self._report(Landed(commit))

    def _record(self, writes: list[EventWrite]) -> None:
        try:
            outcomes = self._place.record(writes, Moment(self._now(), self._entropy))
        except BaseException as error:  # the callers get it
            self._record_alone(writes, error)
            return
        recorded = []
        for write, outcome in outcomes.items():
            if isinstance(outcome, Exception):
                write.future.set_exception(outcome)
            else:
                write.future.set_result(outcome)
                recorded += [] if outcome.already or outcome.received else [outcome]
        last = recorded[-1].commit if recorded else None
        if last is not None:
            self._report(Landed(last, tuple(recorded)))

    def _record_alone(self, writes: list[EventWrite], error: BaseException) -> None:
        """Record events one by one, where what stopped them all may be in the way of one only."""
        is_of_all = isinstance(error, RefChanged | RemoteFailure)
        if len(writes) > 1 and not is_of_all:
            for write in writes:
                self._record([write])
            return
        for write in writes:
            write.future.set_exception(error)

    def _report(self, landed: Landed) -> None:
        for listener in self._listeners:
            try:
                listener(landed)
            except Exception:  # the write is done
                _log.exception("a write could not be reported")
