"""Build one commit, reachable from nothing until a ref moves to it, and sign it where wanted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from versioner.errors import GitFailure
from versioner.git.process import git
from versioner.git.unpacking import MOST_FILES, unpack_commit

if TYPE_CHECKING:
    from versioner.git.identity import Committer
    from versioner.git.repository import Repository
    from versioner.models import Changes

__all__ = ["build_commit"]


def build_commit(
    repo: Repository, changes: Changes, message: str, committer: Committer, when: str | None
) -> str:
    """Write the objects of a commit on the repository's tip, signed where wanted."""
    seconds = None if when is None else epoch_of(when)
    if seconds is not None and len(changes) <= MOST_FILES:
        commit, tree = unpack_commit(repo, changes, message, committer, seconds)
    else:
        # What is large, and what git's own clock dates: rarer than an appended line.
        from versioner.git.fast_import import import_commit

        commit, tree = import_commit(repo, changes, message, committer, seconds)
    return _sign(repo, tree, message, committer, seconds) if committer.signing else commit


def epoch_of(when: str) -> int:
    """Return the seconds since 1970 of an RFC 3339 time in UTC."""
    return int(datetime.fromisoformat(when.removesuffix("Z") + "+00:00").timestamp())


def _sign(
    repo: Repository, tree: str, message: str, committer: Committer, seconds: int | None
) -> str:
    """Make the same commit again, signed, by the programs that the user's own settings name."""
    env: dict[str, str] = {}
    for role in ("author", "committer"):
        name, email = getattr(committer, role)
        env |= {f"GIT_{role.upper()}_NAME": name, f"GIT_{role.upper()}_EMAIL": email}
        if seconds is not None:
            env[f"GIT_{role.upper()}_DATE"] = f"{seconds} +0000"
    parents = ["-p", repo.tip] if repo.tip else []
    settings = [*(committer.signing or ()), "i18n.commitEncoding=UTF-8"]
    try:
        made = git(
            ["commit-tree", "-S", *parents, "-F", "-", tree],
            cwd=repo.top,
            stdin=message.encode("utf-8"),
            config=settings,
            env=env,
            pass_fds=repo.session.pass_fds if repo.session else (),
        )
    except GitFailure as error:
        error.hint = error.hint or (
            "your git configuration asks for signed commits (commit.gpgsign): check with "
            "`git commit --allow-empty -S`"
        )
        raise
    return made.decode("ascii").strip()
