"""How the files of a folder changed on a branch since a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from versioner.git.history import is_shallow
from versioner.git.process import git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.git.repository import Repository

__all__ = ["FileChange", "begin_of_history", "changes_below"]


class FileChange(NamedTuple):
    """A commit of a branch that changed a file; `before` and `after` are blob ids, "" for none.

    `at` is the time of the commit.
    """

    at: str
    path: str
    before: str
    after: str


def changes_below(repo: Repository, folder: str, revision: str, since: int) -> list[FileChange]:
    """Return the changes of the files below a folder up to a revision, oldest first.

    Commits before the moment `since` (seconds) are left out, and of a merge the commits that it
    brought: their files came to the branch with the merge. In a shallow clone, its oldest commit
    adds all files.
    """
    plain = ["--no-renames", "--no-ext-diff", "--no-abbrev", "--no-color", "--no-notes"]
    args = [
        *("--literal-pathspecs", "log", "--first-parent", "-m", "--raw", "-z", *plain),
        *(f"--since=@{since}", "--format=%x01%ct", revision, "--", folder),
    ]
    text = git(args, cwd=repo.top).decode("utf-8", "surrogateescape")
    return [change for commit in reversed(text.split("\x01")[1:]) for change in _changes(commit)]


def begin_of_history(repo: Repository, revision: str) -> str:
    """Return the time of the oldest commit of a branch that a shallow clone has, "" in another."""
    if not is_shallow(repo):
        return ""
    args = ["log", "--first-parent", "--max-parents=0", "-1", "--format=%ct", revision, "--"]
    text = git(args, cwd=repo.top).decode("ascii").strip()
    return _moment(text) if text else ""


def _changes(commit: str) -> Iterator[FileChange]:
    """Yield the changes of a commit: its time, then entries and paths, each with a NUL after it."""
    time, *parts = commit.strip("\0\n").split("\0")
    at = _moment(time)
    for entry, path in zip(parts[::2], parts[1::2], strict=True):
        before, after = entry.split()[2:4]
        yield FileChange(at, path, _real(before), _real(after))


def _moment(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _real(blob: str) -> str:
    return blob if blob.strip("0") else ""
