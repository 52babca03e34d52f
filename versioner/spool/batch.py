"""Many processes on one host that record on one registry at once share their pushes.

Each puts its event into a queue, one for each registry. Who gets the queue's lock hands all that
is in it to one call of `send`, and leaves each other process its outcome; the others wait, and
those that came too late are the next holder's. A holder that is killed leaves the events, and the
next one sends them again: what was done already is known by its id.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from versioner.backoff import Backoff
from versioner.errors import InvalidInput, OperationFailed
from versioner.git.lock import open_lock, try_lock
from versioner.git.state import write_whole
from versioner.spool.store import (
    QUEUE,
    Spool,
    make_private,
    read_entry,
    read_small,
    write_entry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from versioner.spool.codec import SpoolEntry

__all__ = ["FOR_ALL", "REFUSED", "Outcome", "drain", "queued", "settle", "share"]

Kind = Literal["recorded", "already", "received", "failed"]

# A failure that says so in its details would meet whoever tries: the others are told of it. Of
# any other (a refused token, say), they try for themselves.
FOR_ALL: Final = "for_all"
# The `code` in the details of a failure that is the event's own: not valid, or blocked.
REFUSED: Final = (4, 5)

_MOST: Final = 256  # in one go
_OUTCOME_LIMIT: Final = 1 << 20
_STALE_SECONDS: Final = 3600
_PAUSES: Final = (0.002, 0.05)  # seconds, the first and the longest


class Outcome(NamedTuple):
    """Say what became of an event; `details` are JSON."""

    kind: Kind
    details: dict[str, Any]


def share(
    folder: Path,
    entry: SpoolEntry,
    send: Callable[[list[SpoolEntry]], Sequence[Outcome]],
    *,
    wait_seconds: float,
    now: float,
) -> Outcome:
    """Deliver an entry, in one go with what other processes have for the same registry.

    `send` returns one outcome for each entry, in their order; what it raises is raised here.
    `folder` is the spool's, `now` what a new file's time would be. Where the folder cannot be
    used, or `wait_seconds` run out, the entry is sent alone.
    """
    try:
        queue = _Queue(folder, entry.repo)
        queue.put(entry)
    except (OSError, OperationFailed):
        return _alone(entry, send)
    try:
        return _take_turns(queue, entry, send, wait_seconds, now)
    finally:
        queue.take_out(entry)


def queued(folder: Path) -> list[SpoolEntry]:
    """Return what processes that were killed, or are still at work, have left in all queues."""
    try:
        queues = sorted((folder / QUEUE).iterdir())
        return sorted(entry for each in queues for entry in _read(each, _names(each)).values())
    except OSError:
        return []


def drain(
    folder: Path, repo: str, send: Callable[[list[SpoolEntry]], Sequence[Outcome]]
) -> list[tuple[SpoolEntry, Outcome]]:
    """Send what is left in the queue of a registry, unless somebody is at it just now."""
    queue = _Queue(folder, repo)
    descriptor = open_lock(queue.lock)
    try:
        if not try_lock(descriptor):
            return []
        waiting = queue.waiting(None)
        if not waiting:
            return []
        outcomes = list(zip(waiting, send(waiting), strict=True))
        queue.hand_out(outcomes)
        _to_spool(folder, queue, outcomes)
        return outcomes
    finally:
        os.close(descriptor)


def settle(spool: Spool, entry: SpoolEntry, outcome: Outcome) -> None:
    """Take out of the spool what was delivered; put aside what no second try would change."""
    if outcome.kind != "failed":
        spool.drop(entry)
    elif outcome.details.get("code") in REFUSED:
        spool.set_aside(entry, str(outcome.details.get("message", "")))


def _to_spool(folder: Path, queue: _Queue, outcomes: Sequence[tuple[SpoolEntry, Outcome]]) -> None:
    """Move what failed into the spool: nobody else may ever come to this queue again."""
    spool = Spool(folder)
    for entry, outcome in outcomes:
        if outcome.kind == "failed":
            spool.keep(entry._replace(reason=str(outcome.details.get("message", ""))))
            settle(spool, entry, outcome)
            queue.forget(entry)


class _Queue:
    """Hold the entries and the outcomes of one registry's events, in a folder of their own."""

    def __init__(self, folder: Path, repo: str) -> None:
        from hashlib import sha256

        name = sha256(repo.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._repo = repo
        self.folder = folder / QUEUE / name
        self.lock = self.folder / "lock"
        for each in (folder, folder / QUEUE, self.folder):
            make_private(each)

    def put(self, entry: SpoolEntry) -> None:
        # Not to the disk: nothing was promised yet when the machine goes down.
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

    def outcome(self, entry: SpoolEntry) -> Outcome | None:
        """Return what another process has left for this one."""
        try:
            said = json.loads(read_small(self._done(entry), _OUTCOME_LIMIT))
            kind, details = said["kind"], said["details"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError, TypeError, KeyError):
            return None
        return Outcome(kind, details) if kind in get_args(Kind) and type(details) is dict else None

    def waiting(self, own: SpoolEntry | None) -> list[SpoolEntry]:
        """Return one's own entry and those of others, oldest first; without one, all there are.

        Whose outcome is there already is left out, for its owner may not have fetched it yet.
        """
        names = set(_names(self.folder))
        wanted = [
            name
            for name in sorted(names)
            if name.endswith(".json")
            and (own is None or f"{name.removesuffix('.json')}.done" not in names)
        ]
        others = [
            entry
            for key, entry in _read(self.folder, wanted).items()
            if entry.repo == self._repo and (own is None or key != own.key)
        ]
        return [*([own] if own else []), *others][:_MOST]

    def hand_out(self, outcomes: Sequence[tuple[SpoolEntry, Outcome]]) -> None:
        """Leave others their outcomes; what only this process may have failed at stays theirs."""
        for entry, outcome in outcomes:
            if outcome.kind == "failed" and not outcome.details.get(FOR_ALL):
                continue
            said = json.dumps({"kind": outcome.kind, "details": outcome.details})
            try:
                write_whole(self._done(entry), said.encode("ascii"), mode=0o600)
                # A failure is for its owner to deal with; where it was killed, for who comes next.
                if outcome.kind != "failed":
                    self._file(entry).unlink(missing_ok=True)
            except OSError:
                # Its owner tries itself.
                continue

    def sweep(self, now: float) -> None:
        """Remove what nobody will fetch any more."""
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


def _take_turns(
    queue: _Queue,
    entry: SpoolEntry,
    send: Callable[[list[SpoolEntry]], Sequence[Outcome]],
    wait_seconds: float,
    now: float,
) -> Outcome:
    try:
        descriptor = open_lock(queue.lock)
    except OperationFailed:
        return _alone(entry, send)
    try:
        got, outcome = _wait(queue, entry, descriptor, wait_seconds)
        if outcome is not None:
            return outcome
        return _lead(queue, entry, send, now) if got else _alone(entry, send)
    finally:
        os.close(descriptor)


def _wait(
    queue: _Queue, entry: SpoolEntry, descriptor: int, wait_seconds: float
) -> tuple[bool, Outcome | None]:
    """Wait for the lock or for an outcome, whichever comes first."""
    first, longest = _PAUSES
    backoff = Backoff(first, longest=longest, limit=wait_seconds)
    while True:
        try:
            got = try_lock(descriptor)
        except OSError:
            # A file system without locks: nothing to wait for.
            return False, None
        outcome = queue.outcome(entry)
        if got or outcome is not None or backoff.is_over:
            return got, outcome
        backoff.pause()


def _lead(
    queue: _Queue,
    entry: SpoolEntry,
    send: Callable[[list[SpoolEntry]], Sequence[Outcome]],
    now: float,
) -> Outcome:
    try:
        waiting = queue.waiting(entry)
        queue.sweep(now)
    except (OSError, OperationFailed):
        waiting = [entry]
    outcomes = list(zip(waiting, send(waiting), strict=True))
    queue.hand_out(outcomes[1:])
    return outcomes[0][1]


def _alone(entry: SpoolEntry, send: Callable[[list[SpoolEntry]], Sequence[Outcome]]) -> Outcome:
    (outcome,) = send([entry])
    return outcome


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _read(folder: Path, names: Sequence[str]) -> dict[str, SpoolEntry]:
    """Read the oldest entries among a folder's files; what is none is passed over."""
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
