"""Rules: read, create, edit by merge patch; freeze and thaw."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.rules import create_rule, freeze, rule_of_name, thaw
from versioner.query.times.text import parse_moment
from versioner.reporting.gate.rules import rule_document
from versioner.server.access import requires
from versioner.server.api.own_products import present_names
from versioner.server.api.parameters import (
    READ_PROBLEMS,
    WRITE_PROBLEMS,
    EnvironmentName,
    IfMatch,
    ProductName,
)
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response, etag_of
from versioner.server.api.writes import blob_of, carry_out, edit, edited_response, patch_of_file
from versioner.server.callers import Caller
from versioner.server.services import services_of

__all__ = ["router"]

router = APIRouter(tags=["rules"], route_class=RegistryRoute)

RuleName = Annotated[
    str, Path(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
]
RuleType = Literal[
    "schedule",
    "flow",
    "version-approval",
    "request-approval",
    "requirement",
    "concurrency",
]


class NewRule(BaseModel):
    """A rule's file, as `gate.md` describes it; the block of its type is a member of that name."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: str = Field(min_length=1, max_length=63)
    type: RuleType


class NewFreeze(BaseModel):
    """A time in which nothing may ship to an environment."""

    model_config = ConfigDict(extra="forbid", strict=True)
    environment: EnvironmentName
    products: list[ProductName] = Field(default_factory=list, max_length=200)
    until: str = Field(min_length=1, max_length=40, examples=["2026-12-24T18:00:00Z"])
    since: str = Field("", max_length=40)
    reason: str = Field(min_length=1, max_length=2000)
    name: str = Field("", max_length=63)


@router.get("/rules", summary="The rules", responses=READ_PROBLEMS)
def list_rules(request: Request, _caller: Annotated[Caller, requires("read")]) -> Response:
    """Return the rules that can be read, and the files that cannot."""
    with services_of(request).reader.index([]) as index:
        governance = index.registry().governance
        rules = [rule_document(rule) for rule in governance.rules]
        unreadable = [
            {"path": each.path, "line": each.line, "message": each.message}
            for each in governance.unreadable
        ]
    return document_response(request, {"rules": rules, "unreadable": unreadable})


@router.get("/rules/{rule}", summary="A rule", responses=READ_PROBLEMS)
def show_rule(
    request: Request, _caller: Annotated[Caller, requires("read")], rule: RuleName
) -> Response:
    """Return a rule; the ETag is that of its file, for `If-Match`."""
    reader = services_of(request).reader
    snapshot = reader.snapshot()
    with reader.index([], at=snapshot) as index:
        document = rule_document(rule_of_name(index.registry(), rule))
    etag = etag_of(blob_of(snapshot, "rule", rule))
    return document_response(request, document, etag=etag)


@router.post("/rules", status_code=201, summary="Create a rule", responses=WRITE_PROBLEMS)
def create(
    request: Request, caller: Annotated[Caller, requires("edit")], body: NewRule
) -> Response:
    """Create a rule; the body is what its file is to say.

    Where the branch is protected, the commit is on a new branch, which `branch` names.
    """
    caller.require_unrestricted()
    writes = edit(request)
    fields = body.model_dump(exclude={"name", "type"})
    result = writes.run(
        caller,
        lambda repository: create_rule(
            repository, body.name, body.type, fields=fields, now=writes.now()
        ),
        proposal=f"rule-{body.name}",
    )
    location = "" if writes.is_proposal(result) else f"/api/v1/rules/{body.name}"
    return edited_response(request, result, status=201, location=location, name=body.name)


@router.patch("/rules/{rule}", summary="Edit a rule", responses=WRITE_PROBLEMS)
def patch(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    rule: RuleName,
    body: Annotated[
        dict[str, Any],
        Body(media_type="application/merge-patch+json", examples=[{"enforcement": "disabled"}]),
    ],
    if_match: IfMatch = None,
) -> Response:
    """Apply a JSON merge patch (RFC 7396) to a rule's file: null removes a key.

    Where the branch is protected, the commit is on a new branch, which `branch` names.
    """
    caller.require_unrestricted()
    return patch_of_file(request, caller, "rule", rule, body, if_match, proposal=f"rule-{rule}")


@router.post("/freezes", status_code=201, summary="Freeze", responses=WRITE_PROBLEMS)
def add_freeze(
    request: Request, caller: Annotated[Caller, requires("edit")], body: NewFreeze
) -> Response:
    """Close an environment for a time: a rule with one window."""
    caller.require_environment(body.environment)
    if body.products:
        caller.require_product(*present_names(services_of(request), body.products))
    elif caller.products:
        caller.require_unrestricted()
    writes = edit(request)
    now = writes.now()
    since = parse_moment(body.since, now, field="since") if body.since else ""
    until = parse_moment(body.until, now, field="until")
    result = writes.run(
        caller,
        lambda repository: freeze(
            repository, body.environment, products=body.products, since=since, until=until,
            reason=body.reason, name=body.name, now=now,
        ),
    )  # fmt: skip
    name = result.paths[0].rpartition("/")[2].removesuffix(".yaml") if result.paths else body.name
    return edited_response(request, result, status=201, location=f"/api/v1/rules/{name}", name=name)


@router.post("/rules/{rule}/thaw", summary="End a freeze", responses=WRITE_PROBLEMS)
def end_freeze(
    request: Request, caller: Annotated[Caller, requires("edit")], rule: RuleName
) -> Response:
    """End a freeze now; one that did not begin yet is disabled."""
    caller.require_unrestricted()
    return carry_out(request, caller, thaw, rule, name=rule)
