"""Which rows are recorded already, by what they say, whatever their ids were made of.

The id of an imported event is made of all its fields. So a row with one more column has
another id, and is still the same event: one of the same product, time, environment, version
and status, unless its instance or run differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import Blocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from versioner.models import Event

__all__ = ["PreparedRow", "RecordedEvents"]

# Two events that agree in the rest are two, where both have one of these, and it differs.
_TELL_APART: Final = ("instance", "source_system", "source_server", "invoke_id", "attempt", "job")
_CLOSING: Final = ("completed", "failed", "aborted")
_MADE_ID_LENGTH: Final = 32

_Key = tuple[str, ...]


class PreparedRow(NamedTuple):
    """A row as an event of a product; `given_id` where the row itself gives the id."""

    product: str
    event: Event
    given_id: bool


class RecordedEvents:
    """The events that were recorded before an import, each of which matches one row.

    With `by_run`, the run of a row identifies one deployment, whose time may have changed.
    """

    def __init__(
        self,
        events_of: Callable[[str], Iterable[Event]],
        canonical: Callable[[str], str],
        *,
        by_run: bool,
    ) -> None:
        self._events_of = events_of
        self._canonical = canonical
        self._by_run = by_run
        self._left: dict[str, dict[_Key, list[Event]]] = {}
        self._ids: dict[str, set[str]] = {}

    def match(self, rows: Iterable[PreparedRow]) -> set[int]:
        """Return which rows are recorded already, though not under the id that they have now."""
        rest = [(n, row) for n, row in enumerate(rows) if "voids" not in row.event]
        rest = [(n, row) for n, row in rest if not self._take_id(row)]
        found = {n for n, row in rest if self._take(row, self._key(row.event))}
        for n, row in rest if self._by_run else ():
            known = n in found or "invoke_id" not in row.event
            if not known and self._take(row, self._run_key(row.event)):
                found.add(n)
        return found

    def check_result(self, row: PreparedRow, is_void: Callable[[Event], bool]) -> None:
        """Raise Blocked for a row that gives a recorded deployment another result."""
        status = row.event.get("status")
        left = self._of(row.product)
        for other in _CLOSING if left and status in _CLOSING else ():
            key = self._key({**row.event, "status": other})
            for each in left.get(key, ()) if other != status else ():
                if not _differ(row, each) and not is_void(each):
                    raise Blocked(
                        f"this deployment is recorded as {other}, not as {status}",
                        hint=f"`versioner deployment void {each['id']} --reason TEXT` takes "
                        "that back; or leave this row out",
                    )

    def _of(self, product: str) -> dict[_Key, list[Event]]:
        if product not in self._left:
            left: dict[_Key, list[Event]] = {}
            for event in self._events_of(product):
                if "voids" not in event:
                    for key in self._keys(event):
                        left.setdefault(key, []).append(event)
            self._left[product] = left
            self._ids[product] = {event["id"] for event in self._events_of(product)}
        return self._left[product]

    def _key(self, event: Event) -> _Key:
        environment = self._canonical(event.get("environment", ""))
        return (event["at"], environment, event.get("version", ""), event.get("status", ""))

    def _keys(self, event: Event) -> tuple[_Key, ...]:
        key = self._key(event)
        return (key, self._run_key(event)) if self._by_run and "invoke_id" in event else (key,)

    def _run_key(self, event: Event) -> _Key:
        run = (event.get("source_system", ""), event.get("invoke_id", ""))
        return ("run", *run, *self._key({**event, "at": ""}))

    def _take_id(self, row: PreparedRow) -> bool:
        left = self._of(row.product)
        if row.event["id"] not in self._ids[row.product]:
            return False
        for key in self._keys(row.event):
            events = left.get(key, [])
            left[key] = [each for each in events if each["id"] != row.event["id"]]
        return True

    def _take(self, row: PreparedRow, key: _Key) -> bool:
        left = self._of(row.product)
        events = [each for each in left.get(key, ()) if not _differ(row, each)]
        if not events:
            return False
        # The one that says most of the same comes first.
        best = max(events, key=lambda each: _agreeing(row.event, each))
        for other in self._keys(best):
            left[other] = [each for each in left.get(other, ()) if each is not best]
        return True


def _differ(row: PreparedRow, other: Event) -> bool:
    if row.given_id and len(other["id"]) != _MADE_ID_LENGTH:
        return True
    return any(
        row.event.get(key, other.get(key)) != other.get(key, row.event.get(key))
        for key in _TELL_APART
    )


def _agreeing(event: Event, other: Event) -> int:
    return sum(event[key] == other.get(key) for key in _TELL_APART if key in event)
