"""The write lock: one writer at a time in a repository with all its work trees.

The operating system releases the lock when the process that holds it ends, so that a lock file
left by a killed process blocks no other. git's processes inherit it: while one of a killed
command may still move a ref, no other command writes.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.errors import OperationFailed
from versioner.git.process import LockedByGit
from versioner.git.state import state_dir

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

__all__ = ["WAIT_SECONDS", "WriteLock", "open_lock", "try_lock"]

# For one writer; while writers follow each other, ten times as long.
WAIT_SECONDS: Final = 30.0
_WRITERS: Final = 10


class WriteLock:
    """The lock of a `with` block, which waits up to `wait` seconds for each writer before it."""

    def __init__(self, common_dir: Path, wait: float = WAIT_SECONDS) -> None:
        self.folder = state_dir(common_dir)
        self._path = self.folder / "lock"
        self._wait = wait
        self._descriptor = -1

    def __enter__(self) -> WriteLock:
        self._descriptor = open_lock(self._path)
        try:
            self._acquire()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    @property
    def inherited(self) -> Sequence[int]:
        """Return the descriptors that a child process inherits to hold the lock as well."""
        return () if sys.platform == "win32" else (self._descriptor,)

    def age_of(self, path: Path) -> str:
        """Return how old a file was when this lock was taken, such as "3 minutes"."""
        try:
            seconds = os.fstat(self._descriptor).st_mtime - path.lstat().st_mtime
        except OSError:
            return ""
        for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
            if seconds >= length:
                count = int(seconds // length)
                return f"{count} {unit}{'s' if count > 1 else ''}"
        return "seconds"

    def refuse_if_there(self, path: Path) -> None:
        """Raise LockedByGit when a lock file of git is still there after two seconds."""
        if not os.path.lexists(path):
            return
        from versioner.backoff import Backoff

        backoff = Backoff(0.05, growth=1.0, limit=2.0)
        while os.path.lexists(path):
            if backoff.is_over:
                raise LockedByGit(str(path), age=self.age_of(path))
            backoff.pause()

    def aged(self, error: LockedByGit) -> LockedByGit:
        """Return the error with the age of the lock file added."""
        return LockedByGit(error.path, age=self.age_of(Path(error.path)), stderr=error.stderr)

    def _acquire(self) -> None:
        if not try_lock(self._descriptor):
            self._wait_for_lock()
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"process {os.getpid()}\n".encode("ascii").ljust(24))

    def _wait_for_lock(self) -> None:
        from versioner.backoff import Backoff

        whole = Backoff(0, limit=_WRITERS * self._wait)
        backoff, holder = Backoff(0.002, longest=0.05, limit=self._wait), self._holder()
        while not try_lock(self._descriptor):
            if self._holder() != holder:
                # Many jobs at once: each is served in turn.
                holder = self._holder()
                backoff = Backoff(0.02, longest=0.05, limit=self._wait)
            if whole.is_over:
                raise OperationFailed(
                    f"other writers have held the registry for {_WRITERS * self._wait:.0f} seconds",
                    hint="try again when fewer jobs write to it",
                )
            if backoff.is_over:
                raise OperationFailed(
                    f"another writer ({holder}) has held the registry for {self._wait:.0f} seconds",
                    hint="wait for it to end, or end it, and try again",
                )
            backoff.pause()

    def _holder(self) -> str:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = os.read(self._descriptor, 24).decode("ascii", "replace").strip()
        return text if text.removeprefix("process ").isdigit() else "unknown"


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file; return False where another process has it."""
        # A byte far beyond the text that names the holder, which other processes read.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file; return False where another process has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def open_lock(path: Path) -> int:
    """Open a lock file, and create it if missing; refuse a link or a device."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise OperationFailed(f"cannot open {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OperationFailed(f"{path} is not a regular file", hint="remove it and try again")
    return descriptor
