"""The commits of a checkout of a product's source, since one that was built before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import GitFailure
from versioner.git.process import run

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LoggedCommit", "SourceLog", "commits_since"]

# Between two versions; with more, the version before is treated as one that is not known.
_MOST: Final = 20_000
_LISTED: Final = 200
_LOG: Final = (
    "log", "--no-color", "--no-notes", "--no-show-signature", "--encoding=UTF-8", "-z",
)  # fmt: skip
_FORMAT: Final = "--format=%m%H%n%aE%n%aN%n%B"
_HEX: Final = re.compile(r"[0-9a-f]{7,64}")


class LoggedCommit(NamedTuple):
    """A commit: its id, its author's e-mail address and name, and its message."""

    id: str
    email: str
    name: str
    message: str


class SourceLog(NamedTuple):
    """The commits since another one, newest first; `more` is the number of those not listed.

    `since` is "" where no commit of an earlier version is an ancestor here: then the list has the
    commit itself alone.
    """

    since: str
    commits: list[LoggedCommit]
    more: int = 0


def commits_since(
    top: str, commit: str, earlier: Sequence[str], paths: Sequence[str] = ()
) -> SourceLog | None:
    """Return the commits of a commit since the first of `earlier` ones that is an ancestor.

    With `paths`, only commits that change something there. The result is None where the checkout
    does not have the commit, or git cannot read it. Nothing is fetched.
    """
    if not _HEX.fullmatch(commit):
        return None
    try:
        known = [each for each in earlier if _HEX.fullmatch(each)]
        return _commits_since(Path(top), commit, known, paths)
    except (GitFailure, OSError):
        return None


def _commits_since(
    top: Path, commit: str, earlier: Sequence[str], paths: Sequence[str]
) -> SourceLog | None:
    # In nearly all cases the version that was seen last is the one before.
    for since in earlier[:1]:
        found = _between(top, since, commit, paths)
        if found is not None:
            return found
    own, ancestor = _nearest(top, commit, earlier)
    if not own:
        return None
    found = _between(top, ancestor, commit, paths) if ancestor else None
    if found is not None or paths:
        return found
    only = _entries(top, (f"{commit}^{{commit}}",), ("--no-walk",))
    return SourceLog("", only[0]) if only else None


def _between(top: Path, since: str, commit: str, paths: Sequence[str]) -> SourceLog | None:
    """Return the commits since an ancestor; None where it is none, or is not here."""
    found = _entries(top, (f"{since}...{commit}",), ("--left-right",), paths)
    if found is None:
        return None
    commits, more, has_others = found
    return None if has_others else SourceLog(since, commits, more)


def _entries(
    top: Path, revisions: Sequence[str], options: Sequence[str], paths: Sequence[str] = ()
) -> tuple[list[LoggedCommit], int, bool] | None:
    """Return some commits, the number of others, and whether there are commits of the left side."""
    if paths:
        # The merge of a pull request names it, and differs from its first parent alone.
        options = (*options, "--full-history", "--show-pulls")
    literal = [f":(literal,top){path}" for path in paths]
    args = (*_LOG, _FORMAT, f"--max-count={_MOST + 1}", *options, "--end-of-options", *revisions)
    done = run((*args, "--", *literal), cwd=top)
    if done.returncode != 0:
        return None
    found: list[LoggedCommit] = []
    count = 0
    for entry in filter(None, done.stdout.split(b"\0")):
        if entry.startswith(b"<"):
            return found, 0, True
        count += 1
        if count <= _LISTED:
            head, email, name, message = entry.decode("utf-8", "replace").split("\n", 3)
            found.append(LoggedCommit(head[1:], email, name, message))
    return (found, count - len(found), False) if count <= _MOST else None


def _nearest(top: Path, commit: str, earlier: Sequence[str]) -> tuple[str, str]:
    """Return the commit's whole id, "" where it is not here, and an earlier one in its history."""
    args = ("rev-list", f"--max-count={_MOST}", "--end-of-options", commit, "--")
    done = run(args, cwd=top)
    ids = done.stdout.decode("ascii", "replace").split() if done.returncode == 0 else []
    if not ids:
        return "", ""
    known = {each[:7] for each in ids}
    for each in earlier[1:]:
        if each[:7] in known and any(one.startswith(each) for one in ids):
            return ids[0], each
    return ids[0], ""
