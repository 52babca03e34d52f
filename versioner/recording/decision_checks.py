"""Checks that decisions about versions and about requests have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import Blocked, InvalidInput, quoted
from versioner.names import check_name, check_version
from versioner.recording.policy import leave_people_out
from versioner.rules.event_identity import derive_content_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import Event
    from versioner.models.events import RecordKind
    from versioner.recording.context import EventDraft
    from versioner.recording.event_warnings import EventWarning
    from versioner.rules.visible import VisibleLogs

__all__ = ["OF_TYPE", "Decided", "check_decision", "decision_id", "recorded_decision"]

# The decisions of one person about one type of approval.
OF_TYPE: Final = ("approved", "rejected", "revoked")


class Decided(NamedTuple):
    """A decision as it is recorded: its product or request, its path, and the log as it is."""

    subject: str
    event: Event
    path: str
    log: bytes | None
    already: bool = False
    warnings: tuple[EventWarning, ...] = ()


def decision_id(draft: EventDraft) -> str:
    """Return the id of a decision: equal for each retry, and of nobody else's decision."""
    if draft.event_id:
        return draft.event_id
    fields = {key: value for key, value in draft.fields.items() if value not in ("", None)}
    # What a person says of a decision makes no other one of it.
    fields.pop("comment", None)
    return derive_content_id(draft.product, {**fields, "kind": draft.kind})


def check_decision(draft: EventDraft, event: Event, config: Mapping[str, Any]) -> None:
    """Check a decision as far as its registry need not be read; people are left out.

    Raises InvalidInput and Blocked.
    """
    if draft.kind == "decision":
        check_version(event.get("version", ""))
    if not event.get("decision"):
        raise InvalidInput("the decision is missing", field="decision", hint="say what was decided")
    _check_author(draft.kind, event, config)
    if draft.kind == "request-decision" and event["decision"] in OF_TYPE and "of" not in event:
        raise InvalidInput(
            "an approval of a request names the content that was approved",
            field="of",
            hint="add --of HASH: `versioner request show` prints it",
        )


def recorded_decision(
    visible: VisibleLogs, kinds: Sequence[RecordKind], event: Event
) -> Event | None:
    """Return the recorded event with a decision's id; raise Blocked where it is another one."""
    for kind in kinds:
        for other in visible.find(kind, "id", event["id"]):
            if other["id"] == event["id"]:
                _check_same(event, other)
                return other
    return None


def _check_same(event: Event, other: Event) -> None:
    for key in ("decision", "version", "approval_type", "step", "of", "event"):
        if event.get(key) != other.get(key):
            was, now = quoted(str(other.get(key, ""))), quoted(str(event.get(key, "")))
            raise Blocked(
                f"the event {event['id']} is recorded already, with the {key} {was}, not {now}",
                hint="give this decision an id of its own with --event-id",
            )


def _check_author(kind: RecordKind, event: Event, config: Mapping[str, Any]) -> None:
    """Leave out a person that is not recorded; raise where nobody else may decide."""
    given = event.get("by", "")
    leave_people_out(kind, event, config)
    if event["decision"] not in OF_TYPE:
        return
    approval_type = event.get("approval_type", "")
    check_name(approval_type, "type of approval")
    if "by" not in event:
        if given:
            people = config.get("people", "login")
            raise InvalidInput(
                f"registry.yaml has `people: {people}`, so {quoted(given)} is not recorded, and a "
                "decision of nobody counts for nothing",
                field="by",
                hint="name a login with --by; with `people: none` there are no approvals",
            )
        raise InvalidInput("an approval needs who gives it", field="by", hint="add --by LOGIN")
    members = config.get("groups", {}).get(approval_type)
    if members is not None and event["by"] not in members:
        raise Blocked(
            f'{quoted(event["by"])} is not in the group "{approval_type}", so the decision would '
            "count for nothing",
            hint=f"members: {', '.join(members)}; groups stand in registry.yaml",
        )
