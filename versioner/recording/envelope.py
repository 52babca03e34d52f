"""The form of an event in the inbox and in the spool: one line of JSON.

Any user who may push can write such a line, and a line may be copied from a log. So its form is
checked here when it is read, and the event is evaluated like any other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

from versioner.errors import InvalidInput
from versioner.models.events import (
    BUILD_KEYS,
    DECISION_KEYS,
    DEPLOYMENT_KEYS,
    REQUEST_DECISION_KEYS,
)
from versioner.names import TYPE_ORDER, is_name, may_slugify, slugify
from versioner.recording.context import EventDraft
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import EnvironmentType
    from versioner.models.events import RecordKind

__all__ = ["FORMAT", "draft_of", "submission_bytes", "submission_of"]

FORMAT: Final = 1
# Metadata of 100 KB takes up to six times as many bytes where every character is escaped.
_MOST_BYTES: Final = 655_360
# What a decision was made on is what the registry says when it is recorded.
_OF_REGISTRY: Final = {"id", "scm_sha", "artifacts", "redacted"}
_KEYS: Final[dict[str, tuple[RecordKind, frozenset[str]]]] = {
    "build": ("build", frozenset(BUILD_KEYS) - {"id"}),
    "deployment": ("deployment", frozenset(DEPLOYMENT_KEYS) - {"id"}),
    "decision": ("decision", frozenset(DECISION_KEYS) - _OF_REGISTRY),
    "request-decision": (
        "request-decision",
        frozenset(REQUEST_DECISION_KEYS) - _OF_REGISTRY,
    ),
}


def submission_of(draft: EventDraft) -> dict[str, Any]:
    """Return a draft as a document.

    An environment's name that only `names: slugify` allows stands beside the event, whose
    environment is the legal name.
    """
    event = {key: value for key, value in draft.fields.items() if value not in ("", None)}
    document: dict[str, Any] = {
        "format": FORMAT,
        "kind": draft.kind,
        "product": draft.product,
        "detected": draft.detected,
        "event_id": draft.event_id,
        "event": event,
    }
    given = event.get("environment")
    if isinstance(given, str) and not is_name(given) and may_slugify(given):
        event["environment"], document["environment"] = slugify(given), given
    if draft.environment_type:
        document["environment_type"] = draft.environment_type
    if draft.recent:
        document["recent"] = [[*each] for each in draft.recent]
    return document


def submission_bytes(draft: EventDraft) -> bytes:
    """Return a draft as one line, the same for equal drafts; raise InvalidInput if too long."""
    try:
        text = json.dumps(submission_of(draft), ensure_ascii=True, sort_keys=True, allow_nan=False)
    except ValueError:
        raise InvalidInput("the event has a number that is not finite", field="event") from None
    if len(text) > _MOST_BYTES:
        raise InvalidInput(
            f"the event takes {len(text):,} bytes, more than {_MOST_BYTES:,}", field="event"
        )
    return text.encode("ascii") + b"\n"


def draft_of(document: Mapping[str, Any] | None) -> EventDraft:
    """Return the draft of a document, marked as foreign and as one that may have arrived before.

    Raises InvalidInput for any other document.
    """
    if not isinstance(document, dict):
        raise InvalidInput("the event cannot be read: it is not a JSON object")
    if document.get("format") != FORMAT:
        raise InvalidInput(
            f"the event has format {document.get('format')!r:.40}, and this version reads {FORMAT}",
            hint="a newer version may read it: update versioner",
        )
    kind, keys = _KEYS.get(str(document.get("kind")), ("deployment", frozenset()))
    fields = document.get("event")
    if not keys or not isinstance(fields, dict) or not fields:
        raise InvalidInput("the event cannot be read: its kind or its fields are missing")
    unknown = sorted(str(key) for key in fields if key not in keys)
    if unknown:
        raise InvalidInput(
            f"the event has a field that no {kind} has: {unknown[0]:.80}", field=unknown[0][:80]
        )
    product, event_id = document.get("product"), document.get("event_id")
    if not isinstance(product, str) or not isinstance(event_id, str):
        raise InvalidInput("the event cannot be read: its product or its id is not a text")
    # The type of every field is checked before any code reads it.
    check_event(kind, {**fields, "id": event_id or "0" * 32})
    given = document.get("environment")
    if given is not None:
        if not isinstance(given, str) or slugify(given) != fields.get("environment"):
            raise InvalidInput("the event cannot be read: it has two environments")
        fields = {**fields, "environment": given}
    return EventDraft(
        kind,
        product,
        fields,
        event_id,
        detected=document.get("detected") is True,
        resent=True,
        foreign=True,
        environment_type=_environment_type(document.get("environment_type")),
        recent=_recent(document),
    )


def _recent(document: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    if "recent" not in document:
        return ()
    # Imported here, because most events have no commits.
    from versioner.recording.recent_commits import checked_recent

    return checked_recent(document["recent"])


def _environment_type(value: Any) -> EnvironmentType | Literal[""]:
    """Return a known type; another version may write one that is unknown here."""
    return next((known for known in TYPE_ORDER if known == value), "")
