"""Why a rule refuses, before its mode and overrides are looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from versioner.rules.gate.question import Code

__all__ = ["Finding", "listed", "moment_text"]

# The last second that a date has.
_LAST = 253_402_300_799


class Finding(NamedTuple):
    """Why a rule refuses at a moment; `until` is the first moment at which it no longer does.

    `until` is in seconds since 1970, None where no time alone is enough. `hint` is for people.
    """

    code: Code
    message: str
    until: int | None = None
    hint: str = ""


def moment_text(moment: int | None) -> str:
    """Return a moment as UTC text, "" for none and for one that no calendar has."""
    if moment is None or moment > _LAST:
        return ""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(words: list[str], most: int = 5) -> str:
    """Return some words as a list in a sentence, the first few of many."""
    shown = words[:most]
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
