"""A private temporary folder; one that a killed process left is removed by the next."""

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

__all__ = ["TemporaryFolder", "temporary_folder"]

_PREFIX: Final = "versioner-scratch-"
_OWNER: Final = "owner"


class TemporaryFolder:
    """A folder, and the lock that shows that its process is running."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._descriptor = descriptor

    @property
    def inherited(self) -> Sequence[int]:
        """Return the descriptors that a child process inherits to keep the folder."""
        return () if os.name == "nt" else (self._descriptor,)


@contextmanager
def temporary_folder() -> Iterator[TemporaryFolder]:
    """Yield a new folder that only this user can read; remove it at the end."""
    # Each name is noted before the folder is created: a signal may come at any moment.
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


def _make(made: list[Path]) -> TemporaryFolder:
    try:
        return _made(made)
    except OSError as error:
        raise OperationFailed(
            f"cannot create a temporary folder: {error.strerror or error}",
            hint="free space on the disk, or set TMPDIR to a folder on another one",
        ) from error


def _made(made: list[Path]) -> TemporaryFolder:
    while True:
        # mkdir fails for a folder that exists.
        folder = Path(tempfile.mktemp(prefix=_PREFIX))  # noqa: S306
        made.append(folder)
        folder.mkdir(mode=0o700)
        try:
            descriptor = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            # Another process removed it as one that a killed process had just created.
            continue
        if try_lock(descriptor):
            return TemporaryFolder(folder, descriptor)
        # Another process has locked it, and is removing the folder.
        os.close(descriptor)


def _sweep(own: Path) -> None:
    """Remove the folders of this user whose process has ended."""
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
    # A git process may still be writing, so try twice; the next command removes the rest.
    try:
        _clear(folder)
    finally:
        if folder.exists():
            _clear(folder)


def _clear(folder: Path) -> None:
    """Remove a folder, its lock file last: by that file another process can remove the rest."""
    with suppress(OSError):
        for each in [found for found in folder.iterdir() if found.name != _OWNER]:
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)
        if [found.name for found in folder.iterdir()] == [_OWNER]:
            (folder / _OWNER).unlink(missing_ok=True)
        folder.rmdir()
