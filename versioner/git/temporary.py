"""A private folder for one errand, gone at its end; what a killed one left, the next sweeps."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.errors import OperationFailed
from versioner.git.lock import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Scratch", "scratch"]

_PREFIX: Final = "versioner-scratch-"
_OWNER: Final = "owner"


class Scratch:
    """A folder, and the lock that says that its owner lives."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._descriptor = descriptor

    @property
    def inherited(self) -> Sequence[int]:
        """Return what a child has to inherit to keep the folder while it lives."""
        return () if os.name == "nt" else (self._descriptor,)


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Make a folder in the system's temporary one that nobody else can look into."""
    # Named before they are there: a signal may come at any moment.
    made: list[Path] = []
    try:
        place = _make(made)
        _sweep(place.folder)
        try:
            yield place
        finally:
            with suppress(OSError):
                os.close(place._descriptor)
    finally:
        for folder in made:
            _remove(folder)


def _make(made: list[Path]) -> Scratch:
    try:
        return _made(made)
    except OSError as error:
        raise OperationFailed(
            f"there is no temporary folder to work in: {error.strerror or error}",
            hint="make room on this machine's disk, or set TMPDIR to a folder that has some",
        ) from error


def _made(made: list[Path]) -> Scratch:
    while True:
        # mkdir takes no folder that is there already.
        folder = Path(tempfile.mktemp(prefix=_PREFIX))  # noqa: S306
        made.append(folder)
        folder.mkdir(mode=0o700)
        try:
            descriptor = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            # A sweeper took it for one that a killed process had just made.
            continue
        if try_lock(descriptor):
            return Scratch(folder, descriptor)
        # Or it was between these two, and removes the folder.
        os.close(descriptor)


def _sweep(own: Path) -> None:
    """Remove the folders of this user whose owner is dead."""
    with suppress(OSError):
        for folder in own.parent.glob(f"{_PREFIX}*"):
            if folder != own:
                _sweep_one(folder)


def _sweep_one(folder: Path) -> None:
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        mine = not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
        descriptor = os.open(folder / _OWNER, flags) if mine and not folder.is_symlink() else -1
    except FileNotFoundError:
        with suppress(OSError):
            folder.rmdir()
        return
    except OSError:
        return
    if descriptor < 0:
        return
    try:
        dead = try_lock(descriptor)
    finally:
        os.close(descriptor)
    if dead:
        _remove(folder)


def _remove(folder: Path) -> None:
    # A child of git's may still be writing: twice, and what is left the next one sweeps.
    try:
        _clear(folder)
    finally:
        if folder.exists():
            _clear(folder)


def _clear(folder: Path) -> None:
    """Remove what is in a folder, the owner's file last: by it a sweeper knows the rest."""
    with suppress(OSError):
        for each in [found for found in folder.iterdir() if found.name != _OWNER]:
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)
        if [found.name for found in folder.iterdir()] == [_OWNER]:
            (folder / _OWNER).unlink(missing_ok=True)
        folder.rmdir()
