"""Classify the results of a push: git's exit code is the same for nearly all of them.

git prints the status of each ref on stdout, with its own reason or the server's. If it prints
none, the connection failed, and git's lines on stderr say how. The server's lines there
(`remote: `) may quote anything: they count only where the other lines leave the question open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.process import printable

if TYPE_CHECKING:
    from versioner.git.process import Completed
    from versioner.remote.faults import RemoteFault

__all__ = ["RefStatus", "fault_of", "reason_of", "ref_faults"]


def _table(*rows: tuple[RemoteFault, str]) -> tuple[tuple[RemoteFault, re.Pattern[str]], ...]:
    return tuple((fault, re.compile(f"(?i){words}")) for fault, words in rows)


# The reason in parentheses on a ref's line, where it is sufficient.
_OF_REF: Final = _table(
    ("hidden", r"hidden ref|funny refname"),
    ("checked-out", r"currently checked out"),
    ("shallow", r"shallow update"),
    ("race", r"stale info|fetch first|non-fast-forward|needs force|remote ref updated since"),
    ("race", r"incorrect old value|but expected|reference already exists"),
    ("atomic", r"atomic"),
    ("signature", r"signature|signed|unverified|gpg"),
    ("size", r"TF402462|VS403654|too large|exceed|size limit"),
    ("denied", r"TF401027|refusing to allow"),
    ("protected", r"TF402455|pushes to this branch are not permitted|prohibited by Gerrit"),
)
# The reason, where only the server's own messages say why.
_LOCKING: Final = re.compile(
    r"(?i)failed to (?:update|lock|delete) ref|failed to lock|lock failure|cannot lock ref"
    r"|transaction failed"
)
_UNPACKING: Final = re.compile(r"(?i)unpack(?:er)? error|unable to (?:unpack|migrate)|bad pack")
_INTERNAL: Final = re.compile(r"(?i)^failure$|internal|commit_refs|time.?out|unavailable")
# Messages of servers about a lock: a file is there already, or the ref has moved meanwhile.
_LOCKS: Final = _table(
    ("locked", r"\.lock': File exists"),
    ("disk", r"no space left|quota exceeded"),
    ("server", r"Permission denied|Read-only file system"),
)
_UNPACKED: Final = _table(
    ("disk", r"no space left|quota exceeded"),
    ("size", r"exceeds maximum allowed size|file too large|SIGXFSZ|file size limit"),
    ("unsound", r"fsck error|error in (?:packed )?object"),
)
_RULES: Final = _table(
    ("protected", r"through (?:a )?(?:pull|merge) request|approving review|approved review"),
    ("protected", r"status checks? .*(?:is|are) expected|TF402455|protected from force push"),
    ("signature", r"verified signature|must be signed|unsigned|not signed|signed commits"),
    ("signature", r"unverified commit|sign(?:ed|ature) .*(?:GPG|SSH|key)|without a .*signature"),
    ("size", r"GH001|file size limit|too large|larger than|size limit"),
    ("protected", r"GH006|GH013|rule violation|protected branch|branch \S+ is protected"),
    ("protected", r"denied to update branch|not permitted to update|branch permissions?"),
    ("protected", r"pushes to this branch|only be modified through"),
    ("denied", r"not allowed to push code to this project|permission denied for writing"),
    ("hidden", r"deny updating a hidden ref|refs/versioner\S* (?:is|are) (?:not|illegal)"),
    ("disk", r"no space left|quota exceeded"),
)
# Messages of git where it reports no ref's status.
_CONNECTION: Final = _table(
    ("atomic", r"does not support --atomic"),
    ("format", r"repository's hash algorithm|mismatched algorithms"),
    ("full", r"no space left on device|quota exceeded"),
    ("host-key", r"host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED"),
    ("denied", r"permission (?:to \S+ )?denied to|error: 403|marked as read.?only"),
    ("login", r"authentication failed|error: 401|could not read (?:username|password)"),
    ("login", r"permission denied \(|access denied|invalid (?:credentials|username)"),
    ("login", r"terminal prompts disabled|too many authentication failures"),
    ("missing", r"error: 404|error: 410|repository '[^']*' not found|repository not found"),
    ("missing", r"does not appear to be a git repository|does not exist"),
    ("missing", r"is this a git repository\?|not a git repository"),
    ("size", r"error: 413"),
    ("busy", r"error: (?:429|503)"),
    ("server", r"error: (?:5\d\d|408|425)|invalid server response|bad line length"),
    ("redirect", r"error: 3\d\d|update url base from redirection|redirects? followed"),
    ("unreachable", r"SSL_ERROR_SYSCALL|(?:SSL|TLS)[ _](?:read|write|recv)|connection reset"),
    ("tls", r"certificate|handshake|SSL routines|SEC_E_|wrong version number"),
    ("unreachable", r"could not resolve|failed to connect|connection (?:refused|timed out)"),
    ("unreachable", r"timed out|network is unreachable|no route to host|connection closed"),
    ("refused", r"error: 4\d\d"),
)
# Messages of the server where git only reports a closed connection, as with ssh.
_BY_SERVER: Final = _table(
    ("missing", r"could not be found|repository not found|TF401019|does not exist"),
    ("denied", r"not allowed to (?:push|upload)|read.?only|may not|write access|not granted"),
    ("busy", r"rate limit|too many requests|TF400733"),
)
# After one of these, nothing that was sent has an effect.
_REFUSED: Final = (
    *("atomic", "denied", "format", "full", "host-key", "login", "missing", "redirect", "refused"),
    *("size", "tls"),
)
# Only the refs had been requested when this was printed; nothing was pushed.
_NOT_SENT: Final = re.compile(
    r"fatal: unable to access|Could not read from remote|not read User|unable to update url base"
    r"|is this a git repository\?|is not a git command|cannot run ssh|bad line length"
)
_ONLY_CLOSED: Final = "fatal: Could not read from remote repository."
_STATUS: Final = re.compile(r"^(.)\t[^\t:]*:([^\t]*)\t(?:\[([^\]]*)\])?(?: ?\(?(.*?)\)?)?$", re.M)
_USER: Final = re.compile(r"://[^/@\s]*@")
_MOST_WORDS: Final = 20


class RefStatus(NamedTuple):
    """The status of one ref after a push: None for success, or a fault and its reason."""

    fault: RemoteFault | None
    reason: str


def ref_faults(done: Completed) -> dict[str, RefStatus]:
    """Return the status of each ref that git reports."""
    found: dict[str, RefStatus] = {}
    for flag, ref, status, reason in _STATUS.findall(done.stdout.decode("utf-8", "replace")):
        if flag == "!":
            fault = _fault_of_ref(ref, status, reason, done.stderr)
            found[ref] = RefStatus(fault, reason or status)
        else:
            found[ref] = RefStatus(None, "")
    # In an atomic push, the other refs fail with the one that was refused.
    own = [each for each in found.values() if each.fault not in (None, "atomic")]
    first = own[0] if own else RefStatus("race", "")
    return {ref: first if each.fault == "atomic" else each for ref, each in found.items()}


def _fault_of_ref(ref: str, status: str, reason: str, output: str) -> RemoteFault:
    if status == "rejected":
        # Rejected by the local git, which knows the remote's refs.
        return _first(_OF_REF, reason) or "race"
    if status != "remote rejected":
        return "unknown"
    fault = _fault_of_refusal(reason, "\n".join(_of_server(output)))
    # Protection of refs that are no branches means that none may be created.
    return "hidden" if fault == "protected" and not ref.startswith("refs/heads/") else fault


def _fault_of_refusal(reason: str, output: str) -> RemoteFault:
    if _LOCKING.search(reason):
        return _first(_LOCKS, f"{reason}\n{output}") or "race"
    if _UNPACKING.search(reason):
        return _first(_UNPACKED, output) or "server"
    fault = _first(_OF_REF, reason)
    if fault is not None:
        return fault
    if _INTERNAL.search(reason):
        return "server"
    if re.search(r"hook|declined", reason):
        # Hooks have one reason for everything; their output says more.
        return _first(_RULES, f"{reason}\n{output}") or "hook"
    denied = re.search(r"(?i)permission|not permitted|denied|unauthori[sz]ed|not allowed", reason)
    return _first(_RULES, reason) or ("denied" if denied else "refused")


def _first(table: tuple[tuple[RemoteFault, re.Pattern[str]], ...], text: str) -> RemoteFault | None:
    return next((fault for fault, words in table if words.search(text)), None)


def fault_of(done: Completed) -> tuple[RemoteFault, bool]:
    """Return why a connection failed, and whether something was sent before."""
    own = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("remote: "))
    fault = _first(_CONNECTION, own)
    not_sent = _NOT_SENT.search(own) is not None
    if fault is None and not_sent:
        fault = _first(_BY_SERVER, "\n".join(_of_server(done.stderr)))
    if fault in _REFUSED:
        return fault, False
    if not_sent:
        return fault or "unreachable", False
    # If the connection broke after the push was sent, only the answer may have been lost.
    return ("unknown" if fault in (None, "unreachable") else fault), True


def reason_of(done: Completed, reason: str = "") -> str:
    """Return the text of a failure: git's own reason, and then the server's output."""
    output = done.stderr.splitlines()
    marked = [line for line in output if line.startswith(("fatal: ", "error: "))]
    first = " ".join((reason or _before_closing(output) or (marked or [""])[0]).split())
    words = [first, *(f"  remote: {line[:500]}" for line in _of_server(done.stderr))]
    return "\n".join(printable(_USER.sub("://", line)) for line in words[: _MOST_WORDS + 1])


def _before_closing(output: list[str]) -> str:
    """Return the message of ssh before git reported a closed connection, or ""."""
    if _ONLY_CLOSED not in output:
        return ""
    before = output[: output.index(_ONLY_CLOSED)]
    own = [line for line in before if line.strip() and not line.startswith("remote: ")]
    return own[-1][:500] if own else ""


def _of_server(output: str) -> list[str]:
    """Return the server's output, without empty lines."""
    lines = (line for line in output.splitlines() if line.startswith("remote: "))
    texts = (line.removeprefix("remote: ").rstrip() for line in lines)
    return [text for text in texts if text]
