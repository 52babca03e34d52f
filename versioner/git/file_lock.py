"""Lock a file between processes: the operating system lets go of it when its holder ends."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from versioner.errors import Failure

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["open_lock", "try_lock"]

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file, if nobody has it."""
        # Far beyond the text that names the holder, which others want to read.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file, if nobody has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def open_lock(path: Path) -> int:
    """Open a lock file, made where it is missing; never through a link, never a device."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise Failure(f"cannot open {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Failure(f"{path} is not a regular file", hint="remove it and try again")
    return descriptor
