"""Tell the outcomes of a push apart: git's exit code is the same for nearly all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from versioner.errors import GitFailure
from versioner.repository.git import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.repository.git import Completed

__all__ = ["FAULTS", "Fault", "RefStatus", "RemoteFailure", "fault_of", "reason_of", "ref_faults"]

Fault = Literal[
    "atomic",
    "denied",
    "disk",
    "hidden",
    "hook",
    "locked",
    "login",
    "missing",
    "protected",
    "race",
    "refused",
    "server",
    "signature",
    "unknown",
    "unpushed",
    "unreachable",
]

# What is wrong, in words that fit both a push from a clone and a recording from anywhere, and
# what a person can do about it.
FAULTS: Final[Mapping[Fault, tuple[str, str]]] = {
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
    "denied": (
        "this token or user may not push to the remote",
        "give it the right to write to the repository's contents",
    ),
    "login": (
        "the remote wants a login, or knows this one no more",
        "set VERSIONER_TOKEN to a token that is valid and may write, or use a credential helper",
    ),
    "missing": (
        "the remote has no such repository, or hides it from this token or user",
        "check the URL, and whether the token may see the repository",
    ),
    "locked": (
        "another process of the remote holds a lock",
        "try again; if it stays so, the remote's administrator can remove the lock file",
    ),
    "disk": ("the remote has no room left", "its administrator has to make some"),
    "server": ("the remote's server failed", "try again later"),
    "unreachable": ("the remote could not be reached", "check the network and the URL"),
    "unknown": ("the push failed", "look whether it arrived, and try again"),
    "refused": ("the remote refused the push", "what it says above is its own reason"),
    "atomic": ("the remote cannot change several refs as one", "nothing to do"),
}

# What the status line of a ref says in its parentheses.
_OF_REF: Final[tuple[tuple[Fault, re.Pattern[str]], ...]] = (
    (
        "race",
        re.compile(
            r"stale info|fetch first|non-fast-forward|failed to update ref|incorrect old value"
            r"|reference already exists|remote ref updated since|needs force"
        ),
    ),
    ("locked", re.compile(r"failed to lock|cannot lock ref|[Uu]nable to create .*\.lock")),
    ("atomic", re.compile(r"atomic")),
    ("hidden", re.compile(r"hidden ref|funny refname|deny updating|refusing to (?:create|update)")),
    ("signature", re.compile(r"(?i)signature|signed|gpg")),
    ("protected", re.compile(r"(?i)protected|rule violation|not allowed to push|locked branch")),
    ("denied", re.compile(r"(?i)permission|not permitted|denied|unauthori[sz]ed|not allowed")),
    ("disk", re.compile(r"(?i)no space|disk full|quota|unpack(?:er)? error")),
    ("hook", re.compile(r"hook declined")),
)
# What servers say beside it, and git where the connection itself failed.
_SIGNED: Final = re.compile(r"(?i)verified signature|must be signed|unsigned commit|signed commits")
_PROTECTED: Final = re.compile(
    r"(?i)GH006|protected branch|not allowed to push code to protected|branch is protected"
    r"|TF402455|pushes to this branch are not permitted|rule violations"
)
_CUSTOM: Final = re.compile(r"(?i)deny updating a hidden ref|refs/versioner\S* .*not allowed")
_SPACE: Final = re.compile(
    r"(?i)no space left on device|disk quota exceeded|file too large|SIGXFSZ"
)
_SAID: Final[tuple[tuple[Fault, re.Pattern[str]], ...]] = (
    ("signature", _SIGNED),
    ("protected", _PROTECTED),
    ("disk", _SPACE),
    ("hidden", _CUSTOM),
)
_CONNECTION: Final[tuple[tuple[Fault, re.Pattern[str]], ...]] = (
    ("disk", _SPACE),
    (
        "denied",
        re.compile(r"[Pp]ermission (?:to \S+ )?denied to|error: 403|not permitted|access denied"),
    ),
    (
        "login",
        re.compile(
            r"[Aa]uthentication failed|error: 401|could not read (?:Username|Password)"
            r"|Permission denied \(|Host key verification failed|HTTP Basic: Access denied"
            r"|[Ii]nvalid (?:credentials|username)|terminal prompts disabled"
        ),
    ),
    (
        "missing",
        re.compile(
            r"error: 404|repository '[^']*' not found|[Rr]epository not found|does not exist"
            r"|does not appear to be a git repository|[Nn]ot a git repository"
            r"|project you were looking for could not be found"
        ),
    ),
    ("server", re.compile(r"error: (?:5\d\d|429)|HTTP (?:5\d\d|429)|redirect")),
    (
        "unreachable",
        re.compile(
            r"[Cc]ould not resolve|Failed to connect|[Cc]onnection (?:refused|timed out|reset)"
            r"|timed out|[Nn]etwork is unreachable|No route to host|SSL|certificate"
        ),
    ),
)
# The remote was asked for its refs, and no more was sent.
_NOT_SENT: Final = re.compile(r"fatal: unable to access|Could not read from remote|not read User")
_STATUS: Final = re.compile(r"^(.)\t[^\t:]*:([^\t]*)\t(?:\[([^\]]*)\])?(?: ?\(?(.*?)\)?)?$", re.M)
_USER: Final = re.compile(r"://[^/@\s]*@")
_MOST_WORDS: Final = 20


class RemoteFailure(GitFailure):
    """Say what a remote, or the way to it, refused; `fault` tells which of the known ways.

    `sent` tells that something may have arrived all the same.
    """

    def __init__(
        self,
        fault: Fault,
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
        super().__init__(text, hint=hint or remedy, stderr=stderr)
        self.fault: Fault = fault
        self.sent = sent


class RefStatus(NamedTuple):
    """Hold git's line for one ref: ok, or a fault and the reason."""

    fault: Fault | None
    reason: str


