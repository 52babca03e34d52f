"""The line and column of a value that a problem is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.validation.limits import LOG_LIMIT
from versioner.validation.locate import locate
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from versioner.models import Event, LogKind

__all__ = ["locate_event", "position_in_document", "position_of_event"]


def locate_event(
    read: Callable[[str], bytes | None], product: str, kind: LogKind, event: Event, key: str
) -> tuple[str, int, int]:
    """Return path, line and column (from 1) of the value of `key` in an event of a product.

    The event is in the log of its month, or in that of its year if the month was archived. Of two
    events with one id, the last one is taken. Line and column are 0 where no log has the event.
    """
    month, year = layout.log_paths(product, kind, event["at"])
    for path in (month, year):
        line, column = position_of_event(read(path) or b"", event["id"], key)
        if line:
            return path, line, column
    return month, 0, 0


def position_of_event(log: bytes, event_id: str, key: str) -> tuple[int, int]:
    """Return line and column (from 1) of the value of `key` in the last event with this id.

    The last one is taken, since of two events with one id the later is the copy. Return (0, 0)
    where the file does not have the event.
    """
    end = f'id: "{event_id}"}}'.encode()
    lines = log.split(b"\n")
    for number in range(len(lines), 0, -1):
        line = lines[number - 1].rstrip()
        # In a canonical line the id is last, and the line alone is a list of one event.
        if line.startswith(b"- {") and line.endswith(end):
            return number, locate(line, (0, key))[1]
    return _position_in_other_style(log, event_id, key)


def _position_in_other_style(log: bytes, event_id: str, key: str) -> tuple[int, int]:
    events = read_yaml(log, "", limit=LOG_LIMIT).value
    if isinstance(events, list):
        for index in range(len(events) - 1, -1, -1):
            if isinstance(events[index], dict) and events[index].get("id") == event_id:
                return locate(log, (index, key))
    return 0, 0


def position_in_document(document: bytes, pointer: Sequence[str | int]) -> tuple[int, int]:
    """Return line and column (from 1) of a value in a YAML document."""
    return locate(document, pointer)
