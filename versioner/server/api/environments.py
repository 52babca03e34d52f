"""Environments: read, create, edit by merge patch, rename, merge and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from versioner import layout
from versioner.editing.environment_moves import (
    delete_environment,
    merge_environment,
    rename_environment,
)
from versioner.editing.environments import create_environment
from versioner.reporting.query.environments import environment_documents
from versioner.server.access import requires
from versioner.server.api.own_environments import may_read_environment
from versioner.server.api.parameters import (
    READ_PROBLEMS,
    WRITE_PROBLEMS,
    EnvironmentName,
    IfMatch,
    Into,
    NewName,
)
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response, etag_of
from versioner.server.api.writes import blob_of, carry_out, edit, edited_response, patch_of_file
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from versioner.server.services import Services

__all__ = ["router"]

router = APIRouter(tags=["environments"], route_class=RegistryRoute)
PATH = "/environments/{environment}"


class NewEnvironment(BaseModel):
    """An environment's file, as `registry-files.md` describes it."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: EnvironmentName
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    type: Literal["dev", "test", "staging", "production", "other"] | None = None


@router.get("/environments", summary="The environments", responses=READ_PROBLEMS)
def list_environments(request: Request, caller: Annotated[Caller, requires("read")]) -> Response:
    """Return the environments in display order."""
    with services_of(request).reader.index() as index:
        documents = [
            each
            for each in environment_documents(index.registry())
            if may_read_environment(request, caller, each["name"])
        ]
    return document_response(request, {"environments": documents})


@router.get(PATH, summary="An environment's file", responses=READ_PROBLEMS)
def show_environment(
    request: Request, _caller: Annotated[Caller, requires("read")], environment: EnvironmentName
) -> Response:
    """Return what an environment's file says; the ETag is that of the file, for `If-Match`."""
    reader = services_of(request).reader
    snapshot = reader.snapshot()
    with reader.index([], at=snapshot) as index:
        document = dict(index.head.environment(environment))
    path = layout.environment_path(document["name"])
    etag = etag_of(blob_of(snapshot, "environment", document["name"]))
    return document_response(request, {**document, "path": path}, etag=etag)


@router.post(
    "/environments", status_code=201, summary="Create an environment", responses=WRITE_PROBLEMS
)
def create(
    request: Request, caller: Annotated[Caller, requires("edit")], body: NewEnvironment
) -> Response:
    """Create an environment; the body is what its file is to say."""
    caller.require_every_product()
    caller.require_environment(body.name)
    writes = edit(request)
    fields = body.model_dump(exclude_none=True, exclude={"name"})
    result = writes.run(
        caller,
        lambda repository: create_environment(
            repository, body.name, fields=fields, now=writes.now()
        ),
    )
    location = f"/api/v1/environments/{body.name}"
    return edited_response(request, result, status=201, location=location, name=body.name)


@router.patch(PATH, summary="Edit an environment", responses=WRITE_PROBLEMS)
def patch(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    environment: EnvironmentName,
    body: Annotated[
        dict[str, Any],
        Body(media_type="application/merge-patch+json", examples=[{"stale_after": "2h"}]),
    ],
    if_match: IfMatch = None,
) -> Response:
    """Apply a JSON merge patch (RFC 7396) to an environment's file: null removes a key."""
    name = _present_name(services_of(request), environment)
    caller.require_every_product()
    caller.require_environment(name)
    return patch_of_file(request, caller, "environment", name, body, if_match)


@router.post(f"{PATH}/rename", summary="Rename an environment", responses=WRITE_PROBLEMS)
def rename(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    environment: EnvironmentName,
    body: NewName,
) -> Response:
    """Rename an environment; its former name stays valid."""
    name = _present_name(services_of(request), environment)
    caller.require_every_product()
    caller.require_environment(name, body.name)
    return carry_out(request, caller, rename_environment, name, body.name, name=body.name)


@router.post(f"{PATH}/merge", summary="Merge an environment into another", responses=WRITE_PROBLEMS)
def merge(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    environment: EnvironmentName,
    body: Into,
) -> Response:
    """Make an environment a former name of another one, which takes over its events.

    An environment that only events name can be merged, too.
    """
    with services_of(request).reader.index([]) as index:
        name = index.head.environment_name(environment)
        into = str(index.head.environment(body.into)["name"])
    caller.require_every_product()
    caller.require_environment(name, into)
    return carry_out(request, caller, merge_environment, name, into, name=into)


@router.delete(PATH, summary="Delete an environment", responses=WRITE_PROBLEMS)
def delete(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    environment: EnvironmentName,
    body: NewName,
) -> Response:
    """Delete an environment that no event names; the body repeats its name."""
    caller.require_every_product()
    caller.require_environment(environment)
    if body.name != environment:
        raise HttpProblem(
            "refused", f'the body names "{body.name}", the address "{environment}"',
            hint="repeat the name of the environment that is to be deleted",
            extra={"field": "name"},
        )  # fmt: skip
    return carry_out(request, caller, delete_environment, environment, name=environment)


def _present_name(services: Services, name: str) -> str:
    """Return the present name of an environment that has a file; raise NotFound."""
    with services.reader.index([]) as index:
        return str(index.head.environment(name)["name"])
