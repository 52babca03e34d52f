"""Hand an event over to the inbox: one push to a ref of its own, which nobody else writes.

The inbox acknowledges receipt, not recording: `received`. `collecting` folds what waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from versioner import layout
from versioner.errors import Blocked, InvalidInput, VersionerError
from versioner.git.commit_objects import epoch_of
from versioner.names import check_name, check_version, may_slugify, slugify
from versioner.recording.envelope import draft_of, submission_bytes
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.recording.record import RecordResult
from versioner.remote.client import RefUpdate
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import EVENT, inbox_ref, store_commit
from versioner.rules.event_decision import same_sha
from versioner.rules.event_identity import derive_event_id
from versioner.serialization import log
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import Event
    from versioner.recording.context import EventDraft
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.push_status import RefStatus

__all__ = ["InboxSubmission", "prepare_submission", "submit"]


class InboxSubmission(NamedTuple):
    """An event ready to be handed over: what waits, where, and the event as it is known so far."""

    draft: EventDraft
    ref: str
    payload: bytes
    recorded: RecordResult


def prepare_submission(
    draft: EventDraft, config: Mapping[str, Any] | None = None
) -> InboxSubmission:
    """Check all of an event that can be checked without its registry.

    `config` is the registry's, where it is known; else the usual rule on people holds. Raises
    InvalidInput, so that what can only be refused is refused here and now.
    """
    refuse_secrets({"product": draft.product, **draft.fields})
    fields = {key: value for key, value in draft.fields.items() if value not in ("", None)}
    if "version" not in fields:
        raise InvalidInput("an event needs a version", field="version", hint="add --version")
    check_version(fields["version"])
    if draft.kind == "deployment":
        check_name(fields.get("environment", ""), "environment")
    leave_people_out(draft.kind, fields, config or {})
    product = _folder(draft)
    event: Event = {**fields, "id": draft.event_id or derive_event_id(draft.product, fields)}
    check_event(draft.kind, event)
    path = layout.log_path(product, draft.kind, layout.month_of(event["at"]))
    line = log.event_line(draft.kind, event)
    ref = inbox_ref(product, event["id"])
    recorded = RecordResult(draft.kind, product, event, path, line, received=ref)
    plain = draft._replace(fields=fields)
    return InboxSubmission(plain, ref, submission_bytes(plain), recorded)


def submit(
    clone: PartialClone, parcels: Sequence[InboxSubmission]
) -> list[RecordResult | VersionerError]:
    """Push events to the inbox in one go; return what became of each.

    One that waits there already, under the same id, is the same one. Raises RemoteFailure where
    the remote told of none of them.
    """
    updates = [RefUpdate(each.ref, None, _commit(clone, each)) for each in parcels]
    try:
        told = clone.client.push(updates)
    except RemoteFailure as failure:
        if failure.fault == "format" and clone.change_format():
            return submit(clone, parcels)
        raise
    return [
        _outcome(clone, parcel, told[parcel.ref], update.new or "")
        for parcel, update in zip(parcels, updates, strict=True)
    ]


def _folder(draft: EventDraft) -> str:
    """Return the name that the event waits under: its product's, as far as it is legal."""
    if draft.detected or may_slugify(draft.product):
        slug = slugify(draft.product)
        if slug:
            return slug
    return check_name(draft.product, "product")


def _commit(clone: PartialClone, parcel: InboxSubmission) -> str:
    event = parcel.recorded.event
    target = f" to {event['environment']}" if "environment" in event else ""
    subject = f"Hand over {parcel.draft.kind} of {parcel.recorded.product} {event['version']}"
    return store_commit(
        clone.folder,
        {EVENT: parcel.payload},
        f"{subject}{target} ({event['status']})",
        epoch_of(event["at"]),
        object_format=clone.object_format,
    )


def _outcome(
    clone: PartialClone, parcel: InboxSubmission, status: RefStatus, commit: str
) -> RecordResult | VersionerError:
    if status.fault is None:
        return parcel.recorded._replace(commit=commit)
    if status.fault == "race":
        return _same_or_blocked(clone, parcel, commit)
    sent = status.fault == "unknown"
    return RemoteFailure(status.fault, status.reason, sent=sent)


def _same_or_blocked(
    clone: PartialClone, parcel: InboxSubmission, commit: str
) -> RecordResult | VersionerError:
    """Look at what waits under the same id: a retry says the same of another moment."""
    from versioner.remote.inbox_refs import waiting

    clone.fetch_refs([parcel.ref])
    held = [each for each in waiting(clone.repository("", None)) if each.ref == parcel.ref]
    if not held:
        # It was collected between the two looks.
        return RemoteFailure("race", message="the event's ref changed while it was handed over")
    if held[0].commit == commit:
        return parcel.recorded._replace(commit=commit)
    try:
        other = draft_of(held[0].submission)
    except InvalidInput:
        return Blocked(
            f"{parcel.ref} holds something else on the remote",
            hint="`versioner inbox list` shows it; give the event an id of its own (--event-id)",
        )
    one, two = parcel.draft.fields, other.fields
    differs = [key for key in ("version", "environment", "status") if one.get(key) != two.get(key)]
    sha, other_sha = str(one.get("scm_sha") or ""), str(two.get("scm_sha") or "")
    if sha and other_sha and not same_sha(sha, other_sha):
        differs.append("scm_sha")
    if differs or other.kind != parcel.draft.kind:
        return Blocked(
            f"the event {parcel.recorded.event['id']} waits already, with another "
            f"{(differs or ['kind'])[0]}",
            hint="give this event an id of its own with --event-id",
        )
    return parcel.recorded._replace(already=True, commit=held[0].commit)
