"""Create and edit deployment requests: each edit is one commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.editing.session import EditResult, edit_session
from versioner.errors import Blocked, InvalidInput, NotFound
from versioner.names import check_name, check_version, nearest
from versioner.query.gate.proposals import Proposal, propose_versions
from versioner.recording.policy import leave_people_out, refuse_secrets
from versioner.registry.checks.one_product import known_versions
from versioner.rules.event_identity import derive_content_id
from versioner.rules.gate.requests import opened_at
from versioner.serialization import log
from versioner.serialization.assignments import Set, Unset
from versioner.serialization.documents import dump_document
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository
    from versioner.models import Changes, Event
    from versioner.models.governance import Request, RequestTemplate
    from versioner.registry.records import Registry

__all__ = [
    "CreatedRequest",
    "RequestDraft",
    "add_versions",
    "cancel_request",
    "create_request",
    "held_name",
    "open_request",
    "order_without",
    "request_of_name",
    "unknown_versions",
]

# What a request takes over from its template, as it stands there.
_OF_TEMPLATE: Final = ("title", "description", "environments", "approvals", "steps", "links")


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """What a new request is to say: its own fields, a template, and what to propose.

    `source` and `target` are the environments whose difference is proposed, both "" for nothing.
    `fields` are keys of the file, which win over those of the template.
    """

    name: str
    template: str = ""
    source: str = ""
    target: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CreatedRequest:
    """A request that was created (or would be), and what was proposed for it."""

    document: dict[str, Any]
    proposals: list[Proposal] = field(default_factory=list)
    edited: EditResult = field(default_factory=lambda: EditResult(None, ""))


def create_request(
    repository: Repository,
    draft: RequestDraft,
    *,
    now: str,
    by: str = "",
    opened: bool = False,
    dry_run: bool = False,
) -> CreatedRequest:
    """Add a request, as a draft or, with `opened`, open.

    Raises Blocked where there is a request of this name, NotFound for an unknown name, and
    InvalidInput for a request that would have an error.
    """
    name = check_name(draft.name, "request")
    refuse_secrets({"fields": dict(draft.fields)})
    with edit_session(repository) as edit:
        path = layout.request_path(name)
        if edit.snapshot.read(path) is not None:
            hint = f"`versioner request show {name}` shows it; choose another name"
            raise Blocked(f'the request "{name}" already exists', hint=hint)
        created = _composed(edit.registry, draft, now)
        created.document["state"] = "open" if opened else "draft"
        changes: Changes = {path: dump_document("request", created.document)}
        if opened:
            changes |= _opening(edit, name, now, by)
        subject = f"Create request {name}"
        created.edited = EditResult(None, subject)
        notes = tuple(unknown_versions(edit.registry, created.document["versions"]))
        if dry_run:
            edit.check(changes)
            created.edited = EditResult(None, subject, notes=notes)
        else:
            created.edited = edit.commit(changes, subject, now=now, notes=notes)
    return created


def open_request(
    repository: Repository, name: str, *, now: str, by: str = "", comment: str = ""
) -> EditResult:
    """Open a request, which people can then approve; the log says who opened it, and when."""
    with edit_session(repository) as edit:
        request = request_of_name(edit.registry, name)
        subject = f"Open request {request.name}"
        changes = edit.edited(request.path, [Set(("state",), "open")])
        if not changes and opened_at(request, now):
            return EditResult(None, subject, notes=("the request was already open",))
        changes |= _opening(edit, request.name, now, by, comment)
        return edit.commit(changes, subject, now=now)


def cancel_request(repository: Repository, name: str, *, now: str, comment: str = "") -> EditResult:
    """Cancel a request: it refuses and allows nothing any more.

    The comment stands in the message of the commit.
    """
    refuse_secrets({"comment": comment})
    with edit_session(repository) as edit:
        request = request_of_name(edit.registry, name)
        changes = edit.edited(request.path, [Set(("state",), "cancelled")])
        return edit.commit(changes, f"Cancel request {request.name}", now=now, comment=comment)


def add_versions(
    repository: Repository,
    name: str,
    versions: Mapping[str, str],
    *,
    remove: Sequence[str] = (),
    now: str,
) -> EditResult:
    """Add versions to a request, replace them, or remove products from it.

    A note says that approvals of the former content count no more.
    """
    for version in versions.values():
        check_version(version)
    with edit_session(repository) as edit:
        request = request_of_name(edit.registry, name)
        held = dict(request.versions)
        added = {held_name(edit.registry, held, each): each for each in versions}
        gone = [held_name(edit.registry, held, each) for each in remove]
        for product in gone:
            if product not in held:
                raise InvalidInput(
                    f'the request does not hold "{product}"',
                    field="remove",
                    hint=f"it holds {', '.join(held) or 'no version'}",
                )
        changed = {key: value for key, value in held.items() if key not in gone}
        changed |= {key: versions[given] for key, given in added.items()}
        edits = [Set(("versions",), changed), *order_without(request, changed)]
        changes = edit.edited(request.path, edits) if changed != held else {}
        notes = list(unknown_versions(edit.registry, versions))
        if changes and any(each.of for each in request.decisions):
            notes.append("the content is another one now: approvals must be given again")
        return edit.commit(changes, f"Edit request {request.name}", now=now, notes=tuple(notes))


def request_of_name(registry: Registry, name: str) -> Request:
    """Return a request; raise NotFound with similar names, Blocked for one with errors."""
    governance = registry.governance
    for request in governance.requests:
        if request.name == name:
            return request
    for unreadable in governance.unreadable:
        if unreadable.path == layout.request_path(name):
            raise Blocked(
                f"{unreadable.path}:{unreadable.line} has an error: {unreadable.message}",
                hint="fix the file first: `versioner validate` lists its errors",
            )
    near = nearest(name, [each.name for each in governance.requests])
    hint = f"did you mean {' or '.join(near)}?" if near else "see `versioner request list`"
    raise NotFound(f'there is no request "{name}"', hint=hint)


def _composed(registry: Registry, draft: RequestDraft, now: str) -> CreatedRequest:
    """Return the document of a new request, without its state."""
    template = _template(registry, draft.template) if draft.template else None
    base = dict(template.document) if template is not None else {}
    document: dict[str, Any] = {"name": draft.name}
    document |= {key: base[key] for key in _OF_TEMPLATE if key in base}
    document |= {key: value for key, value in draft.fields.items() if value}
    proposals: list[Proposal] = []
    if draft.target:
        target = str(registry.environment(draft.target)["name"])
        source = str(registry.environment(draft.source)["name"])
        proposals = propose_versions(registry, source, target, base.get("products"), now=now)
        document.setdefault("environments", [target])
        if not draft.fields.get("environments"):
            document["environments"] = [target]
    versions = {each.product: each.version for each in proposals if not each.left_out}
    for product, version in draft.versions.items():
        versions[registry.resolve(product).name] = check_version(version)
    document["environments"] = [
        str(registry.environment(each)["name"]) for each in document.get("environments", ())
    ]
    document["versions"] = dict(sorted(versions.items()))
    order = [[each for each in stage if each in versions] for stage in base.get("order", ())]
    if any(order):
        document["order"] = [stage for stage in order if stage]
    if template is not None:
        document["template"] = template.name
    return CreatedRequest(document, proposals)


def _template(registry: Registry, name: str) -> RequestTemplate:
    for template in registry.governance.templates:
        if template.name == name:
            return template
    names = [each.name for each in registry.governance.templates]
    near = nearest(name, names) or names
    hint = f"the templates are {', '.join(near)}" if near else "they are in registry/templates/"
    raise NotFound(f'there is no template "{name}"', hint=hint)


def _opening(edit: EditSession, name: str, now: str, by: str, comment: str = "") -> Changes:
    """Return the change that adds the line of a request's opening to its log."""
    event: Event = {"at": now, "decision": "opened"}
    own = {"by": by, "comment": comment.strip()}
    event.update({key: value for key, value in own.items() if value})
    refuse_secrets(event)
    leave_people_out("request-decision", event, edit.registry.config)
    event["id"] = derive_content_id(name, {**event, "kind": "request-decision"})
    check_event("request-decision", event)
    path = layout.request_decisions_path(name)
    return {path: log.append("request-decision", edit.snapshot.read(path), [event])}


def held_name(registry: Registry, held: Mapping[str, str], given: str) -> str:
    """Return the name under which a request holds a product: perhaps a former one."""
    target = registry.target_of(given)
    found = next((each for each in held if registry.target_of(each) == target), None)
    return found or target


def order_without(request: Request, versions: Mapping[str, str]) -> list[Set | Unset]:
    """Return the edit that leaves products that are gone out of the order."""
    stages = [[each for each in stage if each in versions] for stage in request.order]
    stages = [stage for stage in stages if stage]
    if stages == [list(stage) for stage in request.order]:
        return []
    return [Set(("order",), stages) if stages else Unset(("order",))]


def unknown_versions(registry: Registry, versions: Mapping[str, str]) -> list[str]:
    """Return a note for each version that no event names yet."""
    notes = []
    for product, version in versions.items():
        record = registry.products.get(registry.target_of(product))
        if record is not None and version not in known_versions(record):
            notes.append(f"no event names {product} {version} yet")
    return notes
