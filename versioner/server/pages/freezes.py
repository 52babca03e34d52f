"""Freeze an environment, and thaw it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.rules import freeze, rule_of_name, thaw
from versioner.errors import InvalidInput
from versioner.query.rule_words import requirement_words, scope_words
from versioner.query.times import parse_moment
from versioner.server.access import Caller, requires
from versioner.server.api.own_products import present_names
from versioner.server.api.writes import Writes
from versioner.server.pages.forms import Field, Form, Option, Section, section_line, words
from versioner.server.pages.respond import FormPage, Sent, page, saved_at, submit
from versioner.server.services import Services, services_of

__all__ = ["router"]

router = APIRouter()
Editor = Annotated[Caller, requires("edit")]
_BACK = ("/index.html", "Overview")


@router.get("/freezes/new")
def freeze_form(request: Request, _caller: Editor) -> Response:
    """Return the form of a freeze."""
    return page(request, _freeze_page(services_of(request), Sent(request.query_params)))


@router.post("/freezes/new")
async def add_freeze(request: Request, caller: Editor) -> Response:
    """Close an environment for a time."""
    services = services_of(request)
    return await submit(request, caller, lambda sent: _freeze_page(services, sent), _freeze)


def _freeze_page(services: Services, sent: Sent) -> FormPage:
    with services.reader.index([]) as index:
        environments = [*index.head.environments]
    fields = [
        Field("environment", "Environment", "select", value=sent.text("environment"),
              options=[Option(each, each) for each in environments], required=True),
        Field("products", "Products", value=sent.text("products"),
              hint="Names separated by commas; empty for all products."),
        Field("since", "From", value=sent.text("since"), hint="Empty for now."),
        Field("until", "Until", value=sent.text("until"), required=True,
              hint="For example 2h, tomorrow, monday 09:00, 2026-12-24 or a time with a zone."),
        Field("reason", "Reason", "textarea", value=sent.text("reason"), lines=2, required=True),
    ]  # fmt: skip
    return FormPage(
        "Freeze an environment",
        [Form("/edit/freezes/new", fields, "Freeze")],
        lead="Nothing may be deployed there in that time. A freeze is a rule, and can be ended.",
        back=_BACK,
    )


def _freeze(services: Services, caller: Caller, sent: Sent) -> str:
    writes = Writes(services)
    now, products = writes.now(), words(sent.text("products"))
    caller.require_environment(sent.text("environment"))
    if products:
        caller.require_product(*present_names(services, products))
    elif caller.products:
        caller.require_unrestricted()
    if not sent.text("reason"):
        raise InvalidInput("a reason is missing", field="reason", hint="people will ask for it")
    since = sent.text("since")
    result = writes.run(
        caller,
        lambda repository: freeze(
            repository, sent.text("environment"), products=products,
            since=parse_moment(since, now, field="since", direction="future") if since else "",
            until=parse_moment(sent.text("until"), now, field="until", direction="future"),
            reason=sent.text("reason"), now=now,
        ),
    )  # fmt: skip
    name = result.paths[0].rpartition("/")[2].removesuffix(".yaml")
    return saved_at(f"/edit/rules/{name}/thaw", result.commit)


@router.get("/rules/{name}/thaw")
def thaw_form(request: Request, _caller: Editor, name: str) -> Response:
    """Return a freeze, and the form that ends it."""
    return page(request, _thaw_page(services_of(request), name))


@router.post("/rules/{name}/thaw")
async def end_freeze(request: Request, caller: Editor, name: str) -> Response:
    """End a freeze now."""
    services = services_of(request)
    return await submit(
        request,
        caller,
        lambda _: _thaw_page(services, name),
        lambda services, caller, _: _thaw(services, caller, name),
    )


def _thaw_page(services: Services, name: str) -> FormPage:
    with services.reader.index([]) as index:
        rule = rule_of_name(index.registry(), name)
    facts = [
        section_line(scope_words(rule)),
        section_line(requirement_words(rule.block)),
        section_line(f"Enforcement: {rule.enforcement}"),
    ]
    return FormPage(
        rule.title or name,
        [Form(f"/edit/rules/{name}/thaw", [], "End it now")],
        lead=rule.reason,
        sections=[Section("The freeze", lines=[each for each in facts if each["text"]])],
        back=_BACK,
    )


def _thaw(services: Services, caller: Caller, name: str) -> str:
    caller.require_unrestricted()
    writes = Writes(services)
    result = writes.run(caller, lambda repository: thaw(repository, name, now=writes.now()))
    return saved_at(f"/edit/rules/{name}/thaw", result.commit)
