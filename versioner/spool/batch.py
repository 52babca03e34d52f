"""Shared sends: processes of one host that record on one registry at once push together.

Each process puts its event into a queue, one for each registry. The process that gets the queue's
lock sends all the events in it, and leaves each of the others its outcome. The others wait; those
that came too late for this send are sent by the next holder of the lock. A holder that is killed
leaves the events in the queue: the next holder sends them again, and what was recorded already is
recognised by its id.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, get_args

from versioner.backoff import Backoff
from versioner.errors import InvalidInput, OperationFailed
from versioner.git.lock import open_lock, try_lock
from versioner.git.state import write_whole
from versioner.spool.outcome import FOR_ALL, OutcomeKind, SendOutcome
from versioner.spool.store import QUEUE, Spool, make_private, read_entry, read_small, write_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from versioner.spool.codec import SpoolEntry

__all__ = ["Turn", "drain", "queued", "settle", "take_turn"]

_MOST: Final = 256  # in one send
_OUTCOME_LIMIT: Final = 1 << 20
_STALE_SECONDS: Final = 3600
_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.05


class Turn:
    """A process's turn to send its event, or the outcome that another process left for it.

    `outcome` is None where the event is still to be sent. `others` are the events of other
    processes to send with it.
    """

    def __init__(
        self,
        outcome: SendOutcome | None = None,
        others: Sequence[SpoolEntry] = (),
        queue: _Queue | None = None,
    ) -> None:
        self.outcome = outcome
        self.others = others
        self._queue = queue

    def hand_out(self, outcomes: Sequence[SendOutcome]) -> None:
        """Leave the other processes the outcomes of their events, in the order of `others`."""
        if self._queue is not None:
            self._queue.hand_out(list(zip(self.others, outcomes, strict=True)))


@contextmanager
def take_turn(
    folder: Path | None, repo: str, entry: SpoolEntry, *, wait_seconds: float, now: float
) -> Iterator[Turn]:
    """Wait until this process may send its entry, or until another process has sent it.

    `folder` is the spool's, `repo` the registry's URL, `now` what a new file's time would be.
    Where the folder cannot be used, or `wait_seconds` run out, the entry is to be sent alone.
    """
    queue = _queue_with(folder, repo, entry)
    if queue is None:
        yield Turn()
        return
    lock = -1
    try:
        lock, outcome = _wait(queue, entry, wait_seconds)
        others = queue.others(entry, now) if lock >= 0 and outcome is None else []
        yield Turn(outcome, others, queue)
    finally:
        if lock >= 0:
            os.close(lock)
        queue.take_out(entry)


def queued(folder: Path) -> list[SpoolEntry]:
    """Return the events in all queues: of processes that were killed or are still at work."""
    try:
        queues = sorted((folder / QUEUE).iterdir())
        return sorted(entry for each in queues for entry in _read(each, _names(each)).values())
    except OSError:
        return []


def drain(
    folder: Path, repo: str, send: Callable[[list[SpoolEntry]], Sequence[SendOutcome]]
) -> list[tuple[SpoolEntry, SendOutcome]]:
    """Send the events left in the queue of a registry, unless another process has its lock."""
    queue = _Queue(folder, repo)
    descriptor = open_lock(queue.lock)
    try:
        if not try_lock(descriptor):
            return []
        waiting = queue.entries()
        if not waiting:
            return []
        outcomes = list(zip(waiting, send(waiting), strict=True))
        queue.hand_out(outcomes)
        _to_spool(folder, queue, outcomes)
        return outcomes
    finally:
        os.close(descriptor)


def settle(spool: Spool, entry: SpoolEntry, outcome: SendOutcome) -> None:
    """Remove a delivered event from the spool; set a refused one aside, since no try can help."""
    if not outcome.is_failed:
        spool.drop(entry)
    elif outcome.is_refused:
        spool.set_aside(entry, outcome.message)


def _to_spool(
    folder: Path, queue: _Queue, outcomes: Sequence[tuple[SpoolEntry, SendOutcome]]
) -> None:
    """Move failed events into the spool: no process may ever use this queue again.

    A start that rules refuse is dropped: its process was killed before it had an answer.
    """
    spool = Spool(folder)
    for entry, outcome in outcomes:
        if outcome.is_of_rules:
            queue.forget(entry)
        elif outcome.is_failed:
            spool.add(entry._replace(reason=outcome.message))
            settle(spool, entry, outcome)
            queue.forget(entry)


class _Queue:
    """The folder of one registry's queued events and their outcomes."""

    def __init__(self, folder: Path, repo: str) -> None:
        from hashlib import sha256

        name = sha256(repo.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._repo = repo
        self.folder = folder / QUEUE / name
        self.lock = self.folder / "lock"
        for each in (folder, folder / QUEUE, self.folder):
            make_private(each)

    def put(self, entry: SpoolEntry) -> None:
        # Without fsync: nothing is acknowledged yet if the machine goes down.
        self._done(entry).unlink(missing_ok=True)
        write_entry(self._file(entry), entry, sync=False)

    def take_out(self, entry: SpoolEntry) -> None:
        for path in (self._file(entry), self._done(entry)):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                continue

    def forget(self, entry: SpoolEntry) -> None:
        self._file(entry).unlink(missing_ok=True)

    def outcome(self, entry: SpoolEntry) -> SendOutcome | None:
        """Return the outcome that another process has left for this one."""
        try:
            document = json.loads(read_small(self._done(entry), _OUTCOME_LIMIT))
            kind, details = document["kind"], document["details"]
        except (OSError, ValueError, RecursionError, TypeError, KeyError):
            return None
        is_valid = kind in get_args(OutcomeKind) and type(details) is dict
        return SendOutcome(kind, details) if is_valid else None

    def entries(self) -> list[SpoolEntry]:
        """Return the oldest entries of the queue."""
        return self._entries(set(_names(self.folder)))[:_MOST]

    def others(self, own: SpoolEntry, now: float) -> list[SpoolEntry]:
        """Return the oldest entries of other processes, and remove files that are out of use.

        An entry whose outcome is there already is left to its owner.
        """
        try:
            names = set(_names(self.folder))
            finished = {name for name in names if f"{_stem(name)}.done" in names}
            others = self._entries(names - finished - {f"{own.key}.json"})
            self._sweep(now)
        except (OSError, OperationFailed):
            return []
        return others[: _MOST - 1]

    def hand_out(self, outcomes: Sequence[tuple[SpoolEntry, SendOutcome]]) -> None:
        """Write the outcomes of other processes' events, except failures that may be ours."""
        for entry, outcome in outcomes:
            if outcome.is_failed and not outcome.details.get(FOR_ALL):
                continue
            text = json.dumps({"kind": outcome.kind, "details": outcome.details})
            try:
                write_whole(self._done(entry), text.encode("ascii"), mode=0o600)
                # After a failure the entry stays, for its owner or the next holder of the lock.
                if not outcome.is_failed:
                    self._file(entry).unlink(missing_ok=True)
            except OSError:
                # The owner sends the event itself.
                continue

    def _entries(self, names: set[str]) -> list[SpoolEntry]:
        found = _read(self.folder, sorted(name for name in names if name.endswith(".json")))
        return [entry for entry in found.values() if entry.repo == self._repo]

    def _sweep(self, now: float) -> None:
        """Remove outcomes and temporary files that no process will read any more."""
        for name in _names(self.folder):
            path = self.folder / name
            try:
                stale = path.lstat().st_mtime < now - _STALE_SECONDS
                if stale and name.endswith((".done", ".new")):
                    path.unlink()
            except OSError:
                continue

    def _file(self, entry: SpoolEntry) -> Path:
        return self.folder / f"{entry.key}.json"

    def _done(self, entry: SpoolEntry) -> Path:
        return self.folder / f"{entry.key}.done"


def _queue_with(folder: Path | None, repo: str, entry: SpoolEntry) -> _Queue | None:
    """Put an entry into its registry's queue; None where the folder cannot be used."""
    if folder is None:
        return None
    try:
        queue = _Queue(folder, repo)
        queue.put(entry)
    except (OSError, OperationFailed):
        return None
    return queue


def _wait(queue: _Queue, entry: SpoolEntry, wait_seconds: float) -> tuple[int, SendOutcome | None]:
    """Wait for the lock or for an outcome; return the lock's descriptor, -1 without the lock."""
    try:
        descriptor = open_lock(queue.lock)
    except OperationFailed:
        return -1, None
    has_lock = False
    try:
        backoff = Backoff(_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS, limit=wait_seconds)
        while True:
            has_lock = try_lock(descriptor)
            outcome = queue.outcome(entry)
            if has_lock or outcome is not None or backoff.is_over:
                return (descriptor if has_lock else -1), outcome
            backoff.pause()
    except OSError:
        # A file system without locks: there is nothing to wait for.
        return -1, None
    finally:
        if not has_lock:
            os.close(descriptor)


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _read(folder: Path, names: Sequence[str]) -> dict[str, SpoolEntry]:
    """Read the oldest entries among a folder's files; files that are no entries are left out."""
    found: dict[str, SpoolEntry] = {}
    for name in names:
        if len(found) == _MOST:
            break
        match = re.fullmatch(r"([0-9a-f]{32})\.json", name)
        if match is None:
            continue
        try:
            found[match[1]] = read_entry(folder / name, match[1])
        except (OSError, ValueError, InvalidInput):
            continue
    return found
