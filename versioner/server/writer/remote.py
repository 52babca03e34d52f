"""The writer's place at a remote: fetch the tip, judge there, push only onto that tip.

All is done in the server's mirror of the remote, so that a fetch brings only what is new. The tip
that is judged has a ref of its own there: the mirror's branch is that of the readers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from versioner.backoff import Backoff
from versioner.errors import OperationFailed
from versioner.git.objects import OpenRepository
from versioner.git.process import git
from versioner.git.repository import tip_of
from versioner.git.transaction import transaction
from versioner.remote.client import RefUpdate, failure_of
from versioner.remote.faults import PASSING, RemoteFailure
from versioner.server.writer.authors import KeptSettings, set_author
from versioner.server.writer.batch import Batch, judge
from versioner.server.writer.handover import handed_over
from versioner.server.writer.kept_objects import KeptObjects
from versioner.server.writer.tip_reads import KeptReads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from versioner.git.repository import Repository
    from versioner.recording.record import RecordResult
    from versioner.remote.client import RemoteClient
    from versioner.server.writer.batch import Moment
    from versioner.server.writer.writes import EditWrite, EventWrite

__all__ = ["RemotePlace"]

# The clients of the hosted product wait 30 seconds for an answer.
_LONGEST_SECONDS: Final = 25.0
_PAUSE_SECONDS: Final = 0.02
_LONGEST_PAUSE_SECONDS: Final = 0.5
T = TypeVar("T")
# The remote takes no push to its branch, and may take one to another branch.
_PROTECTED: Final = ("protected", "signature", "hook", "refused")
_PASSING: Final = (*PASSING, "race", "locked", "unknown")


class RemotePlace:
    """A branch of a remote, on which the writer pushes what it has judged at its tip.

    `mirror` is a mirror of the remote with all objects of the branch, `client` reaches the remote
    from there, and `name` tells this writer from others that use the mirror.
    """

    def __init__(self, mirror: Repository, client: RemoteClient, name: str) -> None:
        self._reader = KeptObjects(mirror.top)
        self._mirror = OpenRepository(mirror, self._reader)
        self._client = client
        self._branch = mirror.branch or ""
        self._reads = KeptReads()
        self._settings = KeptSettings()
        self._judged = f"refs/versioner/server/{name}"

    def record(
        self, writes: Sequence[EventWrite], moment: Moment
    ) -> dict[EventWrite, RecordResult | Exception]:
        """Record events by one push; return the outcome of each.

        What a protected branch does not take waits in the inbox. Raises RemoteFailure where no try
        succeeded.
        """
        batch = Batch()

        def once() -> dict[EventWrite, RecordResult | Exception]:
            nonlocal batch
            place = self._fetch()
            settings = self._settings.at(place, moment.now)
            with transaction(place, settings=settings) as locked:
                batch = judge(locked, writes, moment, self._reads)
                new = batch.commit(locked, moment.now)
            if new is not None:
                self._push(place.tip, new)
            return batch.on_branch(self._branch, self._client.remote.public_url)

        def again() -> None:
            # The push may have arrived although its answer did not.
            for write in writes:
                write.draft = write.draft._replace(resent=True)

        try:
            return _repeated(once, again)
        except RemoteFailure as failure:
            return handed_over(self._client.remote, batch, failure)

    def edit(self, write: EditWrite) -> Any:
        """Carry out an operation at the tip, push its commit, and return the operation's result."""

        def once() -> Any:
            place = self._fetch()
            with transaction(place) as locked:
                set_author(locked, write.author)
                result = write.operation(locked)
            new = write.commit_of(result)
            branch = self._branch if new is None else self._pushed(place.tip, new, write.proposal)
            return _on_branch(result, branch)

        return _repeated(once, lambda: None)

    def close(self) -> None:
        """Delete the writer's own ref, and end the process that reads objects."""
        self._reader.close()
        git(["update-ref", "-d", self._judged], cwd=self._mirror.top, check=False)

    def _fetch(self) -> Repository:
        """Fetch the tip, and return the mirror with that tip on the writer's own ref."""
        done = self._client.fetch(["origin", f"+{self._branch}:{self._judged}"])
        if done.returncode != 0:
            if "couldn't find remote ref" in done.stderr:
                name = self._branch.removeprefix("refs/heads/")
                raise OperationFailed(f'the remote has no branch "{name}" any more')
            raise failure_of(done)
        tip = tip_of(self._mirror, self._judged)
        return self._mirror._replace(branch=self._judged, tip=tip, pinned=True)

    def _push(self, tip: str | None, new: str) -> None:
        update = RefUpdate(self._branch, tip, new)
        status = self._client.push([update])[update.ref]
        if status.fault is not None:
            raise RemoteFailure(status.fault, status.reason, sent=status.fault == "unknown")
        # The readers of this server see it at once; a fetch of theirs may be quicker.
        args = ["update-ref", self._branch, new, *([tip] if tip else [])]
        git(args, cwd=self._mirror.top, check=False)

    def _pushed(self, tip: str | None, new: str, proposal: str) -> str:
        """Push a commit, and return the branch that it is on; see `EditWrite.proposal`."""
        try:
            self._push(tip, new)
        except RemoteFailure as failure:
            if not proposal or failure.fault not in _PROTECTED:
                raise
        else:
            return self._branch
        update = RefUpdate(f"refs/heads/{proposal}-{new[:8]}", None, new)
        status = self._client.push([update])[update.ref]
        if status.fault is not None:
            raise RemoteFailure(status.fault, status.reason, sent=status.fault == "unknown")
        return update.ref


def _on_branch(result: Any, branch: str) -> Any:
    edited = getattr(result, "edited", None)
    if edited is not None:
        return replace(result, edited=replace(edited, branch=branch))
    return replace(result, branch=branch)


def _repeated(once: Callable[[], T], again: Callable[[], None]) -> T:
    """Return the result of the first try that succeeds; after a lost race, try at the new tip."""
    backoff = Backoff(_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS, limit=_LONGEST_SECONDS)
    while True:
        try:
            return once()
        except RemoteFailure as failure:
            if backoff.is_over or failure.fault not in _PASSING:
                raise
        again()
        backoff.pause()
