"""Publish commits: push them where the remote branch stands just before them, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.errors import UsageFault
from versioner.remote.configured import follow, reach, remote_tip_known
from versioner.remote.push_status import (
    FAULTS,
    RefStatus,
    RemoteFailure,
    fault_of,
    reason_of,
    ref_faults,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.process import Completed
    from versioner.git.repository import Repository
    from versioner.remote.configured import Reach
    from versioner.remote.faults import RemoteFault

__all__ = ["PushFailure", "fetch_branch", "push_branch", "remote_heads"]

_STAYS: Final = "the commit stays on the local branch: `git push` later"
_BY_URL: Final = "record on the remote by its URL (--repo URL), by way of its inbox"
# What helps a clone, where that is not what helps elsewhere.
_REMEDIES: Final[Mapping[RemoteFault, str]] = {
    "race": FAULTS["race"][1],
    "unpushed": FAULTS["unpushed"][1],
    "protected": f"let this user past the protection, or {_BY_URL}; {_STAYS}",
    "signature": "let git sign (commit.gpgsign and a key in the user's configuration), or "
    f"{_BY_URL}; {_STAYS}",
    "checked-out": f"push to a bare repository (`git init --bare`); {_STAYS}",
    "login": f"give git a login that is valid, by a credential helper or an ssh key; {_STAYS}",
    "shallow": f"complete the clone (`git fetch --unshallow`); {_STAYS}",
    "unknown": "`git fetch` shows whether it arrived; until then the commit is on the local "
    "branch, and `git push` sends it once",
}


class PushFailure(RemoteFailure):
    """Say that a clone's commit did not reach the remote: it stays on the local branch.

    `fault` tells why: `race`, its branch is elsewhere; `unpushed`, commits of the user's lie
    between; else what the remote, or the way to it, refused.
    """

    def __init__(
        self, fault: RemoteFault, reason: str = "", *, message: str = "", stderr: str = ""
    ) -> None:
        hint = _REMEDIES.get(fault) or f"{FAULTS[fault][1]}; {_STAYS}"
        super().__init__(fault, reason, message=message, hint=hint, stderr=stderr)


def push_branch(repo: Repository, remote: str, old: str | None, new: str) -> None:
    """Push `new` to the repository's branch on a remote whose tip there is exactly `old`.

    So nothing but the commits from `old` to `new` is ever published. `old` None: the remote has
    no such branch yet. Raises PushFailure; the local branch stays as it is.
    """
    branch = _branch_of(repo)
    with reach(repo, remote) as way:
        args = ["push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--no-signed"]
        args += [f"--force-with-lease={branch}:{old or ''}", "--", way.url, f"{new}:{branch}"]
        done = way.run(args)
        if done.returncode != 0 and not _arrived(way, branch, new, done):
            raise _failure(done)
    follow(repo, remote, new)


def remote_heads(repo: Repository, remote: str) -> dict[str, str]:
    """Return the remote's branches, full names, and the commit that each is at."""
    with reach(repo, remote) as way:
        done = way.heads()
    if done.returncode != 0:
        raise _failure(done)
    return _heads(done)


def fetch_branch(repo: Repository, remote: str, tip: str) -> None:
    """Fetch a remote branch that was seen at `tip`; only the remote-tracking ref moves."""
    known = {commit for commit in (repo.tip, remote_tip_known(repo, remote)) if commit}
    with reach(repo, remote) as way:
        done = way.fetch(_branch_of(repo), sorted(known))
    if done.returncode != 0:
        raise _failure(done)
    follow(repo, remote, tip)


def _branch_of(repo: Repository) -> str:
    if repo.branch is None:
        raise UsageFault("HEAD is detached: there is no branch to push", hint="add --branch NAME")
    return repo.branch


def _heads(listed: Completed) -> dict[str, str]:
    lines = listed.stdout.decode("utf-8", "surrogateescape").splitlines()
    pairs = (line.partition("\t") for line in lines if "\t" in line)
    return {ref: commit for commit, _, ref in pairs}


def _arrived(way: Reach, branch: str, new: str, done: Completed) -> bool:
    """Ask the remote where an answer was lost: it may have taken the commit all the same."""
    told = next(iter(ref_faults(done).values()), None)
    unclear = told.fault == "unknown" if told else fault_of(done)[1]
    return unclear and _heads(way.heads()).get(branch) == new


def _failure(done: Completed) -> PushFailure:
    fault = fault_of(done)[0]
    told = next(iter(ref_faults(done).values()), RefStatus(fault, ""))
    return PushFailure(told.fault or fault, reason_of(done, told.reason), stderr=done.stderr)
