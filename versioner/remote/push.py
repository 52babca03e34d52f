"""Push commits of a clone to its remote, only where the remote branch is at their parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.errors import UsageFault
from versioner.remote.client import RefUpdate, failure_of
from versioner.remote.configured import (
    client_of,
    fetch_commits,
    remote_tip_known,
    update_tracking_ref,
)
from versioner.remote.faults import FAULTS, RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.repository import Repository
    from versioner.remote.client import RemoteClient
    from versioner.remote.faults import RemoteFault

__all__ = ["PushFailure", "fetch_branch", "push_branch", "remote_heads"]

_STAYS: Final = "the commit stays on the local branch: `git push` later"
_BY_URL: Final = "record on the remote by its URL (--repo URL), through its inbox"
# Hints for a clone, where they differ from those of FAULTS.
_REMEDIES: Final[Mapping[RemoteFault, str]] = {
    "race": FAULTS["race"][1],
    "unpushed": FAULTS["unpushed"][1],
    "protected": f"allow this user to bypass the protection, or {_BY_URL}; {_STAYS}",
    "signature": "let git sign (commit.gpgsign and a key in the user's configuration), or "
    f"{_BY_URL}; {_STAYS}",
    "checked-out": f"push to a bare repository (`git init --bare`); {_STAYS}",
    "login": f"give git a valid login, with a credential helper or an ssh key; {_STAYS}",
    "shallow": f"complete the clone (`git fetch --unshallow`); {_STAYS}",
    "unknown": "`git fetch` shows whether it arrived; until then the commit is on the local "
    "branch, and `git push` sends it once",
}


class PushFailure(RemoteFailure):
    """A clone's commit that did not reach the remote: it stays on the local branch.

    `fault` is `race` where the remote branch is not at the commit's parent, `unpushed` where
    commits of the user lie between, else as for every RemoteFailure.
    """

    def __init__(
        self,
        fault: RemoteFault,
        reason: str = "",
        *,
        message: str = "",
        stderr: str = "",
        sent: bool = False,
    ) -> None:
        hint = _REMEDIES.get(fault) or f"{FAULTS[fault][1]}; {_STAYS}"
        super().__init__(fault, reason, message=message, hint=hint, stderr=stderr, sent=sent)


def push_branch(repo: Repository, remote: str, old: str | None, new: str) -> None:
    """Push `new` to the repository's branch on a remote whose tip there is exactly `old`.

    So nothing but the commits from `old` to `new` is ever published. `old` None: the remote has
    no such branch yet. Raises PushFailure; the local branch stays as it is.
    """
    branch = _branch_of(repo)
    with client_of(repo, remote) as client:
        failure = _push(client, RefUpdate(branch, old, new))
        if failure is not None and not (failure.sent and _has_arrived(client, branch, new)):
            raise failure
    update_tracking_ref(repo, remote, new)


def remote_heads(repo: Repository, remote: str) -> dict[str, str]:
    """Return the remote's branches, by their full names, and the commit that each is at."""
    try:
        with client_of(repo, remote) as client:
            return _heads(client)
    except RemoteFailure as failure:
        raise _push_failure(failure) from failure


def fetch_branch(repo: Repository, remote: str, tip: str) -> None:
    """Fetch a remote branch that was seen at `tip`; only the remote-tracking ref moves."""
    known = {commit for commit in (repo.tip, remote_tip_known(repo, remote)) if commit}
    with client_of(repo, remote) as client:
        done = fetch_commits(client, repo, _branch_of(repo), sorted(known))
    if done.returncode != 0:
        raise _push_failure(failure_of(done))
    update_tracking_ref(repo, remote, tip)


def _branch_of(repo: Repository) -> str:
    if repo.branch is None:
        raise UsageFault("HEAD is detached: there is no branch to push", hint="add --branch NAME")
    return repo.branch


def _heads(client: RemoteClient) -> dict[str, str]:
    refs = client.list_refs("refs/heads/*").refs
    # The pattern also matches in the middle of a name.
    return {ref: commit for ref, commit in refs.items() if ref.startswith("refs/heads/")}


def _push(client: RemoteClient, update: RefUpdate) -> PushFailure | None:
    """Push, and return why the remote did not report success."""
    try:
        status = client.push([update])[update.ref]
    except RemoteFailure as failure:
        return _push_failure(failure)
    if status.fault is None:
        return None
    return PushFailure(status.fault, status.reason, sent=status.fault == "unknown")


def _has_arrived(client: RemoteClient, branch: str, new: str) -> bool:
    """Return whether the remote has the commit after all; False where it does not answer."""
    try:
        return _heads(client).get(branch) == new
    except RemoteFailure:
        return False


def _push_failure(failure: RemoteFailure) -> PushFailure:
    return PushFailure(failure.fault, failure.reason, stderr=failure.stderr, sent=failure.sent)
