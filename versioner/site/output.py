"""The output folder of a site, in which each file is replaced whole.

A manifest lists the files of the last build. The next build removes those that it does not
write again, and leaves every other file alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import OperationFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["MANIFEST", "FileChange", "Written", "claim", "publish", "read_file", "write_file"]

MANIFEST: Final = ".versioner-site.json"
_FORMAT: Final = "versioner-site/1"
_PATH: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class Written(NamedTuple):
    """How many files were written, unchanged and removed."""

    written: int
    unchanged: int
    removed: int


class FileChange(NamedTuple):
    """How the list of a folder's files changes: by files that are new, and others that go.

    `number` is how many there are then. `listed` are those that the manifest lists; None where
    it lists the right ones, and need not be read or written.
    """

    added: set[str]
    gone: set[str]
    number: int
    listed: set[str] | None


def claim(out: Path) -> set[str]:
    """Return the paths that an earlier build wrote into a folder; none for a new or empty one.

    Raises OperationFailed for a folder with files that no build has written.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OperationFailed(f"{out} is not a folder", hint="give another folder with --out")
    try:
        manifest = (out / MANIFEST).read_bytes()
    except FileNotFoundError:
        if out.is_dir() and any(out.iterdir()):
            raise OperationFailed(
                f"{out} is not empty, and no site was built there before",
                hint="give a new or empty folder with --out",
            ) from None
        return set()
    except OSError as error:
        raise OperationFailed(f"cannot read {out / MANIFEST}: {error.strerror}") from error
    return _listed(manifest, out)


def publish(
    out: Path, changed: Collection[str], write: Callable[[], int], change: FileChange
) -> Written:
    """Write a site's files into a claimed folder, and remove those that go.

    `write` writes those of the paths in `changed` that differ, and returns how many these are.
    While files are written, the manifest lists old and new ones, so that a build after a killed
    one still finds all of them.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if change.listed is not None:
            _replace(f"{out}/{MANIFEST}", _manifest(change.listed | change.added))
        for parent in sorted({path.rpartition("/")[0] for path in changed}):
            _make_folder(out, parent)
        written = write()
        removed = sum(_remove(out, path) for path in sorted(change.gone))
        if change.listed is not None:
            wanted = (change.listed | change.added) - change.gone
            _replace(f"{out}/{MANIFEST}", _manifest(wanted))
    except OSError as error:
        raise OperationFailed(f"cannot write {error.filename or out}: {error.strerror}") from error
    return Written(written, change.number - written, removed)


def read_file(out: Path, path: str) -> bytes | None:
    """Return a file of a site's folder, or None where there is no regular file.

    No symbolic link is followed, neither the file nor a folder above it.
    """
    target = out
    try:
        for part in PurePosixPath(path).parts[:-1]:
            target = target / part
            if target.is_symlink():
                return None
        target = out / path
        return target.read_bytes() if stat.S_ISREG(os.lstat(target).st_mode) else None
    except OSError:
        return None


def _listed(manifest: bytes, out: Path) -> set[str]:
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        data = json.loads(manifest)
        paths = data["files"] if data.get("format") == _FORMAT else [""]
        # The manifest is not trusted: its paths must stay inside the folder.
        if all(isinstance(path, str) and _PATH.fullmatch(path) for path in paths):
            return set(paths)
    raise OperationFailed(
        f"{out / MANIFEST} is not a list of a site's files",
        hint="remove the folder, or give another one with --out",
    )


def _manifest(paths: set[str]) -> bytes:
    data = {"format": _FORMAT, "files": sorted(paths)}
    return (json.dumps(data, indent=0, separators=(",", ":")) + "\n").encode()


def _make_folder(out: Path, parent: str) -> None:
    folder = out
    for part in PurePosixPath(parent).parts:
        folder = folder / part
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        folder.mkdir(exist_ok=True)


def write_file(path: str, content: bytes) -> bool:
    """Write a file if its content differs; return whether it did."""
    # A site has thousands of files: plain texts as paths, and few calls of the system for each.
    if _reads(path, content):
        return False
    _replace(path, content)
    return True


def _reads(path: str, content: bytes) -> bool:
    try:
        # Compare the size first: most changed pages differ in it.
        status = os.lstat(path)
        if status.st_size != len(content) or not stat.S_ISREG(status.st_mode):
            return False
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 -- see write_file
            return file.read() == content
    except OSError:
        return False


def _replace(path: str, content: bytes) -> None:
    folder, _, name = path.rpartition("/")
    # A name with a dot first: a server that shows the folder does not list it.
    draft = f"{folder}/.{name}.{os.getpid()}.part"
    try:
        try:
            _write_new(draft, content)
        except FileExistsError:
            # A killed process with the same id left it. What is there is not written into.
            os.unlink(draft)  # noqa: PTH108 -- see write_file
            _write_new(draft, content)
        os.replace(draft, path)  # noqa: PTH105 -- see write_file
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)  # noqa: PTH108 -- see write_file
        raise


def _write_new(path: str, content: bytes) -> None:
    with open(path, "xb", buffering=0) as file:  # noqa: PTH123 -- see write_file
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]


def _remove(out: Path, path: str) -> bool:
    """Remove a file and the folders that become empty; return whether the file existed."""
    parents = [out / parent for parent in PurePosixPath(path).parents][:-1]
    if any(parent.is_symlink() for parent in parents):
        return False
    try:
        (out / path).unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    for parent in parents:
        try:
            parent.rmdir()
        except OSError:
            break
    return True
