"""The ways in which a remote can fail: each with its message, its hint and its error class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from versioner.errors import GitFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FAULTS",
    "PASSING",
    "RemoteFailure",
    "RemoteFault",
    "too_many_races",
    "too_many_ruled_races",
]

RemoteFault = Literal[
    "atomic",
    "busy",
    "checked-out",
    "denied",
    "disk",
    "format",
    "full",
    "hidden",
    "hook",
    "host-key",
    "locked",
    "login",
    "missing",
    "protected",
    "race",
    "redirect",
    "refused",
    "server",
    "shallow",
    "signature",
    "size",
    "tls",
    "unknown",
    "unpushed",
    "unreachable",
    "unsound",
]

# The message and the hint of each fault, for pushes from a clone and for recording at a URL alike.
# "; then …" may follow a hint.
FAULTS: Final[Mapping[RemoteFault, tuple[str, str]]] = {
    "race": (
        "the remote branch has changed since this commit was made",
        "run `git pull --rebase`, then `git push`",
    ),
    "unpushed": ("commits of yours are not pushed", "run `git push` first"),
    "protected": (
        "the remote's branch is protected against this push",
        "allow this token or user to bypass the protection, or record with `--via inbox` and run "
        "`versioner collect` as a user who may push",
    ),
    "signature": (
        "the remote accepts signed commits only",
        "let git sign (commit.gpgsign and a key in the user's configuration), or record with "
        "`--via inbox` and run `versioner collect` where commits are signed",
    ),
    "hook": (
        "a hook of the remote refused the push",
        "the text above is from the remote; its administrator knows the rule",
    ),
    "hidden": (
        "the remote accepts no refs named refs/versioner/*",
        "record with `--via direct`, or configure the forge to accept them",
    ),
    "checked-out": (
        "the branch is checked out on the remote, which then accepts no push to it",
        "push to a bare repository (`git init --bare`), or record with `--via inbox`",
    ),
    "denied": (
        "this token or user may not push to the remote",
        "give it write access to the repository",
    ),
    "login": (
        "the remote requires a login, or does not accept this one",
        "set VERSIONER_TOKEN to a valid token with write access, or use a credential helper",
    ),
    "host-key": (
        "ssh does not know the remote's host key, or knows another one",
        "add the host's key to known_hosts (`ssh-keyscan HOST`; compare it with the key that the "
        "forge publishes)",
    ),
    "tls": (
        "the remote's certificate or encryption is not accepted",
        "check the URL; for your own certificate authority, set GIT_SSL_CAINFO or git's "
        "http.sslCAInfo",
    ),
    "redirect": (
        "the remote redirects to another URL, or to a login page for browsers",
        "use its present URL; no token is sent to the target of a redirect",
    ),
    "missing": (
        "the remote has no such repository, or hides it from this token or user",
        "check the URL, and that the token or user may read the repository",
    ),
    "locked": (
        "another process on the remote holds a lock",
        "try again; if the error stays, the remote's administrator can remove the lock file",
    ),
    "full": (
        "this machine's disk is full",
        "free some space, or set TMPDIR to a folder on another disk",
    ),
    "disk": ("the remote's disk is full", "ask its administrator to free some space"),
    "size": (
        "the push is larger than the remote allows",
        "record less in one event, or ask the remote's administrator to raise the limit",
    ),
    "unsound": (
        "the remote's check of the pushed objects failed",
        "the text above names the object; the remote's administrator knows the rule (fsck)",
    ),
    "shallow": (
        "the remote accepts no push from a shallow clone",
        "record with `--via inbox`, or from a complete clone (`git fetch --unshallow`)",
    ),
    "format": (
        "the remote has another object format than this repository",
        "both must be sha1, or both sha256",
    ),
    "busy": ("the remote limits the number of requests, or is overloaded", "try again later"),
    "server": ("the remote's server failed", "try again later"),
    "unreachable": ("the remote could not be reached", "check the network and the URL"),
    "unknown": (
        "the remote did not report whether it accepted the push",
        "try again: an event that did arrive is recognised by its id, and not recorded twice",
    ),
    "refused": ("the remote refused the push", "the text above is the remote's reason"),
    "atomic": ("the remote cannot update several refs atomically", "nothing to do"),
}

# Faults that may be gone at the next try.
PASSING: Final[tuple[RemoteFault, ...]] = ("busy", "locked", "server", "unknown", "unreachable")

# ssh does not use VERSIONER_TOKEN.
_BY_SSH: Final = re.compile(r"(?i)permission denied \((?:publickey|password|keyboard|gssapi)")
_SSH_KEY: Final = (
    "give ssh a key with write access to the remote (`ssh-add`, a deploy key, "
    "GIT_SSH_COMMAND), or use an https URL with VERSIONER_TOKEN"
)


class RemoteFailure(GitFailure):
    """A failure of a remote or of the connection to it; `fault` is which of the known ones.

    `reason` is what git and the remote printed. `sent` is True where the push may have arrived
    all the same.
    """

    def __init__(
        self,
        fault: RemoteFault,
        reason: str = "",
        *,
        message: str = "",
        hint: str = "",
        stderr: str = "",
        sent: bool = False,
    ) -> None:
        usual, remedy = FAULTS[fault]
        message = message or usual
        text = f"{message}: {reason}" if reason else message
        if fault == "login" and _BY_SSH.search(stderr):
            remedy = _SSH_KEY
        super().__init__(text, hint=hint or remedy, stderr=stderr)
        self.fault: RemoteFault = fault
        self.reason = reason
        self.sent = sent


def too_many_races(tries: int) -> RemoteFailure:
    """Return the failure of a writer whose pushes all came second."""
    return RemoteFailure(
        "race",
        message=f"other processes pushed first, {tries} times in a row",
        hint="record with `--via auto` or `--via inbox`, which cannot lose a race",
    )


def too_many_ruled_races(seconds: int) -> RemoteFailure:
    """Return the failure of the start of a deployment whose pushes all came second."""
    return RemoteFailure(
        "race",
        message=f"other processes pushed first, for {seconds} seconds",
        hint="rules judge a start on the branch, so that it cannot wait in the inbox: try again "
        "when fewer jobs record",
    )
