"""The last commits of a checkout of a product's source, with their parents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import GitFailure
from versioner.git.process import run_limited
from versioner.git.source.log import LoggedCommit
from versioner.git.source.shallow import shallow_commits

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RecentCommit", "recent_commits"]

_SECONDS: Final = 3.0
_FORMAT: Final = "--format=%H%n%P%n%aE%n%aN%n%B"
_LOG: Final = (
    "log", "--no-color", "--no-notes", "--no-show-signature", "--encoding=UTF-8", "-z",
    "--topo-order", _FORMAT,
)  # fmt: skip


class RecentCommit(NamedTuple):
    """A commit with the ids of its parents, None where a shallow checkout does not tell them."""

    commit: LoggedCommit
    parents: Sequence[str] | None


def recent_commits(top: str, commit: str, most: int) -> list[RecentCommit]:
    """Return a commit and the last ones before it, none before its descendants.

    Nothing is fetched. There are none where the checkout does not have the commit, or git cannot
    read it in time.
    """
    if re.fullmatch(r"[0-9a-f]{7,64}", commit) is None:
        return []
    args = (*_LOG, f"--max-count={most}", "--end-of-options", commit, "--")
    try:
        done = run_limited(args, limit=_SECONDS, cwd=Path(top))
    except (GitFailure, OSError):
        return []
    ends = shallow_commits(Path(top)) if done.returncode == 0 else frozenset()
    found = []
    for entry in filter(None, done.stdout.split(b"\0") if done.returncode == 0 else ()):
        own, parents, email, name, message = entry.decode("utf-8", "replace").split("\n", 4)
        logged = LoggedCommit(own, email, name, message)
        found.append(RecentCommit(logged, None if own in ends else parents.split()))
    return found
