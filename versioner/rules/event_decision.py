"""Decide whether a new event is to be recorded, is recorded already, or conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import Blocked, InvalidInput, VersionConflict
from versioner.layout import month_of
from versioner.models.events import UNDEPLOYED
from versioner.registry.event_order import order_key, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models import Event, EventKind
    from versioner.rules.visible import Visible

__all__ = [
    "AlreadyRecorded",
    "EventDecision",
    "New",
    "artifact_in_conflict",
    "evaluate_event",
    "same_sha",
]

_KINDS: Final[tuple[EventKind, ...]] = ("build", "deployment")
_SHORTEST_SHA: Final = 7

# The statuses that change what runs somewhere.
_CHANGING: Final = ("completed", UNDEPLOYED)

# One step of one run may return to a version this often; more returns mean that it loops.
_MOST_RETURNS: Final = 1000

_IMMUTABLE: Final = "a version never changes: give the other build another version with --version"


class New(NamedTuple):
    """The decision to record an event, which has its id now."""

    event: Event


class AlreadyRecorded(NamedTuple):
    """The decision that an event is recorded already, as `event`."""

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
    within: int = 0,
    is_request: bool = False,
) -> EventDecision:
    """Return whether an event is new, given the events of its product that the writer can see.

    `candidate` returns the event's id by ordinal. With `given`, the caller chose the id (or it is
    random): there is only one. With `resent`, the event was sent before: a recorded event with
    its id and its time is the same event, whatever was recorded since; so is one whose time is no
    more than `within` seconds from its own. With `is_request`, the id is that of a request, which
    anyone may make again later: then no other event is the same. Raises Blocked for a
    conflict, and InvalidInput where the event names another one that does not exist.
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
        if is_request or within:
            seconds = abs(seconds_of(recorded["at"]) - seconds_of(event["at"]))
            is_whole = seconds <= within or (is_whole and not is_request)
            if is_request and not is_whole:
                continue
        if is_whole or not _left_since(visible, recorded, event):
            return AlreadyRecorded(recorded)
    raise Blocked(
        f"this run has recorded {event.get('version', 'this')} here {_MOST_RETURNS} times already",
        hint="give the event an id of its own with --event-id",
    )


