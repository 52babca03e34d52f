"""The order of events, and times as seconds.

`versioner track` loads this module, so it imports little.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from versioner.layout import month_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Event

__all__ = ["OPENING", "in_month_order", "order_key", "seconds_of"]

OPENING: Final = frozenset(("pending", "started"))

# Of events at the same second, those that open a deployment come first, and an undeployment before
# those that close one.
_RANKS: Final = {"pending": "0", "started": "1", "undeployed": "2"}


def order_key(event: Event) -> str:
    """Return the sort key of an event in its cell; equal keys keep their order in the log."""
    at: str = event["at"]
    return at + _RANKS.get(event["status"], "3")


def in_month_order(events: Iterable[Event]) -> list[Event]:
    """Return the events of logs month by month; those of a month keep their order.

    So the events of a year's file and of the files of its months are in the order in which the
    files of months alone would have them.
    """
    return sorted(events, key=lambda event: month_of(event["at"]))


def seconds_of(at: str) -> int:
    """Return a moment (RFC 3339) as whole seconds since 1970."""
    return int(datetime.fromisoformat(at).timestamp())
