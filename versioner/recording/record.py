"""Record one event: check it against the registry at the tip, append its line, commit.

A defect here can lose an event, and every pipeline runs this code. It reads the directory of the
event's product only, and imports no YAML or schema library unless it creates a product or an
environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner import layout
from versioner.errors import InvalidInput, OperationFailed, VersionerError
from versioner.git.commit import commit_changes
from versioner.git.process import RefChanged
from versioner.git.transaction import transaction
from versioner.models.events import UNDEPLOYED
from versioner.names import check_instance, check_name, check_version, title_of
from versioner.recording.context import EventDraft, load_context
from versioner.recording.event_warnings import (
    absent_names,
    doubts,
    warnings_of_place,
    warnings_of_values,
)
from versioner.recording.gate import gate_for
from versioner.recording.policy import check_creation, leave_people_out, refuse_secrets
from versioner.rules.event_decision import AlreadyRecorded, evaluate_event
from versioner.rules.event_identity import derive_content_id, derive_event_id, random_event_id
from versioner.serialization import log
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.git.repository import Repository
    from versioner.models import Changes, Event, EventKind, RegistryConfig
    from versioner.models.events import DecisionKind, RecordKind
    from versioner.recording.context import RecordContext
    from versioner.recording.event_warnings import EventWarning
    from versioner.recording.gate import Gate
    from versioner.rules.event_decision import EventDecision

__all__ = [
    "NotPushed",
    "RecordResult",
    "check_names",
    "describe_event",
    "prepare",
    "record_event",
    "subject_of",
]


# A user's `git commit` may move the branch between reading it and writing to it.
_TRIES: Final = 5


class RecordResult(NamedTuple):
    """The outcome of recording an event.

    `commit` is None for a dry run, and for an event that was recorded before (`already`).
    `received` is the remote's ref of an event in the inbox, else "". `page` is the URL of the
    product's page, "" where the registry does not name the site's URL. `is_ruled` is whether an
    enabled rule was asked about the event.
    """

    kind: RecordKind
    product: str
    event: Event
    path: str
    line: str
    already: bool = False
    created: tuple[str, ...] = ()
    commit: str | None = None
    parent: str | None = None
    branch: str = ""
    pushed_to: str = ""
    received: str = ""
    page: str = ""
    warnings: tuple[EventWarning, ...] = ()
    is_ruled: bool = False


class NotPushed(OperationFailed):
    """The error of an event that is recorded in this clone, but not on the remote."""

    def __init__(self, recorded: RecordResult, cause: VersionerError | OSError) -> None:
        if isinstance(cause, VersionerError):
            super().__init__(f"recorded, but not pushed: {cause.message}", hint=cause.hint)
        else:
            super().__init__(f"recorded, but not pushed: {cause.strerror or cause}")
        self.recorded = recorded


def record_event(
    repository: Repository,
    draft: EventDraft,
    *,
    now: str,
    entropy: Callable[[], tuple[int, bytes]],
    create: bool = True,
    dry_run: bool = False,
) -> RecordResult:
    """Record an event in one commit on the current branch.

    `entropy` returns the time in milliseconds and ten random bytes, for an event without a
    known run. The start of a deployment is judged at the tip. Raises InvalidInput (4), Blocked
    (5), GitFailure (1), and UnreadableRules (1) where a file of the rules has errors.
    """
    gate = gate_for(draft.kind, draft.fields, now)
    if dry_run:
        return prepare(repository, draft, entropy, create, gate=gate)[0]
    tries = _TRIES
    while True:
        try:
            with transaction(repository) as locked:
                recorded, changes, config = prepare(locked, draft, entropy, create, gate=gate)
                commit = None
                if changes:
                    subject, identity = subject_of(recorded), config.get("commit")
                    commit = commit_changes(locked, changes, subject, identity=identity, when=now)
            return recorded._replace(commit=commit, parent=locked.tip, branch=locked.branch or "")
        except RefChanged:
            tries -= 1
            if not tries:
                raise


def prepare(
    repository: Repository,
    draft: EventDraft,
    entropy: Callable[[], tuple[int, bytes]],
    create: bool,
    pending: Mapping[str, bytes | None] | None = None,
    *,
    gate: Gate | None = None,
) -> tuple[RecordResult, Changes, RegistryConfig]:
    """Evaluate an event at the tip, and return its result, its changes and registry.yaml.

    `pending` are changes that are not committed yet. An event that is recorded already has no
    changes. `gate` judges the start of a deployment; without it, the start is a fact that is not
    judged any more. Raises InvalidInput (4), Blocked (5) and, with a gate, UnreadableRules (1).
    """
    if draft.kind == "decision" or draft.kind == "request-decision":
        return _prepare_decision(repository, draft, draft.kind, pending or {})
    refuse_secrets({"product": draft.product, **draft.fields})
    kind = draft.kind
    context = load_context(repository, draft, pending or {})
    event = _event(kind, draft, context)
    decision = _evaluate(kind, draft, context, event, entropy)
    already = isinstance(decision, AlreadyRecorded)
    event = decision.event
    notes: tuple[EventWarning, ...] = ()
    if not already and (draft.checkout or draft.recent or "changes" in event):
        # Imported here, because most events have no commits.
        from versioner.recording.commits import with_commits

        event, notes = with_commits(repository, kind, pending or {}, draft, context, event)
    path = layout.log_path(context.product, kind, layout.month_of(event["at"]))
    check_event(kind, event)
    recorded = RecordResult(
        kind=kind,
        product=context.product,
        event=event,
        path=path,
        line=log.event_line(kind, event),
        already=already,
        page=_page_of(context, kind, event),
        warnings=(*warnings_of_place(context), *warnings_of_values(event), *notes),
    )
    if already:
        return recorded, {}, context.config
    check_creation(absent_names(context), event, context.config, asked=create)
    changes = _creations(context, draft.environment_type)
    warnings = (*recorded.warnings, *doubts(context, event))
    recorded = recorded._replace(created=tuple(changes), warnings=warnings)
    changes[path] = log.append(kind, context.logs.get(path), [event])
    if gate is None or not context.is_gated or kind != "deployment":
        return recorded, changes, context.config
    overrides, is_ruled = gate.judge(repository, context.product, event, pending or {})
    if not overrides and "overrides" not in event:
        return recorded._replace(is_ruled=is_ruled), changes, context.config
    event = {key: value for key, value in event.items() if key != "overrides"}
    event |= {"overrides": overrides} if overrides else {}
    changes[path] = log.append(kind, context.logs.get(path), [event])
    line = log.event_line(kind, event)
    return recorded._replace(event=event, line=line, is_ruled=is_ruled), changes, context.config


def _prepare_decision(
    repository: Repository,
    draft: EventDraft,
    kind: DecisionKind,
    pending: Mapping[str, bytes | None],
) -> tuple[RecordResult, Changes, RegistryConfig]:
    # Imported here, because most events are of a build or a deployment.
    from versioner.recording.decisions import evaluate_decision

    decided, config = evaluate_decision(repository, draft, pending)
    recorded = RecordResult(
        kind=kind,
        product=decided.subject,
        event=decided.event,
        path=decided.path,
        line=log.event_line(kind, decided.event),
        already=decided.already,
        warnings=decided.warnings,
    )
    changes: Changes = {}
    if not decided.already:
        changes[decided.path] = log.append(kind, decided.log, [decided.event])
    return recorded, changes, config


def _page_of(context: RecordContext, kind: EventKind, event: Event) -> str:
    """Return the URL of the page that will show an event (design, section 8)."""
    base = str(context.config.get("site", {}).get("base_url", "")).rstrip("/")
    if not base:
        return ""
    page = f"{base}/products/{context.product}/{layout.month_of(event['at'])}.html"
    return f"{page}#d-{event['id']}" if kind == "deployment" else page


def _event(kind: EventKind, draft: EventDraft, context: RecordContext) -> Event:
    """Return the fields with the names checked, without people that are not to be recorded."""
    event = {key: value for key, value in draft.fields.items() if value not in ("", None)}
    if context.environment:
        event["environment"] = context.environment
    check_names(kind, event)
    leave_people_out(kind, event, context.config)
    return event


def check_names(kind: RecordKind, event: Event) -> None:
    """Raise InvalidInput for an event whose environment, instance or version is not legal."""
    if kind == "deployment":
        if "environment" not in event:
            raise InvalidInput(
                "a deployment needs an environment", field="environment", hint="add --environment"
            )
        check_name(event["environment"], "environment")
        if "instance" in event:
            check_instance(event["instance"])
    if "version" in event:
        check_version(event["version"])
    elif event.get("status") != UNDEPLOYED:
        raise InvalidInput("an event needs a version", field="version", hint="add --version")


def _evaluate(
    kind: EventKind,
    draft: EventDraft,
    context: RecordContext,
    event: Event,
    entropy: Callable[[], tuple[int, bytes]],
) -> EventDecision:
    # The id is made of the names as given: a retry after a rename is the same event.
    given = event | {key: draft.fields[key] for key in ("environment",) if key in event}
    is_known = draft.event_id or draft.request or event.get("invoke_id")
    fresh = "" if is_known else random_event_id(*entropy())

    def candidate(ordinal: int) -> str:
        if draft.request and not draft.event_id:
            return derive_content_id(draft.product, {"request": draft.request}, ordinal)
        return draft.event_id or fresh or derive_event_id(draft.product, given, ordinal)

    return evaluate_event(
        kind,
        event,
        visible=context.visible(),
        candidate=candidate,
        given=bool(draft.event_id or fresh),
        resent=draft.resent,
        within=draft.within,
        is_request=bool(draft.request),
    )


def _creations(context: RecordContext, environment_type: str) -> Changes:
    """Return the files of the product and the environment, where they do not exist yet."""
    changes: Changes = {}
    for absent in absent_names(context):
        from versioner.serialization.documents import dump_document

        document: dict[str, Any] = {"name": absent.name}
        if title := title_of(absent.title):
            document["title"] = title
        if absent.kind == "environment" and environment_type:
            document["type"] = environment_type
        changes[absent.path] = dump_document(absent.kind, document)
    return changes


def subject_of(recorded: RecordResult) -> str:
    """Return the subject of the commit that records an event."""
    return f"Record {describe_event(recorded.kind, recorded.product, recorded.event)}"


# What a decision is called, by its word.
_DECISIONS: Final = {
    "approved": "approval",
    "rejected": "rejection",
    "revoked": "revocation",
    "blocked": "block",
    "unblocked": "end of the block",
    "override-reviewed": "review of overrides",
    "opened": "opening",
}


def describe_event(kind: RecordKind, product: str, event: Event) -> str:
    """Return what an event is, of validated names: `deployment of cart 1.4.0 to test (failed)`.

    `product` is the name of the request for a decision about one.
    """
    what = f"{product} {event['version']}" if "version" in event else product
    if kind == "decision" or kind == "request-decision":
        what = f"request {product}" if kind == "request-decision" else what
        if "step" in event:
            return f"step {event['step']} of {what} ({event['decision']})"
        approval_type = f" ({event['approval_type']})" if "approval_type" in event else ""
        return f"{_DECISIONS.get(event['decision'], 'decision')} of {what}{approval_type}"
    status = event["status"]
    if kind == "build":
        return f"build of {what} ({status})"
    place = event["environment"]
    if "instance" in event:
        place += f"/{event['instance']}"
    if status == UNDEPLOYED:
        return f"undeployment of {what} from {place}"
    return f"deployment of {what} to {place} ({status})"
