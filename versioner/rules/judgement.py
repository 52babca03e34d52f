"""Judge a new event against what is recorded: new, recorded already, or in conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import Blocked, InvalidInput
from versioner.layout import month_of
from versioner.registry.event_order import order_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models import Event, EventKind
    from versioner.rules.visible import Visible

__all__ = ["AlreadyRecorded", "EventDecision", "New", "evaluate_event", "same_sha"]

_KINDS: Final[tuple[EventKind, ...]] = ("build", "deployment")
_SHORTEST_SHA: Final = 7

# How often one step of one run may come back to a version; beyond it, something loops.
_MOST_RETURNS: Final = 1000

_IMMUTABLE: Final = "a version never changes: give the other build a version of its own"


class New(NamedTuple):
    """Say that the event is to be recorded, with the id it has now."""

    event: Event


class AlreadyRecorded(NamedTuple):
    """Say that the event is recorded already, as this one."""

    event: Event


EventDecision = New | AlreadyRecorded


def evaluate_event(
    kind: EventKind,
    event: Event,
    *,
    visible: Visible,
    candidate: Callable[[int], str],
    given: bool = False,
    resent: bool = False,
) -> EventDecision:
    """Judge an event of a product against the events of it that the writer can see.

    `candidate` gives the event's id by ordinal. With `given`, the caller chose the id (or it is
    random): there is only that one. With `resent`, it was handed over before: what has its id
    and its time is this very event, whatever came after. Raises Blocked for a conflict, and
    InvalidInput where the event names another one that does not exist.
    """
    ordinals = range(1 if given else _MOST_RETURNS)
    for event_id in map(candidate, ordinals):
        recorded = _recorded_as(visible, kind, event, event_id)
        if recorded is None:
            _check_version(visible, event)
            _check_named(visible, event)
            return _void_or_new(visible, {**event, "id": event_id})
        is_whole = given or kind == "build" or "voids" in event
        is_whole = is_whole or (resent and recorded["at"] == event["at"])
        if is_whole or not _left_since(visible, recorded, event):
            return AlreadyRecorded(recorded)
    raise Blocked(
        f"this run has recorded {event['version']} here {_MOST_RETURNS} times already",
        hint="give the event an id of its own with --event-id",
    )


def same_sha(one: str, other: str) -> bool:
    """Tell whether two commit SHAs are one: equal, or one the short form of the other."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _SHORTEST_SHA and long.startswith(short))


def _recorded_as(visible: Visible, kind: EventKind, event: Event, event_id: str) -> Event | None:
    """Return the recorded event of an id; raise Blocked where it says something else."""
    for held_kind in _KINDS:
        for held in visible.find(held_kind, "id", event_id):
            if held["id"] == event_id:
                _check_same(event, held, _difference(kind, event, held_kind, held))
                return held
    return None


def _difference(kind: EventKind, event: Event, held_kind: EventKind, held: Event) -> str:
    if kind != held_kind:
        return "kind"
    for key in ("version", "environment", "status", "voids"):
        if event.get(key) != held.get(key):
            return key
    one, other = event.get("scm_sha"), held.get("scm_sha")
    return "scm_sha" if one and other and not same_sha(one, other) else ""


def _check_same(event: Event, held: Event, key: str) -> None:
    if key == "scm_sha":
        raise _sha_conflict(event, held)
    if key:
        told = f": {held.get(key, 'none')}, not {event.get(key, 'none')}" if key != "kind" else ""
        raise Blocked(
            f"the event {held['id']} is recorded already, with another {key}{told}",
            hint="give this event an id of its own with --event-id",
        )


def _left_since(visible: Visible, recorded: Event, event: Event) -> bool:
    """Tell whether the cell held an event of another version between the two, not a void one."""
    months = sorted(month_of(each["at"]) for each in (recorded, event))
    environment = event["environment"]
    cell = [
        each
        for each in visible.events("deployment", months)
        if each.get("environment") == environment
    ]
    ordered = sorted([*cell, event], key=order_key)
    # The new event is the one that is not in the log; it may have no id yet.
    ends = [
        place for place, each in enumerate(ordered) if each is event or each["id"] == recorded["id"]
    ]
    between = ordered[ends[0] : ends[-1]]
    return bool(_standing(visible, [e for e in between if e["version"] != event["version"]]))


def _standing(visible: Visible, events: list[Event]) -> list[Event]:
    """Return those of some events that are not void."""
    if not events:
        return []
    # Costs a fold of everything: a void may be in any month, and name the first event of the
    # deployment that an event belongs to.
    from versioner.registry.fold import void_ids

    void = void_ids(visible.events("deployment"))
    return [event for event in events if event["id"] not in void]


def _check_version(visible: Visible, event: Event) -> None:
    """Refuse another spelling of a version, and another commit for it."""
    version = event.get("version")
    if version is None:
        return
    known = [each for kind in _KINDS for each in visible.find(kind, "version", version)]
    for each in known:
        if each["version"] != version:
            raise Blocked(
                f"version {version} differs from {each['version']} only in case",
                hint=f"write {each['version']} if it is the same; else give it another name",
            )
    sha = event.get("scm_sha")
    if not sha:
        return
    others = [each for each in known if each.get("scm_sha") and not same_sha(each["scm_sha"], sha)]
    for each in _standing(visible, others):
        raise _sha_conflict(event, each)


def _sha_conflict(event: Event, held: Event) -> Blocked:
    return Blocked(
        f"version {event['version']} was built from {held['scm_sha'][:12]}, "
        f"and this says {event['scm_sha'][:12]}",
        hint=_IMMUTABLE,
    )


def _check_named(visible: Visible, event: Event) -> None:
    """Refuse the name of a deployment or event that does not exist."""
    for key in ("deployment", "voids"):
        named = event.get(key)
        if named is None:
            continue
        held = [each for each in visible.find("deployment", "id", named) if each["id"] == named]
        if not held or "voids" in held[0]:
            wrong = "is itself a void" if held else "is not one of this product"
            raise InvalidInput(
                f"the event {named} {wrong}",
                field=key,
                hint="name the id of a deployment event: `versioner deployment list` shows them",
            )
        if key == "deployment":
            _check_same_place(event, held[0])


def _check_same_place(event: Event, held: Event) -> None:
    for key in ("environment", "version"):
        if event[key] != held[key]:
            raise InvalidInput(
                f"the deployment {held['id']} is one of {key} {held[key]}, not {event[key]}",
                field="deployment",
                hint=f"leave --deployment out, or give {key} {held[key]}",
            )


def _void_or_new(visible: Visible, event: Event) -> EventDecision:
    """Take a second void of the same event for the first one."""
    named = event.get("voids", "")
    for held in visible.find("deployment", "voids", named) if named else ():
        if held["voids"] == named:
            return AlreadyRecorded(held)
    return New(event)
