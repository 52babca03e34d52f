"""Make one commit of changes: build it beside the branch, move the ref, refresh work trees.

The branch moves by compare-and-swap, so that a commit of anyone else's in between is never
lost; the write lock and the intent file keep work trees in step even through a kill.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from versioner.errors import GitFailure, InvalidInput, OperationFailed, UsageFault
from versioner.git.checkout import Target, checkouts_of, refresh, refuse_uncommitted
from versioner.git.commit_objects import build_commit
from versioner.git.identity import ask_settings, committer_of
from versioner.git.journal import JournalEntry, drop_intent, has_intent, write_intent
from versioner.git.lock import WAIT_SECONDS, WriteLock, WriteSession
from versioner.git.object_format import hash_object
from versioner.git.process import LockedByGit, RefChanged, git, printable
from versioner.git.repository import reread, tip_of
from versioner.git.worktree import is_safe_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.git.checkout import Checkout
    from versioner.git.objects import TreeView
    from versioner.git.repository import Repository
    from versioner.models import Changes, CommitIdentity

__all__ = [
    "advance",
    "branch_of",
    "commit_changes",
    "make_commit",
    "publish",
    "recover",
    "session_of",
    "transaction",
]


@contextmanager
def transaction(repo: Repository, *, wait: float = WAIT_SECONDS) -> Iterator[Repository]:
    """Hold the write lock, and yield the repository as it is now, no write left half done.

    Waits for another writer for `wait` seconds, then raises Failure that names it.
    """
    if repo.session is not None:
        yield repo
        return
    with WriteLock(repo.common_dir, wait) as lock:
        session = WriteSession(lock, repo.reader)
        try:
            fresh = reread(repo._replace(session=session))
            if has_intent(repo.common_dir):
                # Only here, and rarely, is it needed at all.
                from versioner.git.recovery import complete

                complete(fresh)
                fresh = reread(fresh)
            # Answered while the caller judges what to write.
            session.settings = ask_settings(fresh)
            yield fresh
        finally:
            session.close()


def recover(repo: Repository) -> None:
    """Complete a write that was killed half way, if there is one (a look at one file else).

    Where this user may not write, it is left to one who may.
    """
    if has_intent(repo.common_dir) and os.access(repo.common_dir, os.W_OK):
        with transaction(repo):
            pass


def commit_changes(
    repo: Repository,
    changes: Changes,
    message: str,
    *,
    identity: CommitIdentity | None = None,
    when: str | None = None,
    tip: str | None,
) -> str | None:
    """Commit changes that were judged at `tip`; return the commit, None where nothing changes.

    `identity` stands in where git knows nobody. `when` is the commit's time (RFC 3339, `Z`),
    git's own clock by default. Raises LostRace when the branch is no longer at `tip`, Failure
    when a touched path has uncommitted changes, LockedByGit when a lock of git's is in the way,
    UsageFault on a detached HEAD.
    """
    with transaction(repo) as held:
        branch_of(held)
        if held.tip != tip:
            raise RefChanged("the branch moved since it was read", hint="try again")
        targets = targets_of(held, changes)
        if not targets:
            return None
        return publish(held, targets, message, identity=identity, when=when)


def make_commit(
    repo: Repository,
    changes: Changes,
    message: str,
    *,
    identity: CommitIdentity | None = None,
    when: str | None = None,
) -> str | None:
    """Make a commit of changes on the tip that no ref leads to, inside `writing`; None for none.

    For whoever pushes it from where it is, and keeps no branch.
    """
    targets = targets_of(repo, changes)
    files = {path: target.data for path, target in targets.items()}
    committer = committer_of(repo, identity)
    return build_commit(repo, files, message, committer, when) if targets else None


def targets_of(repo: Repository, changes: Changes) -> dict[str, Target]:
    """Return what really changes against the tip, path by path."""
    view = session_of(repo).view(repo.top, repo.tip)
    targets: dict[str, Target] = {}
    for path, data in changes.items():
        if not is_safe_path(path):
            raise InvalidInput(f"{printable(path)!r} cannot be a path in a repository")
        new = None if data is None else hash_object("blob", data, repo.object_format)
        old = _old_id(view, path, adding=new is not None)
        if old != new:
            targets[path] = Target(new, data, frozenset({old}))
    return targets


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
    repo: Repository,
    targets: Mapping[str, Target],
    message: str,
    *,
    identity: CommitIdentity | None,
    when: str | None,
    resuming: JournalEntry | None = None,
) -> str:
    """Commit targets on the branch, under the lock, and bring the work trees along.

    Refuses touched paths with uncommitted changes first, but for recovery (`resuming` the
    intent it found), which leaves such as they are.
    """
    places = _ready(repo, targets, refusing=resuming is None)
    committer = committer_of(repo, identity)
    files = {path: target.data for path, target in targets.items()}
    new = build_commit(repo, files, message, committer, when)
    _land(repo, places, targets, new, message, resuming)
    return new


def advance(repo: Repository, new: str, targets: Mapping[str, Target], message: str) -> None:
    """Move the branch from its tip to a commit that is there already, work trees along.

    Under the lock, as `publish`; `targets` is all that the two differ in, `message` what the
    reflog says.
    """
    places = _ready(repo, targets, refusing=True)
    _land(repo, places, targets, new, message, None)


def _ready(repo: Repository, targets: Mapping[str, Target], *, refusing: bool) -> list[Checkout]:
    session, branch = session_of(repo), branch_of(repo)
    places = checkouts_of(repo, branch)
    session.lock.refuse_if_there(repo.common_dir / f"{branch}.lock")
    for place in places:
        session.lock.refuse_if_there(place.git_dir / "index.lock")
        if refusing:
            refuse_uncommitted(repo, place, targets, session)
    return places


def _land(
    repo: Repository,
    places: Sequence[Checkout],
    targets: Mapping[str, Target],
    new: str,
    message: str,
    resuming: JournalEntry | None,
) -> None:
    if places:
        stale = {path: target.stale for path, target in targets.items()}
        own = JournalEntry(branch_of(repo), repo.tip, new, stale)
        write_intent(repo.common_dir, resuming or own)
    try:
        _move(repo, new, message)
    except GitFailure:
        if resuming is None:
            drop_intent(repo.common_dir)
        raise
    _bring_along(repo, places, targets, recheck=resuming is not None)


def session_of(repo: Repository) -> WriteSession:
    """Return the session of the write that is under way."""
    if repo.session is None:
        raise AssertionError("this is called inside `writing` only")
    return repo.session


def branch_of(repo: Repository) -> str:
    """Return the branch to write on; raise UsageFault on a detached HEAD."""
    if repo.branch is None:
        raise UsageFault(
            "HEAD is detached: no branch is checked out to record on",
            hint="add --branch NAME (such as --branch main), or run `git switch NAME` first",
        )
    return repo.branch


def _move(repo: Repository, new: str, message: str) -> None:
    session, branch = session_of(repo), branch_of(repo)
    reason = f"versioner: {message.splitlines()[0]}"
    args = ["update-ref", "--no-deref", "-m", reason, branch, new, repo.tip or "0" * len(new)]
    try:
        git(args, cwd=repo.top, pass_fds=session.pass_fds, env=_REFLOG)
    except GitFailure as error:
        if tip_of(repo, branch) == new:
            return
        if isinstance(error, LockedByGit):
            raise session.lock.aged(error) from error
        raise


# The reflog wants somebody, and git may know nobody.
_REFLOG = {"GIT_COMMITTER_NAME": "versioner", "GIT_COMMITTER_EMAIL": "versioner@localhost"}


def _bring_along(
    repo: Repository,
    places: Sequence[Checkout],
    targets: Mapping[str, Target],
    *,
    recheck: bool,
) -> None:
    session = session_of(repo)
    session.close()  # what it knows of the indexes ends here
    # The commit stands. An index that git holds just now keeps the intent, and the next
    # command brings it along.
    if refresh(repo, places, targets, session, recheck=recheck):
        drop_intent(repo.common_dir)
    session.close()
