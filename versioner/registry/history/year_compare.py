"""Compare the logs of one year with their old state, where months may have been archived.

`versioner archive` moves the events of a month from its file to the file of the year. Each old
event must still be in one of the two files, equal to what it was, and in the old order: among the
events of its month, and among all that the file of the year has now. A new event comes after the
old ones of its month.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from versioner.layout import log_path, month_of
from versioner.registry.history.log_compare import changed_fields, out_of_order
from versioner.registry.history.problems import HistoryViolation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from versioner.models import LogKind
    from versioner.registry.history.log_compare import OldLog
    from versioner.registry.history.log_index import LoggedEvent, RawLog
    from versioner.registry.history.problems import ViolationKind

__all__ = ["YearComparison"]


class _NewEvent(NamedTuple):
    """An event as it is now, its log, and the period (a month or a year) of that log."""

    logged: LoggedEvent
    log: RawLog
    period: str


class _OldEvent(NamedTuple):
    """An event as it was, its log with the log's period, and its position now, None if missing."""

    logged: LoggedEvent
    log: OldLog
    period: str
    at: int | None

    @property
    def month(self) -> str:
        return _month_of(self.logged)


@dataclass(frozen=True)
class YearComparison:
    """The logs of one kind and year of a product, by period, now and before."""

    product: str
    kind: LogKind
    year: str
    new: Mapping[str, RawLog]
    old: Mapping[str, Sequence[OldLog]]

    def lost(self, is_there: Callable[[str], bool]) -> Iterator[HistoryViolation]:
        """Yield a violation for each old event that is missing, changed or out of order.

        `is_there` returns whether something is at a path that is no readable log.
        """
        if self._is_only_archived:
            return
        for events in self._sources:
            for number, event in enumerate(events):
                if event.at is None:
                    yield self._missing(event, events[number:], is_there)
                else:
                    yield from self._changed(event, self._events[event.at])
            for at, was in sorted(_displaced(events, self._events, self.year).items()):
                yield self._violation("order", self._events[at], was)
        last: dict[str, int] = {}
        for at in sorted(self._matched):
            last[_month_of(self._events[at].logged)] = at
        for at, new in enumerate(self._events):
            if at not in self._matched and at < last.get(_month_of(new.logged), -1):
                yield self._violation("early", new)

    def added(self) -> Iterator[tuple[RawLog, LoggedEvent]]:
        """Yield each event that no old log has, further copies included, and its log."""
        if self._is_only_archived:
            return
        for at, new in enumerate(self._events):
            if at not in self._matched:
                yield new.log, new.logged

    @cached_property
    def _is_only_archived(self) -> bool:
        """Return whether whole months were moved, line by line, and nothing else was changed.

        That is what `versioner archive` does, and it is seen without reading an event.
        """
        if any(len(logs) > 1 for logs in self.old.values()):
            return False
        new = {period: _lines(log.data) for period, log in self.new.items()}
        old = {period: _lines(logs[0].log.data) for period, logs in sorted(self.old.items())}
        if None in (*new.values(), *old.values()):
            return False
        year = new.pop(self.year, None)
        moved = [line for period in old if period not in new for line in old[period] or ()]
        return year == moved and all(new[period] == old.get(period) for period in new)

    @cached_property
    def _events(self) -> list[_NewEvent]:
        return [
            _NewEvent(logged, log, period)
            for period, log in sorted(self.new.items())
            for logged in log.events
        ]

    @cached_property
    def _sources(self) -> list[list[_OldEvent]]:
        """Return the old events of each product and state that they come from, in order."""
        positions: defaultdict[str, list[int]] = defaultdict(list)
        for at, new in enumerate(self._events):
            positions[new.logged.id].append(at)
        sources: defaultdict[tuple[str, str], list[_OldEvent]] = defaultdict(list)
        for period, logs in sorted(self.old.items()):
            for old in logs:
                folder = old.log.path.rpartition("/")[0]
                sources[old.revision, folder] += [
                    _OldEvent(each, old, period, self._match(each, positions.get(each.id, [])))
                    for each in old.log.events
                ]
        return list(sources.values())

    def _match(self, old: LoggedEvent, candidates: Sequence[int]) -> int | None:
        """Return the position of an old event now, of an equal one where several have its id."""
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        found = ((at, self._events[at].logged.event) for at in candidates)
        equal = (at for at, event in found if not changed_fields(old.event, event))
        return next(equal, candidates[0])

    @cached_property
    def _matched(self) -> set[int]:
        return {event.at for event in chain(*self._sources) if event.at is not None}

    def _missing(
        self, event: _OldEvent, following: Sequence[_OldEvent], is_there: Callable[[str], bool]
    ) -> HistoryViolation:
        # An archived month has no file any more: its events belong into that of the year.
        periods = [event.period, self.year]
        period = next((each for each in periods if each in self.new), event.period)
        path = log_path(self.product, self.kind, period)
        log = self.new.get(period)
        was = event.log.was
        if log is None or not log.is_readable:
            found = log is not None or is_there(path)
            kind: ViolationKind = "unreadable" if found else "log"
            return HistoryViolation(kind, event.logged.id, path, was=was)
        news = (self._events[each.at] for each in following if each.at is not None)
        after = next((new.logged for new in news if new.period == period), None)
        after = after or (log.events[-1] if log.events else None)
        line = log.position_of(after)[0] if after is not None else 0
        return HistoryViolation("missing", event.logged.id, path, line, min(line, 1), was=was)

    def _changed(self, old: _OldEvent, new: _NewEvent) -> Iterator[HistoryViolation]:
        if new.period not in (old.period, self.year, old.month):
            path, line, _ = self._place(new)
            path, detail = log_path(self.product, self.kind, old.period), f"{path}:{line}"
            yield HistoryViolation("moved", old.logged.id, path, detail=detail, was=old.log.was)
            return
        fields = changed_fields(old.logged.event, new.logged.event)
        if fields:
            place, detail = self._place(new, fields[0]), ", ".join(fields)
            yield HistoryViolation("changed", old.logged.id, *place, detail, old.log.was)

    def _violation(self, kind: ViolationKind, new: _NewEvent, was: str = "") -> HistoryViolation:
        return HistoryViolation(kind, new.logged.id, *self._place(new), was=was)

    def _place(self, new: _NewEvent, key: str = "") -> tuple[str, int, int]:
        return new.log.path, *new.log.position_of(new.logged, key)


def _lines(data: bytes) -> list[bytes] | None:
    """Return the lines of events, or None where other lines than comments are between them."""
    lines = [line for line in data.split(b"\n") if line and not line.startswith(b"#")]
    return lines if all(line.startswith(b"- {") for line in lines) else None


def _displaced(events: Sequence[_OldEvent], news: Sequence[_NewEvent], year: str) -> dict[int, str]:
    """Return the positions of events that are not in the old order, and their old files."""
    rows: defaultdict[str, list[_OldEvent]] = defaultdict(list)
    for event in events:
        if event.at is not None:
            rows[event.month].append(event)
            if news[event.at].period == year:
                rows[year].append(event)
    found: dict[int, str] = {}
    for row in rows.values():
        wrong = set(out_of_order([event.at for event in row if event.at is not None]))
        found |= {each.at: each.log.was for each in row if each.at is not None and each.at in wrong}
    return found


def _month_of(logged: LoggedEvent) -> str:
    # The events of the history check may be invalid.
    return month_of(str(logged.event.get("at", "")))
