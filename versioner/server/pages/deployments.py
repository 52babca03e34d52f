"""Declare a deployment a mistake, and decide about versions."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.corrections import void_event
from versioner.errors import InvalidInput
from versioner.models import Deployment
from versioner.query.deployments import find_in_index
from versioner.query.versions.product_versions import list_versions
from versioner.recording.context import EventDraft
from versioner.registry.index import DeploymentFilter
from versioner.reporting.text import moment
from versioner.server.access import requires
from versioner.server.api.writes import Writes, author_of
from versioner.server.callers import Caller
from versioner.server.pages.forms import Field, Form, Option, Section, section_line
from versioner.server.pages.respond import FormPage, Sent, page, saved_at, submit
from versioner.server.services import Services, services_of

__all__ = ["router"]

router = APIRouter()
Editor = Annotated[Caller, requires("edit")]
Approver = Annotated[Caller, requires("approve")]

_SHOWN: Final = 100
_DECISIONS: Final = (
    Option("approved", "Approve"),
    Option("rejected", "Reject"),
    Option("revoked", "Take back my approval or rejection"),
    Option("blocked", "Block everywhere"),
    Option("unblocked", "End the block"),
)
_OF_TYPE: Final = ("approved", "rejected", "revoked")


def _crumbs(name: str) -> tuple[tuple[str, str], ...]:
    return ("/products/index.html", "Products"), (f"/products/{name}/index.html", name)


@router.get("/products/{name}/deployments")
def deployments(request: Request, _caller: Editor, name: str) -> Response:
    """Return the latest deployments of a product, each with the link to its form."""
    services = services_of(request)
    with services.reader.index([name]) as index:
        (present,) = index.product_names
        found = [*index.deployments(DeploymentFilter(present), limit=_SHOWN)]
    lines = [
        section_line(
            f"{moment(each.at)} UTC, {each.environment}: {each.version or 'all'}, {each.status}"
            + (", declared a mistake" if each.void else ""),
            "" if each.void else f"/edit/deployments/{present}/{each.id}/void",
            "Declare it a mistake",
        )
        for each in found
    ]
    note = f"The latest {_SHOWN}." if len(found) == _SHOWN else ""
    made = FormPage(
        f"Deployments of {present}",
        sections=[Section("Newest first", note, lines)],
        lead="A mistake stays visible, struck through, and counts nowhere.",
        back=(f"/products/{present}/index.html", present),
        crumbs=_crumbs(present),
    )
    return page(request, made)


@router.get("/deployments/{product}/{event_id}/void")
def void_form(request: Request, _caller: Editor, product: str, event_id: str) -> Response:
    """Return the form that declares a deployment a mistake."""
    return page(request, _void_page(services_of(request), product, event_id, Sent({})))


@router.post("/deployments/{product}/{event_id}/void")
async def void(request: Request, caller: Editor, product: str, event_id: str) -> Response:
    """Declare a deployment a mistake, with a reason."""
    services = services_of(request)
    return await submit(
        request,
        caller,
        lambda sent: _void_page(services, product, event_id, sent),
        lambda services, caller, sent: _void(services, caller, product, event_id, sent),
    )


def _void_page(services: Services, product: str, event_id: str, sent: Sent) -> FormPage:
    with services.reader.index() as index:
        entry = find_in_index(index, index.registry(), f"{product}/{event_id}")
    what = "Deployment" if isinstance(entry, Deployment) else "Undeployment"
    facts = [
        section_line(f"{what} of {entry.version or 'all versions'} to {entry.environment}"),
        section_line(f"{moment(entry.at)} UTC, {entry.status}"),
        section_line(f"event {entry.id}"),
    ]
    field = Field(
        "reason", "Reason", "textarea", value=sent.text("reason"), lines=2, required=True,
        hint="Shown beside the deployment, for everybody.",
    )  # fmt: skip
    action = f"/edit/deployments/{product}/{event_id}/void"
    return FormPage(
        "Declare a deployment a mistake",
        [Form(action, [field], "Declare it a mistake", danger=True)],
        sections=[Section(f"{entry.product}", lines=facts)],
        back=(f"/edit/products/{product}/deployments", f"Deployments of {product}"),
        crumbs=_crumbs(product),
    )


def _void(services: Services, caller: Caller, product: str, event_id: str, sent: Sent) -> str:
    if not sent.text("reason"):
        raise InvalidInput("a reason is missing", field="reason", hint="say what was wrong")
    writes = Writes(services)
    writes.require_event(caller, f"{product}/{event_id}")
    caller.require_product(product)
    result = writes.run(
        caller,
        lambda repository: void_event(
            repository, f"{product}/{event_id}", reason=sent.text("reason"),
            by=writes.login(caller), now=writes.now(),
        ),
    )  # fmt: skip
    return saved_at(f"/edit/products/{product}/deployments", result.commit)


@router.get("/products/{name}/decide")
def decide_form(request: Request, _caller: Approver, name: str) -> Response:
    """Return the form of a decision about a version."""
    return page(request, _decide_page(services_of(request), name, Sent(request.query_params)))


@router.post("/products/{name}/decide")
async def decide(request: Request, caller: Approver, name: str) -> Response:
    """Record a decision about a version."""
    services = services_of(request)
    await run_in_threadpool(_decide_page, services, name, Sent({}))
    return await submit(
        request,
        caller,
        lambda sent: _decide_page(services, name, sent),
        lambda services, caller, sent: _decide(services, caller, name, sent),
    )


def _decide_page(services: Services, name: str, sent: Sent) -> FormPage:
    with services.reader.index([name]) as index:
        (present,) = index.product_names
        found = [each.version for each in list_versions(index.product(present), _SHOWN)]
        # A version that only void events name is none to decide about.
        names = [
            each.name
            for each in found
            if each.builds or any(known.void is None for known in each.deployments)
        ]
        types = sorted(index.registry().governance.groups)
    if sent.text("version") and sent.text("version") not in names:
        names.insert(0, sent.text("version"))
    if not names:
        return FormPage(
            f"Decide about a version of {present}",
            lead="No version of this product is known yet: its first build or deployment makes it "
            "known.",
            back=(f"/products/{present}/index.html", present),
            crumbs=_crumbs(present),
        )
    known = f"For example {', '.join(types)}." if types else "For example qa or security."
    fields = [
        Field("version", "Version", "select", value=sent.text("version"),
              options=[Option(each, each) for each in names], required=True),
        Field("decision", "Decision", "select", value=sent.text("decision"), options=_DECISIONS),
        Field("approval_type", "Type of approval", value=sent.text("approval_type"),
              hint=f"{known} For a block it stays empty.", about=("type of approval",)),
        Field("comment", "Comment", "textarea", value=sent.text("comment"), lines=2),
    ]  # fmt: skip
    return FormPage(
        f"Decide about a version of {present}",
        [Form(f"/edit/products/{present}/decide", fields, "Record the decision")],
        lead="The decision is recorded with your name, for the commit and the digests of the "
        "version as they are known now.",
        back=(f"/products/{present}/index.html", present),
        crumbs=_crumbs(present),
    )


def _decide(services: Services, caller: Caller, name: str, sent: Sent) -> str:
    caller.require_every_environment()
    writes = Writes(services)
    decision, kind = sent.text("decision"), sent.text("approval_type")
    if decision in _OF_TYPE and not kind:
        raise InvalidInput(
            "a type is missing", field="approval_type", hint="say what was approved or rejected"
        )
    fields = {
        "version": sent.text("version"),
        "decision": decision,
        "comment": sent.text("comment"),
    }
    fields["approval_type"] = kind if decision in _OF_TYPE else ""
    fields["by"] = writes.login(caller)
    event = {"at": writes.now(), **{key: value for key, value in fields.items() if value}}
    recorded = services.writer.record_decision(
        EventDraft("decision", name, event, sent.event_id),
        author=author_of(caller),
        check=lambda recorded: caller.require_product(recorded.product),
    )
    return saved_at(f"/edit/products/{name}/decide", recorded.commit)
