"""Reports of an inbox: waiting and refused events, and the result of `collect`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from versioner.models.events import UNDEPLOYED
from versioner.reporting.delimited import Listing
from versioner.reporting.gate.decisions import decision_summary
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count
from versioner.secret_scanning import without_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.delivery.collect import CollectResult, Refusal
    from versioner.delivery.inbox_admin import HandledEvent
    from versioner.recording.record import RecordResult
    from versioner.remote.inbox_refs import Inbox, RefusedEvent, WaitingEvent

__all__ = [
    "collected_json",
    "collected_text",
    "event_document",
    "event_summary",
    "handled_text",
    "inbox_json",
    "inbox_listing",
    "inbox_text",
]

_COLUMNS: Final = (
    "state",
    "ref",
    "key",
    "at",
    "kind",
    "product",
    "event.version",
    "event.environment",
    "event.status",
    "message",
    "hint",
)


def inbox_text(inbox: Inbox) -> str:
    """Return what waits, oldest first, then what was refused and why."""
    if not (inbox.waiting or inbox.refused):
        return "No events are waiting, and none were refused."
    lines = []
    if inbox.waiting:
        total = len(inbox.waiting) + inbox.more_waiting
        lines.append(f"{count(total, 'event')} waiting for `versioner collect`")
        lines += [_line(each) for each in inbox.waiting]
    if inbox.refused:
        lines.append(f"{count(len(inbox.refused) + inbox.more_refused, 'event')} refused")
        for each in inbox.refused:
            message, hint = _reason(each)
            lines.append(_line(each))
            lines += [f"    {clean(text)}" for text in (message, hint) if text]
        lines.append(
            "`versioner inbox release KEY` returns an event to the inbox, "
            "`versioner inbox discard KEY` removes it"
        )
    return "\n".join(lines)


def inbox_json(inbox: Inbox) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "waiting": [event_document(each) for each in inbox.waiting],
            "more_waiting": inbox.more_waiting,
            "refused": [_refused(each) for each in inbox.refused],
            "more_refused": inbox.more_refused,
        }
    )


def inbox_listing(inbox: Inbox) -> Listing:
    """Return the waiting and the refused events as rows of a table."""
    waiting = [{"state": "waiting", **event_document(each)} for each in inbox.waiting]
    refused = [{"state": "refused", **_refused(each)} for each in inbox.refused]
    return Listing(_COLUMNS, [*waiting, *refused])


def handled_text(handled: Sequence[HandledEvent], what: str) -> str:
    """Return the events that were released or discarded; a removed event with its content."""
    lines = []
    for each in handled:
        lines.append(f"{what}: {event_summary(each.event)}")
        if not each.ref and each.event.submission:
            lines.append(
                f"  its content: {clean(json.dumps(_mask_secrets(each.event.submission)))}"
            )
    return "\n".join(lines)


def _line(each: WaitingEvent | RefusedEvent) -> str:
    name = f"{each.product}/{each.key}" if each.product else each.key
    return f"  {clean(name)}  {each.at}  {event_summary(each)}"


def _refused(each: RefusedEvent) -> dict[str, Any]:
    message, hint = _reason(each)
    return {**event_document(each), "message": message, "hint": hint or None}


def _reason(each: RefusedEvent) -> tuple[str, str]:
    refusal = each.refusal or {}
    message, hint = refusal.get("message"), refusal.get("hint")
    return (
        _mask_secrets(message)[:1000] if isinstance(message, str) else "the reason cannot be read",
        _mask_secrets(hint)[:1000] if isinstance(hint, str) else "",
    )


_SHOWN = 20


def collected_text(collected: CollectResult) -> str:
    """Return what was done, in lines."""
    if not (collected.recorded or collected.already or collected.refused):
        return "No events are waiting."
    branch = clean(collected.branch.removeprefix("refs/heads/"))
    lines = []
    if collected.recorded:
        lines.append(f"recorded {count(len(collected.recorded), 'event')} on {branch}")
        lines += _listed(collected.recorded)
        lines += _warnings(collected.recorded)
    if collected.already:
        lines.append(f"{count(len(collected.already), 'event')} already recorded")
    for each in collected.refused:
        lines.append(f"refused: {event_summary(each.event)}: {clean(each.error.message)}")
        lines.append(f"  {clean(each.error.hint)}" if each.error.hint else "")
        lines.append(f"  key: {clean(_named_key(each))}")
    if collected.refused:
        lines.append(
            "`versioner inbox list` shows refused events, "
            "`versioner inbox release KEY` returns one to the inbox"
        )
    if collected.left:
        lines.append(f"{count(collected.left, 'event')} still waiting")
    return "\n".join(line for line in lines if line)


def collected_json(collected: CollectResult) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "branch": collected.branch.removeprefix("refs/heads/"),
            "commits": list(collected.commits),
            "recorded": [_document(each) for each in collected.recorded],
            "already": [_document(each) for each in collected.already],
            "refused": [
                {
                    **event_document(each.event),
                    "ref": each.ref,
                    "key": each.ref.rpartition("/")[2],
                    "message": each.error.message,
                    "hint": each.error.hint or None,
                }
                for each in collected.refused
            ],
            "left": collected.left,
        }
    )


def _named_key(refusal: Refusal) -> str:
    """Return the key of a refused event, with its product: several may have one key."""
    return "/".join(refusal.ref.split("/")[-2:])


def _listed(recorded: Sequence[RecordResult]) -> list[str]:
    lines = [f"  {_recorded_summary(each)}" for each in recorded[:_SHOWN]]
    more = len(recorded) - _SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _warnings(recorded: Sequence[RecordResult]) -> list[str]:
    """Return the warnings about recorded events, each once."""
    found = dict.fromkeys(warning for each in recorded for warning in each.warnings)
    lines = [
        f"warning: {clean(text)}" for each in found for text in (f"{each.message}; {each.hint}",)
    ]
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"and {more} more warnings"] if more > 0 else lines


def _document(recorded: RecordResult) -> dict[str, Any]:
    return {"kind": recorded.kind, "product": recorded.product, "event": recorded.event}


_LONGEST = 100


def event_summary(event: WaitingEvent | RefusedEvent) -> str:
    """Return a short description of an event; its ref, if the event cannot be read."""
    submission = event.submission
    fields = submission.get("event") if submission else None
    if not submission or not isinstance(fields, dict):
        return clean(f"{event.ref} (unreadable)")
    name = _text(submission.get("product"))
    if decision := decision_summary(submission.get("kind"), name, _mask_secrets(fields)):
        return decision
    words = [
        _text(submission.get("kind")),
        "of",
        name,
    ]
    if "version" in fields or fields.get("status") != UNDEPLOYED:
        words.append(_text(fields.get("version")))
    if "environment" in fields:
        place = _text(fields["environment"])
        place += f"/{_text(fields['instance'])}" if "instance" in fields else ""
        words += ["from" if fields.get("status") == UNDEPLOYED else "to", place]
    return clean(" ".join([*words, f"({_text(fields.get('status'))})"]))


def event_document(event: WaitingEvent | RefusedEvent) -> dict[str, Any]:
    """Return an event as a document with stable keys."""
    submission = event.submission or {}
    fields = submission.get("event")
    return {
        "ref": event.ref,
        "key": event.key,
        "at": event.at,
        "kind": _text(submission.get("kind", "")) or None,
        "product": _text(submission.get("product", event.product)) or None,
        "event": _mask_secrets(fields) if isinstance(fields, dict) else {},
    }


def _recorded_summary(recorded: RecordResult) -> str:
    """Return what a recorded event is, in a line."""
    event = recorded.event
    if decision := decision_summary(recorded.kind, recorded.product, event):
        return decision
    target = f" to {event['environment']}" if "environment" in event else ""
    return clean(
        f"{recorded.kind} of {recorded.product} {event.get('version', '')}{target} "
        f"({event.get('status', '')})"
    )


def _mask_secrets(value: Any) -> Any:
    """Return a JSON value with the texts that look like a secret key masked."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {without_secrets(key): _mask_secrets(item) for key, item in value.items()}
    return [_mask_secrets(item) for item in value] if isinstance(value, list) else value


def _text(value: object) -> str:
    return without_secrets(value)[:_LONGEST] if isinstance(value, str) else "?"
