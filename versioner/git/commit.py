"""Commit changes: build the commit, move the branch to it, update the work trees.

The branch moves by compare-and-swap, so that a commit that another program made in between is
never lost. The journal names the commit before the branch moves: if the process is killed
then, the next command completes the work trees (`recovery`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from versioner.errors import GitFailure, InvalidInput, OperationFailed, UsageFault, quoted
from versioner.git.checkout import FileUpdate, checkouts_of, refresh, refuse_uncommitted
from versioner.git.commit_objects import MOST_FILES, build_commit
from versioner.git.identity import committer_of, person
from versioner.git.journal import JournalEntry, drop_journal, write_journal
from versioner.git.object_format import hash_object
from versioner.git.process import LockedByGit, git, printable
from versioner.git.repository import tip_of
from versioner.git.worktree import is_safe_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from versioner.git.checkout import Checkout
    from versioner.git.identity import Committer
    from versioner.git.objects import TreeView
    from versioner.git.session import LockedRepository
    from versioner.models import Changes, CommitIdentity

__all__ = ["advance", "commit_changes", "make_commit", "publish", "updates_of", "write_commit"]


def commit_changes(
    repo: LockedRepository,
    changes: Mapping[str, bytes | None],
    message: str,
    *,
    identity: CommitIdentity | None = None,
    when: str | None = None,
) -> str | None:
    """Commit changes on the branch; return the commit, None where nothing changes.

    Of changes that are no `dict`, each file is read when it is needed, and not kept in memory.
    `identity` is used where git knows no name or address. `when` is the commit's time
    (RFC 3339, `Z`), by default git's own clock. Raises RefChanged when the branch is no longer
    at the repository's tip, OperationFailed when a touched path has uncommitted changes,
    LockedByGit when a lock file of git exists, UsageFault on a detached HEAD.
    """
    branch_of(repo)
    updates = updates_of(repo, changes)
    return publish(repo, updates, message, identity=identity, when=when) if updates else None


def make_commit(
    repo: LockedRepository,
    changes: Changes,
    message: str,
    *,
    identity: CommitIdentity | None = None,
    when: str | None = None,
) -> str | None:
    """Write a commit of changes on the tip that no ref names, for a caller that pushes it.

    Returns None where nothing changes.
    """
    updates = updates_of(repo, changes)
    return write_commit(repo, updates, message, identity=identity, when=when) if updates else None


def write_commit(
    repo: LockedRepository,
    updates: Mapping[str, FileUpdate],
    message: str,
    *,
    identity: CommitIdentity | None = None,
    when: str | None = None,
    most_files: int = MOST_FILES,
) -> str:
    """Write a commit of updates on the tip that no ref names; `most_files` as `build_commit`."""
    return build_commit(
        repo,
        _Contents(updates),
        message,
        _committer(repo, identity),
        when,
        most_files=most_files,
        ids={path: update.id for path, update in updates.items()},
    )


def updates_of(
    repo: LockedRepository, changes: Mapping[str, bytes | None]
) -> dict[str, FileUpdate]:
    """Return the update of each path whose content differs at the tip."""
    view = repo.view()
    updates: dict[str, FileUpdate] = {}
    for path, data in changes.items():
        if not is_safe_path(path):
            raise InvalidInput(f"{quoted(path)} cannot be a path in a repository")
        new = None if data is None else hash_object("blob", data, repo.object_format)
        old = _old_id(view, path, adding=new is not None)
        if old != new:
            content = data if isinstance(changes, dict) or data is None else _reader(changes, path)
            updates[path] = FileUpdate(new, content, frozenset({old}))
    return updates


def _reader(changes: Mapping[str, bytes | None], path: str) -> Callable[[], bytes]:
    return lambda: changes[path] or b""


def _committer(repo: LockedRepository, identity: CommitIdentity | None) -> Committer:
    session = repo.session
    found = committer_of(repo, identity, session.take_settings())
    return found if session.author is None else found._replace(author=person(*session.author))


class _Contents(Mapping[str, "bytes | None"]):
    """The new contents of updates, each of which is read when it is asked for."""

    def __init__(self, updates: Mapping[str, FileUpdate]) -> None:
        self._updates = updates

    def __getitem__(self, path: str) -> bytes | None:
        return self._updates[path].data

    def __iter__(self) -> Iterator[str]:
        return iter(self._updates)

    def __len__(self) -> int:
        return len(self._updates)


def _old_id(view: TreeView, path: str, *, adding: bool) -> str | None:
    entry = view.entry(path)
    if entry is not None and entry.is_tree:
        raise OperationFailed(f"{printable(path)} is a directory in the last commit")
    blocker = view.blocked_by(path) if entry is None and adding else None
    if blocker is not None:
        raise OperationFailed(
            f"{printable(path)} cannot be written: {printable(blocker)} is not a directory",
            hint="remove it and commit that first",
        )
    return entry.id if entry else None


def publish(
    repo: LockedRepository,
    updates: Mapping[str, FileUpdate],
    message: str,
    *,
    identity: CommitIdentity | None,
    when: str | None,
    resuming: JournalEntry | None = None,
) -> str:
    """Commit updates on the branch, and update the work trees.

    Raises OperationFailed where a path has uncommitted changes; recovery, which passes the
    journal entry that it found as `resuming`, leaves such a path as it is.
    """
    checkouts = _ready(repo, updates, refusing=resuming is None)
    new = write_commit(repo, updates, message, identity=identity, when=when)
    _land(repo, checkouts, updates, new, message, resuming)
    return new


def advance(
    repo: LockedRepository, new: str, updates: Mapping[str, FileUpdate], message: str
) -> None:
    """Move the branch from its tip to an existing commit, and update the work trees.

    `updates` are all differences between the two commits, `message` is for the reflog.
    """
    checkouts = _ready(repo, updates, refusing=True)
    _land(repo, checkouts, updates, new, message, None)


def _ready(
    repo: LockedRepository, updates: Mapping[str, FileUpdate], *, refusing: bool
) -> list[Checkout]:
    session, branch = repo.session, branch_of(repo)
    checkouts = checkouts_of(repo, branch)
    session.lock.refuse_if_there(repo.common_dir / f"{branch}.lock")
    for checkout in checkouts:
        session.lock.refuse_if_there(checkout.git_dir / "index.lock")
        if refusing:
            refuse_uncommitted(repo, checkout, updates, session)
    return checkouts


def _land(
    repo: LockedRepository,
    checkouts: Sequence[Checkout],
    updates: Mapping[str, FileUpdate],
    new: str,
    message: str,
    resuming: JournalEntry | None,
) -> None:
    if checkouts:
        stale = {path: update.stale for path, update in updates.items()}
        own = JournalEntry(branch_of(repo), repo.tip, new, stale)
        write_journal(repo.common_dir, resuming or own)
    try:
        _move(repo, new, message)
    except GitFailure:
        if resuming is None:
            drop_journal(repo.common_dir)
        raise
    # git's processes have read the indexes as they were before.
    repo.session.close()
    # The commit is made. Where git holds an index, the journal stays for the next command.
    if refresh(repo, checkouts, updates, repo.session, recheck=resuming is not None):
        drop_journal(repo.common_dir)
    repo.session.close()


def branch_of(repo: LockedRepository) -> str:
    """Return the branch to write on; raise UsageFault on a detached HEAD."""
    if repo.branch is None:
        raise UsageFault(
            "HEAD is detached: no branch is checked out to record on",
            hint="add --branch NAME (such as --branch main), or run `git switch NAME` first",
        )
    return repo.branch


def _move(repo: LockedRepository, new: str, message: str) -> None:
    session, branch = repo.session, branch_of(repo)
    reason = f"versioner: {message.splitlines()[0]}"
    args = ["update-ref", "--no-deref", "-m", reason, branch, new, repo.tip or "0" * len(new)]
    if session.before_move is not None:
        session.before_move(branch, new)
    try:
        git(args, cwd=repo.top, pass_fds=session.pass_fds, env=_REFLOG)
    except GitFailure as error:
        if tip_of(repo, branch) == new:
            return
        if isinstance(error, LockedByGit):
            raise session.lock.aged(error) from error
        raise


# The reflog needs a name and an address, and the user may have configured none.
_REFLOG = {"GIT_COMMITTER_NAME": "versioner", "GIT_COMMITTER_EMAIL": "versioner@localhost"}
