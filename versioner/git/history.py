"""Read the past commits of a registry.

git lists the commits, and GitPython reads them. GitPython is imported only here, and only by
commands that need it; it cannot read a sha256 repository, for which they raise an error.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.git.checkout import FileUpdate
from versioner.git.objects import find_commit, read_blobs
from versioner.git.process import environment, git, printable, run
from versioner.git.worktree import is_safe_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from git import Commit, Repo

    from versioner.git.repository import Repository

__all__ = [
    "CommitInfo",
    "MissingCommit",
    "difference",
    "has_commit",
    "is_ancestor",
    "is_shallow",
    "last_commit_with",
    "log_of",
    "missing_commits",
]


class CommitInfo(NamedTuple):
    """A commit; `at` is its commit time (RFC 3339, `Z`)."""

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
    """Return whether the clone is shallow."""
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
        raise OperationFailed(
            "the repository has no commit yet", hint="record or commit something first"
        )
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
    """Yield GitPython's repository, whose process runs in the same environment as ours."""
    if repo.object_format != "sha1":
        raise OperationFailed(
            f"this repository uses {repo.object_format}, which GitPython cannot read",
            hint="product history, product restore and validate --base need a sha1 repository",
        )
    from git import Repo

    opened = Repo(str(repo.common_dir), expand_vars=False)
    # GitPython can only add variables: these replace any that name another repository.
    places = {"GIT_DIR": repo.common_dir, "GIT_COMMON_DIR": repo.common_dir}
    places["GIT_OBJECT_DIRECTORY"] = repo.common_dir / "objects"
    named = {name: str(place) for name, place in places.items()}
    opened.git.update_environment(**environment(extra=named))
    try:
        yield opened
    finally:
        opened.close()


# git allows no NUL in a message or a path.
_FORMAT: Final = "--format=%x00%H%x00%P%x00%B%x00"
_PLAIN: Final = ("--no-renames", "--no-ext-diff")


class MissingCommit(NamedTuple):
    """A commit that another one does not contain: its message, and the paths that it changed."""

    id: str
    parents: tuple[str, ...]
    message: str
    paths: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Return the first line of the message, shortened and safe to print."""
        return printable(self.message.partition("\n")[0][:100])


def has_commit(repo: Repository, commit: str) -> bool:
    """Return whether the clone has a commit."""
    return run(["cat-file", "-e", f"{commit}^{{commit}}"], cwd=repo.top).returncode == 0


def is_ancestor(repo: Repository, before: str, after: str) -> bool:
    """Return whether a commit is another one or one of its ancestors."""
    args = ["merge-base", "--is-ancestor", before, after]
    return before == after or run(args, cwd=repo.top).returncode == 0


def missing_commits(repo: Repository, tip: str, without: Iterable[str]) -> list[MissingCommit]:
    """Return the commits of a tip that other commits do not contain, oldest first."""
    plain = ["--no-color", "--no-decorate", "--no-notes", "--encoding=UTF-8", "--name-only"]
    out = [f"^{commit}" for commit in without]
    args = ["log", "--reverse", "--topo-order", *_PLAIN, *plain, _FORMAT, tip, *out, "--"]
    parts = git(args, cwd=repo.top).decode("utf-8", "replace").split("\0")[1:]
    return [
        MissingCommit(name, tuple(parents.split()), message, tuple(filter(None, paths.split("\n"))))
        for name, parents, message, paths in zip(*(parts[at::4] for at in range(4)), strict=True)
    ]


def difference(repo: Repository, old: str, new: str) -> dict[str, FileUpdate]:
    """Return the update of each path that differs between two commits.

    Raises OperationFailed for a path that is not a regular file.
    """
    args = ["diff-tree", "-r", "-z", "--raw", "--no-abbrev", *_PLAIN, old, new]
    parts = git(args, cwd=repo.top).decode("utf-8", "surrogateescape").split("\0")
    changed = dict(zip(parts[1::2], parts[0::2], strict=False))
    for path, entry in changed.items():
        if {*entry[1:].split()[:2]} - {"100644", "000000"} or not is_safe_path(path):
            raise OperationFailed(f"{printable(path)} is not a plain file")
    blobs = read_blobs(repo, new, changed)
    ids = {path: entry.split()[2:4] for path, entry in changed.items()}
    return {
        path: FileUpdate(_real(after), blobs[path], frozenset({_real(before)}))
        for path, (before, after) in ids.items()
    }


def _real(blob: str) -> str | None:
    return blob if blob.strip("0") else None
