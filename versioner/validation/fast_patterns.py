"""Patterns in a form that matches in one pass, for the validation of many events.

A regular expression with a look-ahead is matched by trying, which takes several times as long as
one without. What a pattern excludes by look-aheads at its beginning is here excluded by patterns
of its own, and the look-ahead at its end, which is for languages where `$` also matches before a
newline, is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["with_fast_patterns"]

_END: Final = r"$(?!\n)"
_EXCLUSION: Final = "(?!"


def with_fast_patterns(schema: Any) -> Any:
    """Return a schema that accepts the same data, for a validator whose `$` is the end alone."""
    if isinstance(schema, list):
        return [with_fast_patterns(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: with_fast_patterns(value) for key, value in schema.items()}
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and schema.get("type") == "string":
        required, excluded = _parts(pattern)
        changed["pattern"] = required
        if excluded:
            others = [{"not": {"pattern": each}} for each in excluded]
            changed["allOf"] = [*changed.get("allOf", ()), *others]
    return changed


def _parts(pattern: str) -> tuple[str, list[str]]:
    """Return the pattern that a text must match, and those that it must not."""
    if pattern.endswith(_END):
        pattern = pattern.removesuffix(_END) + "$"
    if not (pattern.startswith("^(?:") and _end_of_group(pattern, 1) == len(pattern) - 1):
        return pattern, []
    body, excluded = pattern[4:-2], []
    while body.startswith(_EXCLUSION):
        end = _end_of_group(body, 0)
        excluded.append(f"^(?:{body[len(_EXCLUSION) : end - 1]})")
        body = body[end:]
    if excluded and any(depth == 0 and each == "|" for _, each, depth in _signs(body)):
        # The look-aheads belong to the first of several alternatives.
        return pattern, []
    return f"^(?:{body})$", excluded


def _end_of_group(pattern: str, start: int) -> int:
    """Return where the group that begins at `start` ends."""
    signs = _signs(pattern[start:])
    return start + next(at + 1 for at, each, depth in signs if each == ")" and depth == 0)


def _signs(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Yield the signs of groups and alternatives, with place and the depth after each."""
    depth = 0
    for found in re.finditer(r"\\.|\[(?:\\.|[^\]\\])*\]|[()|]", pattern):
        sign = found[0]
        if sign in "()|":
            depth += {"(": 1, ")": -1, "|": 0}[sign]
            yield found.start(), sign, depth
