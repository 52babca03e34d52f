"""How a branch and its remote stand to each other: what one has that the other lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import Failure
from versioner.git.checkout import Target
from versioner.git.objects import read_blobs
from versioner.git.process import git, printable, run
from versioner.git.worktree import is_safe_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.git.repository import Repository

__all__ = ["Lacking", "difference", "has_commit", "is_ancestor", "lacking"]

# git allows no NUL in a message, nor in a path.
_FORMAT: Final = "--format=%x00%H%x00%P%x00%B%x00"
_PLAIN: Final = ("--no-renames", "--no-ext-diff")


class Lacking(NamedTuple):
    """Hold a commit that another one does not reach: its message, and the paths it touched."""

    id: str
    parents: tuple[str, ...]
    message: str
    paths: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Return the first line of the message, fit to be shown."""
        return printable(self.message.partition("\n")[0][:100])


def has_commit(repo: Repository, commit: str) -> bool:
    """Tell whether a commit is in the clone."""
    return run(["cat-file", "-e", f"{commit}^{{commit}}"], cwd=repo.top).returncode == 0


def is_ancestor(repo: Repository, before: str, after: str) -> bool:
    """Tell whether one commit is another, or among those it is made on."""
    args = ["merge-base", "--is-ancestor", before, after]
    return before == after or run(args, cwd=repo.top).returncode == 0


def lacking(repo: Repository, tip: str, without: Iterable[str]) -> list[Lacking]:
    """Return the commits that a tip reaches and others do not, oldest first."""
    plain = ["--no-color", "--no-decorate", "--no-notes", "--encoding=UTF-8", "--name-only"]
    out = [f"^{commit}" for commit in without]
    args = ["log", "--reverse", "--topo-order", *_PLAIN, *plain, _FORMAT, tip, *out, "--"]
    parts = git(args, cwd=repo.top).decode("utf-8", "replace").split("\0")[1:]
    return [
        Lacking(name, tuple(parents.split()), message, tuple(filter(None, paths.split("\n"))))
        for name, parents, message, paths in zip(*(parts[at::4] for at in range(4)), strict=True)
    ]


def difference(repo: Repository, old: str, new: str) -> dict[str, Target]:
    """Return what every path that differs between two commits becomes in the second.

    Raises Failure where that is not a plain file.
    """
    args = ["diff-tree", "-r", "-z", "--raw", "--no-abbrev", *_PLAIN, old, new]
    parts = git(args, cwd=repo.top).decode("utf-8", "surrogateescape").split("\0")
    changed = dict(zip(parts[1::2], parts[0::2], strict=False))
    for path, entry in changed.items():
        if {*entry[1:].split()[:2]} - {"100644", "000000"} or not is_safe_path(path):
            raise Failure(f"{printable(path)} is not a plain file")
    blobs = read_blobs(repo, new, changed)
    ids = {path: entry.split()[2:4] for path, entry in changed.items()}
    return {
        path: Target(_real(after), blobs[path], frozenset({_real(before)}))
        for path, (before, after) in ids.items()
    }


def _real(blob: str) -> str | None:
    return blob if blob.strip("0") else None
