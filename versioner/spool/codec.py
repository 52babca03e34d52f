"""One event on its way, as one line of JSON that survives a terminal and a CI system's log.

A line is a submission with where it was to go. It may come back pasted from a log that
anybody wrote to: nothing in it is believed, and where it leads is never followed unasked.
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

__all__ = ["LINE_LIMIT", "MARK", "SpoolEntry", "new_entry", "parse_line", "read_line", "write_line"]

# What a line begins with where it is printed, so that it is found again in a whole log.
MARK: Final = "versioner spool: "
# Metadata of 100 KB takes up to six times as much where all of it has to be escaped.
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
_KINDS: Final = ("build", "deployment")
_TEXT_LIMIT: Final = 2000
_CHECK: Final = r',"check":"([0-9a-f]{16})"\}'
_TERMINAL: Final = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
_PASTE: Final = "paste the whole line, from its `{` to its last `}`"


class SpoolEntry(NamedTuple):
    """Hold an event that waits; `key` sorts by time, and is the stem of its file's name.

    `kept_at` and `reason` are empty for a line that came from elsewhere.
    """

    key: str
    line: str
    kept_at: str = ""
    reason: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """Return what the line says."""
        found: dict[str, Any] = json.loads(self.line)
        found.pop("check", None)
        return found

    @property
    def repo(self) -> str:
        """Return the address of the registry it was to go to."""
        return str(self.document["repo"])


def new_entry(line: str, *, kept_at: str, reason: str, now_ms: int) -> SpoolEntry:
    """Return the entry of a line that `write_line` made."""
    return SpoolEntry(
        f"{now_ms & 0xFFFF_FFFF_FFFF:012x}{_digest(line)[:20]}", line, kept_at, reason
    )


def write_line(document: Mapping[str, Any]) -> str:
    """Return the line of a submission and of where it is to go.

    It is ASCII, and holds nothing that a terminal or a log reader takes for a command. It ends
    with a checksum of the rest. Raises InvalidInput for what `parse_line` would refuse.
    """
    _check_shape(document)
    try:
        body = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        raise _refused("holds what JSON has no form for") from None
    # `##[…]` and `::…::` are commands to log readers, wherever in a line they stand.
    body = body.replace("#", "\\u0023").replace("::", "\\u003a\\u003a").replace("\x7f", "\\u007f")
    line = f'{body[:-1]},"check":"{_digest(body)[:16]}"}}'
    if len(line) > LINE_LIMIT:
        raise _refused(f"takes {len(line):,} bytes, more than {LINE_LIMIT:,}")
    return line


def parse_line(text: str) -> SpoolEntry:
    """Return the entry of a pasted line; InvalidInput says what is wrong with it.

    What a log puts before it and the colours of a terminal are left out.
    """
    line = write_line(read_line(text))
    return SpoolEntry(_digest(line)[:32], line)


def read_line(text: str) -> dict[str, Any]:
    """Return what a pasted line says, held to its shape."""
    if len(text) > 2 * LINE_LIMIT:
        raise _refused(f"is of {len(text):,} characters, more than any event takes")
    text = re.sub(_TERMINAL, "", text).strip()
    # What a log puts before it may have braces of its own.
    begun = re.search(r'\{\s*"format"', text)
    start = begun.start() if begun else text.find("{")
    if start < 0:
        raise _refused("holds no event")
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
    try:
        document, end = decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        raise _refused("is not JSON: it was cut or changed on its way") from None
    if text[end:].strip():
        raise _refused("goes on after its last `}`")
    _verify(text[start:end], document)
    _check_shape(document)
    return document  # type: ignore[no-any-return]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refused("says one thing twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _verify(text: str, document: dict[str, Any]) -> None:
    """Hold a line to its checksum: a log may have masked a word of it, a paste wrapped it."""
    if document.pop("check", None) is None:
        return
    found = re.search(f"{_CHECK}$", text)
    if found is None or _digest(text[: found.start()] + "}")[:16] != found[1]:
        raise _refused("was changed on its way: logs mask words that they take for secrets")


def _check_shape(document: Mapping[str, Any]) -> None:
    refuse_secrets(document)
    given = document.get("format")
    if given != _FORMAT or isinstance(given, bool):
        # As JSON it is bounded, and has no control characters.
        raise _refused(
            f"has the format {json.dumps(given)[:40]}, and this versioner knows format {_FORMAT}",
            "send it with the version of the tool that wrote it, or a newer one",
        )
    for key in (*_SHAPE, *document):
        kind = _SHAPE.get(key)
        if kind is None:
            raise _refused(f"says {json.dumps(key)[:80]}, which no event has")
        if key not in document or not isinstance(document[key], kind):
            raise _refused(f"says no {key}")
        if kind is str and len(document[key]) > _TEXT_LIMIT:
            raise _refused(f"has a {key} of {len(document[key]):,} characters")
    if document["kind"] not in _KINDS:
        raise _refused("is neither of a build nor of a deployment")
    _check_address(document["repo"])


def _check_address(address: str) -> None:
    """Refuse an address with a password in it, and one that git would take for something else."""
    try:
        address_of(address)
    except UsageFault as fault:
        raise _refused(f"is not for a registry: {fault.message}", fault.hint) from None


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _refused(why: str, hint: str = _PASTE) -> InvalidInput:
    return InvalidInput(f"the spool line {why}", hint=hint)
