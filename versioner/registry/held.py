"""Read a product's logs for a comparison: the events as they are, valid or not, with lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import layout
from versioner.registry.positions import position_of_event
from versioner.serialization.log import read_canonical

if TYPE_CHECKING:
    from versioner.models import Event, EventKind
    from versioner.repository.snapshot import Snapshot

__all__ = ["Held", "HeldLog", "LogName", "logs_of"]

_LIMIT: Final = 64 * 1024 * 1024


class LogName(NamedTuple):
    """Name a log within its product."""

    kind: EventKind
    month: str


class Held(NamedTuple):
    """Hold an event that has an id, and the line it stands in (0: look it up when needed)."""

    line: int
    event: Event

    @property
    def id(self) -> str:
        """Return the event's id."""
        return str(self.event["id"])


@dataclass
class HeldLog:
    """Hold a log's bytes; what they say is read when it is first asked for."""

    path: str
    kind: EventKind
    data: bytes = field(repr=False)

    @cached_property
    def _read(self) -> list[Held] | None:
        return _read_log(self.kind, self.data, self.path)

    @property
    def events(self) -> list[Held]:
        """Return the events that have an id, in their order."""
        return self._read or []

    @property
    def is_readable(self) -> bool:
        """Tell whether the bytes are a log at all."""
        return self._read is not None

    def place_of(self, held: Held, key: str = "") -> tuple[int, int]:
        """Return line and column of an event, or of one of its fields."""
        if held.line and not key:
            return held.line, 1
        line, column = position_of_event(self.data, held.id, key)
        return held.line or line, column or 1


def logs_of(snapshot: Snapshot, product: str) -> dict[LogName, HeldLog]:
    """Return a product's logs by name; links and the like are none."""
    names: dict[str, LogName] = {}
    for path, entry in snapshot.entries(layout.product_dir(product)).items():
        place = layout.place_of(path)
        if place is None or entry.kind != "file":
            continue
        if place.kind == "build" or place.kind == "deployment":
            names[path] = LogName(place.kind, place.month)
    contents = snapshot.read_many(names)
    return {names[path]: HeldLog(path, names[path].kind, data) for path, data in contents.items()}


def _read_log(kind: EventKind, data: bytes, path: str) -> list[Held] | None:
    numbered = read_canonical(kind, data) if len(data) <= _LIMIT else None
    if numbered is not None:
        return [Held(line, event) for line, event in numbered if _has_id(event)]
    from versioner.validation.strict_yaml import read_yaml

    reading = read_yaml(data, path, limit=_LIMIT)
    if not reading.is_read or not isinstance(reading.value, list | None):
        return None
    return [Held(0, event) for event in reading.value or () if _has_id(event)]


def _has_id(event: object) -> bool:
    return isinstance(event, dict) and isinstance(event.get("id"), str)
