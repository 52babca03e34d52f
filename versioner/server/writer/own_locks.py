"""Locks of git that a server left when it was killed, together with the git that it ran.

Before the branch moves, a note names the branch and its new commit. Where there is a note when the
next server has the write lock, the server that wrote it is dead, and so is its git: both held that
lock. A lock file of a branch has the new commit in it, or nothing yet, which another git's own lock
has for a moment only. No other lock is touched.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.backoff import Backoff
from versioner.git.checkout import checkouts_of
from versioner.git.lock import open_lock, try_lock
from versioner.git.state import keep_json, read_json, state_file

if TYPE_CHECKING:
    from versioner.git.session import LockedRepository

__all__ = ["OwnLocks", "hold_mirror"]

_NOTE: Final = "server-move.json"
# git writes into a lock of a ref at once, and changes an index for longer.
_REF_SECONDS: Final = 0.2
_INDEX_SECONDS: Final = 1.0


class OwnLocks:
    """The note of the move that is under way in a repository."""

    def __init__(self, common_dir: Path) -> None:
        self._note = state_file(common_dir, _NOTE)

    def release(self, locked: LockedRepository) -> None:
        """Remove the locks of a server that was killed; note the moves of this transaction."""
        locked.session.before_move = self._write
        if not os.path.lexists(self._note):
            return
        found = read_json(self._note)
        ref, new = (found.get("ref"), found.get("new")) if isinstance(found, dict) else ("", "")
        if isinstance(ref, str) and isinstance(new, str) and ref == locked.branch:
            _remove_ref_lock(locked.common_dir / f"{ref}.lock", new)
            _remove_ref_lock(locked.common_dir / "HEAD.lock", new)
            for checkout in checkouts_of(locked, ref):
                _remove_ref_lock(checkout.git_dir / "HEAD.lock", new)
                _remove_unchanged(checkout.git_dir / "index.lock", _INDEX_SECONDS)
        self.forget()

    def forget(self) -> None:
        """Remove the note: the branch moved, or will not."""
        self._note.unlink(missing_ok=True)

    def _write(self, ref: str, new: str) -> None:
        keep_json(self._note, {"ref": ref, "new": new})


def _remove_ref_lock(lock: Path, new: str) -> None:
    try:
        if lock.is_symlink() or lock.read_bytes().strip() not in (b"", new.encode("ascii")):
            return
    except OSError:
        return
    _remove_unchanged(lock, _REF_SECONDS)


def _remove_unchanged(lock: Path, seconds: float) -> None:
    """Remove a lock file that stays as it is for some seconds."""
    backoff = Backoff(seconds / 4, growth=1.0, limit=seconds)
    before = _state(lock)
    while before is not None and not backoff.is_over:
        backoff.pause()
        if _state(lock) != before:
            return
    if before is not None:
        with suppress(OSError):
            lock.unlink()


def _state(lock: Path) -> tuple[int, int, int] | None:
    try:
        found = lock.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def hold_mirror(folder: Path) -> int:
    """Take the lock of a server's mirror, and return its descriptor, to be kept open.

    Where no other server has it, locks of git that stay as they are were left by a dead one.
    """
    own = folder / "server.lock"
    descriptor = open_lock(own)
    if try_lock(descriptor):
        for lock in [*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")]:
            if lock != own:
                _remove_unchanged(lock, _REF_SECONDS)
    return descriptor
