"""What a writer can see of a product's events, as little of it parsed as the question needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from versioner.layout import month_of
from versioner.serialization.log import lines_naming, read_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from versioner.models import Event, EventKind

__all__ = ["Visible", "VisibleEvents", "VisibleLogs"]


class Visible(Protocol):
    """Answer for the events of one product, in log position order."""

    def find(self, kind: EventKind, key: str, value: str) -> list[Event]:
        """Return the events that have a text under a key, in any case."""

    def events(self, kind: EventKind, months: Sequence[str] = ()) -> list[Event]:
        """Return the events of a kind: all, or those from the first to the last of `months`."""


class VisibleLogs:
    """See the logs of a product as bytes, by kind and month (`YYYY-MM`)."""

    def __init__(self, logs: Mapping[tuple[EventKind, str], bytes]) -> None:
        self._logs: dict[EventKind, list[tuple[str, bytes]]] = {}
        for (kind, month), data in sorted(logs.items()):
            self._logs.setdefault(kind, []).append((month, data))

    def find(self, kind: EventKind, key: str, value: str) -> list[Event]:
        """Return the events that have a text under a key, in any case."""
        return [
            event
            for _, data in self._logs.get(kind, ())
            for _, event in lines_naming(data, value, key=key)
        ]

    def events(self, kind: EventKind, months: Sequence[str] = ()) -> list[Event]:
        """Return the events of a kind, of all months or some; costs a parse of those logs."""
        return [
            event
            for month, data in self._logs.get(kind, ())
            if not months or months[0] <= month <= months[-1]
            for event in _read_log(kind, month, data)
        ]


class VisibleEvents:
    """See events that are read already; what is added later is seen as well."""

    def __init__(self, builds: Iterable[Event] = (), deployments: Iterable[Event] = ()) -> None:
        self._events: dict[EventKind, list[Event]] = {
            "build": list(builds),
            "deployment": list(deployments),
        }
        self._indexes: dict[tuple[EventKind, str], dict[str, list[Event]]] = {}

    def add(self, kind: EventKind, event: Event) -> None:
        """See one event more, after the others."""
        self._events[kind].append(event)
        for (indexed, key), index in self._indexes.items():
            if indexed == kind and key in event:
                index.setdefault(event[key].lower(), []).append(event)

    def find(self, kind: EventKind, key: str, value: str) -> list[Event]:
        """Return the events that have a text under a key, in any case."""
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


def _read_log(kind: EventKind, month: str, data: bytes) -> list[Event]:
    lines = read_canonical(kind, data)
    if lines is not None:
        return [event for _, event in lines]
    from versioner.validation.logs import validate_log

    return validate_log(kind, data, f"{kind} log of {month}")[0]
