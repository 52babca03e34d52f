"""Create and edit products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from versioner import layout
from versioner.editing.patches import patch_file
from versioner.editing.products import create_product
from versioner.editing.session import blob_id_of
from versioner.errors import InvalidInput
from versioner.names import NAME_RULE
from versioner.server.access import requires
from versioner.server.api.writes import Writes, author_of
from versioner.server.callers import Caller
from versioner.server.pages.checks import require_products
from versioner.server.pages.forms import (
    Field,
    Form,
    Option,
    Pair,
    filled_rows,
    pairs_of,
    read_pairs,
    refuse_twice,
    text_of_value,
    value_of_text,
    words,
)
from versioner.server.pages.respond import FormPage, Sent, page, saved_at, submit
from versioner.server.services import Services, services_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PRODUCTS", "Editor", "product_home", "read_product", "router"]

router = APIRouter()
Editor = Annotated[Caller, requires("edit")]

_LIFECYCLES = (Option("active", "Active"), Option("deprecated", "Deprecated"))
PRODUCTS = ("/products/index.html", "Products")


def product_home(name: str) -> tuple[str, str]:
    """Return the address and the name of a product's page."""
    return f"/products/{name}/index.html", name


@router.get("/products/new")
def new_product(request: Request, _caller: Editor) -> Response:
    """Return the form of a new product."""
    return page(request, _new_page(Sent({})))


@router.post("/products/new")
async def add_product(request: Request, caller: Editor) -> Response:
    """Create a product."""
    return await submit(request, caller, _new_page, _create)


def _new_page(sent: Sent) -> FormPage:
    fields = [
        Field("name", "Name", value=sent.text("name"), hint=NAME_RULE, required=True,
              about=("product",)),
        Field("title", "Title", value=sent.text("title")),
        Field("description", "Description", "textarea", value=sent.text("description")),
        Field("team", "Team", value=sent.text("team")),
        Field("repository", "Source repository", value=sent.text("repository"),
              hint="owner/name on the forge of the registry, or an address"),
    ]  # fmt: skip
    return FormPage(
        "New product",
        [Form("/edit/products/new", fields, "Create the product")],
        lead="A product is one small file in the registry. Its first deployment creates the "
        "product too; the file adds a description and an owner.",
        back=PRODUCTS,
        crumbs=(PRODUCTS,),
    )


def _create(services: Services, caller: Caller, sent: Sent) -> str:
    name = sent.text("name")
    caller.require_product(name)
    fields: dict[str, Any] = {
        key: sent.text(key) for key in ("title", "description") if sent.text(key)
    }
    metadata = {key: sent.text(key) for key in ("team", "repository") if sent.text(key)}
    if metadata:
        fields["extra_metadata"] = metadata
    writes = Writes(services)
    result = writes.run(
        caller,
        lambda repository: create_product(repository, name, fields=fields, now=writes.now()),
    )
    return saved_at(f"/edit/products/{name}", result.commit)


@router.get("/products/{name}")
def product_form(request: Request, caller: Editor, name: str) -> Response:
    """Return the form of a product's file."""
    services = services_of(request)
    present, document, blob = read_product(services, name)
    return page(request, _edit_page(caller, present, document, blob))


@router.post("/products/{name}")
async def save_product(request: Request, caller: Editor, name: str) -> Response:
    """Write what a product's file is to say."""
    services = services_of(request)
    present, document, blob = await run_in_threadpool(read_product, services, name)
    return await submit(
        request,
        caller,
        lambda sent: _edit_page(caller, present, document, sent.text("content") or blob, sent),
        lambda services, caller, sent: _save(services, caller, present, sent),
    )


def read_product(services: Services, name: str) -> tuple[str, Mapping[str, Any], str]:
    """Return the present name of a product, what its file says, and the id of its content."""
    snapshot = services.reader.snapshot()
    with services.reader.index([name], at=snapshot) as index:
        (present,) = index.product_names
        document = dict(index.product(present).document)
    return present, document, blob_id_of(snapshot, layout.product_path(present))


