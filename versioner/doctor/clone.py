"""Check a clone: its history, locks, hooks, uncommitted changes and unpushed commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.doctor.checks import guarded, note, ok, warning
from versioner.git.config import settings
from versioner.git.process import git, run
from versioner.git.snapshot import snapshot_at
from versioner.layout import place_of
from versioner.setup.hooks import hook_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.doctor.checks import Check
    from versioner.git.files.entries import FileEntry
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot

__all__ = ["check_clone", "check_format"]

_LOCKS: Final = ("index.lock", "HEAD.lock", "packed-refs.lock", "config.lock")


def check_clone(repository: Repository, snapshot: Snapshot, *, has_remote: bool) -> list[Check]:
    """Check the repository itself."""
    found = check_format(repository.object_format)
    found += guarded("history", lambda: _history(repository))
    found += guarded("locks", lambda: _locks(repository))
    if repository.work_tree is not None:
        found += guarded("hooks", lambda: _hooks(repository))
        found += guarded("changes", lambda: _changes(repository, snapshot))
    if has_remote:
        found += guarded("unpushed", lambda: _unpushed(repository))
    return found


def check_format(form: str) -> list[Check]:
    """Check the object format: some forges do not support sha256."""
    if form == "sha1":
        return [ok("object-format", form)]
    return [
        note(
            "object-format",
            f"{form}: this tool supports it, but some forges, GitHub for example, do not",
            "if your forge refuses the repository, create the registry in a sha1 repository",
        )
    ]


def _history(repository: Repository) -> Iterator[Check]:
    shallow = (repository.common_dir / "shallow").exists()
    asked = r"^(extensions\.partialclone|remote\..*\.promisor)$"
    partial = bool(settings(repository.top, asked))
    if shallow:
        yield note(
            "history",
            "this clone is shallow: `validate --base`, `product history` and `product restore` "
            "may miss commits",
            "git fetch --unshallow",
        )
    if partial:
        yield note(
            "history",
            "this is a partial clone: this tool does not fetch files that are missing in it",
            "git fetch --refetch --no-filter",
        )
    if not (shallow or partial):
        yield ok("history", "the clone has the whole history")


def _locks(repository: Repository) -> Iterator[Check]:
    places = [repository.git_dir, repository.common_dir]
    paths = [place / name for place in dict.fromkeys(places) for name in _LOCKS]
    if repository.branch is not None:
        paths.append(repository.common_dir / f"{repository.branch}.lock")
    left = [path for path in paths if path.exists()]
    if not left:
        yield ok("locks", "there is no lock file of git")
    for path in left:
        yield warning(
            "locks",
            f"the lock file {path} exists: a git command is running, or was killed",
            f"if no git command is running: rm {path}",
        )


def _hooks(repository: Repository) -> Iterator[Check]:
    seen = hook_status(repository)
    usual = seen.directory == repository.common_dir / "hooks"
    where = "" if usual else f" in {seen.directory} (core.hooksPath)"
    if seen.others:
        yield note(
            "hooks",
            f"your own {' and '.join(seen.others)}{where} take the place of this tool's",
            "`versioner hooks install` prints the line to add to each",
        )
    elif seen.missing:
        yield note(
            "hooks",
            f"not installed: {' and '.join(seen.missing)}{where}",
            "`versioner hooks install` installs a check of the registry before each commit",
        )
    else:
        yield ok("hooks", f"installed{where}")


def _changes(repository: Repository, snapshot: Snapshot) -> Iterator[Check]:
    there: Mapping[str, FileEntry] = {}
    if repository.tip is not None:
        there = snapshot_at(repository, repository.tip).entries()
    here = snapshot.entries()
    logs = {path for path in (*there, *here) if _is_log(path)}
    changed = sorted(path for path in logs if _id(there, path) != _id(here, path))
    if not changed:
        yield ok("changes", "no log has uncommitted changes")
        return
    yield warning(
        "changes",
        f"{len(changed)} log{'s have' if len(changed) > 1 else ' has'} uncommitted changes: "
        f"{', '.join(changed[:3])}{', …' if len(changed) > 3 else ''}",
        "recording into them is refused: commit the changes, or undo them with `git restore`",
    )


def _id(entries: Mapping[str, FileEntry], path: str) -> str | None:
    entry = entries.get(path)
    return "" if entry is None else entry.id


def _is_log(path: str) -> bool:
    place = place_of(path)
    return place is not None and place.log_kind is not None


def _unpushed(repository: Repository) -> Iterator[Check]:
    if repository.tip is None:
        return
    known = run(["for-each-ref", "--count=1", "refs/remotes/"], cwd=repository.top).stdout.strip()
    if not known:
        yield note("unpushed", "unknown: nothing has been fetched from the remote yet", "git fetch")
        return
    args = ["rev-list", "--count", repository.tip, "--not", "--remotes"]
    number = int(git(args, cwd=repository.top))
    if not number:
        yield ok("unpushed", "all commits are on the remote, as last fetched")
        return
    yield warning(
        "unpushed",
        f"{number} commit{'' if number == 1 else 's'} of the current branch "
        f"{'is' if number == 1 else 'are'} not on the remote, as last fetched",
        "git push",
    )
