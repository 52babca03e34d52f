"""The logs of a snapshot for the history check: events with lines, valid or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import layout
from versioner.registry.checks.positions import position_of_event
from versioner.serialization.log import read_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.git.files.entries import FileEntry
    from versioner.git.snapshot import Snapshot
    from versioner.models import Event, LogKind

__all__ = ["LogIndex", "LogName", "LoggedEvent", "RawLog"]

_LIMIT: Final = 64 * 1024 * 1024


class LogName(NamedTuple):
    """The name of a log within its product."""

    kind: LogKind
    period: str


class LoggedEvent(NamedTuple):
    """An event that has an id, and its line in the log (0: found when it is needed)."""

    line: int
    event: Event

    @property
    def id(self) -> str:
        """Return the event's id."""
        return str(self.event["id"])


@dataclass
class RawLog:
    """The bytes of a log, parsed when its events are first used."""

    path: str
    kind: LogKind
    data: bytes = field(repr=False)

    @cached_property
    def _read(self) -> list[LoggedEvent] | None:
        return _read_log(self.kind, self.data, self.path)

    @property
    def events(self) -> list[LoggedEvent]:
        """Return the events that have an id, in their order."""
        return self._read or []

    @property
    def is_readable(self) -> bool:
        """Return whether the bytes are a YAML list."""
        return self._read is not None

    def position_of(self, logged: LoggedEvent, key: str = "") -> tuple[int, int]:
        """Return line and column of an event, or of one of its fields."""
        if logged.line and not key:
            return logged.line, 1
        line, column = position_of_event(self.data, logged.id, key)
        return logged.line or line, column or 1


class LogIndex:
    """The logs of a snapshot, by product; only regular files are logs."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._ids: dict[str, dict[LogName, str | None]] = {}

    def ids(self, product: str) -> dict[LogName, str | None]:
        """Return the blob ids of a product's logs, None where one is not known."""
        if product not in self._ids:
            # The directories of other products are not looked at.
            self._ids[product] = _ids(self._snapshot.entries(layout.product_dir(product)))
        return self._ids[product]

    def read(self, product: str, names: Iterable[LogName]) -> dict[LogName, RawLog]:
        """Return some of a product's logs."""
        paths = {layout.log_path(product, *name): name for name in names}
        contents = self._snapshot.read_many(paths)
        return {
            paths[path]: RawLog(path, paths[path].kind, data) for path, data in contents.items()
        }


def _ids(entries: Mapping[str, FileEntry]) -> dict[LogName, str | None]:
    found: dict[LogName, str | None] = {}
    for path, entry in entries.items():
        place = layout.place_of(path)
        if place is not None and entry.kind == "file" and place.log_kind is not None:
            found[LogName(place.log_kind, place.period)] = entry.id
    return found


def _read_log(kind: LogKind, data: bytes, path: str) -> list[LoggedEvent] | None:
    numbered = read_canonical(kind, data) if len(data) <= _LIMIT else None
    if numbered is not None:
        return [LoggedEvent(line, event) for line, event in numbered if _has_id(event)]
    from versioner.validation.strict_yaml import read_yaml

    reading = read_yaml(data, path, limit=_LIMIT)
    if not reading.is_read or not isinstance(reading.value, list | None):
        return None
    return [LoggedEvent(0, event) for event in reading.value or () if _has_id(event)]


def _has_id(event: object) -> bool:
    return isinstance(event, dict) and isinstance(event.get("id"), str)
