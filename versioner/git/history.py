"""Walk back through a registry's commits.

git lists which commits; GitPython, imported only here and only when a command looks back,
reads what they are. It cannot read a sha256 repository: what needs it says so there.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from versioner.errors import Failure
from versioner.git.objects import find_commit
from versioner.git.process import environment, git

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git import Commit, Repo

    from versioner.git.repository import Repository

__all__ = [
    "CommitInfo",
    "is_shallow",
    "last_commit_with",
    "log_of",
]


class CommitInfo(NamedTuple):
    """Tell of one commit; `at` is its commit time (RFC 3339, `Z`)."""

    id: str
    author: str
    email: str
    at: str
    subject: str
    parents: tuple[str, ...]


def log_of(
    repo: Repository, path: str, limit: int | None = None, *, rev: str | None = None
) -> list[CommitInfo]:
    """Return the commits that touched a path, newest first, up to a revision (the tip)."""
    ids = _rev_list(repo, [_start(repo, rev)], path=path, limit=limit)
    return _infos(repo, ids)


def is_shallow(repo: Repository) -> bool:
    """Tell whether the clone's history is cut off."""
    return (repo.common_dir / "shallow").exists()


def last_commit_with(repo: Repository, path: str, *, rev: str | None = None) -> str | None:
    """Return the latest commit that still has a path; None where none ever had it."""
    start = _start(repo, rev)
    with _opened(repo) as objects:
        # Where a merge joined a history that never had it, git's simplified walk may take the
        # empty side; the full one sees both.
        for walk in ([], ["--full-history"]):
            for name in _rev_list(repo, [*walk, start], path=path):
                commit = objects.commit(name)
                for candidate in (commit, *commit.parents):
                    if _has(candidate, path):
                        return candidate.hexsha
    return None


def _start(repo: Repository, rev: str | None) -> str:
    if rev is not None:
        return find_commit(repo, rev).id
    if repo.tip is None:
        raise Failure("the repository has no commit yet", hint="record or commit something first")
    return repo.tip


def _rev_list(
    repo: Repository, args: Sequence[str], *, path: str = "", limit: int | None = None
) -> list[str]:
    bounds = [] if limit is None else [f"--max-count={max(limit, 0)}"]
    paths = ["--", path] if path else ["--"]
    listed = git(["--literal-pathspecs", "rev-list", *bounds, *args, *paths], cwd=repo.top)
    return listed.decode("ascii").split()


def _infos(repo: Repository, ids: Sequence[str]) -> list[CommitInfo]:
    if not ids:
        return []
    with _opened(repo) as objects:
        return [_info(objects.commit(name)) for name in ids]


def _info(commit: Commit) -> CommitInfo:
    from datetime import UTC

    at = commit.committed_datetime.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    subject = str(commit.summary)
    parents = tuple(parent.hexsha for parent in commit.parents)
    name, email = commit.author.name or "", commit.author.email or ""
    return CommitInfo(commit.hexsha, name, email, at, subject, parents)


def _has(commit: Commit, path: str) -> bool:
    try:
        commit.tree / path
    except KeyError:
        return False
    return True


@contextmanager
def _opened(repo: Repository) -> Iterator[Repo]:
    """Yield GitPython's repository; the one process it reads objects with runs as ours do."""
    if repo.object_format != "sha1":
        raise Failure(
            f"this repository names its objects by {repo.object_format}, and history needs "
            "GitPython, which cannot read that",
            hint="everything but product history, restore and validate --base works here",
        )
    from git import Repo

    opened = Repo(str(repo.common_dir), expand_vars=False)
    # It can only add to what surrounds us, so what would lead it elsewhere is said anew.
    places = {"GIT_DIR": repo.common_dir, "GIT_COMMON_DIR": repo.common_dir}
    places["GIT_OBJECT_DIRECTORY"] = repo.common_dir / "objects"
    named = {name: str(place) for name, place in places.items()}
    opened.git.update_environment(**environment(extra=named))
    try:
        yield opened
    finally:
        opened.close()
