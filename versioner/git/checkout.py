"""Update the work trees that have a branch checked out after the branch moved.

Only the changed paths are updated, as files and in the index; all other paths stay as they are,
staged or not. No filter runs: content is compared by git's id for it, with CRLF read as LF.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.git.index import files_left_out, store_stats
from versioner.git.object_format import hash_object
from versioner.git.process import LockedByGit, git, printable
from versioner.git.repository import head_of, leads_to
from versioner.git.state import state_dir
from versioner.git.worktree import file_state, remove_draft, remove_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from versioner.git.repository import Repository
    from versioner.git.session import WriteSession
    from versioner.git.worktree import FileState

__all__ = [
    "Checkout",
    "FileUpdate",
    "appended_lines",
    "checkouts_of",
    "is_log",
    "refresh",
    "refuse_uncommitted",
    "with_lines",
]

# In a split index, git keeps changed entries in the index itself, where `store_stats` finds them.
_OWN_ENTRIES: Final = ("-c", "splitIndex.maxPercentChange=100")


class Checkout(NamedTuple):
    """A work tree, and the git directory that has its index."""

    top: Path
    git_dir: Path


class FileUpdate(NamedTuple):
    """The new content of a path (None: no file), and the blob ids that it may have before.

    `content` may be a function that reads it. `added` are the lines that an append adds to a log.
    """

    id: str | None
    content: bytes | Callable[[], bytes] | None
    stale: frozenset[str | None]
    added: Sequence[bytes] = ()

    @property
    def data(self) -> bytes | None:
        """Return the new content."""
        return self.content() if callable(self.content) else self.content


def checkouts_of(repo: Repository, ref: str) -> list[Checkout]:
    """Return every work tree, linked ones included, that has the branch checked out."""
    return [checkout for checkout in _work_trees(repo) if head_of(repo, checkout.git_dir) == ref]


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
        # A work tree that was moved or removed without `git worktree` is skipped.
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
    repo: Repository, checkout: Checkout, updates: Mapping[str, FileUpdate], session: WriteSession
) -> None:
    """Raise OperationFailed, with their names, if any of the paths has uncommitted changes."""
    staged = index_ids(checkout, list(updates), session)
    left_out = _left_out(checkout, updates)
    blocked = [
        path
        for path, update in updates.items()
        if staged[path] not in update.stale
        or (path not in left_out and not _is_clean(repo, checkout, path, update))
    ]
    if blocked:
        names = ", ".join(printable(path) for path in blocked[:5])
        more = f" and {len(blocked) - 5} more" if len(blocked) > 5 else ""
        raise OperationFailed(
            f"{names}{more}: uncommitted changes in {printable(str(checkout.top))}",
            hint="commit them, or set them aside with `git stash`, and try again",
        )


def _is_clean(repo: Repository, checkout: Checkout, path: str, update: FileUpdate) -> bool:
    state = file_state(checkout.top, path)
    if state.kind == "absent":
        return None in update.stale
    if state.kind != "file":
        return False
    ids = content_ids(state.data, repo.object_format)
    return not ids.isdisjoint(update.stale) or update.id in ids


def content_ids(data: bytes, object_format: str) -> set[str]:
    """Return the blob ids of a file's content: as it is, and with LF line ends."""
    ids = {hash_object("blob", data, object_format)}
    if b"\r\n" in data:
        ids.add(hash_object("blob", data.replace(b"\r\n", b"\n"), object_format))
    return ids


def index_ids(
    checkout: Checkout, paths: Sequence[str], session: WriteSession
) -> dict[str, str | None]:
    """Return the blob id of each path in the index, None for a path that is not in it."""
    found = session.reader(checkout.top).find([f":{path}" for path in paths])
    return {path: entry.id if entry else None for path, entry in zip(paths, found, strict=True)}


def refresh(
    repo: Repository,
    checkouts: Sequence[Checkout],
    updates: Mapping[str, FileUpdate],
    session: WriteSession,
    *,
    recheck: bool = True,
) -> bool:
    """Update paths in the work trees and their indexes; idempotent.

    A path with other content has an edit of the user, and stays; a log gets the lines that it
    does not have. Returns False where a lock file of git prevented writing an index. With
    `recheck`, a path whose index entry is neither old nor new keeps it; without, the caller has
    just called `refuse_uncommitted`.
    """
    complete = True
    for checkout in checkouts:
        complete = _refresh(repo, checkout, updates, session, recheck) and complete
    return complete


def _refresh(
    repo: Repository,
    checkout: Checkout,
    updates: Mapping[str, FileUpdate],
    session: WriteSession,
    recheck: bool,
) -> bool:
    sparse = _left_out(checkout, updates)
    # Deletions come first: a directory may replace a file of the same name.
    order = sorted(updates, key=lambda path: (updates[path].id is not None, path))
    # The drafts are in the git directory.
    place = _Place(checkout.top, state_dir(repo.common_dir), repo.object_format)
    same = {
        path for path in order if path not in sparse and _refresh_file(place, path, updates[path])
    }
    wanted = dict(updates)
    if recheck:
        staged = index_ids(checkout, list(updates), session)
        wanted = {path: update for path, update in updates.items() if staged[path] in update.stale}
    if not _refresh_index(repo, checkout, wanted, sparse, session):
        return False
    ids = {path: update.id for path, update in wanted.items() if path in same and update.id}
    if ids:
        store_stats(*checkout, ids)
    return True


