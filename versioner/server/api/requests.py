"""Deployment requests: read, create, open, change, cancel; decisions about them and their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.requests import (
    RequestDraft,
    add_versions,
    cancel_request,
    create_request,
    open_request,
    request_of_name,
)
from versioner.editing.session import EditResult
from versioner.query.gate.requests import list_requests as found_requests
from versioner.query.gate.requests import request_detail
from versioner.recording.request_decisions import content_in
from versioner.reporting.gate.requests import request_document
from versioner.server.access import requires
from versioner.server.api.decisions import decide
from versioner.server.api.own_products import present_names
from versioner.server.api.parameters import (
    OTHER_OUTCOMES,
    READ_PROBLEMS,
    WRITE_PROBLEMS,
    Limit,
    ProductName,
)
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response
from versioner.server.api.writes import Writes, carry_out, edit, edited_response
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from versioner.editing.requests import CreatedRequest
    from versioner.git.repository import Repository

__all__ = ["create_own_request", "router"]

router = APIRouter(tags=["requests"], route_class=RegistryRoute)

RequestName = Annotated[
    str, Path(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
]
Versions = dict[str, Annotated[str, Field(min_length=1, max_length=128)]]


class NewRequest(BaseModel):
    """A new deployment request; `source` and `target` propose all that differs between them."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field(min_length=1, max_length=63)
    template: str = Field("", max_length=63)
    source: str = Field("", max_length=63)
    target: str = Field("", max_length=63)
    versions: Versions = Field(default_factory=dict, max_length=500)
    fields: dict[str, Any] = Field(
        default_factory=dict, description="Keys of its file; they win over the template's."
    )
    opened: bool = Field(False, description="Whether it is open at once, not a draft.")


class ChangedVersions(BaseModel):
    """Versions to add or replace, and products to remove."""

    model_config = ConfigDict(extra="forbid", strict=True)
    versions: Versions = Field(default_factory=dict, max_length=500)
    remove: list[ProductName] = Field(default_factory=list, max_length=500)


class NewRequestDecision(BaseModel):
    """A decision about a request: an approval of a type, or a step that is done.

    `of` is the hash of the content that was looked at, as the request's document has it; by
    default that at the tip.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    decision: Literal["approved", "rejected", "done", "undone"]
    approval_type: str = Field("", max_length=63)
    step: str = Field("", max_length=20, examples=["before.1"])
    of: str = Field("", max_length=100)
    comment: str = Field("", max_length=2000)
    id: str = Field("", max_length=200)


@router.get("/requests", summary="The deployment requests", responses=READ_PROBLEMS)
def list_requests(
    request: Request,
    _caller: Annotated[Caller, requires("read")],
    state: Literal["", "draft", "open", "approved", "rejected", "completed", "cancelled"] = "",
    limit: Limit = 100,
) -> Response:
    """Return the requests with their approvals, steps and cells, those that need people first."""
    services = services_of(request)
    now = services.settings.clock.now()
    with services.reader.index() as index:
        details = found_requests(index.registry(), now, states=[state] if state else (), every=True)
        documents = [request_document(each) for each in details[:limit]]
    return document_response(request, {"requests": documents})


@router.get("/requests/{name}", summary="A deployment request", responses=READ_PROBLEMS)
def show_request(
    request: Request, _caller: Annotated[Caller, requires("read")], name: RequestName
) -> Response:
    """Return a request with its state, approvals, steps and where its versions run."""
    services = services_of(request)
    with services.reader.index() as index:
        registry = index.registry()
        found = request_of_name(registry, name)
        document = request_document(request_detail(registry, found, services.settings.clock.now()))
    return document_response(request, document)


@router.post("/requests", status_code=201, summary="Create a request", responses=WRITE_PROBLEMS)
def create(
    request: Request, caller: Annotated[Caller, requires("edit", "approve")], body: NewRequest
) -> Response:
    """Create a deployment request: a draft, or with `opened` an open one."""
    draft = RequestDraft(
        body.name, body.template, body.source, body.target, body.versions, body.fields
    )
    writes = edit(request)
    created = create_own_request(writes, caller, draft, opened=body.opened)
    proposals = [each._asdict() for each in created.proposals]
    return edited_response(
        request, created.edited, status=201, location=f"/api/v1/requests/{body.name}",
        name=body.name, document=created.document, proposals=proposals,
    )  # fmt: skip


def create_own_request(
    writes: Writes, caller: Caller, draft: RequestDraft, *, opened: bool = False
) -> CreatedRequest:
    """Create a request; raise HttpProblem where it would hold what the caller may not use.

    What it holds is known when its template, its fields and the proposals are put together.
    """
    if draft.source or draft.target or opened:
        caller.require_unrestricted()

    def operation(repository: Repository) -> CreatedRequest:
        now, by = writes.now(), writes.login(caller)
        if caller.products or caller.environments:
            planned = create_request(repository, draft, now=now, by=by, dry_run=True).document
            caller.require_product(*planned["versions"])
            caller.require_environment(*planned.get("environments", ()))
            if not planned.get("environments"):
                caller.require_every_environment()
        return create_request(repository, draft, now=now, by=by, opened=opened)

    return writes.run(caller, operation)


@router.post("/requests/{name}/open", summary="Open a request", responses=WRITE_PROBLEMS)
def open_(
    request: Request, caller: Annotated[Caller, requires("edit", "approve")], name: RequestName
) -> Response:
    """Open a request, which people can then approve."""
    caller.require_unrestricted()
    by = edit(request).login(caller)
    return carry_out(request, caller, open_request, name, name=name, by=by)


@router.post("/requests/{name}/cancel", summary="Cancel a request", responses=WRITE_PROBLEMS)
def cancel(
    request: Request, caller: Annotated[Caller, requires("edit", "approve")], name: RequestName
) -> Response:
    """Cancel a request: it refuses and allows nothing any more."""
    caller.require_unrestricted()
    return carry_out(request, caller, cancel_request, name, name=name)


@router.post("/requests/{name}/versions", summary="Change its versions", responses=WRITE_PROBLEMS)
def change_versions(
    request: Request,
    caller: Annotated[Caller, requires("edit", "approve")],
    name: RequestName,
    body: ChangedVersions,
) -> Response:
    """Add versions, replace them, or remove products; approvals of the former content end."""
    caller.require_every_environment()
    names = present_names(services_of(request), [*body.versions, *body.remove])
    caller.require_product(*names)
    writes = edit(request)

    def operation(repository: Any) -> EditResult:
        return add_versions(repository, name, body.versions, remove=body.remove, now=writes.now())

    return edited_response(request, writes.run(caller, operation), name=name)


@router.post(
    "/requests/{name}/decisions",
    status_code=201,
    summary="Decide about a request",
    responses={**WRITE_PROBLEMS, **OTHER_OUTCOMES},
)
def decide_on_request(
    request: Request,
    caller: Annotated[Caller, requires("approve")],
    name: RequestName,
    body: NewRequestDecision,
) -> Response:
    """Record an approval, a rejection, or that a step is done or not."""
    is_step = body.decision in ("done", "undone")
    if is_step == bool(body.approval_type) or is_step != bool(body.step):
        raise HttpProblem(
            "refused",
            "done and undone need a step, approved and rejected an approval type",
            extra={"field": "step" if is_step else "approval_type"},
        )
    fields = body.model_dump(exclude={"id", "comment"})
    fields = {key: value for key, value in fields.items() if value}
    if not is_step and not body.of:
        fields["of"] = content_in(services_of(request).reader.repository(), name)
    return decide(request, caller, "request-decision", name, fields, body.comment, body.id)
