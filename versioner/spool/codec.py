"""The spool line: an event as one line of JSON that can be copied from a CI system's log.

A line is a submission with its destination. It may be pasted from a log that anyone can write to:
nothing in it is trusted, and its destination is used only where the caller confirms it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import InvalidInput, UsageFault
from versioner.recording.policy import refuse_secrets
from versioner.remote.url import address_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LINE_LIMIT", "MARK", "SpoolEntry", "new_entry", "parse_line", "write_line"]

# The prefix of a printed line, by which it is found in a log.
MARK: Final = "versioner spool: "
# Metadata of 100 KB takes up to six times as much with all of it escaped.
LINE_LIMIT: Final = 640 * 1024
_FORMAT: Final = 1
_SHAPE: Final[dict[str, type]] = {
    "format": int,
    "kind": str,
    "product": str,
    "detected": bool,
    "event_id": str,
    "event": dict,
    "repo": str,
    "branch": str,
    "via": str,
    "create": bool,
}
# The environment's name as given, where it is not a legal one, and the last commits of the source.
_OPTIONAL: Final[dict[str, type]] = {"environment": str, "environment_type": str, "recent": list}
_KINDS: Final = ("build", "deployment", "decision", "request-decision")
_TEXT_LIMIT: Final = 2000
_CHECK: Final = r',"check":"([0-9a-f]{16})"\}'
_TERMINAL: Final = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
_PASTE: Final = "paste the whole line, from its `{` to its last `}`"


class SpoolEntry(NamedTuple):
    """A spooled event; `key` sorts by time, and is the stem of its file's name.

    `kept_at` and `reason` say when and why it was spooled; both are "" for a pasted line.
    """

    key: str
    line: str
    kept_at: str = ""
    reason: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """Return the content of the line."""
        found: dict[str, Any] = json.loads(self.line)
        found.pop("check", None)
        return found

    @property
    def repo(self) -> str:
        """Return the URL of the registry that the event is for."""
        return str(self.document["repo"])


def new_entry(line: str, *, kept_at: str, reason: str, now_ms: int) -> SpoolEntry:
    """Return the entry of a line that `write_line` made."""
    return SpoolEntry(
        f"{now_ms & 0xFFFF_FFFF_FFFF:012x}{_digest(line)[:20]}", line, kept_at, reason
    )


def write_line(document: Mapping[str, Any]) -> str:
    """Return the line of a submission and its destination.

    The line is ASCII, has nothing that a terminal or a log reader takes for a command, and ends
    with a checksum. Raises InvalidInput for a document that `parse_line` would refuse.
    """
    _check_shape(document)
    try:
        body = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        raise _refused("has a value that JSON cannot represent") from None
    # `##[…]` and `::…::` are commands to log readers, anywhere in a line.
    body = body.replace("#", "\\u0023").replace("::", "\\u003a\\u003a").replace("\x7f", "\\u007f")
    line = f'{body[:-1]},"check":"{_digest(body)[:16]}"}}'
    if len(line) > LINE_LIMIT:
        raise _refused(f"takes {len(line):,} bytes, more than {LINE_LIMIT:,}")
    return line


def parse_line(text: str) -> SpoolEntry:
    """Return the entry of a pasted line; raise InvalidInput for a line that is not whole.

    The prefix that a log adds, and the colours of a terminal, are removed.
    """
    line = write_line(read_line(text))
    return SpoolEntry(_digest(line)[:32], line)


def read_line(text: str) -> dict[str, Any]:
    """Return the content of a pasted line, after checking its checksum and its shape."""
    if len(text) > 2 * LINE_LIMIT:
        raise _refused(f"is of {len(text):,} characters, more than any event takes")
    text = re.sub(_TERMINAL, "", text).strip()
    # The prefix that a log adds may have braces of its own.
    begun = re.search(r'\{\s*"format"', text)
    start = begun.start() if begun else text.find("{")
    if start < 0:
        raise _refused("has no event")
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
    try:
        document, end = decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        raise _refused("is not JSON: it was cut or changed in the log") from None
    if text[end:].strip():
        raise _refused("has text after its last `}`")
    _verify(text[start:end], document)
    _check_shape(document)
    return document  # type: ignore[no-any-return]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refused("has a key twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _verify(text: str, document: dict[str, Any]) -> None:
    """Check a line's checksum: a log may have masked a word of it, or a paste wrapped it."""
    if document.pop("check", None) is None:
        return
    found = re.search(f"{_CHECK}$", text)
    if found is None or _digest(text[: found.start()] + "}")[:16] != found[1]:
        raise _refused("was changed: logs mask words that they take for secrets")


def _check_shape(document: Mapping[str, Any]) -> None:
    refuse_secrets(document)
    given = document.get("format")
    if given != _FORMAT or isinstance(given, bool):
        # Printed as JSON, it has no control characters; then it is cut.
        raise _refused(
            f"has the format {json.dumps(given)[:40]}, but this versioner reads format {_FORMAT}",
            "send it with the version of the tool that wrote it, or a newer one",
        )
    for key in (*_SHAPE, *document):
        kind = _SHAPE.get(key) or _OPTIONAL.get(key)
        if kind is None:
            raise _refused(f"has the unknown key {json.dumps(key)[:80]}")
        if key not in document or not isinstance(document[key], kind):
            raise _refused(f"has no valid {key}")
        if kind is str and len(document[key]) > _TEXT_LIMIT:
            raise _refused(f"has a {key} of {len(document[key]):,} characters")
    if document["kind"] not in _KINDS:
        raise _refused("is neither a build, a deployment nor a decision")
    _check_address(document["repo"])


def _check_address(address: str) -> None:
    """Raise InvalidInput for a URL with a password in it, or one that is no registry's."""
    try:
        address_of(address)
    except UsageFault as fault:
        raise _refused(f"is not for a registry: {fault.message}", fault.hint) from None


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _refused(why: str, hint: str = _PASTE) -> InvalidInput:
    return InvalidInput(f"the spool line {why}", hint=hint)
