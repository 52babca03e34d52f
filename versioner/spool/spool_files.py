"""Files of one user's own: a folder nobody else can write to, files whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from versioner.errors import Failure

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_private", "read_small", "sync_folder", "write_whole"]

_OWN: int = -1 if sys.platform == "win32" else os.geteuid()


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may enter; raise Failure where it is not one's own."""
    try:
        if not folder.is_dir():
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)
        found, above = folder.lstat(), folder.parent.stat()
    except OSError as error:
        raise Failure(f"cannot make the folder {folder}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise Failure(f"{folder} is a link or a file, not a folder", hint=_ELSEWHERE)
    if _OWN == -1:  # pragma: no cover
        return
    # Whoever owns the folder above, or may write to it, could put another one in this place.
    shared = above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX
    if found.st_uid != _OWN or above.st_uid not in (0, _OWN) or shared:
        raise Failure(f"{folder} belongs to somebody else, or may be replaced", hint=_ELSEWHERE)
    if found.st_mode & 0o077:
        try:
            folder.chmod(0o700)
        except OSError as error:
            raise Failure(f"cannot close {folder} to others: {error.strerror}") from error


_ELSEWHERE = "name a folder of your own with VERSIONER_SPOOL"


def write_whole(path: Path, data: bytes, *, sync: bool) -> None:
    """Write a file under a temporary name, then give it its own; with `sync`, to the disk."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, flags | getattr(os, "O_BINARY", 0), 0o600)
        try:
            _write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(path)
    except BaseException:
        _remove(draft)
        raise
    if sync:
        sync_folder(path.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        # What was wrong before is told; a later sweep takes what is left.
        return


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can."""
    if sys.platform == "win32":  # pragma: no cover
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        # Some file systems of networks have no such thing.
        pass
    finally:
        os.close(descriptor)


def read_small(path: Path, most: int) -> bytes:
    """Read a regular file of one's own; OSError or ValueError says why it is not read."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:  # noqa: PTH123 -- of a descriptor
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not a regular file")
        if _OWN not in (-1, found.st_uid):
            raise ValueError("it belongs to somebody else")
        if found.st_size > most:
            raise ValueError(f"it holds {found.st_size:,} bytes")
        return file.read(most)
