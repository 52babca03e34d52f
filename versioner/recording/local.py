"""Record an event in a clone: on which branch, and whether it is pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.errors import UsageFault
from versioner.git.config import settings
from versioner.git.process import git
from versioner.git.repository import on_branch, tip_of
from versioner.recording.record import record_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.git.repository import Repository
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.url import Remote

__all__ = ["at_branch", "record_in_clone", "remote_of_ephemeral_clone"]


def record_in_clone(
    repository: Repository,
    draft: EventDraft,
    *,
    now: str,
    entropy: Callable[[], tuple[int, bytes]],
    create: bool = True,
    branch: str | None = None,
    push: bool = False,
    dry_run: bool = False,
) -> RecordResult:
    """Record an event on a branch, by default the current one, and with `push` push its commit.

    Raises as `record_event` does, and NotPushed where the event is in this clone only.
    """
    place = at_branch(repository, branch)
    if dry_run or not push:
        return record_event(place, draft, now=now, entropy=entropy, create=create, dry_run=dry_run)
    remote = _remote_of(place)
    if remote is None:
        raise UsageFault("there is no remote to push to", hint="see `git remote -v`")
    from versioner.recording.push import publish_recorded
    from versioner.remote.configured import url_of

    # A remote without a usable URL is an error before anything is recorded.
    url_of(place, remote)

    def record(again: Repository) -> RecordResult:
        return record_event(again, draft, now=now, entropy=entropy, create=create)

    return publish_recorded(place, record(place), remote, record)


def remote_of_ephemeral_clone(
    repository: Repository, branch: str | None, token: str = ""
) -> tuple[Remote, str] | None:
    """Return the remote and the branch to record on, for a clone that is deleted after a CI job.

    The branch is "" for the remote's default: the branch that a job has checked out is seldom
    the one on which deployments are recorded. `token` replaces the clone's own credentials.
    Returns None where the clone has no remote. Raises UsageFault where the clone is no registry,
    so that no event goes to the remote of an application.
    """
    branch = branch or _configured_branch(repository, required=True)
    named = on_branch(repository, branch) if branch else repository
    name = _remote_of(named)
    if name is None:
        _refuse_to_guess(named)
        return None
    from versioner.remote.configured import remote_of

    return remote_of(repository, name, token), branch


def at_branch(repository: Repository, branch: str | None) -> Repository:
    """Return the repository with the branch to record on.

    On a detached HEAD, as in CI jobs, that is the branch that registry.yaml names.
    """
    name = branch or (_configured_branch(repository) if repository.branch is None else "")
    if not name:
        return repository
    place = on_branch(repository, name)
    if place.tip is None and place.branch is not None:
        # Such a clone may have the branch as a remote-tracking branch only.
        short = place.branch.removeprefix("refs/heads/")
        followed = tip_of(repository, f"refs/remotes/{_remote_of(place)}/{short}")
        if followed is not None:
            args = ["update-ref", place.branch, followed, "0" * len(followed)]
            git(args, cwd=place.top, check=False)
            place = on_branch(repository, name)
    return place


def _configured_branch(repository: Repository, *, required: bool = False) -> str:
    """Return the branch that registry.yaml names, else "".

    With `required`, raise UsageFault where there is no registry.yaml.
    """
    from versioner.git.objects import TreeView, reading
    from versioner.registry.config import no_registry, read_config

    with reading(repository) as reader:
        entry = TreeView(reader, repository.tip).entry(layout.CONFIG)
    if entry is None and required:
        raise no_registry()
    return "" if entry is None else read_config(repository, entry.id).get("branch", "")


def _remote_of(repository: Repository) -> str | None:
    """Return the remote that the branch follows, else the only one, else `origin`."""
    followed, remotes = _remotes(repository)
    if followed in remotes:
        return followed
    if len(remotes) == 1:
        return remotes[0]
    return "origin" if "origin" in remotes else None


def _remotes(repository: Repository) -> tuple[str | None, list[str]]:
    """Return the remote that the branch follows, if any, and the names of all remotes."""
    name = (repository.branch or "").removeprefix("refs/heads/")
    asked = r"^(remote\..*\.url|branch\..*\.remote)$"
    found = {each.key: each.value for each in settings(repository.top, asked)}
    remotes = [key[len("remote.") : -len(".url")] for key in found if key.startswith("remote.")]
    return found.get(f"branch.{name}.remote"), remotes


def _refuse_to_guess(repository: Repository) -> None:
    """Raise UsageFault for several remotes without a default: the event would be lost."""
    remotes = _remotes(repository)[1]
    if remotes:
        raise UsageFault(
            f"this clone has {len(remotes)} remotes, and none is called origin",
            hint="name the registry's URL with --repo, or record in this clone with --local",
        )
