"""Compare one log with its old state: each old event must be there, equal and in order."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from versioner.registry.history.problems import HistoryViolation
from versioner.serialization.log import read_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.models import Event
    from versioner.registry.history.log_index import LoggedEvent, RawLog

__all__ = ["OldLog", "changed_fields", "compare_log", "out_of_order", "unmatched", "without_commit"]


@dataclass(frozen=True, slots=True)
class OldLog:
    """An old log, and the revision (shortened) that has it."""

    log: RawLog
    revision: str

    @property
    def was(self) -> str:
        """Return the argument for `git show`."""
        return f"{self.revision}:{self.log.path}" if self.revision else self.log.path


@dataclass
class _Positions:
    """The positions of the events in the new log, by id, and those that an old log has too."""

    log: RawLog
    by_id: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    matched: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for index, logged in enumerate(self.log.events):
            self.by_id[logged.id].append(index)

    def match(self, old: LoggedEvent) -> int | None:
        """Return the position of an old event now, of an equal one where several have its id."""
        candidates = self.by_id.get(old.id)
        if not candidates:
            return None
        events = self.log.events
        equal = (at for at in candidates if not changed_fields(old.event, events[at].event))
        return next(equal, candidates[0])


def unmatched(olds: Sequence[OldLog], new: RawLog) -> list[LoggedEvent]:
    """Return the events of a log that no old log has, further copies included."""
    tail = _appended(olds, new)
    if tail is not None:
        return tail
    positions = _Positions(new)
    for old in olds:
        found = map(positions.match, old.log.events)
        positions.matched.update(at for at in found if at is not None)
    return [logged for at, logged in enumerate(new.events) if at not in positions.matched]


def compare_log(olds: Sequence[OldLog], new: RawLog) -> Iterator[HistoryViolation]:
    """Find what became of the events of old logs that are missing, changed or out of place.

    New events have to come after all the old ones.
    """
    if _appended(olds, new) is not None:
        return
    positions = _Positions(new)
    for old in olds:
        yield from _compare(old, positions)
    last = max(positions.matched, default=-1)
    for at, logged in enumerate(new.events[: last + 1]):
        if at not in positions.matched:
            yield HistoryViolation("early", logged.id, new.path, *new.position_of(logged))


def _compare(old: OldLog, positions: _Positions) -> Iterator[HistoryViolation]:
    new = positions.log
    events = old.log.events
    found = [positions.match(each) for each in events]
    positions.matched.update(at for at in found if at is not None)
    for number, (each, at) in enumerate(zip(events, found, strict=True)):
        if at is None:
            line = _line_for(found[number:], new)
            yield HistoryViolation("missing", each.id, new.path, line, min(line, 1), was=old.was)
            continue
        fields = changed_fields(each.event, new.events[at].event)
        if fields:
            place = new.position_of(new.events[at], fields[0])
            yield HistoryViolation("changed", each.id, new.path, *place, ", ".join(fields), old.was)
    for at in out_of_order([at for at in found if at is not None]):
        logged = new.events[at]
        yield HistoryViolation("order", logged.id, new.path, *new.position_of(logged), was=old.was)


def _line_for(following: Sequence[int | None], new: RawLog) -> int:
    """Return the line before which a missing event was; the last line where none follows."""
    at = next((at for at in following if at is not None), -1)
    return new.position_of(new.events[at])[0] if new.events else 0


def out_of_order(found: Sequence[int]) -> list[int]:
    """Return the fewest positions whose removal leaves the others ascending."""
    if all(one <= other for one, other in pairwise(found)):
        return []
    # The longest ascending run: ends[n] is the least end of one that is n + 1 long.
    ends: list[int] = []
    sizes = []
    for at in found:
        size = bisect_right(ends, at)
        ends[size : size + 1] = [at]
        sizes.append(size)
    wanted, kept = len(ends) - 1, set()
    for index in range(len(found) - 1, -1, -1):
        if sizes[index] == wanted:
            kept.add(index)
            wanted -= 1
    return [at for index, at in enumerate(found) if index not in kept]


def _appended(olds: Sequence[OldLog], new: RawLog) -> list[LoggedEvent] | None:
    """Return the events that were appended, or None where the log differs in another way."""
    if len(olds) != 1:
        return None if olds else new.events
    before = olds[0].log.data
    if not before.endswith(b"\n") or not new.data.startswith(before):
        return None
    rest = read_canonical(new.kind, new.data[len(before) :])
    if rest is None:
        return None
    count = sum(isinstance(event.get("id"), str) for _, event in rest)
    return new.events[-count:] if count else []


# The fold and the judge depend on these fields: without one of them, history would be another.
_NOT_REDACTABLE: Final = frozenset(
    (
        "at", "id", "environment", "instance", "version", "status", "voids", "deployment",
        "redacted", "decision", "approval_type", "event", "of", "step",
    )
)  # fmt: skip

# Without its author, one of these would count for nobody, and what it outweighs would count again.
_NEED_AUTHOR: Final = ("rejected", "revoked")

# The fields of which a single key may be redacted.
_MAPPINGS: Final = ("extra_metadata", "artifacts")


def changed_fields(old: Event, new: Event) -> list[str]:
    """Return the fields in which an event differs from its old state, except redactions.

    A redaction removes a value and lists its field (`extra_metadata.KEY` for one key, `changes.ID`
    for the texts of one commit) under `redacted`. The order of keys does not matter; `1`, `1.0` and
    `true` are three values.
    """
    if _is_same(old, new):
        return []
    marks_before, marks = _marks(old), _marks(new)
    taken = (marks - marks_before) & _redactable(old)
    expected = _without(old, taken)
    if marks_before | marks:
        expected["redacted"] = sorted(marks_before | taken)
        new = {**new, "redacted": sorted(marks)}
    for name in _MAPPINGS:
        emptied = expected.get(name) == {} and any(mark.startswith(f"{name}.") for mark in taken)
        if emptied and name not in new:
            # A mapping whose last key was redacted may stay as an empty object, or be removed.
            del expected[name]
    keys = dict.fromkeys((*expected, *new))
    return [key for key in keys if not _is_same(expected.get(key), new.get(key))]


def _marks(event: Event) -> set[str]:
    marks = event.get("redacted", ())
    return {mark for mark in marks if isinstance(mark, str)} if isinstance(marks, list) else set()


def _redactable(event: Event) -> set[str]:
    """Return the names of all values that a redaction could remove from an event."""
    inner = {
        f"{name}.{key}"
        for name in _MAPPINGS
        if isinstance(event.get(name), dict)
        for key in event[name]
    }
    inner |= {f"changes.{commit}" for commit in _commits(event)}
    needed = {"by"} if event.get("decision") in _NEED_AUTHOR else set[str]()
    return (set(event) - _NOT_REDACTABLE - needed) | inner


def _without(event: Event, names: Iterable[str]) -> dict[str, Any]:
    kept = dict(event)
    for name in names:
        top, _, key = name.partition(".")
        if name in _NOT_REDACTABLE:
            continue
        if not key:
            kept.pop(top, None)
        elif top == "changes":
            kept = without_commit(kept, key)
        elif isinstance(kept.get(top), dict):
            kept[top] = {each: value for each, value in kept[top].items() if each != key}
    return kept


def _commits(event: Event) -> set[str]:
    """Return the ids of the recorded commits of an event that have texts."""
    changes = event.get("changes")
    commits = changes.get("commits") if isinstance(changes, dict) else None
    found = commits if isinstance(commits, list) else []
    return {str(each["id"]) for each in found if isinstance(each, dict) and len(each) > 1}


def without_commit(event: Event, commit: str) -> dict[str, Any]:
    """Return an event without the texts of one of its recorded commits, whose id stays."""
    if commit not in _commits(event):
        return dict(event)
    commits = [
        {"id": commit} if each.get("id") == commit else each for each in event["changes"]["commits"]
    ]
    return {**event, "changes": {**event["changes"], "commits": commits}}


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, str):
        return bool(one == other)
    if isinstance(one, dict) and all(type(value) is str for value in one.values()):
        # Texts are equal only to texts, so that nothing else tells the two apart.
        return bool(one == other)
    return bool(one == other) and _text(one) == _text(other)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
