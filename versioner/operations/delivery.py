"""Where an event is recorded: which branch of which clone, and whether it is pushed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.errors import UsageFault
from versioner.repository.git import LostRace, git
from versioner.repository.location import on_branch

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.operations.record import Recorded
    from versioner.repository.location import Repository

__all__ = ["deliver"]

# A user's own `git commit` may move the branch between our look and our move.
_TRIES: Final = 5


def deliver(
    repository: Repository,
    record: Callable[[Repository], Recorded],
    *,
    branch: str | None = None,
    push: bool = False,
    in_ci: bool = False,
    dry_run: bool = False,
) -> Recorded:
    """Record on a branch (the current one by default), and push that one commit where asked.

    A CI job's clone is thrown away with the job: with `in_ci`, a clone that has a remote is
    pushed from too. Raises what `record` raises, and PushFailure where the event is in this
    clone only.
    """
    place = on_branch(repository, branch) if branch else repository
    recorded = _record(place, record)
    if dry_run or not (push or in_ci):
        return recorded
    remote = _remote_of(place, recorded.branch)
    if remote is not None:
        _push(place, recorded, remote)
    elif push:
        raise UsageFault(
            "recorded in this clone; there is no remote to push to", hint="see `git remote -v`"
        )
    return recorded


def _record(place: Repository, record: Callable[[Repository], Recorded]) -> Recorded:
    for _ in range(_TRIES - 1):
        try:
            return record(place)
        except LostRace:
            continue
    return record(place)


def _remote_of(place: Repository, branch: str) -> str | None:
    """Return the remote that the branch follows, else the only one, else `origin`."""
    name = branch.removeprefix("refs/heads/")
    asked = ["config", "--null", "--get-regexp", r"^(remote\..*\.url|branch\..*\.remote)$"]
    listed = git(asked, cwd=place.top, check=False).decode("utf-8", "replace").split("\0")
    settings = dict(setting.split("\n", 1) for setting in listed if "\n" in setting)
    followed = settings.get(f"branch.{name}.remote")
    remotes = [key[len("remote.") : -len(".url")] for key in settings if key.startswith("remote.")]
    if followed in remotes:
        return followed
    if len(remotes) == 1:
        return remotes[0]
    return "origin" if "origin" in remotes else None


def _push(place: Repository, recorded: Recorded, remote: str) -> None:
    from versioner.repository.location import reread
    from versioner.repository.push import push_branch

    fresh = reread(place)
    tip = recorded.commit or fresh.tip
    if tip is None:
        return
    # Recorded before: then the remote has to stand where this clone does, or nothing is sure.
    push_branch(fresh, remote, recorded.parent if recorded.commit else tip, tip)
    recorded.pushed_to = remote
