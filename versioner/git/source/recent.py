"""The last commits of a checkout of a product's source, with their parents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import GitFailure
from versioner.git.process import run_limited
from versioner.git.source.log import (
    COMMIT_ID,
    LOG,
    SECONDS,
    TEXTS,
    LoggedCommit,
    entries_of_log,
)
from versioner.git.source.shallow import shallow_commits

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RecentCommit", "recent_commits"]

_ORDERED: Final = ("--topo-order", f"--format=%H%n%P%n{TEXTS}")


class RecentCommit(NamedTuple):
    """A commit with the ids of its parents, None where a shallow checkout does not tell them."""

    commit: LoggedCommit
    parents: Sequence[str] | None


def recent_commits(top: str, commit: str, most: int) -> list[RecentCommit]:
    """Return a commit and the last ones before it, none before its descendants.

    Nothing is fetched. There are none where the checkout does not have the commit, or git cannot
    read it in time.
    """
    if COMMIT_ID.fullmatch(commit) is None:
        return []
    args = (*LOG, *_ORDERED, f"--max-count={most}", "--end-of-options", commit, "--")
    try:
        done = run_limited(args, limit=SECONDS, cwd=Path(top))
    except (GitFailure, OSError):
        return []
    if done.returncode != 0:
        return []
    ends = shallow_commits(Path(top))
    return [
        RecentCommit(LoggedCommit(own, *texts), None if own in ends else parents.split())
        for own, parents, *texts in entries_of_log(done.stdout, 5)
    ]
