"""Publish commits: push them where the remote branch stands just before them, or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from versioner.errors import GitFailure, UsageFault
from versioner.repository.git import printable
from versioner.repository.remote import follow, reach, remote_tip_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.repository.git import Completed
    from versioner.repository.location import Repository
    from versioner.repository.remote import Reach

__all__ = ["PushFailure", "fetch_branch", "push_branch", "remote_heads"]

PushFault = Literal["race", "unpushed", "refused", "network", "unknown"]

# What the status line of a ref says in its parentheses where somebody else was quicker.
_RACE: Final = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref"
    r"|incorrect old value|reference already exists|failed to lock|remote ref updated since"
)
# Where no ref has a status, the connection itself failed; only git's words tell how.
_FAULTS: Final[tuple[tuple[PushFault, re.Pattern[str]], ...]] = (
    (
        "refused",
        re.compile(
            r"[Pp]ermission (?:to \S+ )?denied|[Aa]uthentication failed|error: 40[13]|denied to"
            r"|could not read (?:Username|Password)|not permitted|Host key verification failed"
        ),
    ),
    (
        "network",
        re.compile(
            r"[Cc]ould not resolve|[Cc]onnection|timed out|unable to access|early EOF"
            r"|hung up|does not appear to be a git repository|[Nn]etwork|not found"
            r"|Could not read from remote|error: 5\d\d|does not exist"
        ),
    ),
)
_WORDS: Final[Mapping[PushFault, tuple[str, str]]] = {
    "race": (
        "the remote branch is not where this commit was made on",
        "run `git pull --rebase`, then `git push`",
    ),
    "unpushed": ("commits of yours are not pushed", "run `git push` first"),
    "refused": (
        "the remote refused the commit",
        "is the branch protected, or a right missing? The commit stays on the local branch",
    ),
    "network": (
        "the remote could not be reached",
        "the commit stays on the local branch: `git push` later",
    ),
    "unknown": ("the push failed", "the commit stays on the local branch"),
}
_STATUS: Final = re.compile(r"^!\t[^\t]*\t\[([^\]]*)\](?: \((.*)\))?$", re.MULTILINE)
_USER: Final = re.compile(r"://[^/@\s]*@")
_MOST_WORDS: Final = 20


class PushFailure(GitFailure):
    """Say that a commit did not reach the remote; `fault` tells why.

    `race`: its branch is elsewhere. `unpushed`: commits of the user's lie between. `refused`:
    protection, a hook, or a right. `network`: it was not reached. `unknown`: none of these.
    """

    def __init__(
        self, fault: PushFault, reason: str = "", *, message: str = "", stderr: str = ""
    ) -> None:
        usual, hint = _WORDS[fault]
        message = message or usual
        super().__init__(f"{message}: {reason}" if reason else message, hint=hint, stderr=stderr)
        self.fault: PushFault = fault


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
    if _fault(done) not in ("network", "unknown"):
        return False
    return _heads(way.heads()).get(branch) == new


def _status(done: Completed) -> tuple[str, str]:
    """Return what git's line for programs says of the ref: `remote rejected`, and why."""
    found = _STATUS.search(done.stdout.decode("utf-8", "replace"))
    return (found[1], found[2] or "") if found else ("", "")


def _fault(done: Completed) -> PushFault:
    status, reason = _status(done)
    if status in ("rejected", "remote rejected"):
        return "race" if status == "rejected" or _RACE.match(reason) else "refused"
    if status:
        return "unknown"
    # What the server said is its own affair: it may quote anything.
    own = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("remote: "))
    return next((fault for fault, words in _FAULTS if words.search(own)), "unknown")


def _failure(done: Completed) -> PushFailure:
    """Word a failure: git's own reason, and then all that the server had to say."""
    said = done.stderr.splitlines()
    marked = [line for line in said if line.startswith(("fatal: ", "error: "))]
    reason = _status(done)[1] or (marked or [""])[0]
    lines = [line.rstrip() for line in said if line.startswith("remote: ")]
    words = [" ".join(reason.split()), *(f"  {line[:500]}" for line in lines if line != "remote:")]
    text = "\n".join(printable(_USER.sub("://", line)) for line in words[: _MOST_WORDS + 1])
    return PushFailure(_fault(done), text, stderr=done.stderr)
