"""Text that is safe on a terminal and in a CI log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["as_json", "clean", "clean_lines", "empty_as_null", "json_array", "json_line"]

# Control characters (C0 without tab, DEL, C1), line separators, and bidirectional marks.
_UNSAFE: Final = (
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
    "|[\ud800-\udfff]"
)

# The beginning of a command that a CI system reads from the log.
_COMMANDS: Final = r"##(?=\[|vso\[|teamcity\[)|::(?=[a-z-]+[ :])"


def clean(text: str) -> str:
    """Return text in which all characters that control a terminal or a CI log are escaped."""
    # Most text needs no pattern: compiling one (re caches it) is delayed until it is needed.
    if not (text.isascii() and text.isprintable()):
        text = re.sub(_UNSAFE, lambda found: f"\\u{ord(found[0]):04x}", text)
    if "##" in text or "::" in text:
        text = re.sub(_COMMANDS, lambda found: f"{found[0][0]}\u200b{found[0][1:]}", text)
    return text


def clean_lines(text: str) -> str:
    """Return text of several lines, each of them safe."""
    return "\n".join(clean(line) for line in text.split("\n"))


def empty_as_null(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with null for each of its own texts that is empty: there is none."""
    return {key: None if value == "" else value for key, value in document.items()}


def json_array(documents: Iterable[object]) -> Iterator[str]:
    """Yield the parts of an indented JSON array, which together are what `as_json` returns."""
    before = "[\n"
    for document in documents:
        yield f"{before}  " + as_json(document).replace("\n", "\n  ")
        before = ",\n"
    yield "[]" if before == "[\n" else "\n]"


def json_line(document: object) -> str:
    """Return a document as JSON in one line."""
    return json.dumps(document, ensure_ascii=True)


def as_json(document: object) -> str:
    """Return a document as indented JSON."""
    return json.dumps(document, ensure_ascii=True, indent=2)
