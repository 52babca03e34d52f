"""Files of a site on disk: written whole or not at all, and only ever inside their own folder.

What was written is listed in a manifest, so that the next build knows what is its own: it
removes what is no longer wanted, and touches nothing else.
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
from versioner.git.state import write_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["MANIFEST", "Written", "claim", "publish", "read_file"]

MANIFEST: Final = ".versioner-site.json"
_FORMAT: Final = "versioner-site/1"
_PATH: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class Written(NamedTuple):
    """Count the files that were written, found as they should be, and removed."""

    written: int
    unchanged: int
    removed: int


def claim(out: Path) -> set[str]:
    """Return the paths that an earlier build left in a folder; none in a new or empty one.

    Raises Failure for a folder with anything in it that no build has made.
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
    out: Path, files: Mapping[str, bytes], before: set[str], *, standing: Collection[str] = ()
) -> Written:
    """Write a site's files into a claimed folder, and remove what `before` had besides.

    `standing` are files of the site that were found as they should be. Each file appears under
    its name complete. The manifest lists old and new files while the rest is written, so that a
    build after a killed one still knows all of its own.
    """
    wanted = {*files, *standing}
    try:
        out.mkdir(parents=True, exist_ok=True)
        _replace(out / MANIFEST, _manifest(before | wanted))
        parents = {path.rpartition("/")[0] for path in files}
        for parent in sorted(parents):
            _make_folder(out, parent)
        written = sum(_write(out / path, content) for path, content in files.items())
        removed = sum(_remove(out, path) for path in sorted(before - wanted))
        _replace(out / MANIFEST, _manifest(wanted))
    except OSError as error:
        raise OperationFailed(f"cannot write {error.filename or out}: {error.strerror}") from error
    return Written(written, len(wanted) - written, removed)


def read_file(out: Path, path: str) -> bytes | None:
    """Return a file of a site's folder, or None where no regular file stands there.

    No link is followed, at the file or on the way to it.
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
        # A manifest could have come with the folder from anywhere: it never leads outside.
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


def _write(path: Path, content: bytes) -> bool:
    """Write a file where it differs; tell whether it did."""
    if _reads(path, content):
        return False
    _replace(path, content)
    return True


def _reads(path: Path, content: bytes) -> bool:
    try:
        # The size first: most pages that changed have another one.
        status = os.lstat(path)
        if status.st_size != len(content) or path.is_symlink():
            return False
        return path.read_bytes() == content
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> None:
    # A name with a dot first: a server that shows the folder does not list it.
    write_whole(path, content, draft=path.with_name(f".{path.name}.{os.getpid()}.part"))


def _remove(out: Path, path: str) -> bool:
    """Remove a file and the folders it leaves empty; tell whether it was there."""
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
