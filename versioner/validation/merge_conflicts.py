"""The problems of merge conflicts that are not resolved, found by git's marker lines."""

from __future__ import annotations

import re
from typing import Final

from versioner.models import Problem
from versioner.validation import codes

__all__ = ["conflict_problems", "is_marker"]

_MARKER: Final = re.compile(rb"(?:<{7}|\|{7}|={7}|>{7})(?: [^\n]*)?\r?")
_BEGIN: Final = b"<<<<<<<"

_DOCUMENT_HINT: Final = (
    "keep the correct lines, and remove the lines with <<<<<<<, ======= and >>>>>>>"
)
_LOG_HINT: Final = (
    "keep the events of both sides, remove only the lines with <<<<<<<, ======= and >>>>>>>, "
    "then run `versioner format`"
)


def is_marker(line: bytes) -> bool:
    """Return whether a line is one that git puts around the sides of a conflict."""
    return _MARKER.fullmatch(line) is not None


def conflict_problems(data: bytes, path: str, *, is_log: bool = False) -> list[Problem]:
    """Return one problem for each conflict, at its first line."""
    found = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if is_marker(line)]
    first_lines = [number for number, line in found if line.startswith(_BEGIN)]
    # A conflict that is resolved in part may only have its later markers.
    numbers = first_lines or [number for number, _ in found[:1]]
    hint = _LOG_HINT if is_log else _DOCUMENT_HINT
    return [
        Problem(path, number, 1, codes.YAML, "a merge conflict is not resolved here", hint)
        for number in numbers
    ]
