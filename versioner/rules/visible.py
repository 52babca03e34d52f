"""The events of a product that a writer can see, parsed only as far as a question needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from versioner.layout import month_of, year_of
from versioner.serialization.log import events_naming, read_canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from versioner.models import Event, EventKind
    from versioner.models.events import RecordKind

__all__ = ["Visible", "VisibleEvents", "VisibleLogs"]


class Visible(Protocol):
    """The events of one product that are visible, in log position order."""

    def find(self, kind: EventKind, key: str, value: str) -> list[Event]:
        """Return the events that have a value for a key, upper and lower case alike."""

    def events(self, kind: EventKind, months: Sequence[str] = ()) -> list[Event]:
        """Return the events of a kind: all, or those from the first to the last of `months`."""


class VisibleLogs:
    """The visible events of logs that are read as bytes, by kind and period (`YYYY-MM` or `YYYY`).

    `environments` maps former names of environments to names: no event is visible under a former
    name. With `months`, only their events are visible: the log of a year has those of others, too.
    """

    def __init__(
        self,
        logs: Mapping[tuple[RecordKind, str], bytes],
        environments: Mapping[str, str] | None = None,
        *,
        months: Collection[str] = (),
    ) -> None:
        self._environments = environments or {}
        self._months = months
        self._logs: dict[RecordKind, list[tuple[str, bytes]]] = {}
        for (kind, period), data in sorted(logs.items()):
            self._logs.setdefault(kind, []).append((period, data))

    def find(self, kind: RecordKind, key: str, value: str) -> list[Event]:
        """Return the events that have a value for a key, upper and lower case alike."""
        found = [
            event
            for _, data in self._logs.get(kind, ())
            for _, event in events_naming(data, value, key=key)
        ]
        return self._named(self._visible(kind, found))

    def events(self, kind: RecordKind, months: Sequence[str] = ()) -> list[Event]:
        """Return the events of a kind, of all months or some; this parses those logs."""
        found = [
            event
            for period, data in self._logs.get(kind, ())
            if not months or year_of(months[0]) <= period <= months[-1]
            for event in _read_log(kind, period, data)
            if not months or months[0] <= _month_of(event) <= months[-1]
        ]
        return self._named(self._visible(kind, found))

    def _visible(self, kind: RecordKind, events: list[Event]) -> list[Event]:
        """Return the events of the visible months, in the order of logs of months alone."""
        if not any(len(period) == len("2025") for period, _ in self._logs.get(kind, ())):
            return events
        months = self._months
        visible = [event for event in events if not months or _month_of(event) in months]
        return sorted(visible, key=_month_of)

    def _named(self, events: list[Event]) -> list[Event]:
        if not self._environments:
            return events
        from versioner.registry.environment_names import with_environment_names

        return with_environment_names(events, self._environments)


class VisibleEvents:
    """The visible events where they are read already; more may be added."""

    def __init__(self, builds: Iterable[Event] = (), deployments: Iterable[Event] = ()) -> None:
        self._events: dict[EventKind, list[Event]] = {
            "build": list(builds),
            "deployment": list(deployments),
        }
        self._indexes: dict[tuple[EventKind, str], dict[str, list[Event]]] = {}

    def add(self, kind: EventKind, event: Event) -> None:
        """Add an event after the others."""
        self._events[kind].append(event)
        for (indexed, key), index in self._indexes.items():
            if indexed == kind and key in event:
                index.setdefault(event[key].lower(), []).append(event)

    def find(self, kind: EventKind, key: str, value: str) -> list[Event]:
        """Return the events that have a value for a key, upper and lower case alike."""
        index = self._indexes.get((kind, key))
        if index is None:
            index = self._indexes[(kind, key)] = {}
            for event in self._events[kind]:
                if key in event:
                    index.setdefault(event[key].lower(), []).append(event)
        return list(index.get(value.lower(), ()))

    def events(self, kind: EventKind, months: Sequence[str] = ()) -> list[Event]:
        """Return the events of a kind, of all months or some."""
        events = self._events[kind]
        if not months:
            return list(events)
        return [each for each in events if months[0] <= month_of(each["at"]) <= months[-1]]


def _month_of(event: Event) -> str:
    # The events of a log that has errors may lack a time.
    return month_of(str(event.get("at", "")))


def _read_log(kind: RecordKind, period: str, data: bytes) -> list[Event]:
    lines = read_canonical(kind, data)
    if lines is not None:
        return [event for _, event in lines]
    from versioner.validation.logs import validate_log

    return validate_log(kind, data, f"{kind} log of {period}")[0]
