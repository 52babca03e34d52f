"""Deployments: a list page by page, one by its id, and corrections of their events."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.corrections import redact_field, void_event, whole_event_id
from versioner.errors import NotFound
from versioner.names import canonical_status
from versioner.query.deployments import existing_names, find_in_index
from versioner.query.times.text import parse_moment
from versioner.registry.index import DeploymentFilter
from versioner.reporting.query.deployments import deployment_document
from versioner.server.access import requires
from versioner.server.api.own_environments import may_read_environment
from versioner.server.api.own_products import may_read
from versioner.server.api.parameters import (
    READ_PROBLEMS,
    WRITE_PROBLEMS,
    EnvironmentName,
    EventId,
    Limit,
    MomentText,
    ProductName,
)
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import Cursor, document_response, page_response, read_cursor
from versioner.server.api.writes import edit, edited_response
from versioner.server.callers import Caller
from versioner.server.services import services_of

if TYPE_CHECKING:
    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository
    from versioner.registry.index import RegistryIndex

__all__ = ["router"]

router = APIRouter(tags=["deployments"], route_class=RegistryRoute)


@router.get("/deployments", summary="Deployments, newest first", responses=READ_PROBLEMS)
def list_deployments(
    request: Request,
    caller: Annotated[Caller, requires("read")],
    product: Annotated[ProductName | None, Query()] = None,
    environment: Annotated[EnvironmentName | None, Query()] = None,
    version: Annotated[str | None, Query(max_length=128)] = None,
    status: Annotated[str | None, Query(max_length=50)] = None,
    person: Annotated[str | None, Query(max_length=255)] = None,
    since: MomentText = None,
    until: MomentText = None,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Return deployments that match, a page at a time; `next` is the cursor of the next page.

    `status=void` selects those that were declared a mistake, `status=undeployed` what was removed.
    """
    services = services_of(request)
    now, after = services.settings.clock.now(), read_cursor(cursor)
    last = parse_moment(until, now, end=True, field="until") if until else None
    with services.reader.index(None if product is None else [product]) as index:
        product, environment = existing_names(index, product, environment)
        wanted = DeploymentFilter(
            product,
            environment,
            version,
            _status(status),
            person,
            parse_moment(since, now, field="since") if since else None,
            min(filter(None, (last, after and after.at)), default=None),
        )
        # Those of the page before that began in its last second come first again.
        skipped = after.served if after is not None and wanted.until == after.at else 0
        if may_read(request, caller, "") and may_read_environment(request, caller, ""):
            matching = index.deployments(wanted, limit=skipped + limit + 1)
        else:
            every = index.deployments(wanted)
            matching = (
                each
                for each in every
                if may_read(request, caller, each.product)
                and may_read_environment(request, caller, each.environment)
            )
        found = [*islice(matching, skipped, skipped + limit + 1)]
        documents = [deployment_document(each) for each in found[:limit]]
    following = None
    if len(found) > limit:
        at = found[limit - 1].at
        same = sum(each.at == at for each in found[:limit])
        before = skipped if after is not None and at == after.at else 0
        following = Cursor(at, same + before)
    return page_response(request, "deployments", documents, following)


def _status(text: str | None) -> str | None:
    if not text:
        return None
    return "void" if text.lower() == "void" else canonical_status(text, "deployment")


@router.get("/deployments/{event_id}", summary="One deployment", responses=READ_PROBLEMS)
def show_deployment(
    request: Request, caller: Annotated[Caller, requires("read")], event_id: EventId
) -> Response:
    """Return the deployment that has an event with this id; the beginning of an id is enough."""
    with services_of(request).reader.index() as index:
        whole = event_id
        if not may_read(request, caller, ""):
            whole = _among_own(index, caller, event_id)
        found = find_in_index(index, index.registry(), whole)
        if not may_read_environment(request, caller, found.environment):
            raise _no_event(event_id)
        document = deployment_document(found)
    return document_response(request, document)


def _among_own(index: RegistryIndex, caller: Caller, event_id: str) -> str:
    """Return an event's id with the product that it belongs to; others are not there."""
    found = index.find_deployments(event_id, is_whole=False)
    for product in sorted(found):
        if caller.may_product(product):
            return f"{product}/{event_id}"
    raise _no_event(event_id)


def _no_event(event_id: str) -> NotFound:
    return NotFound(f'no event of a deployment has the id "{event_id}"')


class Reason(BaseModel):
    """Why an event is declared a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = Field(min_length=1, max_length=2000, examples=["recorded by mistake"])


@router.post(
    "/events/{event_id}/void", summary="Declare an event a mistake", responses=WRITE_PROBLEMS
)
def void(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    event_id: EventId,
    body: Reason,
) -> Response:
    """Append an event that voids another one; the first event of a deployment voids it whole."""

    def operation(repository: Repository) -> EditResult:
        whole = whole_event_id(repository, event_id)
        by = writes.login(caller)
        return void_event(repository, whole, reason=body.reason, by=by, now=writes.now())

    writes = edit(request)
    writes.require_event(caller, event_id)
    return edited_response(request, writes.run(caller, operation))


@router.post(
    "/events/{event_id}/redact/{field}",
    summary="Remove a value from an event",
    responses=WRITE_PROBLEMS,
)
def redact(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    event_id: EventId,
    field: Annotated[str, Path(min_length=1, max_length=200)],
) -> Response:
    """Remove one value of an event; it stays in the history of git."""

    def operation(repository: Repository) -> EditResult:
        return redact_field(
            repository, whole_event_id(repository, event_id), field, now=writes.now()
        )

    writes = edit(request)
    writes.require_event(caller, event_id)
    return edited_response(request, writes.run(caller, operation))
