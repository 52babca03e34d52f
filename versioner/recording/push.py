"""Push the commits of recorded events to the clone's remote, and no commit of the user's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from versioner.backoff import Backoff
from versioner.errors import OperationFailed, quoted
from versioner.git.commit import advance
from versioner.git.history import difference, has_commit, is_ancestor, missing_commits
from versioner.git.repository import reread
from versioner.git.transaction import transaction
from versioner.recording.record import NotPushed
from versioner.remote.configured import remote_tip_known, update_tracking_ref
from versioner.remote.push import PushFailure, fetch_branch, push_branch, remote_heads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.history import MissingCommit
    from versioner.git.repository import Repository
    from versioner.recording.record import RecordResult

__all__ = ["publish_recorded"]

# Eight lost races in a row mean heavy contention; stop retrying.
_TRIES: Final = 8
_PAUSE_SECONDS: Final = 0.1
_NAMED: Final = 3

# The subjects of `record`: names, a version and a status have no spaces.
_SUBJECT: Final = (
    r"Record (?:"
    r"(?:build of \S+ \S+|deployment of \S+ \S+ to \S+) \([a-z]+\)"
    r"|undeployment of \S+(?: \S+)? from \S+"
    r"|(?:approval|rejection|revocation) of (?:request )?\S+(?: \S+)? \([a-z0-9-]+\)"
    r"|(?:block|end of the block|review of overrides) of \S+ \S+"
    r"|step \S+ of request \S+ \([a-z]+\)"
    r")\n*"
)


def publish_recorded(
    repository: Repository,
    recorded: RecordResult,
    remote: str,
    record: Callable[[Repository], RecordResult],
) -> RecordResult:
    """Push an event's commit, with those of earlier events that could not be pushed.

    Where the remote branch has moved, and the clone is ahead of it by this event alone, the
    local branch moves to the remote's tip, and `record` records the event again there.
    Raises NotPushed where it is recorded in this clone only, and what `record` raises where the
    remote's new tip refuses the event: then it is recorded nowhere.
    """
    made = recorded.commit is not None and recorded.parent is not None
    backoff = Backoff(_PAUSE_SECONDS)
    for number in range(_TRIES):
        try:
            outcome = _attempt(repository, recorded, remote, backoff if number else None, made=made)
        except (OperationFailed, OSError) as cause:
            raise NotPushed(recorded, cause) from cause
        if outcome == "pushed":
            return recorded._replace(pushed_to=remote)
        made = False
        if outcome == "undone":
            recorded = record(repository)
            made = recorded.commit is not None
    late = PushFailure("race", message=f"others pushed first, {_TRIES} times in a row")
    raise NotPushed(recorded, late)


# "undone": the local branch now follows the remote, without the event's commit.
_Outcome = Literal["pushed", "lost", "undone"]


def _attempt(
    repository: Repository,
    recorded: RecordResult,
    remote: str,
    backoff: Backoff | None,
    *,
    made: bool,
) -> _Outcome:
    """Push once; `made` is true where the event's commit is new, on the remote's last known tip."""
    fresh = reread(repository)
    target = recorded.commit or fresh.tip or ""
    # The remote is not asked first where it should still be at the commit's parent.
    if made and _pushed(fresh, remote, recorded.parent, target):
        return "pushed"
    if backoff is not None:
        backoff.pause()
    tip, heads = _fetch_tip(fresh, remote)
    if tip is not None and is_ancestor(fresh, target, tip):
        update_tracking_ref(fresh, remote, tip)
        return "pushed"
    if tip is None or is_ancestor(fresh, tip, target):
        _refuse_user_commits(fresh, remote, tip, heads, target)
        return "pushed" if _pushed(fresh, remote, tip, target) else "lost"
    _move_to(fresh, recorded, tip)
    return "undone"


def _pushed(repository: Repository, remote: str, old: str | None, new: str) -> bool:
    """Push; return False where the remote branch is not at `old`."""
    try:
        push_branch(repository, remote, old, new)
    except PushFailure as failure:
        if failure.fault != "race":
            raise
        return False
    return True


def _fetch_tip(repository: Repository, remote: str) -> tuple[str | None, dict[str, str]]:
    """Return the tip of the remote branch, fetched where it is new, and all branches' tips."""
    heads = remote_heads(repository, remote)
    tip = heads.get(repository.branch or "")
    if tip is not None and not has_commit(repository, tip):
        fetch_branch(repository, remote, tip)
    return tip, heads


def _refuse_user_commits(
    repository: Repository, remote: str, tip: str | None, heads: Mapping[str, str], target: str
) -> None:
    """Raise PushFailure where other commits than those of events would be pushed.

    A remote without a branch gets all commits: it is new.
    """
    if not heads:
        return
    known = remote_tip_known(repository, remote)
    if tip is not None and known is not None and tip != known:
        back = is_ancestor(repository, tip, known) and is_ancestor(repository, known, target)
        if back:
            raise PushFailure(
                "race",
                message=f"the remote branch was reset from {known[:12]} to {tip[:12]}: "
                "a push would restore the removed commits",
            )
    base = [tip] if tip is not None else _published(repository, remote, heads)
    user_commits = [
        each for each in missing_commits(repository, target, base) if not _is_of_event(each)
    ]
    if user_commits:
        are = "of your commits is" if len(user_commits) == 1 else "of your commits are"
        raise PushFailure(
            "unpushed", message=f"{len(user_commits)} {are} not pushed: {_named(user_commits)}"
        )


def _published(repository: Repository, remote: str, heads: Mapping[str, str]) -> list[str]:
    """Return the tip of each branch of the remote, or where not fetched, the last known one."""
    known = {
        ref: tip if has_commit(repository, tip) else remote_tip_known(repository, remote, ref)
        for ref, tip in heads.items()
    }
    return [each for each in known.values() if each is not None]


def _is_of_event(commit: MissingCommit) -> bool:
    return (
        len(commit.parents) == 1
        and re.fullmatch(_SUBJECT, commit.message) is not None
        and bool(commit.paths)
        and all(path.startswith("registry/") for path in commit.paths)
    )


def _named(commits: Sequence[MissingCommit]) -> str:
    named = ", ".join(f"{each.id[:9]} {quoted(each.subject)}" for each in commits[:_NAMED])
    more = len(commits) - _NAMED
    return f"{named} and {more} more" if more > 0 else named


def _move_to(repository: Repository, recorded: RecordResult, tip: str) -> None:
    """Move the local branch, ahead by the event's commit alone, to the remote's tip."""
    own = recorded.commit
    waiting = missing_commits(repository, own or repository.tip or "", [tip])
    if own is None or repository.tip != own or [each.id for each in waiting] != [own]:
        others = [each for each in waiting if each.id != own]
        also = (
            f", and this clone has commits that it does not have: {_named(others)}"
            if others
            else ""
        )
        raise PushFailure("race", message=f"the remote branch has moved{also}")
    try:
        with transaction(repository) as locked:
            if locked.tip != own:
                raise OperationFailed("the local branch has moved too")
            targets = difference(locked, own, tip)
            advance(locked, tip, targets, "record an event on the remote's tip")
    except OperationFailed as failure:
        message = (
            f"the remote branch has moved, and the local one cannot follow it: {failure.message}"
        )
        raise PushFailure("race", message=message) from failure
