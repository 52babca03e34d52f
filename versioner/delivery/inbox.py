"""Submit an event to a remote's inbox: one push to a ref of its own, which only it writes.

The inbox acknowledges receipt, not recording: `received`. `collect` records the waiting events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from versioner import layout
from versioner.errors import Blocked, InvalidInput, VersionerError
from versioner.git.commit_objects import epoch_of
from versioner.models.events import DECISION_KINDS
from versioner.names import check_name, may_slugify, slugify
from versioner.recording.envelope import draft_of, submission_bytes
from versioner.recording.event_warnings import warnings_of_values
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.recording.record import RecordResult, check_names, describe_event
from versioner.remote.client import RefUpdate
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import EVENT, inbox_ref, store_commit
from versioner.rules.event_decision import artifact_in_conflict, same_sha
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
    """An event ready for the inbox: its ref, its file, and its result as far as known."""

    draft: EventDraft
    ref: str
    payload: bytes
    recorded: RecordResult


def prepare_submission(
    draft: EventDraft, config: Mapping[str, Any] | None = None
) -> InboxSubmission:
    """Check an event as far as possible without its registry, and prepare its submission.

    `config` is the registry's, where it is known; else the default of `people:` applies. Raises
    InvalidInput, so that an invalid event is refused at once.
    """
    refuse_secrets({"product": draft.product, **draft.fields})
    fields = {key: value for key, value in draft.fields.items() if value not in ("", None)}
    if fields.get("environment"):
        fields["environment"] = _environment_of(str(fields["environment"]), config or {})
    if draft.kind in DECISION_KINDS:
        from versioner.recording.decision_checks import check_decision, decision_id

        check_decision(draft, fields, config or {})
        product, event_id = _name_of(draft), decision_id(draft)
    else:
        check_names(draft.kind, fields)
        leave_people_out(draft.kind, fields, config or {})
        product = _product_of(draft)
        event_id = draft.event_id or derive_event_id(draft.product, fields)
    event: Event = {**fields, "id": event_id}
    check_event(draft.kind, event)
    path = layout.log_path(product, draft.kind, layout.month_of(event["at"]))
    line = log.event_line(draft.kind, event)
    ref = inbox_ref(product, event["id"])
    warnings = warnings_of_values(event)
    recorded = RecordResult(draft.kind, product, event, path, line, received=ref, warnings=warnings)
    given = {key: draft.fields[key] for key in fields.keys() & {"environment"}}
    plain = draft._replace(fields={**fields, **given})
    if draft.kind in DECISION_KINDS:
        plain = plain._replace(event_id=event_id)
    return InboxSubmission(plain, ref, submission_bytes(plain), recorded)


def submit(
    clone: PartialClone, submissions: Sequence[InboxSubmission]
) -> list[RecordResult | VersionerError]:
    """Push events to the inbox in one push; return the result of each.

    An event that waits there already with the same id is the same one. Raises RemoteFailure where
    the remote reported the status of none of them.
    """
    updates = [RefUpdate(each.ref, None, _commit(clone, each)) for each in submissions]
    try:
        statuses = clone.client.push(updates)
    except RemoteFailure as failure:
        if failure.fault == "format" and clone.change_format():
            return submit(clone, submissions)
        raise
    return [
        _outcome(clone, submission, statuses[submission.ref], update.new or "")
        for submission, update in zip(submissions, updates, strict=True)
    ]


def _product_of(draft: EventDraft) -> str:
    """Return the product's name in the event's ref: made legal where that is allowed."""
    if draft.detected or may_slugify(draft.product):
        slug = slugify(draft.product)
        if slug:
            return slug
    return check_name(draft.product, "product")


def _name_of(draft: EventDraft) -> str:
    """Return the name of the product or the request that a decision is about."""
    if draft.kind == "request-decision":
        return check_name(draft.product, "request")
    return _product_of(draft)


def _environment_of(given: str, config: Mapping[str, Any]) -> str:
    """Return the environment's name, made legal where the registry may allow that."""
    if may_slugify(given) and config.get("names", "strict" if config else "slugify") == "slugify":
        return slugify(given)
    return check_name(given, "environment")


def _commit(clone: PartialClone, submission: InboxSubmission) -> str:
    event = submission.recorded.event
    what = describe_event(submission.draft.kind, submission.recorded.product, event)
    return store_commit(
        clone.folder,
        {EVENT: submission.payload},
        f"Submit {what}",
        epoch_of(event["at"]),
        object_format=clone.object_format,
    )


def _outcome(
    clone: PartialClone, submission: InboxSubmission, status: RefStatus, commit: str
) -> RecordResult | VersionerError:
    if status.fault is None:
        return submission.recorded._replace(commit=commit)
    if status.fault == "race":
        return _same_or_blocked(clone, submission, commit)
    sent = status.fault == "unknown"
    return RemoteFailure(status.fault, status.reason, sent=sent)


def _same_or_blocked(
    clone: PartialClone, submission: InboxSubmission, commit: str
) -> RecordResult | VersionerError:
    """Compare with the waiting event of the same id: a retry differs in its time only."""
    from versioner.remote.inbox_refs import waiting_events

    clone.fetch_refs([submission.ref])
    waiting = [
        each for each in waiting_events(clone.repository("", None)) if each.ref == submission.ref
    ]
    if not waiting:
        # It was collected between the push and the fetch.
        return RemoteFailure("race", message="the event's ref changed while it was pushed")
    if waiting[0].commit == commit:
        return submission.recorded._replace(commit=commit)
    try:
        other = draft_of(waiting[0].submission)
    except InvalidInput:
        return Blocked(
            f"{submission.ref} is another object on the remote, not an event",
            hint="`versioner inbox list` shows it; give this event another id with --event-id",
        )
    one, two = submission.draft.fields, other.fields
    keys = (
        *("version", "environment", "instance", "status"),
        *("decision", "approval_type", "by", "of", "step", "event"),
    )
    differs = [key for key in keys if one.get(key) != two.get(key)]
    sha, other_sha = str(one.get("scm_sha") or ""), str(two.get("scm_sha") or "")
    if sha and other_sha and not same_sha(sha, other_sha):
        differs.append("scm_sha")
    if artifact_in_conflict(one, two):
        differs.append("artifacts")
    if differs or other.kind != submission.draft.kind:
        return Blocked(
            f"the event {submission.recorded.event['id']} is in the inbox already, with another "
            f"{(differs or ['kind'])[0]}",
            hint="give this event another id with --event-id",
        )
    return submission.recorded._replace(already=True, commit=waiting[0].commit)
