"""Tell whether an event is what it was: the same data, or that with values taken out and marked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Event

__all__ = ["changed_fields"]

# What the fold stands on: taking one of these out would change what happened.
_NEVER: Final = frozenset(
    ("at", "id", "environment", "version", "status", "voids", "deployment", "redacted")
)
_METADATA: Final = "extra_metadata"


def changed_fields(old: Event, new: Event) -> list[str]:
    """Return the fields in which an event differs from what it was, redactions aside.

    A redaction takes a value out and lists its field (`extra_metadata.KEY` for one key) under
    `redacted`. The order of keys does not matter; `1`, `1.0` and `true` are three values.
    """
    if _is_same(old, new):
        return []
    marks_before, marks = _marks(old), _marks(new)
    taken = (marks - marks_before) & _held(old)
    expected = _without(old, taken)
    if marks_before | marks:
        expected["redacted"] = sorted(marks_before | taken)
        new = {**new, "redacted": sorted(marks)}
    emptied = expected.get(_METADATA) == {} and any("." in mark for mark in taken)
    if emptied and _METADATA not in new:
        # Metadata whose last key was taken out may stay as an empty object, or go.
        del expected[_METADATA]
    keys = dict.fromkeys((*expected, *new))
    return [key for key in keys if not _is_same(expected.get(key), new.get(key))]


def _marks(event: Event) -> set[str]:
    marks = event.get("redacted", ())
    return {mark for mark in marks if isinstance(mark, str)} if isinstance(marks, list) else set()


def _held(event: Event) -> set[str]:
    """Return the names under which a redaction could take something out of an event."""
    metadata = event.get(_METADATA)
    inner = {f"{_METADATA}.{key}" for key in metadata} if isinstance(metadata, dict) else set()
    return (set(event) - _NEVER) | inner


def _without(event: Event, names: Iterable[str]) -> dict[str, Any]:
    kept = dict(event)
    for name in names:
        top, _, key = name.partition(".")
        if name in _NEVER:
            continue
        if not key:
            kept.pop(top, None)
        elif isinstance(kept.get(top), dict):
            kept[top] = {each: value for each, value in kept[top].items() if each != key}
    return kept


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, str):
        return bool(one == other)
    return bool(one == other) and _text(one) == _text(other)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
