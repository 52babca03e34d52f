"""Make events of what a system tells, by the mappings of `versioner import`.

The id of an event is that of the same row of an import: a delivery that is repeated is the same
event, and so is the list of the system when it is imported later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from versioner.editing.importing.options import ImportNotes
from versioner.editing.importing.rows import read_objects
from versioner.errors import InvalidInput
from versioner.names import canonical_status, slugify
from versioner.recording.context import EventDraft
from versioner.rules.event_identity import derive_content_id
from versioner.rules.times import check_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models import EventKind

__all__ = ["Told", "deployments_of", "draft_of"]


class Told(NamedTuple):
    """What a delivery tells: events to record, and why of something else none is made."""

    drafts: tuple[EventDraft, ...] = ()
    left_out: tuple[str, ...] = ()


def deployments_of(objects: Iterable[Mapping[str, Any]], shape: str, now: str) -> Told:
    """Return the deployments that objects of an export tell."""
    notes = ImportNotes()
    drafts: list[EventDraft] = []
    reasons: list[str] = []
    for _, row in read_objects(objects, shape, notes):
        if "" in row:
            reasons.append(row[""])
        else:
            drafts.append(draft_of("deployment", row, now))
    reasons += [f"{word} is no event of a deployment" for word in notes.skipped]
    return Told(tuple(drafts), tuple(reasons))


def draft_of(kind: EventKind, row: Mapping[str, Any], now: str) -> EventDraft:
    """Return the event of a row; raise InvalidInput for one without a name, or of the future."""
    event = {key: value for key, value in row.items() if value not in ("", None)}
    given = event.pop("product", None)
    if not isinstance(given, str):
        raise InvalidInput("it names no product", field="product")
    if not isinstance(event.get("at"), str):
        raise InvalidInput("it has no time", field="at")
    event["at"] = check_at(event["at"], now)
    for key in ("environment", "instance"):
        if isinstance(event.get(key), str):
            # As an import does: names of another system are made legal.
            event[key] = slugify(event[key]) or event[key]
    event["status"] = canonical_status(str(event.get("status", "completed")), kind)
    event_id = derive_content_id(given, event)
    return EventDraft(kind, given, event, event_id=event_id, detected=True)