def _left_out(checkout: Checkout, updates: Mapping[str, FileUpdate]) -> set[str]:
    """Return the paths that are in the index, and left out of the work tree."""
    absent = [
        path
        for path, update in updates.items()
        if None not in update.stale and not (checkout.top / path).exists()
    ]
    return set(files_left_out(*checkout)).intersection(absent) if absent else set()


class _Place(NamedTuple):
    """The work tree whose files are written, and the folder of their drafts."""

    top: Path
    drafts: Path
    object_format: str


def _refresh_file(place: _Place, path: str, update: FileUpdate) -> bool:
    """Update one file; return whether it has the new content now."""
    remove_draft(place.top, path)
    state = file_state(place.top, path)
    if state.kind == "absent":
        if None in update.stale and (data := update.data) is not None:
            _write(place, path, data, state)
            return True
        return False
    if state.kind != "file":
        return False
    ids = content_ids(state.data, place.object_format)
    if update.id in ids:
        return state.data == update.data
    if ids.isdisjoint(update.stale):
        completed = with_lines(state.data, update.added)
        if completed is not None:
            _write(place, path, completed, state)
        return False
    if (data := update.data) is None:
        remove_file(place.top, path)
        return False
    _write(place, path, data, state)
    return True


def _write(place: _Place, path: str, data: bytes, state: FileState) -> None:
    if b"\r\n" in state.data and b"\r\n" not in data:
        data = data.replace(b"\n", b"\r\n")
    replace_file(place.top, path, data, draft_dir=place.drafts, mode=state.mode)


def _refresh_index(
    repo: Repository,
    checkout: Checkout,
    updates: Mapping[str, FileUpdate],
    sparse: set[str],
    session: WriteSession,
) -> bool:
    if not updates:
        return True
    none = "0" * (64 if repo.object_format == "sha256" else 40)
    lines = [
        f"{'100644' if update.id else '0'} {update.id or none} 0\t{path}\0"
        for path, update in sorted(updates.items(), key=lambda item: (item[1].id or "", item[0]))
    ]
    try:
        _update_index(checkout, ["-z", "--index-info"], "".join(lines), session)
        # A new entry has no mark. A deleted one has none to keep.
        if listed := "".join(f"{path}\0" for path in sparse if updates[path].id is not None):
            _update_index(checkout, ["-z", "--skip-worktree", "--stdin"], listed, session)
    except LockedByGit:
        return False
    return True


def _update_index(checkout: Checkout, args: list[str], text: str, session: WriteSession) -> None:
    """Run `git update-index` in an empty folder, not in the work tree.

    When git writes an index it reads the files that changed at about the time of the last write,
    through clean filters that the clone may define. In an empty folder there are no such files.
    The new index keeps the old one's time, so that the next git command still checks them.
    """
    # A file, not a pipe: if this process is killed, git must not read half of a path.
    session.index_input.write_bytes(text.encode("utf-8", "surrogateescape"))
    session.empty.mkdir(exist_ok=True)
    index = checkout.git_dir / "index"
    before = index.stat().st_mtime_ns if index.exists() else None
    places = [f"--git-dir={checkout.git_dir}", f"--work-tree={session.empty}"]
    git(
        [*_OWN_ENTRIES, *places, "update-index", *args],
        cwd=session.empty,
        stdin=session.index_input,
        pass_fds=session.pass_fds,
    )
    if before is not None:
        os.utime(index, ns=(before, before))


_LOG: Final = (
    r"registry/products/[^/]+/(?:versions|deployments|observations|decisions)/[^/]+\.yaml"
    r"|registry/requests/[^/]+/decisions\.yaml"
)


def is_log(path: str) -> bool:
    """Return whether a path is one of a log."""
    return re.fullmatch(_LOG, path) is not None


def appended_lines(old: bytes, new: bytes) -> list[bytes] | None:
    """Return the lines that an append added, None where `new` is not `old` with lines added."""
    before, after = old.splitlines(), new.splitlines()
    return after[len(before) :] if after[: len(before)] == before else None


def with_lines(data: bytes, lines: Sequence[bytes]) -> bytes | None:
    """Return data with the missing ones of some lines added, None where none is missing."""
    present = set(data.splitlines())
    missing = [line for line in lines if line not in present]
    if not missing:
        return None
    end = b"\r\n" if b"\r\n" in data else b"\n"
    separator = b"" if not data or data.endswith(b"\n") else end
    return data + separator + b"".join(line + end for line in missing)
