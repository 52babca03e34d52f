"""Where an event is recorded: which branch of which clone, and whether it is pushed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import UsageFault
from versioner.git.config import settings
from versioner.git.process import RefChanged, git
from versioner.git.repository import on_branch, tip_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.git.repository import Repository
    from versioner.recording.record import RecordResult
    from versioner.remote.url import Remote

__all__ = ["deliver", "remote_of_ephemeral_clone"]

# A user's own `git commit` may move the branch between our look and our move.
_TRIES: Final = 5


def deliver(
    repository: Repository,
    record: Callable[[Repository], RecordResult],
    *,
    branch: str | None = None,
    push: bool = False,
    dry_run: bool = False,
) -> RecordResult:
    """Record on a branch (the current one by default), and push that one commit where asked.

    Raises what `record` raises, and NotPushed where the event is in this clone only.
    """
    place = _place(repository, branch)
    if dry_run or not push:
        return _record(place, record)
    remote = _remote_of(place)
    if remote is None:
        raise UsageFault("there is no remote to push to", hint="see `git remote -v`")
    from versioner.recording.push import publish_recorded
    from versioner.remote.configured import url_of

    url_of(place, remote)
    return publish_recorded(
        place, _record(place, record), remote, lambda again: _record(again, record)
    )


def remote_of_ephemeral_clone(
    repository: Repository, branch: str | None, token: str = ""
) -> tuple[Remote, str] | None:
    """Return the remote, and its branch, to record on instead of a clone that a job throws away.

    The branch is "" where only the remote itself can tell: what a job has checked out is the
    change that it is about, which seldom is where deployments are recorded. `token` is what the
    remote is written to with, where one is given; else what the clone itself has. None where the
    clone has no remote.
    """
    branch = branch or _configured_branch(repository)
    named = on_branch(repository, branch) if branch else repository
    name = _remote_of(named)
    if name is None:
        _refuse_to_guess(named)
        return None
    from versioner.remote.configured import remote_of

    return remote_of(repository, name, token), branch


def _place(repository: Repository, branch: str | None) -> Repository:
    """Return the repository with the branch to record on in view.

    On a detached HEAD, as CI systems leave it, the branch that registry.yaml names is the one.
    """
    name = branch or (_configured_branch(repository) if repository.branch is None else "")
    if not name:
        return repository
    place = on_branch(repository, name)
    if place.tip is None and place.branch is not None:
        # Such a clone has the branch as the remote's only.
        short = place.branch.removeprefix("refs/heads/")
        followed = tip_of(repository, f"refs/remotes/{_remote_of(place)}/{short}")
        if followed is not None:
            args = ["update-ref", place.branch, followed, "0" * len(followed)]
            git(args, cwd=place.top, check=False)
            place = on_branch(repository, name)
    return place


def _configured_branch(repository: Repository) -> str:
    from versioner.git.objects import TreeView, reading
    from versioner.registry.config import read_config

    with reading(repository) as reader:
        entry = TreeView(reader, repository.tip).entry(layout.CONFIG)
    return "" if entry is None else read_config(repository, entry.id).get("branch", "")


def _record(place: Repository, record: Callable[[Repository], RecordResult]) -> RecordResult:
    for _ in range(_TRIES - 1):
        try:
            return record(place)
        except RefChanged:
            continue
    return record(place)


def _remote_of(place: Repository) -> str | None:
    """Return the remote that the branch follows, else the only one, else `origin`."""
    followed, remotes = _remotes(place)
    if followed in remotes:
        return followed
    if len(remotes) == 1:
        return remotes[0]
    return "origin" if "origin" in remotes else None


def _remotes(place: Repository) -> tuple[str | None, list[str]]:
    """Return the remote that the branch's configuration names, and all there are."""
    name = (place.branch or "").removeprefix("refs/heads/")
    asked = r"^(remote\..*\.url|branch\..*\.remote)$"
    found = {each.key: each.value for each in settings(place.top, asked)}
    remotes = [key[len("remote.") : -len(".url")] for key in found if key.startswith("remote.")]
    return found.get(f"branch.{name}.remote"), remotes


def _refuse_to_guess(place: Repository) -> None:
    """Refuse a clone of which none of several remotes is the one: what it records would be lost."""
    remotes = _remotes(place)[1]
    if remotes:
        raise UsageFault(
            f"this clone has {len(remotes)} remotes, and none is called origin",
            hint="name the registry's URL with --repo, or record in this clone with --local",
        )
