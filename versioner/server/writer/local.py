"""The writer's place in a repository of this machine, bare or with work trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.backoff import Backoff
from versioner.git.commit import advance, updates_of
from versioner.git.process import RefChanged
from versioner.git.transaction import transaction
from versioner.recording.local import at_branch
from versioner.server.writer.authors import set_author
from versioner.server.writer.batch import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.git.repository import Repository
    from versioner.recording.record import RecordResult
    from versioner.server.writer.batch import Moment
    from versioner.server.writer.writes import EditWrite, EventWrite

__all__ = ["LocalPlace"]

# A push of somebody else may move the branch between reading it and writing to it.
_TRIES: Final = 8
_PAUSE_SECONDS: Final = 0.02


class LocalPlace:
    """A repository of this machine, in which the writer commits on one branch."""

    def __init__(self, repository: Repository, branch: str) -> None:
        self._repository = at_branch(repository, branch or None)

    def record(
        self, writes: Sequence[EventWrite], moment: Moment
    ) -> dict[EventWrite, RecordResult | Exception]:
        """Record events by one move of the branch; return the outcome of each.

        Raises RefChanged where the branch moved at each try, and what `advance` raises.
        """
        backoff = Backoff(_PAUSE_SECONDS, tries=_TRIES)
        while True:
            try:
                return self._record(writes, moment)
            except RefChanged:
                if backoff.is_over:
                    raise
                backoff.pause()

    def _record(
        self, writes: Sequence[EventWrite], moment: Moment
    ) -> dict[EventWrite, RecordResult | Exception]:
        with transaction(self._repository) as locked:
            batch = judge(locked, writes, moment)
            new = batch.commit(locked, moment.now)
            if new is not None:
                message = batch.groups[-1].message
                advance(locked, new, updates_of(locked, batch.changes), message)
        return batch.on_branch(locked.branch or "")

    def edit(self, write: EditWrite) -> Any:
        """Carry out an operation under the write lock, and return its result."""
        backoff = Backoff(_PAUSE_SECONDS, tries=_TRIES)
        while True:
            try:
                with transaction(self._repository) as locked:
                    set_author(locked, write.author)
                    return write.operation(locked)
            except RefChanged:
                if backoff.is_over:
                    raise
                backoff.pause()

    def close(self) -> None:
        """Release what the place keeps open."""
