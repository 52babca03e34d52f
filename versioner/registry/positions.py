"""Find the line and column of something that is known to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.validation.locate import locate

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["position_in_document", "position_of_event"]


def position_of_event(log: bytes, event_id: str, key: str) -> tuple[int, int]:
    """Return line and column (from 1) of the value of `key` in the last line with this id.

    The last one, since of two events with one id the later is the copy. (0, 0) where the
    file no longer holds it.
    """
    found = (0, 0)
    for number, raw in enumerate(log.splitlines(), 1):
        line = raw.decode("utf-8", "replace")
        if event_id in line and f'"{event_id}"' in line.rpartition("id")[2]:
            # Keys of an event are bare and followed by one space; metadata's are quoted.
            at = max(line.find(f"{{{key}: "), line.find(f", {key}: "))
            found = (number, line.index(": ", at) + 3 if at >= 0 else 1)
    return found


def position_in_document(document: bytes, pointer: Sequence[str | int]) -> tuple[int, int]:
    """Return line and column (from 1) of a value in one of people's files."""
    return locate(document, pointer)
