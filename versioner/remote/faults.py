"""The ways in which a remote can fail: each with its message, its hint and its error class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from versioner.errors import GitFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "PASSING", "RemoteFailure", "RemoteFault"]

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

# What is wrong, in words that fit both a push from a clone and a recording from anywhere, and
# what a person can do about it. A hint ends where "; then …" can follow.
FAULTS: Final[Mapping[RemoteFault, tuple[str, str]]] = {
    "race": (
        "the remote branch is not where this commit was made on",
        "run `git pull --rebase`, then `git push`",
    ),
    "unpushed": ("commits of yours are not pushed", "run `git push` first"),
    "protected": (
        "the remote's branch is protected against this push",
        "let this token or user past the protection, or record with `--via inbox` and let "
        "`versioner collect` run as one who may",
    ),
    "signature": (
        "the remote takes signed commits only",
        "let git sign (commit.gpgsign and a key in the user's configuration), or record with "
        "`--via inbox` and let `versioner collect` run where commits are signed",
    ),
    "hook": (
        "a hook of the remote refused the push",
        "what it says above is the remote's own; its administrator knows the rule",
    ),
    "hidden": (
        "the remote takes no refs of the kind refs/versioner/*",
        "record with `--via direct`, or have the forge accept them",
    ),
    "checked-out": (
        "the branch is checked out on the remote, which takes no push to it then",
        "push to a bare repository (`git init --bare`), or record with `--via inbox`",
    ),
    "denied": (
        "this token or user may not push to the remote",
        "give it the right to write to the repository's contents",
    ),
    "login": (
        "the remote wants a login, or knows this one no more",
        "set VERSIONER_TOKEN to a token that is valid and may write, or use a credential helper",
    ),
    "host-key": (
        "ssh does not know the remote's host, or knows another key of it",
        "add the host's key to known_hosts (`ssh-keyscan HOST`, and compare it with what the "
        "forge publishes)",
    ),
    "tls": (
        "the remote's certificate or encryption is not accepted",
        "check the URL; for a certificate authority of one's own, set GIT_SSL_CAINFO or git's "
        "http.sslCAInfo",
    ),
    "redirect": (
        "the remote has moved, or wants to be logged in to by a browser",
        "use the URL that it has now; no token is sent to where it leads",
    ),
    "missing": (
        "the remote has no such repository, or hides it from this token or user",
        "check the URL, and whether the token or user may see the repository",
    ),
    "locked": (
        "another process of the remote holds a lock",
        "try again; if it stays so, the remote's administrator can remove the lock file",
    ),
    "full": (
        "this machine has no room left",
        "make room on its disk, or set TMPDIR to a folder that has some",
    ),
    "disk": ("the remote has no room left", "its administrator has to make some"),
    "size": (
        "the push is larger than the remote allows",
        "record less in one event, or have the remote's limit raised",
    ),
    "unsound": (
        "the remote's check of the pushed objects failed",
        "what it says above names the object; its administrator can see the rule (fsck)",
    ),
    "shallow": (
        "the remote takes no push from a shallow clone",
        "record with `--via inbox`, or from a complete clone (`git fetch --unshallow`)",
    ),
    "format": (
        "the remote keeps its objects in another format than this repository",
        "both have to be sha1 or both sha256",
    ),
    "busy": ("the remote asks to be left alone for a while", "try again later"),
    "server": ("the remote's server failed", "try again later"),
    "unreachable": ("the remote could not be reached", "check the network and the URL"),
    "unknown": (
        "the remote did not say whether it took the push",
        "try again: what did arrive is known by its id, and not recorded twice",
    ),
    "refused": ("the remote refused the push", "what it says above is its own reason"),
    "atomic": ("the remote cannot change several refs as one", "nothing to do"),
}

# What may be over in a moment.
PASSING: Final[tuple[RemoteFault, ...]] = ("busy", "locked", "server", "unknown", "unreachable")

# A token is of no use to ssh.
_BY_SSH: Final = re.compile(r"(?i)permission denied \((?:publickey|password|keyboard|gssapi)")
_SSH_KEY: Final = (
    "give ssh a key that the remote knows and that may write (`ssh-add`, a deploy key, "
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
