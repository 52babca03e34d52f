"""Where an event is recorded: which branch of which clone, and whether it is pushed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import UsageFault
from versioner.repository.git import LostRace, git
from versioner.repository.location import on_branch, tip_of
from versioner.repository.objects import read_blobs

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
    place = _place(repository, branch)
    if dry_run or not (push or in_ci):
        return _record(place, record)
    remote = _remote_of(place)
    if remote is None and push:
        raise UsageFault("there is no remote to push to", hint="see `git remote -v`")
    recorded = _record(place, record)
    return recorded if remote is None else _push(place, recorded, remote)


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
    from versioner.registry.config import read_config
    from versioner.repository.objects import TreeView, reading

    with reading(repository) as reader:
        entry = TreeView(reader, repository.tip).entry(layout.CONFIG)
    return "" if entry is None else read_config(repository, entry.id).get("branch", "")


def _record(place: Repository, record: Callable[[Repository], Recorded]) -> Recorded:
    for _ in range(_TRIES - 1):
        try:
            return record(place)
        except LostRace:
            continue
    return record(place)


def _remote_of(place: Repository) -> str | None:
    """Return the remote that the branch follows, else the only one, else `origin`."""
    name = (place.branch or "").removeprefix("refs/heads/")
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


def _push(place: Repository, recorded: Recorded, remote: str) -> Recorded:
    from versioner.repository.location import reread
    from versioner.repository.push import PushFailure, push_branch

    fresh = reread(place)
    if recorded.commit is not None:
        push_branch(fresh, remote, recorded.parent, recorded.commit)
    elif fresh.tip is not None:
        try:
            # Recorded before: all is well where the remote stands where this clone does.
            push_branch(fresh, remote, fresh.tip, fresh.tip)
        except PushFailure as failure:
            parent = _parent_of_record(fresh, recorded)
            if failure.fault != "race" or parent is None:
                raise
            push_branch(fresh, remote, parent, fresh.tip)
    return recorded._replace(pushed_to=remote)


def _parent_of_record(place: Repository, recorded: Recorded) -> str | None:
    """Return the tip's parent, where the tip is the very commit that recorded this event.

    So that a step that recorded and could not push can be run again.
    """
    row = git(["rev-list", "--parents", "--max-count=1", place.tip or ""], cwd=place.top).split()
    if len(row) != 2:
        return None
    tip, parent = (name.decode("ascii") for name in row)
    before, after = (
        read_blobs(place, revision, [recorded.path])[recorded.path] or b""
        for revision in (parent, tip)
    )
    listed = git(["diff-tree", "-r", "-z", "--name-only", parent, tip], cwd=place.top)
    changed = listed.decode("utf-8", "surrogateescape").split("\0")[:-1]
    described = [path for path in changed if path != recorded.path]
    only_this = after == before + recorded.line.encode() or (
        not before and after.endswith(recorded.line.encode())
    )
    creations = {layout.product_path(recorded.product)}
    if "environment" in recorded.event:
        creations.add(layout.environment_path(recorded.event["environment"]))
    return parent if only_this and creations.issuperset(described) else None