def same_sha(one: str, other: str) -> bool:
    """Return whether two SHAs name one commit: equal, or one the short form of the other."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _SHORTEST_SHA and long.startswith(short))


def artifact_in_conflict(event: Event, other: Event) -> str:
    """Return the first name under which two events have different digests, "" for none."""
    one, two = event.get("artifacts"), other.get("artifacts")
    # The form of an event of the inbox is not checked yet.
    if not isinstance(one, dict) or not isinstance(two, dict):
        return ""
    return next((name for name in one if two.get(name, one[name]) != one[name]), "")


def _recorded_as(visible: Visible, kind: EventKind, event: Event, event_id: str) -> Event | None:
    """Return the recorded event of an id; raise Blocked where they differ."""
    for other_kind in _KINDS:
        for other in visible.find(other_kind, "id", event_id):
            if other["id"] == event_id:
                _check_same(event, other, _difference(kind, event, other_kind, other))
                return other
    return None


def _difference(kind: EventKind, event: Event, other_kind: EventKind, other: Event) -> str:
    if kind != other_kind:
        return "kind"
    for key in ("version", "environment", "instance", "status", "voids"):
        if event.get(key) != other.get(key):
            return key
    sha, other_sha = event.get("scm_sha"), other.get("scm_sha")
    if sha and other_sha and not same_sha(sha, other_sha):
        return "scm_sha"
    return "artifacts" if artifact_in_conflict(event, other) else ""


def _check_same(event: Event, other: Event, key: str) -> None:
    if key == "scm_sha":
        raise _sha_conflict(event, other)
    if key == "artifacts":
        raise _artifact_conflict(event, other)
    if key:
        values = f": {other.get(key, 'none')}, not {event.get(key, 'none')}"
        difference = key if key == "kind" else f"{key}{values}"
        raise Blocked(
            f"the event {other['id']} is recorded already, with another {difference}",
            hint="give this event an id of its own with --event-id",
        )


def _left_since(visible: Visible, recorded: Event, event: Event) -> bool:
    """Return whether the cell has an event of another version between the two, not a void one."""
    months = sorted(month_of(each["at"]) for each in (recorded, event))
    cell = [each for each in visible.events("deployment", months) if _concerns(each, event)]
    ordered = sorted([*cell, event], key=order_key)
    # The new event is not in the log and may have no id yet.
    ends = [
        index for index, each in enumerate(ordered) if each is event or each["id"] == recorded["id"]
    ]
    between = ordered[ends[0] : ends[-1]]
    version = event.get("version")
    return bool(_not_void(visible, [each for each in between if each.get("version") != version]))


def _concerns(other: Event, event: Event) -> bool:
    """Return whether an event is one of the cell of another, or changes what runs there."""
    if other.get("environment") != event["environment"]:
        return False
    instances = {other.get("instance", ""), event.get("instance", "")}
    # A result of the whole environment is one of each instance, and the reverse leaves it mixed.
    return len(instances) == 1 or ("" in instances and other["status"] in _CHANGING)


def _not_void(visible: Visible, events: list[Event]) -> list[Event]:
    """Return the events that are not void."""
    if not events:
        return []
    # This folds all events: a void may be in any month, and it may name the first event of the
    # deployment that an event belongs to.
    from versioner.registry.fold.product import void_ids

    void = void_ids(visible.events("deployment"))
    return [event for event in events if event["id"] not in void]


def _check_version(visible: Visible, event: Event) -> None:
    """Raise Blocked for another spelling of a version, and for another commit of it."""
    version = event.get("version")
    if version is None:
        return
    known = [each for kind in _KINDS for each in visible.find(kind, "version", version)]
    for each in known:
        if each["version"] != version:
            raise VersionConflict(
                f"version {version} differs from {each['version']} only in case",
                hint=f"write {each['version']} if it is the same; else give it another name",
            )
    sha = event.get("scm_sha", "")
    others = [each for each in known if sha and not same_sha(each.get("scm_sha") or sha, sha)]
    for each in _not_void(visible, others):
        raise _sha_conflict(event, each)
    others = [each for each in known if artifact_in_conflict(event, each)]
    for each in _not_void(visible, others):
        raise _artifact_conflict(event, each)


def _sha_conflict(event: Event, other: Event) -> VersionConflict:
    return VersionConflict(
        f"version {event['version']} was built from {other['scm_sha'][:12]}, "
        f"not from {event['scm_sha'][:12]}",
        hint=_IMMUTABLE,
    )


def _artifact_conflict(event: Event, other: Event) -> VersionConflict:
    name = artifact_in_conflict(event, other)
    return VersionConflict(
        f'version {event["version"]} has the artifact "{name}" with the digest '
        f"{other['artifacts'][name][:19]}..., not {event['artifacts'][name][:19]}...",
        hint=f'{_IMMUTABLE}; another artifact of this version needs another name than "{name}"',
    )


def _check_named(visible: Visible, event: Event) -> None:
    """Raise InvalidInput for the id of a deployment or event that does not exist."""
    for key in ("deployment", "voids"):
        named = event.get(key)
        if named is None:
            continue
        other = [each for each in visible.find("deployment", "id", named) if each["id"] == named]
        if not other or "voids" in other[0]:
            wrong = "voids another event" if other else "is not one of this product"
            raise InvalidInput(
                f"the event {named} {wrong}",
                field=key,
                hint="give the id of a deployment event: `versioner deployment list` shows them",
            )
        if key == "deployment":
            _check_same_cell(event, other[0])


def _check_same_cell(event: Event, other: Event) -> None:
    if UNDEPLOYED in (event["status"], other["status"]):
        raise InvalidInput(
            "an undeployment belongs to no deployment",
            field="deployment",
            hint="leave --deployment out",
        )
    for key in ("environment", "instance", "version"):
        own, named = event.get(key, "none"), other.get(key, "none")
        if own != named:
            right = f"{key} {named}" if key in other else f"no {key}"
            raise InvalidInput(
                f"the deployment {other['id']} is one of {right}, not {own}",
                field="deployment",
                hint=f"leave --deployment out, or give {right}",
            )


def _void_or_new(visible: Visible, event: Event) -> EventDecision:
    """Return the decision on a new event; a second void of an event is the first one."""
    named = event.get("voids", "")
    for other in visible.find("deployment", "voids", named) if named else ():
        if other["voids"] == named:
            return AlreadyRecorded(other)
    return New(event)
