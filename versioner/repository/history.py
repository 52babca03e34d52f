"""Walk back through a registry's commits.

git lists which commits; GitPython, imported only here and only when a command looks back,
reads what they are. It cannot read a sha256 repository: what needs it says so there.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from versioner.errors import Failure
from versioner.repository.git import environment, git, printable, run
from versioner.repository.objects import find_commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git import Commit, Repo

    from versioner.repository.location import Repository

__all__ = [
    "CommitInfo",
    "changed_paths",
    "commits_between",
    "is_shallow",
    "last_commit_with",
    "log_of",
    "merge_base",
    "recording_commits",
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


def commits_between(repo: Repository, base: str, tip: str) -> list[CommitInfo]:
    """Return the commits of `tip` that `base` has not, oldest first."""
    start, end = find_commit(repo, base).id, find_commit(repo, tip).id
    return _infos(repo, _rev_list(repo, ["--reverse", "--topo-order", end, f"^{start}"]))


def merge_base(repo: Repository, a: str, b: str) -> str | None:
    """Return the best common ancestor of two revisions; None where they share none."""
    ids = [find_commit(repo, rev).id for rev in (a, b)]
    found = git(["merge-base", *ids], cwd=repo.top, check=False).decode("ascii").strip()
    return found or None


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


def changed_paths(repo: Repository, old: str, new: str) -> list[str]:
    """Return the paths of files that differ between two revisions."""
    ids = [find_commit(repo, rev).id for rev in (old, new)]
    args = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", *ids]
    return git(args, cwd=repo.top).decode("utf-8", "surrogateescape").split("\0")[:-1]


def recording_commits(repo: Repository, path: str, *, rev: str | None = None) -> list[str]:
    """Return, for each line of a file, the latest commit that wrote it.

    Not by `git blame`, which reads what a clone's own configuration names.
    """
    start = _start(repo, rev)
    found = run(["cat-file", "blob", f"{start}:{path}"], cwd=repo.top)
    if found.returncode != 0:
        raise Failure(f"{printable(path)} is not in that revision")
    lines = found.stdout.splitlines()
    commits = _rev_list(repo, [start], path=path)
    recorded = _writers(repo, commits, path, ["--root"])
    if any(line not in recorded for line in lines):
        # Written by a merge itself: neither of its parents has the line.
        recorded = _writers(repo, commits, path, ["--root", "-m"]) | recorded
    return [recorded[line] for line in lines]


def _writers(
    repo: Repository, commits: Sequence[str], path: str, args: Sequence[str]
) -> dict[bytes, str]:
    plain = ["-p", "-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv"]
    asked = "".join(f"{name}\n" for name in commits).encode("ascii")
    command = ["--literal-pathspecs", "diff-tree", "--stdin", *plain, *args, "--", path]
    recorded: dict[bytes, str] = {}
    known = frozenset(commits)
    commit, in_hunk = "", False
    for line in git(command, cwd=repo.top, stdin=asked).split(b"\n"):
        if in_hunk and line.startswith(b"+"):
            recorded.setdefault(line[1:].rstrip(b"\r"), commit)
        elif line.startswith(b"@@"):
            in_hunk = True
        elif line[:1] not in (b"-", b"\\"):
            in_hunk = False
            # With -m a merge's id is followed by " (from PARENT)".
            name = line.partition(b" ")[0].decode("ascii", "replace")
            commit = name if name in known else commit
    return recorded


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
