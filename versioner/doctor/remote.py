"""Check a remote: its branch, its protocol, the permission to push, and its inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner import layout
from versioner.doctor.checks import failed, note, ok, problem, warning
from versioner.doctor.content import ATTRIBUTES
from versioner.doctor.inbox import check_inbox
from versioner.doctor.server import filters_check
from versioner.git.objects import TreeView, find_commit, read_blobs, reading
from versioner.git.snapshot import commit_time_of
from versioner.remote.faults import RemoteFailure
from versioner.remote.filters import FILTERS
from versioner.remote.inbox_refs import INBOX, REFUSED, Inbox, read_inbox
from versioner.remote.probe import PROBES, probing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.doctor.checks import Check, CheckContext
    from versioner.remote.probe import Answer, Greeting, RefTrial
    from versioner.remote.url import Remote

__all__ = [
    "RemoteTip",
    "check_branch",
    "check_inbox_refs",
    "check_protocol",
    "check_push",
    "check_waiting",
    "fetch_tip",
]

_HEADS: Final = "refs/heads/"
# If there are more refs, they are only counted.
_MOST_READ: Final = 2000


class RemoteTip(NamedTuple):
    """The tip of a remote's branch; `config` is None if the branch has no registry."""

    branch: str
    commit: str
    at: str
    signed: bool
    config_id: str
    config: bytes | None
    attributes: bytes | None


def fetch_tip(remote: Remote, greeting: Greeting, branch: str, seconds: float) -> RemoteTip | None:
    """Fetch the tip of a branch, and the files that are checked; None if there is no branch."""
    with probing(remote, seconds=seconds, form=greeting.object_format) as probe:
        tip = probe.clone.fetch_tip(branch)
        if tip is None:
            return None
        place = probe.clone.repository(branch, tip)
        with reading(place) as reader:
            entry = TreeView(reader, tip).entry(layout.CONFIG)
        found = read_blobs(place, tip, [layout.CONFIG, ATTRIBUTES])
        commit = find_commit(place, tip).data
    return RemoteTip(
        branch,
        tip,
        commit_time_of(commit),
        b"\ngpgsig" in commit.partition(b"\n\n")[0],
        "" if entry is None else entry.id,
        found[layout.CONFIG],
        found[ATTRIBUTES],
    )


def check_branch(greeting: Greeting, config: Mapping[str, Any], branch: str) -> Iterator[Check]:
    """Compare the branch that registry.yaml names with the HEAD of the remote."""
    named, head = str(config.get("branch", "")), greeting.head.removeprefix(_HEADS)
    if named and f"{_HEADS}{named}" not in greeting.refs:
        yield problem(
            "branch",
            f'registry.yaml names the branch "{named}", but the remote has no such branch',
            "set `branch:` in registry.yaml to the branch that holds the registry, or push it",
        )
    elif named and head and named != head:
        yield warning(
            "branch",
            f'registry.yaml names the branch "{named}", but the remote\'s HEAD is "{head}": events '
            f'are recorded on "{named}", and workflows on a schedule run from "{head}"',
            "make it the default branch on the forge, or change `branch:` in registry.yaml",
        )
    else:
        yield ok("branch", named or branch.removeprefix(_HEADS) or "the remote's HEAD")


def check_protocol(
    remote: Remote, greeting: Greeting, tip: RemoteTip, seconds: float
) -> Iterator[Check]:
    """Report the protocol of the remote, and the filters that it accepts."""
    answers: dict[str, Answer] = {}
    for filter_ in FILTERS[:-1]:
        with probing(remote, seconds=seconds, form=greeting.object_format) as probe:
            answers[filter_] = probe.try_filter(filter_, tip.config_id)
    if "no ids" in answers.values():
        yield warning(
            "protocol",
            f"version {greeting.protocol}, without fetches of objects by id: recording through "
            "the URL fetches all files of the branch each time",
            "on your own server: install git 2.18 or newer, and let the web server pass on the "
            "header Git-Protocol (as GIT_PROTOCOL)",
        )
        return
    if greeting.protocol == 2:
        yield ok("protocol", "version 2, with fetches of objects by id")
    else:
        yield note(
            "protocol",
            "version 0: each fetch lists all refs",
            "on your own server: pass on the header Git-Protocol (as GIT_PROTOCOL)",
        )
    yield filters_check([filter_ for filter_, answer in answers.items() if answer == "taken"])


