"""Run all checks of a registry: of a clone and its remote, of a bare repository, or of a URL."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.delivery.context import check_branch_name, no_branch, ref_of_branch
from versioner.doctor.checks import (
    failed,
    guarded,
    note,
    ok,
    problem,
    warning,
)
from versioner.doctor.clone import check_clone, check_format
from versioner.doctor.content import (
    check_attributes,
    check_config,
    check_content,
    check_site,
)
from versioner.doctor.inbox import check_inbox
from versioner.doctor.machine import (
    SERVER,
    check_clock,
    check_git,
    check_signing,
    check_spool,
    server_time,
)
from versioner.doctor.notifications import check_notified, check_notified_remotely
from versioner.doctor.remote import (
    check_branch,
    check_inbox_refs,
    check_protocol,
    check_push,
    check_waiting,
    fetch_tip,
)
from versioner.doctor.server import check_server
from versioner.errors import VersionerError
from versioner.git.config import value_of
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.identity import committer_of
from versioner.git.process import git
from versioner.git.snapshot import snapshot_at
from versioner.git.transaction import recover
from versioner.registry.config import no_registry
from versioner.remote.configured import remote_of
from versioner.remote.inbox_refs import read_inbox
from versioner.remote.notified import notified_tip, read_notified
from versioner.remote.probe import greet, probing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.doctor.checks import Check, CheckContext
    from versioner.doctor.remote import RemoteTip
    from versioner.git.repository import Repository
    from versioner.registry.checks.results_file import ValidatedProducts
    from versioner.remote.probe import Greeting
    from versioner.remote.url import Remote

__all__ = ["examine_clone", "examine_url"]


def examine_clone(
    repository: Repository,
    context: CheckContext,
    *,
    branch: str = "",
    token: str = "",
    kept: ValidatedProducts | None = None,
) -> list[Check]:
    """Check a clone and its remote, or a bare repository on a server.

    `branch` is the remote's, "" for the one that registry.yaml names. Raises UsageFault if there
    is no registry.
    """
    if repository.work_tree is None and repository.tip is None:
        raise no_registry()
    snapshot = snapshot_of_work_tree(repository)
    if layout.CONFIG not in snapshot.entries():
        raise no_registry()
    # An interrupted write is completed first, as by every command.
    found = [*guarded("recovery", lambda: _recovered(repository)), *check_git()]
    found += [*check_signing(repository, context.seconds), *check_spool(context)]
    name = _remote_name(repository)
    found += check_clone(repository, snapshot, has_remote=name is not None)
    content, config = check_content(snapshot, context.now(), kept)
    found += content
    if name is None:
        found += _alone(repository, context)
        return found + guarded("notify", partial(_notified, repository, config, context))
    try:
        remote = remote_of(repository, name, token)
    except VersionerError as error:
        return [*found, failed("remote", error)]
    branch = branch or str(config.get("branch", ""))
    return [*found, *_remotely(repository, remote, branch, config, context)]


def examine_url(remote: Remote, context: CheckContext, *, branch: str = "") -> list[Check]:
    """Check a registry that is given by its URL; an error of the remote is a result.

    Raises UsageFault if there is no registry.
    """
    found = [*check_git(), *check_spool(context)]
    with probing(remote, seconds=context.seconds) as probe:
        place = probe.clone.repository("", None)
        found += check_signing(place, context.seconds)
        signs = _signs(place)
    try:
        greeting = greet(remote, seconds=context.seconds)
        tip = _required_tip(remote, greeting, ref_of_branch(branch), context.seconds)
    except VersionerError as error:
        if error.exit_code == no_registry().exit_code:
            raise
        return [*found, _unreached(remote, error)]
    content, config = check_config(tip.config or b"")
    found += [
        *check_format(greeting.object_format),
        content,
        *check_attributes(lambda: tip.attributes),
        *check_site(config),
    ]
    return [*found, *_check_remote(remote, greeting, tip, config, context, signs=signs)]


def _remotely(
    repository: Repository,
    remote: Remote,
    branch: str,
    config: Mapping[str, Any],
    context: CheckContext,
) -> list[Check]:
    """Check a clone's remote; if it cannot be reached, report the inbox as last fetched."""
    try:
        greeting = greet(remote, seconds=context.seconds)
        branch = ref_of_branch(branch) or greeting.head
        tip = fetch_tip(remote, greeting, branch, context.seconds)
    except VersionerError as error:
        fetched = check_inbox(read_inbox(repository), context.now(), where=", as last fetched")
        return [_unreached(remote, error), *guarded("waiting", lambda: fetched)]
    if tip is None or tip.config is None:
        there = guarded("push", lambda: check_push(remote, greeting, context.seconds))
        return [_not_there(remote, branch), *there]
    found = _check_remote(remote, greeting, tip, config, context, signs=_signs(repository))
    if repository.branch != tip.branch:
        found.append(_elsewhere(repository, tip))
    return found


