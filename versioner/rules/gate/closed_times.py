"""When rules of windows close the places they are about, for pages and calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.models.governance import ScheduleBlock
from versioner.registry.governance.calendar import DAY
from versioner.rules.gate.windows import blocked_until, merged_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.models.governance import Rule
    from versioner.registry.records import Registry

__all__ = ["ClosedTime", "closed_times", "schedule_rules"]

# How far back the beginning of a time that is closed already is looked for.
_LOOK_BACK: Final = 35 * DAY


class ClosedTime(NamedTuple):
    """A time in which a schedule blocks, in seconds since 1970: from `start` until `end`.

    `start` is None where it has been closed for over a month, `end` where it never opens again.
    """

    start: int | None
    end: int | None


def schedule_rules(registry: Registry) -> list[Rule]:
    """Return the rules of windows that are enforced or reported, by name."""
    return [
        rule
        for rule in registry.governance.rules
        if isinstance(rule.block, ScheduleBlock) and rule.enforcement != "disabled"
    ]


def closed_times(block: ScheduleBlock, at: int, until: int) -> list[ClosedTime]:
    """Return the times in which a schedule blocks that go on after `at` and begin before `until`.

    Windows without a gap between them are one time.
    """
    early = at - _LOOK_BACK
    windows = _chains(_before(merged_windows(block, early), until))
    found = windows if block.is_blocked else _gaps(windows, early, until)
    return [
        ClosedTime(
            None if start == early else start,
            # What goes on at the end of the search may end later.
            end if end < until else blocked_until(block, max(start, at))[1],
        )
        for start, end in found
        if end > at
    ]


def _before(windows: Iterable[tuple[int, int]], until: int) -> Iterator[tuple[int, int]]:
    for start, end in windows:
        if start >= until:
            return
        yield start, end


def _chains(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in windows:
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _gaps(windows: Sequence[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    found = []
    for begin, close in windows:
        if begin > start:
            found.append((start, begin))
        start = max(start, close)
    if start < end:
        found.append((start, end))
    return found
