"""Name an event that was handed over: anyone may have written it, so nothing in it is believed.

One that was refused for a secret in it still holds it: that is left out of all that is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.reporting.terminal import clean
from versioner.secret_scanning import without_secrets

if TYPE_CHECKING:
    from versioner.recording.record import Recorded
    from versioner.remote.inbox_refs import Refused, Waiting

__all__ = ["described", "document_of", "recorded_line", "sayable"]

_LONGEST = 100


def described(event: Waiting | Refused) -> str:
    """Return what an event says of itself, or its ref where that cannot be read."""
    said = event.submission
    fields = said.get("event") if said else None
    if not said or not isinstance(fields, dict):
        return clean(f"{event.ref} (unreadable)")
    words = [
        _text(said.get("kind")),
        "of",
        _text(said.get("product")),
        _text(fields.get("version")),
    ]
    words += ["to", _text(fields["environment"])] if "environment" in fields else []
    return clean(" ".join([*words, f"({_text(fields.get('status'))})"]))


def document_of(event: Waiting | Refused) -> dict[str, Any]:
    """Return an event as a document with stable keys."""
    said = event.submission or {}
    fields = said.get("event")
    return {
        "ref": event.ref,
        "key": event.key,
        "at": event.at,
        "kind": _text(said.get("kind", "")),
        "product": _text(said.get("product", event.product)),
        "event": sayable(fields) if isinstance(fields, dict) else {},
    }


def recorded_line(recorded: Recorded) -> str:
    """Return what a recorded event is, in a line."""
    event = recorded.event
    target = f" to {event['environment']}" if "environment" in event else ""
    return clean(
        f"{recorded.kind} of {recorded.product} {event.get('version', '')}{target} "
        f"({event.get('status', '')})"
    )


def sayable(value: Any) -> Any:
    """Return a value of JSON without what in it has the shape of a secret key."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {without_secrets(key): sayable(item) for key, item in value.items()}
    return [sayable(item) for item in value] if isinstance(value, list) else value


def _text(value: object) -> str:
    return without_secrets(value)[:_LONGEST] if isinstance(value, str) else "?"
