"""Compare the logs of decisions about requests with their old state: lines are only appended."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.registry.history.log_compare import OldLog, compare_log, unmatched
from versioner.registry.history.log_index import RawLog
from versioner.registry.history.problems import HistoryViolation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.git.snapshot import Snapshot
    from versioner.registry.history.problems import ViolationKind

__all__ = ["RequestLogs"]

_REQUESTS: Final = f"{layout.ROOT}/requests"


class RequestLogs:
    """The logs of requests that differ between two snapshots; `revision` is the older one's."""

    def __init__(self, base: Snapshot, now: Snapshot, revision: str) -> None:
        self._base, self._now, self._revision = base, now, revision

    def lost(self) -> Iterator[HistoryViolation]:
        """Yield a violation for each old line that is missing, changed or out of order."""
        for path, (old, new) in self._changed.items():
            if old is None:
                continue
            if new is not None and new.is_readable:
                yield from compare_log([old], new)
                continue
            for logged in old.log.events:
                is_there = new is not None or path in self._entries
                kind: ViolationKind = "unreadable" if is_there else "log"
                yield HistoryViolation(kind, logged.id, path, was=old.was)

    def added(self) -> Iterator[HistoryViolation]:
        """Yield a violation for each line that the old log does not have."""
        for path, (old, new) in self._changed.items():
            if new is None:
                continue
            for logged in unmatched([] if old is None else [old], new):
                yield HistoryViolation("added", logged.id, path, *new.position_of(logged))

    @cached_property
    def _entries(self) -> Mapping[str, object]:
        return self._now.entries(_REQUESTS)

    @cached_property
    def _changed(self) -> dict[str, tuple[OldLog | None, RawLog | None]]:
        before, after = _blobs(self._base), _blobs(self._now)
        paths = sorted(
            path
            for path in {*before, *after}
            if before.get(path) is None or before.get(path) != after.get(path)
        )
        old, new = self._base.read_many(paths), self._now.read_many(paths)
        return {
            path: (
                OldLog(_log(path, old[path]), self._revision) if path in old else None,
                _log(path, new[path]) if path in new else None,
            )
            for path in paths
        }


def _log(path: str, data: bytes) -> RawLog:
    return RawLog(path, "request-decision", data)


def _blobs(snapshot: Snapshot) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for path, entry in snapshot.entries(_REQUESTS).items():
        place = layout.place_of(path)
        if place is not None and place.kind == "request-decision" and entry.kind == "file":
            found[path] = entry.id
    return found
