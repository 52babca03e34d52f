"""When several schedules are open at once, found in one pass over their windows."""

from __future__ import annotations

from datetime import datetime
from heapq import merge
from typing import TYPE_CHECKING, Final

from versioner.models.governance import OnceWindow
from versioner.registry.governance.calendar import DAY, moment_of, zone_of
from versioner.rules.gate.windows import merged_windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models.governance import ScheduleBlock
    from versioner.rules.gate.windows import Span

__all__ = ["SEARCHED_YEARS", "first_open"]

# Within 28 years each date falls on each day of the week, so what is not open at once within this
# time is so only where windows meet by a rare chance.
SEARCHED_YEARS: Final = 30
_SEARCHED: Final = SEARCHED_YEARS * 366 * DAY
# Later than every moment of the calendar.
_NEVER: Final = 1 << 40


def first_open(blocks: Sequence[ScheduleBlock], at: int) -> int | None:
    """Return the first moment from `at` on at which no schedule blocks.

    None is returned where there is none within `SEARCHED_YEARS` after `at`, and after the last
    window that is not repeated.
    """
    limit = max([at, *_last_ends(blocks)]) + _SEARCHED
    moment = at
    for start, end in merge(*(_closed(block, at) for block in blocks)):
        if start > moment:
            break
        moment = max(moment, end)
        if moment > limit:
            return None
    return moment


def _closed(block: ScheduleBlock, at: int) -> Iterator[Span]:
    """Yield the times after a moment in which a schedule blocks, in order of their beginning.

    Some may be empty: a schedule that never blocks says how far it was looked at.
    """
    if block.is_blocked:
        yield from merged_windows(block, at)
        return
    closed_since = at
    for start, end in merged_windows(block, at):
        yield closed_since, max(start, closed_since)
        closed_since = max(closed_since, end)
    yield closed_since, _NEVER


def _last_ends(blocks: Sequence[ScheduleBlock]) -> Iterator[int]:
    """Yield when each window that is not repeated ends."""
    for block in blocks:
        zone = zone_of(block.time_zone)
        for window in block.windows:
            if isinstance(window, OnceWindow) and zone is not None:
                yield moment_of(datetime.fromisoformat(window.end), zone, is_end=True)
