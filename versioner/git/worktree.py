"""Read and replace single files of a work tree, never through a link."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from versioner.errors import OperationFailed
from versioner.git.process import printable
from versioner.git.state import read_regular, write_whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "FileState",
    "file_state",
    "is_safe_path",
    "kind_of_mode",
    "remove_draft",
    "remove_file",
    "replace_file",
]

# Names that git, Windows or macOS read as another path.
_UNSAFE_PART: Final = r"(?is)\.{0,2}|\.git[ .]*|git~[0-9]+|.*[\\:\x00-\x1f].*|.*[ .]"
# Nearly all parts of paths have these letters only, and need no pattern.
_PLAIN: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_"
_DRAFT: Final = ".versioner-draft"

FileKind = Literal["absent", "file", "link", "directory", "other"]


class FileState(NamedTuple):
    """The kind of a path, and the content and mode of a regular file."""

    kind: FileKind
    data: bytes = b""
    mode: int = 0


def is_safe_path(path: object) -> bool:
    """Return whether a path is inside the work tree on every system."""
    return (
        isinstance(path, str)
        and 0 < len(path) <= 1024
        and not any(map(_is_unsafe, path.split("/")))
    )


def _is_unsafe(part: str) -> bool:
    name, dot, suffix = part.partition(".")
    if name and not name.strip(_PLAIN) and bool(suffix) == bool(dot) and not suffix.strip(_PLAIN):
        return False
    return re.fullmatch(_UNSAFE_PART, part) is not None


def kind_of_mode(mode: int) -> FileKind:
    """Return the kind of file of an lstat mode."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    return "directory" if stat.S_ISDIR(mode) else "other"


def file_state(top: Path, path: str) -> FileState:
    """Return the state of a path; for a parent that is not a directory, the parent's."""
    # An import asks for each of many thousand files: texts take a third of the time of Path.
    target = str(top)
    *parents, name = path.split("/")
    for part in parents:
        target = f"{target}/{part}"
        kind = _kind_at(target)
        if kind != "directory":
            return FileState(kind)
    target = f"{target}/{name}"
    kind = _kind_at(target)
    if kind != "file":
        return FileState(kind)
    try:
        data, mode = read_regular(target)
    except OSError as error:
        raise OperationFailed(f"cannot read {printable(target)}: {error.strerror}") from error
    return FileState("file", data, mode)


def _kind_at(target: str) -> FileKind:
    try:
        return kind_of_mode(os.lstat(target).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    except OSError as error:
        raise OperationFailed(f"cannot read {printable(target)}: {error.strerror}") from error


def replace_file(top: Path, path: str, data: bytes, *, draft_dir: Path, mode: int = 0) -> None:
    """Write a file by rename; `mode` are the permissions to keep, if the file existed.

    The temporary name is in `draft_dir` (the git directory), so that a killed process leaves
    nothing in the work tree. On another file system it is beside the file (`remove_draft`).
    """
    target = top / path
    try:
        if not (folder := target.parent).is_dir():
            folder.mkdir(parents=True, exist_ok=True)
        permissions = stat.S_IMODE(mode)
        try:
            write_whole(target, data, draft=draft_dir / "draft", mode=permissions)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            beside = target.with_name(target.name + _DRAFT)
            write_whole(target, data, draft=beside, mode=permissions)
    except OSError as error:
        raise OperationFailed(f"cannot write {printable(str(target))}: {error.strerror}") from error


def remove_file(top: Path, path: str) -> None:
    """Remove a file, and the directories that this leaves empty."""
    target = top / path
    try:
        target.unlink(missing_ok=True)
    except NotADirectoryError:
        return
    except OSError as error:
        raise OperationFailed(
            f"cannot remove {printable(str(target))}: {error.strerror}"
        ) from error
    prune(top, path)


def prune(top: Path, path: str) -> None:
    """Remove the parent directories of a path that are empty."""
    parent = path.rpartition("/")[0]
    while parent:
        try:
            (top / parent).rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return
        parent = parent.rpartition("/")[0]


def remove_draft(top: Path, path: str) -> None:
    """Remove the temporary file that a killed process left beside a file."""
    with suppress(FileNotFoundError):
        os.unlink(f"{top}/{path}{_DRAFT}")  # noqa: PTH108 - as in `file_state`
