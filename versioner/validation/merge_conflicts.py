"""Find what a merge left behind: the marker lines of a conflict that nobody resolved."""

from __future__ import annotations

import re
from typing import Final

from versioner.models import Problem
from versioner.validation import codes

__all__ = ["conflict_problems", "is_marker"]

_MARKER: Final = re.compile(rb"(?:<{7}|\|{7}|={7}|>{7})(?: [^\n]*)?\r?")
_BEGIN: Final = b"<<<<<<<"

_DOCUMENT_HINT: Final = (
    "keep the lines that are right, and take out those of <<<<<<<, =======, >>>>>>>"
)
_LOG_HINT: Final = (
    "keep the events of both sides, take out only the lines of <<<<<<<, ======= and >>>>>>>, "
    "then run `versioner format`"
)


def is_marker(line: bytes) -> bool:
    """Tell whether a line is one that git puts around the sides of a conflict."""
    return _MARKER.fullmatch(line) is not None


def conflict_problems(data: bytes, path: str, *, is_log: bool = False) -> list[Problem]:
    """Return one problem a conflict, where it begins; none where no marker is."""
    found = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if is_marker(line)]
    begun = [number for number, line in found if line.startswith(_BEGIN)]
    # Of one that was resolved half way, the first marker that is left.
    numbers = begun or [number for number, _ in found[:1]]
    hint = _LOG_HINT if is_log else _DOCUMENT_HINT
    return [
        Problem(path, number, 1, codes.YAML, "a merge conflict was left here", hint)
        for number in numbers
    ]
