"""The writer's place in a repository of this machine, bare or with work trees."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from versioner.backoff import Backoff
from versioner.git.commit import advance
from versioner.git.objects import OpenRepository
from versioner.git.process import RefChanged
from versioner.git.transaction import transaction
from versioner.recording.local import at_branch
from versioner.server.writer.authors import KeptSettings, set_author
from versioner.server.writer.batch import judge
from versioner.server.writer.kept_objects import KeptObjects
from versioner.server.writer.own_locks import OwnLocks
from versioner.server.writer.tip_reads import KeptReads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.git.config import Setting
    from versioner.git.repository import Repository
    from versioner.git.session import LockedRepository
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
        found = at_branch(repository, branch or None)
        self._reader = KeptObjects(found.top)
        # A reader of a work tree's index has to be a new one after each change of the index.
        is_bare = found.work_tree is None
        self._repository = OpenRepository(found, self._reader) if is_bare else found
        self._locks = OwnLocks(found.common_dir)
        self._reads = KeptReads()
        self._settings = KeptSettings()

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
        settings = self._settings.at(self._repository, moment.now)
        with self._transaction(settings) as locked:
            batch = judge(locked, writes, moment, self._reads)
            new = batch.commit(locked, moment.now)
            if new is not None:
                message = batch.groups[-1].message
                advance(locked, new, batch.updates, message)
        return batch.on_branch(locked.branch or "")

    def edit(self, write: EditWrite) -> Any:
        """Carry out an operation under the write lock, and return its result."""
        backoff = Backoff(_PAUSE_SECONDS, tries=_TRIES)
        while True:
            try:
                with self._transaction() as locked:
                    set_author(locked, write.author)
                    return write.operation(locked)
            except RefChanged:
                if backoff.is_over:
                    raise
                backoff.pause()

    @contextmanager
    def _transaction(self, settings: list[Setting] | None = None) -> Iterator[LockedRepository]:
        with transaction(self._repository, settings=settings) as locked:
            self._locks.release(locked)
            yield locked
            self._locks.forget()

    def close(self) -> None:
        """End the process that reads objects."""
        self._reader.close()