def check_push(remote: Remote, greeting: Greeting, seconds: float) -> Iterator[Check]:
    """Check whether this token or user may push, and whether a push can be atomic."""
    who = "the token in VERSIONER_TOKEN" if remote.token else "this user"
    atomic = True
    try:
        _dry_run(remote, greeting, seconds, atomic=True)
    except RemoteFailure as failure:
        if failure.fault != "atomic":
            yield failed("push", failure)
            return
        atomic = False
        _dry_run(remote, greeting, seconds, atomic=False)
    yield ok("push", f"{who} may push; only a push shows whether the branch is protected")
    if atomic:
        yield ok("atomic", "the remote can update several refs in one step")
    else:
        yield warning(
            "atomic",
            "the remote cannot update several refs in one step: events in the inbox are recorded "
            "and removed in two",
            "on your own server: git config receive.advertiseAtomic true",
        )


def _dry_run(remote: Remote, greeting: Greeting, seconds: float, *, atomic: bool) -> None:
    with probing(remote, seconds=seconds, form=greeting.object_format) as probe:
        probe.may_push(atomic=atomic)


def check_inbox_refs(remote: Remote, greeting: Greeting, context: CheckContext) -> Iterator[Check]:
    """Check whether the remote accepts the refs of an inbox; only a probe shows it for certain."""
    there = [ref for ref in greeting.refs if ref.startswith((INBOX, REFUSED))]
    left = [ref for ref in greeting.refs if ref.startswith(PROBES)]
    if context.probe:
        with probing(remote, seconds=context.seconds, form=greeting.object_format) as probe:
            milliseconds, chance = context.entropy()
            tried = probe.try_ref(chance.hex(), milliseconds // 1000)
            yield _probe_check(tried)
    elif there:
        yield ok("inbox-refs", f"accepted: there are {len(there)} refs below refs/versioner/ now")
    else:
        yield note(
            "inbox-refs",
            "unknown: only a push shows whether the remote accepts refs/versioner/*",
            "`versioner doctor --probe` pushes such a ref and deletes it again",
        )
    for ref in left:
        yield note(
            "inbox-refs",
            f"{ref} was left by a check that was interrupted",
            f"git push --delete URL {ref}",
        )


def _probe_check(tried: RefTrial) -> Check:
    if tried.made.fault is not None:
        return warning(
            "inbox-refs",
            f"refused, so there is no inbox: {tried.made.reason}",
            "record with `--via direct`, or let the forge accept refs/versioner/*",
        )
    if tried.deleted is None or tried.deleted.fault is not None:
        return problem(
            "inbox-refs",
            f"accepted, but not deleted: {tried.ref} stays, and so would the ref of each collected "
            "event",
            "allow the token or user that runs `collect` to delete refs/versioner/*",
        )
    return ok("inbox-refs", "accepted, and deleted again (tested now)")


def check_waiting(remote: Remote, greeting: Greeting, context: CheckContext) -> Iterator[Check]:
    """Report the waiting and the refused events on the remote."""
    waits = sum(ref.startswith(INBOX) for ref in greeting.refs)
    refused = sum(ref.startswith(REFUSED) for ref in greeting.refs)
    found = Inbox(more_waiting=waits, more_refused=refused)
    if 0 < waits + refused <= _MOST_READ:
        with probing(remote, seconds=context.seconds, form=greeting.object_format) as probe:
            probe.clone.fetch_refs_below([INBOX, REFUSED])
            found = read_inbox(probe.clone.repository("", None))
    yield from check_inbox(found, context.now(), where=" on the remote")
