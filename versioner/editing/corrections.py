"""Correct recorded events: void an event, redact a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.editing.session import EditResult, edit_session, read_tip
from versioner.errors import Ambiguous, Blocked, InvalidInput, NotFound
from versioner.models.events import DECISION_KINDS
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.registry.checks.positions import locate_event
from versioner.registry.history.log_compare import without_commit
from versioner.rules.event_decision import AlreadyRecorded, evaluate_event
from versioner.rules.event_identity import derive_content_id
from versioner.rules.visible import VisibleEvents
from versioner.serialization import log
from versioner.validation.events import check_event
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository
    from versioner.models import Event
    from versioner.models.events import RecordKind

__all__ = ["redact_field", "void_event", "whole_event_id"]

# The length of an id that the tool has derived.
_WHOLE_ID: Final = 32

# Fields that every event needs, or that refer to other events.
_NEEDED: Final = frozenset(
    (
        "at", "environment", "instance", "version", "status", "id", "deployment", "voids",
        "redacted", "decision", "approval_type", "event", "of", "step",
    )
)  # fmt: skip


def void_event(
    repository: Repository, event_id: str, *, reason: str, by: str = "", now: str
) -> EditResult:
    """Append an event that marks another one as a mistake; both stay visible.

    Voiding the first event of a deployment voids the whole deployment. A second void of the same
    event changes nothing.
    """
    with edit_session(repository) as edit:
        kind, name, target = _find(edit, event_id)
        if kind in DECISION_KINDS:
            raise InvalidInput(
                "a decision cannot be voided",
                hint="record another one: `versioner revoke` takes an approval back, `versioner "
                "unblock` a block",
            )
        if kind == "build":
            raise InvalidInput(
                "a build event cannot be voided", hint="record the correct build as another version"
            )
        record = edit.registry.products[name]
        event: Event = {"at": now, "voids": target["id"], "reason": reason}
        if by:
            event["deployed_by"] = by
        refuse_secrets(event)
        leave_people_out("deployment", event, edit.registry.config)
        decision = evaluate_event(
            "deployment",
            event,
            visible=VisibleEvents(record.builds, record.deployment_events),
            candidate=lambda ordinal: derive_content_id(record.name, event, ordinal),
            given=True,
        )
        subject = f"Void deployment event {target['id']} of {record.name}"
        if isinstance(decision, AlreadyRecorded):
            return EditResult(None, subject, notes=("the event was already void",))
        check_event("deployment", decision.event)
        path = layout.log_path(record.name, "deployment", layout.month_of(now))
        changed = log.append("deployment", edit.snapshot.read(path), [decision.event])
        return edit.commit({path: changed}, subject, now=now)


def redact_field(repository: Repository, event_id: str, field: str, *, now: str) -> EditResult:
    """Remove one value from an event, and add its name to `redacted`.

    `field` is a key of the event, `extra_metadata.KEY`, or `changes.ID` for the texts of a commit.
    The value stays in git's history; a note of the result says so.
    """
    with edit_session(repository) as edit:
        kind, name, event = _find(edit, event_id)
        subject = f"Redact event {event['id']} of {name}"
        if _without(event, field) is None:
            return EditResult(None, subject, notes=(f"{field} was already redacted",))
        path = locate_event(edit.snapshot.read, name, kind, event, "id")[0]
        changed = _redacted(kind, edit.read(path), event["id"], field, path)
        note = "the value is still in git's history; only a rewrite of the history removes it"
        return edit.commit({path: changed}, subject, now=now, notes=(note,))


def whole_event_id(repository: Repository, given: str) -> str:
    """Return the id of the only event whose id begins as given; an unknown id unchanged.

    Raises NotFound if several ids begin so.
    """
    given = given.rstrip("…")
    product, _, beginning = given.rpartition("/")
    if len(beginning) >= _WHOLE_ID:
        return given
    _, registry = read_tip(repository)
    matching = {
        (record.name, str(event["id"])): event
        for record in registry.products.values()
        for events in (record.builds, record.deployment_events, record.decision_events)
        for event in events
        if product in ("", record.name) and event["id"].startswith(beginning)
    }
    # An exact id that two products have is refused with both, when the event is looked up.
    if not matching or any(event_id == beginning for _, event_id in matching):
        return given
    if len(matching) > 1:
        raise Ambiguous(
            f'{len(matching)} events have ids that begin with "{beginning}"',
            [_candidate(name, event) for (name, _), event in matching.items()],
            remedy="write more characters of one of these ids",
        )
    ((name, event_id),) = matching
    return f"{name}/{event_id}" if product else event_id


def _candidate(product: str, event: Event) -> str:
    parts = (event.get("version"), event.get("environment"), event.get("status"), event["at"])
    return f"{product}/{event['id']}  {', '.join(str(each) for each in parts if each)}"


def _find(edit: EditSession, event_id: str) -> tuple[RecordKind, str, Event]:
    """Return an event by its id, or by PRODUCT/ID: ids are unique only within a product.

    The second value is the product, or the request, that the event is about.
    """
    product, _, wanted = event_id.rpartition("/")
    found: dict[str, tuple[RecordKind, str, Event]] = {}
    for kind, name, events in _logs(edit):
        for event in events if product in ("", name) else ():
            if event["id"] == wanted:
                found.setdefault(name, (kind, name, event))
    if len(found) > 1:
        raise NotFound(
            f'events of {" and ".join(sorted(found))} have the id "{wanted}"',
            hint=f"give one of {', '.join(f'{name}/{wanted}' for name in sorted(found))}",
        )
    for each in found.values():
        return each
    raise NotFound(
        f'there is no event "{event_id}"', hint="`versioner deployment list` shows the ids"
    )


def _logs(edit: EditSession) -> Iterator[tuple[RecordKind, str, list[Event]]]:
    """Yield the kind, the product or request, and the events of each log that has been read."""
    for record in edit.registry.products.values():
        yield "deployment", record.name, record.deployment_events
        yield "build", record.name, record.builds
        yield "decision", record.name, record.decision_events
    for path in edit.snapshot.entries(f"{layout.ROOT}/requests"):
        place = layout.place_of(path)
        if place is not None and place.kind == "request-decision":
            yield place.kind, place.name, validate_log(place.kind, edit.read(path), path)[0]


def _without(event: Event, field: str) -> Event | None:
    """Return the event without a value; None if the value is already redacted."""
    if field in event.get("redacted", ()):
        return None
    changed: dict[str, Any] = dict(event)
    top, _, key = field.partition(".")
    value = event.get(top)
    needs_author = top == "by" and event.get("decision") in ("rejected", "revoked")
    if top in _NEEDED or needs_author or ("voids" in event and top == "reason"):
        raise InvalidInput(f"the field {top} of an event cannot be redacted", field=field)
    if top == "changes" and key:
        changed = without_commit(event, key)
        if changed == event:
            raise InvalidInput(
                f'the event has no commit "{key}" with texts', field=field,
                hint="name a commit as the event does, or `changes` for all of them",
            )  # fmt: skip
    elif key and isinstance(value, dict) and key in value:
        changed[top] = {name: item for name, item in value.items() if name != key}
        if not changed[top]:
            del changed[top]
    elif value is None or key:
        known = sorted(set(event) - _NEEDED)
        hint = f"fields that can be redacted: {', '.join(known)}" if known else ""
        hint = hint or "the event has no field that can be redacted"
        raise InvalidInput(f"the event has no {field}", field=field, hint=hint)
    else:
        del changed[top]
    changed["redacted"] = sorted({*event.get("redacted", ()), field})
    return changed


def _redacted(kind: RecordKind, data: bytes, event_id: str, field: str, path: str) -> bytes:
    """Return a log with a value removed from the event as it stands there.

    There it may have a former name of its environment.
    """
    lines = log.read_canonical(kind, data)
    if lines is None:
        raise Blocked(
            f"{path} is not in canonical form", hint="run `versioner format`, commit, and try again"
        )
    number, event = next(line for line in lines if line[1]["id"] == event_id)
    raw = re.split(rb"(?<=\n)", data)
    raw[number - 1] = log.event_line(kind, _without(event, field) or event).encode()
    return b"".join(raw)
