"""Rename, delete and restore products."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from versioner.editing.products import delete_product, plan_deletion, rename_product
from versioner.editing.restore import restore_product
from versioner.errors import InvalidInput
from versioner.names import NAME_RULE
from versioner.reporting.text import count
from versioner.server.api.own_products import require_dependents
from versioner.server.api.writes import Writes
from versioner.server.callers import Caller
from versioner.server.pages.forms import Field, Form, Section, section_line
from versioner.server.pages.products import PRODUCTS, Editor, product_home, read_product
from versioner.server.pages.respond import FormPage, Sent, page, saved_at, submit
from versioner.server.services import Services, services_of

__all__ = ["router"]

router = APIRouter()


@router.get("/products/{name}/rename")
def rename_form(request: Request, _caller: Editor, name: str) -> Response:
    """Return the form of another name."""
    present, _, _ = read_product(services_of(request), name)
    return page(request, _rename_page(present, Sent({})))


@router.post("/products/{name}/rename")
async def rename(request: Request, caller: Editor, name: str) -> Response:
    """Rename a product."""
    return await submit(
        request,
        caller,
        lambda sent: _rename_page(name, sent),
        lambda services, caller, sent: _rename(services, caller, name, sent),
    )


def _rename_page(name: str, sent: Sent) -> FormPage:
    field = Field(
        "name", "New name", value=sent.text("name"), hint=NAME_RULE, required=True,
        about=("product",),
    )  # fmt: skip
    return FormPage(
        f"Rename {name}",
        [Form(f"/edit/products/{name}/rename", [field], "Rename")],
        lead="The former name stays valid: in pipelines, in addresses and in commands.",
        back=(f"/edit/products/{name}", f"Edit {name}"),
        crumbs=(PRODUCTS, product_home(name)),
    )


def _rename(services: Services, caller: Caller, name: str, sent: Sent) -> str:
    new = sent.text("name")
    caller.require_every_environment()
    caller.require_product(name, new)
    writes = Writes(services)
    result = writes.run(
        caller, lambda repository: rename_product(repository, name, new, now=writes.now())
    )
    return saved_at(f"/edit/products/{new}", result.commit)


@router.get("/products/{name}/delete")
def delete_form(request: Request, _caller: Editor, name: str) -> Response:
    """Return what goes with a product, and the form that deletes it."""
    services = services_of(request)
    present, _, blob = read_product(services, name)
    return page(request, _delete_page(services, present, blob, Sent({})))


@router.post("/products/{name}/delete")
async def delete(request: Request, caller: Editor, name: str) -> Response:
    """Delete a product whose name was typed."""
    services = services_of(request)
    return await submit(
        request,
        caller,
        lambda sent: _delete_page(services, name, sent.text("content"), sent),
        lambda services, caller, sent: _delete(services, caller, name, sent),
    )


def _delete_page(services: Services, name: str, blob: str, sent: Sent) -> FormPage:
    plan = plan_deletion(services.reader.repository(), name)
    gone = [
        section_line(
            f"{count(plan.deployments, 'deployment')} of {count(plan.versions, 'version')}"
        ),
        section_line(f"{count(plan.events, 'event')} in its logs"),
    ]
    hidden = [("content", blob)]
    if plan.dependents:
        gone.append(section_line(f"{', '.join(plan.dependents)} will no longer depend on it"))
        hidden.append(("force", "yes"))
    field = Field("name", f"Type {name} to confirm", value=sent.text("name"), required=True)
    form = Form(
        f"/edit/products/{name}/delete", [field], "Delete the product", danger=True, hidden=hidden
    )
    return FormPage(
        f"Delete {name}",
        [form],
        lead="The product can be restored, with its events: they stay in the history of git.",
        sections=[Section("What goes with it", lines=gone)],
        back=product_home(name),
        crumbs=(PRODUCTS, product_home(name)),
    )


def _delete(services: Services, caller: Caller, name: str, sent: Sent) -> str:
    caller.require_every_environment()
    caller.require_product(name)
    if sent.text("force"):
        require_dependents(services, caller, name)
    if sent.text("name") != name:
        raise InvalidInput("this is not the name of the product", field="name", hint=f"type {name}")
    writes = Writes(services)
    result = writes.run(
        caller,
        lambda repository: delete_product(
            repository, name, force=bool(sent.text("force")), by=writes.login(caller),
            expected=sent.text("content") or None, now=writes.now(),
        ),
    )  # fmt: skip
    return saved_at("/edit/deleted", result.commit)


@router.get("/deleted")
def deleted_products(request: Request, caller: Editor) -> Response:
    """Return the deleted products, each with the button that restores it."""
    return page(request, _deleted_page(services_of(request), caller))


@router.get("/deleted/{name}/restore")
def restore_form(_caller: Editor) -> Response:
    """Lead to the deleted products: a login after a form was sent ends here."""
    return RedirectResponse("/edit/deleted", 303)


@router.post("/deleted/{name}/restore")
async def restore(request: Request, caller: Editor, name: str) -> Response:
    """Restore a deleted product."""
    services = services_of(request)
    return await submit(
        request,
        caller,
        lambda _: _deleted_page(services, caller),
        lambda services, caller, _: _restore(services, caller, name),
    )


def _deleted_page(services: Services, caller: Caller) -> FormPage:
    with services.reader.index([]) as index:
        deleted = dict(index.head.deleted)
    forms = [
        Form(f"/edit/deleted/{name}/restore", [], f"Restore {name}",
             title=f"{name}, deleted {str(record.get('deleted_at', ''))[:10]}")
        for name, record in sorted(deleted.items())
        if caller.may_product(name)
    ]  # fmt: skip
    lead = "" if forms else "No product was deleted."
    return FormPage("Deleted products", forms, lead=lead, back=PRODUCTS, crumbs=(PRODUCTS,))


def _restore(services: Services, caller: Caller, name: str) -> str:
    caller.require_every_environment()
    caller.require_product(name)
    writes = Writes(services)
    result = writes.run(
        caller, lambda repository: restore_product(repository, name, now=writes.now())
    )
    return saved_at(f"/edit/products/{name}", result.commit)
