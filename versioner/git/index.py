"""Read the index: the files that a sparse checkout leaves out, and submodules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from versioner.git.object_format import TreeEntry
from versioner.git.process import git, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from versioner.git.repository import Repository

__all__ = ["SUBMODULE", "files_left_out", "sizes_of", "submodules_at"]

_LEFT_OUT: Final = "S"
SUBMODULE: Final = 0o160000
# As many paths as an argument list surely takes.
_ARGUMENTS: Final = 100
# The mark of a file that is left out needs version 3 of the index or a newer one.
_PLAIN_VERSION: Final = 2


def files_left_out(top: Path, git_dir: Path) -> dict[str, TreeEntry]:
    """Return the entries of a work tree's index that git leaves out of the work tree, by path.

    These are marked `skip-worktree`, as a sparse checkout does. Costs no process where there
    are none.
    """
    if not _may_leave_out(git_dir):
        return {}
    return {path: entry for tag, path, entry in _entries(top, []) if tag == _LEFT_OUT}


def submodules_at(top: Path, paths: Sequence[str]) -> set[str]:
    """Return those of some paths that are submodules in the index of a work tree."""
    if not paths:
        return set()
    wanted = set(paths)
    asked = paths if len(paths) <= _ARGUMENTS else []
    found = {path for _, path, entry in _entries(top, asked) if entry.mode == SUBMODULE}
    return found & wanted


def sizes_of(repo: Repository, ids: Sequence[str]) -> dict[str, int]:
    """Return the sizes of those objects that the repository has, by id."""
    asked = "".join(f"{name}\n" for name in ids).encode("ascii")
    args = ["cat-file", "--batch-check=%(objectname) %(objectsize)"]
    lines = run(args, cwd=repo.top, stdin=asked).stdout.decode("ascii", "replace").splitlines()
    pairs = (line.split(" ") for line in lines)
    return {name: int(size) for name, size in pairs if size.isdigit()}


def _entries(top: Path, paths: Sequence[str]) -> Iterator[tuple[str, str, TreeEntry]]:
    args = ["--literal-pathspecs", "ls-files", "-z", "-t", "--stage", "--", *paths]
    for line in git(args, cwd=top).decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, path = line.partition("\t")
        tag, mode, name, _ = head.split()
        yield tag, path, TreeEntry(int(mode, 8), name)


def _may_leave_out(git_dir: Path) -> bool:
    try:
        descriptor = os.open(git_dir / "index", os.O_RDONLY)
    except OSError:
        return False
    try:
        version = int.from_bytes(os.read(descriptor, 8)[4:], "big")
    finally:
        os.close(descriptor)
    # A split index has its marks in another file.
    return version > _PLAIN_VERSION or (git_dir / "info" / "sparse-checkout").exists()
