"""Bring the work trees that have a branch checked out along when the branch moves.

Only the touched paths, in files and index; all else stays as it is, staged or not. No filter
runs: content is compared by the id git would give it, with CRLF line ends taken for LF.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.git.object_format import hash_object
from versioner.git.process import LockedByGit, git, printable
from versioner.git.repository import head_of, leads_to
from versioner.git.state import state_dir
from versioner.git.worktree import file_state, remove_file, replace_file, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from versioner.git.repository import Repository
    from versioner.git.session import WriteSession
    from versioner.git.worktree import FileState

__all__ = [
    "Checkout",
    "Target",
    "appended_lines",
    "checkouts_of",
    "is_log",
    "refresh",
    "refuse_uncommitted",
    "with_lines",
]


class Checkout(NamedTuple):
    """Name a work tree and the git directory that holds its index."""

    top: Path
    git_dir: Path


class Target(NamedTuple):
    """Say what a path becomes (None: no file), and the blob ids it may have been before.

    `added` are the lines that an append brings to a log.
    """

    id: str | None
    data: bytes | None
    stale: frozenset[str | None]
    added: Sequence[bytes] = ()


def checkouts_of(repo: Repository, ref: str) -> list[Checkout]:
    """Return every work tree, linked ones included, that has the branch checked out."""
    return [place for place in _work_trees(repo) if head_of(repo, place.git_dir) == ref]


def _work_trees(repo: Repository) -> Iterator[Checkout]:
    main = _main_work_tree(repo)
    if main is not None:
        yield Checkout(main, repo.common_dir)
    linked = repo.common_dir / "worktrees"
    try:
        folders = sorted(linked.iterdir())
    except OSError:
        return
    for git_dir in folders:
        marker = _marker_of(git_dir)
        # One that was moved or removed without `git worktree` leads nowhere, or elsewhere.
        if marker is not None and leads_to(marker, git_dir):
            yield Checkout(marker.parent, git_dir)


def _main_work_tree(repo: Repository) -> Path | None:
    if repo.git_dir == repo.common_dir:
        return repo.work_tree
    if repo.common_dir.name != ".git":
        return None
    args = [f"--git-dir={repo.common_dir}", "rev-parse", "--is-bare-repository"]
    bare = git(args, cwd=repo.common_dir).strip() == b"true"
    return None if bare else repo.common_dir.parent


def _marker_of(git_dir: Path) -> Path | None:
    try:
        text = (git_dir / "gitdir").read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return None
    return git_dir / text if text else None


def refuse_uncommitted(
    repo: Repository, place: Checkout, targets: Mapping[str, Target], session: WriteSession
) -> None:
    """Raise Failure, naming them, when touched paths have uncommitted changes in a work tree."""
    staged = index_ids(place, list(targets), session)
    blocked = [
        path
        for path, target in targets.items()
        if staged[path] not in target.stale or not _is_clean(repo, place, path, target)
    ]
    if blocked:
        names = ", ".join(printable(path) for path in blocked[:5])
        more = f" and {len(blocked) - 5} more" if len(blocked) > 5 else ""
        raise OperationFailed(
            f"{names}{more}: uncommitted changes in {printable(str(place.top))}",
            hint="commit them, or put them aside with `git stash`, and try again",
        )


def _is_clean(repo: Repository, place: Checkout, path: str, target: Target) -> bool:
    state = file_state(place.top, path)
    if state.kind == "absent":
        return None in target.stale or _is_sparse(place, path)
    if state.kind != "file":
        return False
    ids = content_ids(state.data, repo.object_format)
    return not ids.isdisjoint(target.stale) or target.id in ids


def content_ids(data: bytes, object_format: str) -> set[str]:
    """Return the blob ids that a file may stand for: as it is, and with LF line ends."""
    ids = {hash_object("blob", data, object_format)}
    if b"\r\n" in data:
        ids.add(hash_object("blob", data.replace(b"\r\n", b"\n"), object_format))
    return ids


def index_ids(
    place: Checkout, paths: Sequence[str], session: WriteSession
) -> dict[str, str | None]:
    """Return the blob id that the index holds for each path; None where it holds none."""
    found = session.reader(place.top).find([f":{path}" for path in paths])
    return {path: entry.id if entry else None for path, entry in zip(paths, found, strict=True)}


def _is_sparse(place: Checkout, path: str) -> bool:
    """Tell whether a sparse checkout leaves a path out of the work tree."""
    if not (place.git_dir / "info" / "sparse-checkout").exists():
        return False
    return git(
        ["--literal-pathspecs", "ls-files", "-t", "-z", "--", path], cwd=place.top
    ).startswith(b"S ")


def refresh(
    repo: Repository,
    places: Sequence[Checkout],
    targets: Mapping[str, Target],
    session: WriteSession,
    *,
    recheck: bool = True,
) -> bool:
    """Bring paths from what they were to what they are to be; doing it twice does no harm.

    A path that shows neither is the user's own edit and stays (a log gets the lines it lacks).
    False tells that git's lock kept an index from being written. `recheck` looks at the index
    first; it is off where `refuse_uncommitted` has just done so.
    """
    done = [_refresh(repo, place, targets, session, recheck) for place in places]
    return all(done)


def _refresh(
    repo: Repository,
    place: Checkout,
    targets: Mapping[str, Target],
    session: WriteSession,
    recheck: bool,
) -> bool:
    sparse = {path for path in targets if _is_left_out(place, path, targets[path])}
    # Deletions first: a file may be in the way of the directory that takes its name.
    for path in sorted(targets, key=lambda path: (targets[path].data is not None, path)):
        if path not in sparse:
            _refresh_file(repo, place, path, targets[path])
    wanted = dict(targets)
    if recheck:
        staged = index_ids(place, list(targets), session)
        wanted = {path: target for path, target in targets.items() if staged[path] in target.stale}
    return _refresh_index(repo, place, wanted, sparse, session)


def _is_left_out(place: Checkout, path: str, target: Target) -> bool:
    return None not in target.stale and not (place.top / path).exists() and _is_sparse(place, path)


def _refresh_file(repo: Repository, place: Checkout, path: str, target: Target) -> None:
    sweep(place.top, path)
    state = file_state(place.top, path)
    if state.kind == "absent":
        if None in target.stale and target.data is not None:
            _write(repo, place, path, target.data, state)
        return
    if state.kind != "file":
        return
    ids = content_ids(state.data, repo.object_format)
    if target.id in ids:
        return
    if ids.isdisjoint(target.stale):
        completed = with_lines(state.data, target.added)
        if completed is not None:
            _write(repo, place, path, completed, state)
    elif target.data is None:
        remove_file(place.top, path)
    else:
        _write(repo, place, path, target.data, state)


def _write(repo: Repository, place: Checkout, path: str, data: bytes, state: FileState) -> None:
    if b"\r\n" in state.data and b"\r\n" not in data:
        data = data.replace(b"\n", b"\r\n")
    draft_dir = state_dir(repo.common_dir)
    replace_file(place.top, path, data, draft_dir=draft_dir, mode=state.mode)


def _refresh_index(
    repo: Repository,
    place: Checkout,
    targets: Mapping[str, Target],
    sparse: set[str],
    session: WriteSession,
) -> bool:
    if not targets:
        return True
    none = "0" * (64 if repo.object_format == "sha256" else 40)
    lines = [
        f"{'100644' if target.id else '0'} {target.id or none} 0\t{path}\0"
        for path, target in sorted(targets.items(), key=lambda item: (item[1].id or "", item[0]))
    ]
    try:
        _update_index(place, ["-z", "--index-info"], "".join(lines), session)
        if sparse:
            listed = "".join(f"{path}\0" for path in sparse)
            _update_index(place, ["-z", "--skip-worktree", "--stdin"], listed, session)
    except LockedByGit:
        return False
    return True


def _update_index(place: Checkout, args: list[str], text: str, session: WriteSession) -> None:
    """Feed `git update-index`, out of sight of the work tree.

    When git writes an index it looks into files that changed about as the last one was written,
    through their clean filters, which may be the clone's. In an empty folder it finds none. What
    it would have noted of such files is kept by giving the new index the old one's time.
    """
    # From a file, not a pipe: a kill of ours half way through would feed git half a path.
    session.index_input.write_bytes(text.encode("utf-8", "surrogateescape"))
    session.empty.mkdir(exist_ok=True)
    index = place.git_dir / "index"
    before = index.stat().st_mtime_ns if index.exists() else None
    git(
        [f"--git-dir={place.git_dir}", f"--work-tree={session.empty}", "update-index", *args],
        cwd=session.empty,
        stdin=session.index_input,
        pass_fds=session.pass_fds,
    )
    if before is not None:
        os.utime(index, ns=(before, before))


_LOG: Final = r"registry/products/[^/]+/(?:versions|deployments)/[^/]+\.yaml"


def is_log(path: str) -> bool:
    """Tell whether a path is a log's."""
    return re.fullmatch(_LOG, path) is not None


def appended_lines(old: bytes, new: bytes) -> list[bytes] | None:
    """Return the lines that an append added; None where it was no mere append."""
    before, after = old.splitlines(), new.splitlines()
    return after[len(before) :] if after[: len(before)] == before else None


def with_lines(data: bytes, lines: Sequence[bytes]) -> bytes | None:
    """Return data with those lines added that it lacks; None where it lacks none."""
    there = set(data.splitlines())
    lacking = [line for line in lines if line not in there]
    if not lacking:
        return None
    end = b"\r\n" if b"\r\n" in data else b"\n"
    glue = b"" if not data or data.endswith(b"\n") else end
    return data + glue + b"".join(line + end for line in lacking)