def _elsewhere(repository: Repository, tip: RemoteTip) -> Check:
    here = (repository.branch or "no branch").removeprefix("refs/heads/")
    there = tip.branch.removeprefix("refs/heads/")
    return note(
        "branch",
        f"this clone is on {here}, but the registry is on {there}: events that are recorded here "
        f"stay on {here}",
        f"git switch {there}, or record with --branch {there}",
    )


def _not_there(remote: Remote, branch: str) -> Check:
    name = branch.removeprefix("refs/heads/")
    lack = (
        f'the remote\'s branch "{name}" has no registry' if name else "the remote has no branch yet"
    )
    return problem(
        "remote",
        f"{_shown(remote)} answers, but {lack}",
        "push this registry: git push -u origin HEAD",
    )


def _required_tip(remote: Remote, greeting: Greeting, branch: str, seconds: float) -> RemoteTip:
    """Fetch the tip of the registry's branch; raise UsageFault if it has no registry."""
    check_branch_name(branch)
    tip = fetch_tip(remote, greeting, branch or greeting.head, seconds)
    if tip is None:
        raise no_branch(branch)
    if tip.config is None:
        name = (branch or greeting.head or "HEAD").removeprefix("refs/heads/")
        raise no_registry(f'on the remote\'s branch "{name}"')
    return tip


def _check_remote(
    remote: Remote,
    greeting: Greeting,
    tip: RemoteTip,
    config: Mapping[str, Any],
    context: CheckContext,
    *,
    signs: bool,
) -> list[Check]:
    seconds = context.seconds
    found = [ok("remote", f"{_shown(remote)} answers")]
    found += guarded("branch", lambda: check_branch(greeting, config, tip.branch))
    found += guarded("clock", lambda: [_clock(remote, tip, context)])
    found += guarded("protocol", lambda: check_protocol(remote, greeting, tip, seconds))
    found += guarded("push", lambda: check_push(remote, greeting, seconds))
    if tip.signed and not signs:
        found.append(_unsigned())
    may_push = not any(each.name == "push" and each.verdict == "problem" for each in found)
    if may_push or not context.probe:
        found += guarded("inbox-refs", lambda: check_inbox_refs(remote, greeting, context))
    found += guarded("waiting", lambda: check_waiting(remote, greeting, context))
    notified = partial(check_notified_remotely, remote, greeting, config, context)
    return found + guarded("notify", notified)


def _unsigned() -> Check:
    return note(
        "signing-rule",
        "the branch's latest commit is signed, but commits made here are not: a forge that "
        "requires signatures refuses them",
        "git config --global commit.gpgsign true, with a key; or record with `--via inbox`",
    )


def _clock(remote: Remote, tip: RemoteTip, context: CheckContext) -> Check:
    server_now = server_time(remote.host, context.seconds) if remote.host else ""
    now = context.now()
    if server_now:
        return check_clock(now, server_now, SERVER)
    return check_clock(now, tip.at, "the branch's latest commit")


def _alone(repository: Repository, context: CheckContext) -> Iterator[Check]:
    if repository.tip is not None:
        at = snapshot_at(repository, repository.tip).commit_time
        yield check_clock(context.now(), at or context.now(), "the latest commit")
    if repository.work_tree is None:
        yield from check_server(repository, context.now())
        return
    yield warning(
        "remote",
        "this clone has no remote: events that are recorded here stay on this machine",
        "git remote add origin URL, then git push -u origin HEAD",
    )


def _notified(
    repository: Repository, config: Mapping[str, Any], context: CheckContext
) -> Iterator[Check]:
    commit = notified_tip(repository)
    state = read_notified(repository, commit) if commit else None
    return check_notified(state, config, context.now())


def _unreached(remote: Remote, error: VersionerError) -> Check:
    check = failed("remote", error)
    return check._replace(
        message=f"{_shown(remote)} (its other checks are skipped): {check.message}"
    )


def _shown(remote: Remote) -> str:
    """Return the remote's URL without the login, which may be a token."""
    return re.sub(r"://[^/@\s]*@", "://", remote.url)


def _recovered(repository: Repository) -> Iterator[Check]:
    recover(repository)
    yield from ()


def _signs(repository: Repository) -> bool:
    return committer_of(repository, None).signing is not None


def _remote_name(repository: Repository) -> str | None:
    """Return the remote that the branch follows, else the only one, else `origin`."""
    if repository.work_tree is None:
        # The remote of a repository on a server is the one that it was cloned from.
        return None
    names = git(["remote"], cwd=repository.top, check=False).decode("utf-8", "replace").split()
    branch = (repository.branch or "").removeprefix("refs/heads/")
    followed = value_of(repository.top, f"branch.{branch}.remote")
    if followed in names:
        return followed
    return names[0] if len(names) == 1 else "origin" if "origin" in names else None
