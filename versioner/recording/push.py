"""Publish what was recorded: where the remote branch is now, and nothing of the user's own."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import OperationFailed, VersionerError
from versioner.git.history import difference, has_commit, is_ancestor, lacking
from versioner.git.repository import reread
from versioner.git.transaction import advance, transaction
from versioner.recording.local import NotPushed
from versioner.remote.configured import follow, remote_tip_known
from versioner.remote.push import PushFailure, fetch_branch, push_branch, remote_heads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.history import MissingCommit
    from versioner.git.repository import Repository
    from versioner.recording.record import RecordResult

__all__ = ["Retracted", "publish_recorded"]

# Whoever loses that many races in a row is one of very many.
_TRIES: Final = 8
_PAUSE_SECONDS: Final = 0.1
_NAMED: Final = 3

# The subjects of `record`: names, a version and a status, which hold no spaces.
_SUBJECT: Final = r"Record (?:build of \S+ \S+|deployment of \S+ \S+ to \S+) \([a-z]+\)\n*"


class Retracted(Exception):
    """Carry the error that an event met on the remote's new tip: it is recorded nowhere now."""

    def __init__(self, error: VersionerError | OSError) -> None:
        super().__init__(str(error))
        self.error = error


def publish_recorded(
    place: Repository,
    recorded: RecordResult,
    remote: str,
    record: Callable[[Repository], RecordResult],
) -> RecordResult:
    """Push an event's commit, and those of earlier events that did not get through.

    Where the remote has moved on and the event of this run is all that it lacks, the event is
    judged and recorded again on what is there now (`record`), and the local branch moves along.
    Raises NotPushed where it is recorded in this clone only, Retracted where not even that.
    """
    step = _Step(recorded, made=recorded.commit is not None and recorded.parent is not None)
    for number in range(_TRIES):
        try:
            step = _attempt(place, step, remote, record, number)
        except (OperationFailed, OSError) as cause:
            raise NotPushed(step.recorded, cause) from cause
        if step.recorded.pushed_to:
            return step.recorded
    late = PushFailure("race", message=f"others pushed first, {_TRIES} times in a row")
    raise NotPushed(step.recorded, late)


class _Step(NamedTuple):
    """Hold where publishing stands; `made` tells that the commit is new, on the remote's tip."""

    recorded: RecordResult
    made: bool = False


def _attempt(
    place: Repository,
    step: _Step,
    remote: str,
    record: Callable[[Repository], RecordResult],
    number: int,
) -> _Step:
    fresh, recorded = reread(place), step.recorded
    target = recorded.commit or fresh.tip or ""
    done = _Step(recorded._replace(pushed_to=remote))
    # Nothing has to be asked where the remote is still at what the event was recorded on.
    if step.made and _pushed(fresh, remote, recorded.parent, target):
        return done
    if number:
        _pause(target, number)
    tip, heads = _look(fresh, remote)
    if tip is not None and is_ancestor(fresh, target, tip):
        follow(fresh, remote, tip)
        return done
    if tip is None or is_ancestor(fresh, tip, target):
        _refuse_yours(fresh, remote, tip, heads, target)
        return done if _pushed(fresh, remote, tip, target) else _Step(recorded)
    again = _record_again(fresh, recorded, tip, record)
    return _Step(again, made=again.commit is not None)


def _pushed(place: Repository, remote: str, old: str | None, new: str) -> bool:
    """Push; False where the remote branch is not at `old`."""
    try:
        push_branch(place, remote, old, new)
    except PushFailure as failure:
        if failure.fault != "race":
            raise
        return False
    return True


def _pause(target: str, number: int) -> None:
    # The writers of a race have different commits: that spreads them.
    time.sleep(_PAUSE_SECONDS * number * (0.5 + int(target[-4:], 16) / 65536))


def _look(place: Repository, remote: str) -> tuple[str | None, dict[str, str]]:
    """Return the remote branch's tip, fetched where it is new, and where all branches are."""
    heads = remote_heads(place, remote)
    tip = heads.get(place.branch or "")
    if tip is not None and not has_commit(place, tip):
        fetch_branch(place, remote, tip)
    return tip, heads


def _refuse_yours(
    place: Repository, remote: str, tip: str | None, heads: Mapping[str, str], target: str
) -> None:
    """Raise PushFailure where more than recorded events would be published.

    A remote without any branch gets all there is: it was made for that.
    """
    if not heads:
        return
    known = remote_tip_known(place, remote)
    if tip is not None and known is not None and tip != known:
        back = is_ancestor(place, tip, known) and is_ancestor(place, known, target)
        if back:
            raise PushFailure(
                "race",
                message=f"the remote branch went back, from {known[:12]} to {tip[:12]}: "
                "nothing brings back what was taken from it",
            )
    base = [tip] if tip is not None else _published(place, remote, heads)
    yours = [each for each in lacking(place, target, base) if not _is_of_event(each)]
    if yours:
        are = "commit of yours is" if len(yours) == 1 else "commits of yours are"
        raise PushFailure("unpushed", message=f"{len(yours)} {are} not pushed: {_named(yours)}")


def _published(place: Repository, remote: str, heads: Mapping[str, str]) -> list[str]:
    """Return where each branch of the remote is or, where that was not fetched, was last seen."""
    known = {
        ref: tip if has_commit(place, tip) else remote_tip_known(place, remote, ref)
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
    named = ", ".join(f"{each.id[:9]} {each.subject!r}" for each in commits[:_NAMED])
    more = len(commits) - _NAMED
    return f"{named} and {more} more" if more > 0 else named


def _record_again(
    place: Repository,
    recorded: RecordResult,
    tip: str,
    record: Callable[[Repository], RecordResult],
) -> RecordResult:
    """Move the branch to the remote's tip, and record the event there."""
    own = recorded.commit
    waiting = lacking(place, own or place.tip or "", [tip])
    if own is None or place.tip != own or [each.id for each in waiting] != [own]:
        others = [each for each in waiting if each.id != own]
        also = f", and this clone has commits that it lacks: {_named(others)}" if others else ""
        raise PushFailure("race", message=f"the remote branch has moved on{also}")
    try:
        with transaction(place) as locked:
            if locked.tip != own:
                raise OperationFailed("the local branch has moved too")
            targets = difference(locked, own, tip)
            advance(locked, tip, targets, "record an event on what the remote has now")
    except OperationFailed as failure:
        message = f"the remote branch has moved on, and this clone cannot follow: {failure.message}"
        raise PushFailure("race", message=message) from failure
    try:
        return record(place)
    except (VersionerError, OSError) as error:
        raise Retracted(error) from error
