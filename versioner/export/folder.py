"""The folder of an export: files are replaced whole, and files of others are never touched."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Self

from versioner.errors import OperationFailed
from versioner.export.manifest import DRAFT, JOURNAL, MANIFEST, FileState, Manifest, Part
from versioner.git.lock import open_lock, try_lock
from versioner.git.process import printable
from versioner.git.state import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

__all__ = ["ExportFolder"]

# All of the tool's own files in the folder begin so; with a dot, so that no engine reads them.
_OWN: Final = ".versioner-export"
_LOCK: Final = f"{_OWN}.lock"


class ExportFolder:
    """A folder that is new, empty or an earlier export's, locked for one export.

    Raises OperationFailed for any other folder, and where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = self.unchanged = self.removed = 0
        self._lock = -1
        self._folders: set[str] = set()

    def __enter__(self) -> Self:
        try:
            _claim(self.path)
            self._lock = open_lock(self.path / _LOCK)
            if not try_lock(self._lock):
                raise OperationFailed(
                    f"another export is writing to {_shown(self.path)}",
                    hint="wait for it to end",
                )
            # Where another export ended in between, this reads what that one wrote.
            self.manifest = Manifest(self.path)
            for draft in self.path.glob(f"{DRAFT}*"):
                draft.unlink()
        except OSError as error:
            self._unlock()
            raise _failure(error, self.path) from error
        except BaseException:
            self._unlock()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.manifest.close()
            else:
                with suppress(OSError):
                    for draft in self.path.glob(f"{DRAFT}*"):
                        draft.unlink()
        except OSError as failed:
            raise _failure(failed, self.path) from failed
        finally:
            self._unlock()
        if isinstance(error, OSError):
            raise _failure(error, self.path) from error

    def is_current(self, format_: str, name: str, key: str) -> bool:
        """Return whether a part was made from `key`, and its files are there in their sizes."""
        part = self.manifest.part(format_, name)
        return bool(key) and part.key == key and all(map(self._is_there, part.files.items()))

    def keep(self, format_: str, name: str) -> None:
        """Count the files of a part as unchanged."""
        self.unchanged += len(self.manifest.part(format_, name).files)

    def differs(self, format_: str, name: str, path: str, digest: str) -> bool:
        """Return whether a file of a part is missing, or was written with other content."""
        state = self.manifest.part(format_, name).files.get(path)
        return state is None or state.digest != digest or not self._is_there((path, state))

    def draft(self, number: int = 0) -> Path:
        """Return the path of a file to write before it gets its name; it does not exist."""
        return self.path / f"{DRAFT}{number}"

    def begin(self, format_: str, name: str, paths: Iterable[str]) -> None:
        """Begin to change files of a part; raise OperationFailed for a file of others there."""
        paths = list(paths)
        known = self.manifest.part(format_, name).files
        for path in paths:
            self._check(path)
            if path not in known and os.path.lexists(self.path / path):
                raise OperationFailed(
                    f"{_shown(self.path / path)} exists, and no export wrote it",
                    hint="move it elsewhere, or give another folder",
                )
        self.manifest.begin(format_, name, paths)

    def write(self, path: str, data: bytes) -> int:
        """Write a file of a part that was begun, and return its size."""
        self._make_parents(path)
        write_whole(self.path / path, data, draft=self.draft())
        self.written += 1
        return len(data)

    def place(self, draft: Path, path: str) -> None:
        """Give a draft the name of a file of a part that was begun."""
        self._make_parents(path)
        draft.replace(self.path / path)
        self.written += 1

    def end(self, format_: str, name: str, part: Part) -> None:
        """End a part: remove its other files, and note what it has now."""
        before = self.manifest.part(format_, name).files
        for path in before.keys() - part.files.keys():
            self._remove(path)
        self.manifest.end(format_, name, part)

    def drop(self, format_: str, name: str) -> None:
        """Remove a part with its files."""
        self.manifest.begin(format_, name, self.manifest.part(format_, name).files)
        self.end(format_, name, Part())

    def _is_there(self, item: tuple[str, FileState]) -> bool:
        path, state = item
        try:
            found = os.lstat(self.path / path)
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == state.size

    def _make_parents(self, path: str) -> None:
        for parent in reversed(PurePosixPath(path).parents[:-1] if "/" in path else ()):
            if str(parent) not in self._folders:
                (self.path / parent).mkdir(exist_ok=True)
                self._folders.add(str(parent))

    def _check(self, path: str) -> None:
        """Raise OperationFailed where a folder above a file is a link or a file."""
        for parent in PurePosixPath(path).parents:
            above = self.path / parent
            if str(parent) in self._folders or parent == PurePosixPath("."):
                continue
            if os.path.lexists(above) and not stat.S_ISDIR(os.lstat(above).st_mode):
                raise OperationFailed(
                    f"{_shown(above)} is not a folder", hint="move it elsewhere, and try again"
                )

    def _remove(self, path: str) -> None:
        """Remove a file of an earlier export, and the folders that are then empty."""
        self._check(path)
        if os.path.lexists(self.path / path):
            (self.path / path).unlink()
            self.removed += 1
        for parent in PurePosixPath(path).parents[:-1]:
            try:
                (self.path / parent).rmdir()
            except OSError:
                break
            self._folders.discard(str(parent))

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _claim(path: Path) -> None:
    """Make a folder; raise OperationFailed where it has files and no export was written there."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise OperationFailed(
            f"{_shown(path)} is not a folder", hint="give a folder that is new or empty"
        )
    path.mkdir(parents=True, exist_ok=True)
    names = {entry.name for entry in path.iterdir()}
    if names & {MANIFEST, JOURNAL}:
        return
    if foreign := sorted(name for name in names if not name.startswith(_OWN)):
        raise OperationFailed(
            f"{_shown(path)} is not empty (it has {printable(foreign[0])}), and no export was "
            "written there",
            hint="give a folder that is new or empty",
        )


def _failure(error: OSError, path: Path) -> OperationFailed:
    named = error.filename2 or error.filename or path
    return OperationFailed(f"cannot write {_shown(named)}: {error.strerror or error}")


def _shown(path: object) -> str:
    return printable(str(path))