def _edit_page(
    caller: Caller,
    name: str,
    document: Mapping[str, Any],
    blob: str,
    sent: Sent | None = None,
) -> FormPage:
    links = [(each["title"], each["url"]) for each in document.get("links", ())]
    metadata = [
        (key, text_of_value(key, value))
        for key, value in (document.get("extra_metadata") or {}).items()
    ]

    def text(key: str, stored: str) -> str:
        return sent.text(key) if sent is not None else stored

    def rows(key: str, stored: list[tuple[str, str]]) -> list[Pair]:
        if sent is None:
            return pairs_of(stored)
        return [*read_pairs(sent.values, key), *pairs_of(())]

    needed = ", ".join(document.get("depends_on", ()))
    fields = [
        Field("title", "Title", value=text("title", str(document.get("title", "")))),
        Field("description", "Description", "textarea", lines=4,
              value=text("description", str(document.get("description", "")).rstrip())),
        Field("lifecycle", "Lifecycle", "select", options=_LIFECYCLES,
              value=text("lifecycle", str(document.get("lifecycle", "active")))),
        Field("depends_on", "Depends on", value=text("depends_on", needed),
              hint="Names of products, separated by commas."),
        Field("links", "Links", "pairs", rows=rows("links", links), first="Title",
              second="Address"),
        Field("extra_metadata", "Metadata", "pairs", rows=rows("extra_metadata", metadata),
              hint="To remove a key, empty its row. To rename one, write another key. Values are "
              "text, numbers, true, false, or JSON."),
    ]  # fmt: skip
    form = Form(f"/edit/products/{name}", fields, "Save", hidden=[("content", blob)])
    actions: list[tuple[str, str]] = []
    if not caller.environments:
        actions += [
            (f"/edit/products/{name}/deployments", "Declare a deployment a mistake"),
            (f"/edit/products/{name}/rename", "Rename"),
            (f"/edit/products/{name}/delete", "Delete"),
        ]
    if caller.may("approve") and not caller.environments:
        actions.insert(0, (f"/edit/products/{name}/decide", "Approve or block a version"))
    return FormPage(
        f"Edit {name}",
        [form],
        lead=f"The fields of {layout.product_path(name)}. Its comments and their order stay.",
        actions=tuple(actions),
        back=product_home(name),
        crumbs=(PRODUCTS, product_home(name)),
    )


def _save(services: Services, caller: Caller, name: str, sent: Sent) -> str:
    caller.require_product(name)
    _, document, _ = read_product(services, name)
    patch = _patch(document, sent)
    require_products(services, patch.get("depends_on") or (), "depends_on")
    expected = sent.text("content") or None
    writes = Writes(services)
    result = services.writer.edit(
        lambda repository: patch_file(
            repository, "product", name, patch, expected=expected, now=writes.now()
        ),
        author=author_of(caller),
    )
    return saved_at(f"/edit/products/{name}", result.commit)


def _patch(document: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
    """Return the merge patch that makes the file say what the form says.

    A field that was not sent, as of a body that is no form, stays as it is.
    """
    patch: dict[str, Any] = {}
    for key in ("title", "description"):
        if key in sent.values and sent.text(key) != str(document.get(key, "")).strip():
            patch[key] = sent.text(key) or None
    lifecycle = sent.text("lifecycle") or "active"
    if "lifecycle" in sent.values and lifecycle != document.get("lifecycle", "active"):
        patch["lifecycle"] = lifecycle
    needed = words(sent.text("depends_on"))
    if "depends_on" in sent.values and needed != list(document.get("depends_on", ())):
        patch["depends_on"] = needed or None
    rows = filled_rows(sent.values, "links", needs=("title", "address"))
    links = [{"title": row.key, "url": row.value} for row in rows]
    if "links-1-key" in sent.values and links != list(document.get("links", ())):
        patch["links"] = links or None
    metadata = _metadata_patch(document.get("extra_metadata") or {}, sent)
    if metadata:
        patch["extra_metadata"] = metadata
    return patch


def _metadata_patch(stored: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    rows = read_pairs(sent.values, "extra_metadata")
    refuse_twice(rows, "extra_metadata", "key")
    for row in rows:
        if row.was and row.was != row.key:
            patch.setdefault(row.was, None)
        if row.value and not row.key:
            raise InvalidInput(
                f'the value "{row.value[:40]}" has no key', field="extra_metadata",
                hint="name the key, or empty the row",
            )  # fmt: skip
        if row.key:
            value = value_of_text(row.key, row.value)
            if row.key not in stored or row.key != row.was or stored[row.key] != value:
                patch[row.key] = value
    return patch