def ref_faults(done: Completed) -> dict[str, RefStatus]:
    """Return what became of each ref that git has a line for."""
    found: dict[str, RefStatus] = {}
    for flag, ref, status, reason in _STATUS.findall(done.stdout.decode("utf-8", "replace")):
        name = ref.removeprefix(":")
        if flag != "!":
            found[name] = RefStatus(None, "")
            continue
        fault = _fault_of_ref(status, reason, done.stderr)
        found[name] = RefStatus(fault, reason or status)
    return found


def _fault_of_ref(status: str, reason: str, said: str) -> Fault:
    fault = next((name for name, words in _OF_REF if words.search(reason)), None)
    if status == "rejected":
        return "atomic" if fault == "atomic" else "race"
    if status == "remote failure" or (fault is None and status != "remote rejected"):
        return "unknown"
    if fault == "locked" and re.search(r"but expected|reference already exists", said + reason):
        return "race"
    # A hook's refusal has one word for all; what it printed tells more.
    if fault in (None, "hook", "disk", "protected"):
        fault = next((name for name, words in _SAID if words.search(said)), fault)
    return fault or "refused"


def fault_of(done: Completed) -> tuple[Fault, bool]:
    """Return why a connection failed, and whether something was sent before it did."""
    # What the server said is its own affair: it may quote anything.
    lines = [line for line in done.stderr.splitlines() if not line.startswith("remote: ")]
    own = "\n".join(lines)
    if "does not support --atomic" in own:
        return "atomic", False
    fault = next((name for name, words in _CONNECTION if words.search(own)), None)
    not_sent = _NOT_SENT.search(own) is not None
    if fault in ("login", "denied", "missing"):
        return fault, False
    if not_sent:
        return fault or "unreachable", False
    return fault or "unknown", True


def reason_of(done: Completed, reason: str = "") -> str:
    """Word a failure: git's own reason, and then all that the server had to say."""
    said = done.stderr.splitlines()
    marked = [line for line in said if line.startswith(("fatal: ", "error: "))]
    lines = [line.rstrip() for line in said if line.startswith("remote: ")]
    first = " ".join((reason or (marked or [""])[0]).split())
    words = [first, *(f"  {line[:500]}" for line in lines if line.strip() != "remote:")]
    return "\n".join(printable(_USER.sub("://", line)) for line in words[: _MOST_WORDS + 1])
