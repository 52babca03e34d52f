"""Record one event: judge it against the registry at the tip, append its line, commit.

This is the way from event to commit, and the hot path of the tool: it reads only the
directory of the event's own product, and imports no YAML or schema library unless something
has to be created.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from versioner import layout
from versioner.errors import Blocked, InvalidInput, OperationFailed, VersionerError
from versioner.git.commit import commit_changes
from versioner.git.transaction import transaction
from versioner.names import check_name, check_version
from versioner.recording.context import EventDraft, load_context
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.rules.identity import derive_event_id, random_event_id
from versioner.rules.judgement import AlreadyRecorded, evaluate_event
from versioner.rules.visible import VisibleLogs
from versioner.serialization import log
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.git.repository import Repository
    from versioner.models import Changes, Event, EventKind, RegistryConfig
    from versioner.recording.context import RecordContext
    from versioner.rules.judgement import EventDecision

__all__ = ["NotPushed", "RecordResult", "prepare", "record_event", "subject_of"]


class RecordResult(NamedTuple):
    """What became of an event: `commit` is None for a dry run or when it was there already.

    `retired` tells that its environment is. `received` is the remote's ref where it waits to be
    recorded, "" where it does not. `page` is its product's page, where the registry says where
    its site is.
    """

    kind: EventKind
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
    retired: bool = False
    received: str = ""
    page: str = ""


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

    `entropy` gives the time in milliseconds and ten random bytes, for an event of no known
    run. Raises InvalidInput (4), Blocked (5), GitFailure (1).
    """
    if dry_run:
        return prepare(repository, draft, entropy, create)[0]
    with transaction(repository) as locked:
        recorded, changes, config = prepare(locked, draft, entropy, create)
        commit = None
        if changes:
            commit = commit_changes(
                locked,
                changes,
                subject_of(recorded),
                identity=config.get("commit"),
                when=now,
            )
    return recorded._replace(commit=commit, parent=locked.tip, branch=locked.branch or "")


def prepare(
    repository: Repository,
    draft: EventDraft,
    entropy: Callable[[], tuple[int, bytes]],
    create: bool,
    pending: Mapping[str, bytes | None] | None = None,
) -> tuple[RecordResult, Changes, RegistryConfig]:
    """Judge an event at the tip, with changes that are to be made to it; return what it changes.

    No changes: it is recorded already. Raises InvalidInput (4) and Blocked (5).
    """
    refuse_secrets({"product": draft.product, **draft.fields})
    scene = load_context(repository, draft, pending or {})
    event = _event(draft, scene.config)
    verdict = _judge(draft, scene, event, entropy)
    already = isinstance(verdict, AlreadyRecorded)
    event = verdict.event
    path = layout.log_path(scene.product, draft.kind, layout.month_of(event["at"]))
    check_event(draft.kind, event)
    recorded = RecordResult(
        kind=draft.kind,
        product=scene.product,
        event=event,
        path=path,
        line=log.event_line(draft.kind, event),
        already=already,
        retired=scene.is_retired,
        page=_page_of(scene, draft.kind, event),
    )
    if already:
        return recorded, {}, scene.config
    changes = _creations(scene, event, create)
    recorded = recorded._replace(created=tuple(changes))
    changes[path] = log.append(draft.kind, scene.logs.get(path), [event])
    return recorded, changes, scene.config


def _page_of(scene: RecordContext, kind: EventKind, event: Event) -> str:
    """Return the address of the page that will tell of an event (design, section 8)."""
    base = str(scene.config.get("site", {}).get("base_url", "")).rstrip("/")
    if not base:
        return ""
    page = f"{base}/products/{scene.product}/{layout.month_of(event['at'])}.html"
    return f"{page}#d-{event['id']}" if kind == "deployment" else page


def _event(draft: EventDraft, config: RegistryConfig) -> Event:
    """Check the names, and leave out the people that the registry does not want recorded."""
    event = {key: value for key, value in draft.fields.items() if value not in ("", None)}
    if draft.kind == "deployment":
        if "environment" not in event:
            raise InvalidInput(
                "a deployment needs an environment", field="environment", hint="add --environment"
            )
        check_name(event["environment"], "environment")
    if "version" not in event:
        raise InvalidInput("an event needs a version", field="version", hint="add --version")
    check_version(event["version"])
    leave_people_out(draft.kind, event, config)
    return event


def _judge(
    draft: EventDraft,
    scene: RecordContext,
    event: Event,
    entropy: Callable[[], tuple[int, bytes]],
) -> EventDecision:
    fresh = "" if draft.event_id or event.get("invoke_id") else random_event_id(*entropy())

    def candidate(ordinal: int) -> str:
        return draft.event_id or fresh or derive_event_id(draft.product, event, ordinal)

    return evaluate_event(
        draft.kind,
        event,
        visible=VisibleLogs(scene.visible()),
        candidate=candidate,
        given=bool(draft.event_id or fresh),
        resent=draft.resent,
    )


def _creations(scene: RecordContext, event: Event, create: bool) -> Changes:
    """Describe the product and environment where the registry does not know them yet."""
    changes: Changes = {}
    absent: list[tuple[Literal["product", "environment"], str, str]] = []
    if not scene.has_product:
        absent.append(("product", scene.product, layout.product_path(scene.product)))
    if "environment" in event and not scene.has_environment:
        name = event["environment"]
        absent.append(("environment", name, layout.environment_path(name)))
    for kind, name, path in absent:
        if not create:
            raise Blocked(
                f"there is no {kind} {name!r}",
                hint=f"`versioner {kind} create {name}` creates it; "
                "without --no-create it is created on the fly",
            )
        from versioner.serialization.documents import dump_document

        document: dict[str, Any] = {"name": name}
        if kind == "product" and scene.title:
            document["title"] = scene.title
        changes[path] = dump_document(kind, document)
    return changes


def subject_of(recorded: RecordResult) -> str:
    """Return the subject of the commit that records an event."""
    event = recorded.event
    if recorded.kind == "build":
        return f"Record build of {recorded.product} {event['version']} ({event['status']})"
    return (
        f"Record deployment of {recorded.product} {event['version']} "
        f"to {event['environment']} ({event['status']})"
    )
