"""The writer's place at a remote: fetch the tip, judge there, push only onto that tip."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from versioner.backoff import Backoff
from versioner.delivery.context import fetch_context, ref_of_branch
from versioner.delivery.tip_files import fetch_tip_files
from versioner.editing.remote import edit_remotely
from versioner.git.transaction import transaction
from versioner.remote.client import RefUpdate
from versioner.remote.faults import PASSING, RemoteFailure
from versioner.remote.partial_clone import partial_clone
from versioner.server.writer.authors import set_author
from versioner.server.writer.batch import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.git.repository import Repository
    from versioner.recording.record import RecordResult
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote
    from versioner.server.writer.batch import Moment
    from versioner.server.writer.writes import EditWrite, EventWrite

__all__ = ["RemotePlace"]

# The clients of the hosted product wait 30 seconds for an answer.
_LONGEST_SECONDS: Final = 25.0
_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0
# The objects of a clone that is used for long take more and more of the disk.
_MOST_BATCHES: Final = 500


class RemotePlace:
    """A branch of a remote, on which the writer pushes what it has judged at its tip."""

    def __init__(self, remote: Remote, branch: str) -> None:
        self._remote = remote
        self._named = ref_of_branch(branch)
        self._branch = self._named
        self._open = ExitStack()
        self._clone: PartialClone | None = None
        self._batches = 0

    def record(
        self, writes: Sequence[EventWrite], moment: Moment
    ) -> dict[EventWrite, RecordResult | Exception]:
        """Record events by one push; return the outcome of each.

        Raises RemoteFailure where no try succeeded.
        """
        backoff = Backoff(_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS, limit=_LONGEST_SECONDS)
        while True:
            try:
                return self._record(writes, moment)
            except RemoteFailure as failure:
                is_passing = failure.fault in (*PASSING, "race", "locked", "unknown")
                if backoff.is_over or not is_passing:
                    raise
                if failure.fault != "race":
                    self.close()
            # The push may have arrived although its answer did not.
            for write in writes:
                write.draft = write.draft._replace(resent=True)
            backoff.pause()

    def _record(
        self, writes: Sequence[EventWrite], moment: Moment
    ) -> dict[EventWrite, RecordResult | Exception]:
        clone = self._fresh_clone()
        place, _ = fetch_context(clone, self._branch, [each.draft for each in writes])
        self._branch = place.branch or ""
        with transaction(place) as locked:
            batch = judge(locked, writes, moment, fetch_tip_files)
            new = batch.commit(locked, moment.now)
        if new is not None:
            _push(clone, RefUpdate(self._branch, place.tip, new))
        return batch.on_branch(self._branch, self._remote.url)

    def edit(self, write: EditWrite) -> Any:
        """Carry out an operation at the tip, push its commit, and return the operation's result."""
        results: list[Any] = []

        def operate(place: Repository) -> Any:
            with transaction(place) as locked:
                set_author(locked, write.author)
                results.append(write.operation(locked))
            return getattr(results[-1], "edited", results[-1])

        edit_remotely(self._remote, operate, branch=self._named, restoring=write.restoring)
        return results[-1]

    def close(self) -> None:
        """Delete the clone; the next write makes another."""
        self._clone = None
        self._open.close()

    def _fresh_clone(self) -> PartialClone:
        if self._batches >= _MOST_BATCHES:
            self.close()
        if self._clone is None:
            self._batches = 0
            self._branch = self._named
            self._clone = self._open.enter_context(partial_clone(self._remote))
        self._batches += 1
        return self._clone


def _push(clone: PartialClone, update: RefUpdate) -> None:
    status = clone.client.push([update])[update.ref]
    if status.fault is not None:
        raise RemoteFailure(status.fault, status.reason, sent=status.fault == "unknown")
