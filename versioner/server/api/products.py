"""Products: read, create, edit by merge patch, rename, merge, delete and restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from versioner import layout
from versioner.editing.product_merge import merge_product
from versioner.editing.products import create_product, delete_product, rename_product
from versioner.editing.restore import restore_product
from versioner.query.derived.relations import former_names
from versioner.reporting.query.products import product_summary
from versioner.server.access import requires
from versioner.server.api.own_environments import of_own_environments
from versioner.server.api.own_products import may_read, require_dependents
from versioner.server.api.parameters import (
    READ_PROBLEMS,
    WRITE_PROBLEMS,
    IfMatch,
    Into,
    Limit,
    NewName,
    ProductName,
    expected_content,
)
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response, etag_of
from versioner.server.api.writes import blob_of, carry_out, edit, edited_response, patch_of_file
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from versioner.git.snapshot import Snapshot
    from versioner.registry.index import RegistryIndex
    from versioner.server.services import Services

__all__ = ["router"]

router = APIRouter(tags=["products"], route_class=RegistryRoute)
PATH = "/products/{product}"


class NewProduct(BaseModel):
    """A product's file, as `registry-files.md` describes it."""

    model_config = ConfigDict(extra="allow", strict=True)
    name: ProductName
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    lifecycle: Literal["active", "deprecated"] | None = None


class Deletion(BaseModel):
    """The name of the product that is to be deleted, once more.

    With `force`, products that depend on it are edited in the same commit.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    name: ProductName
    force: bool = False


@router.get("/products", summary="The products", responses=READ_PROBLEMS)
def list_products(
    request: Request, caller: Annotated[Caller, requires("read")], limit: Limit = 1000
) -> Response:
    """Return the products in order of name."""
    with services_of(request).reader.index() as index:
        registry = index.registry()
        names = [each for each in index.product_names if may_read(request, caller, each)]
        records = [registry.products[name] for name in names[:limit]]
        documents = [
            of_own_environments(request, caller, each, product_summary(each)) for each in records
        ]
    return document_response(request, {"products": documents})


@router.get(PATH, summary="A product's file", responses=READ_PROBLEMS)
def show_product(
    request: Request, _caller: Annotated[Caller, requires("read")], product: ProductName
) -> Response:
    """Return what a product's file says; the ETag is that of the file, for `If-Match`."""
    reader = services_of(request).reader
    snapshot = reader.snapshot()
    with reader.index([product], at=snapshot) as index:
        return _product_response(request, snapshot, index)


def _product_response(request: Request, snapshot: Snapshot, index: RegistryIndex) -> Response:
    (name,) = index.product_names
    record = index.product(name)
    document = {
        **record.document,
        "path": layout.product_path(name),
        "former_names": former_names(index.registry()).get(name, []),
    }
    return document_response(request, document, etag=etag_of(blob_of(snapshot, "product", name)))


@router.post("/products", status_code=201, summary="Create a product", responses=WRITE_PROBLEMS)
def create(
    request: Request, caller: Annotated[Caller, requires("edit")], body: NewProduct
) -> Response:
    """Create a product; the body is what its file is to say."""
    caller.require_product(body.name)
    writes = edit(request)
    fields = body.model_dump(exclude_none=True, exclude={"name"})
    result = writes.run(
        caller,
        lambda repository: create_product(repository, body.name, fields=fields, now=writes.now()),
    )
    location = f"/api/v1/products/{body.name}"
    return edited_response(request, result, status=201, location=location, name=body.name)


@router.patch(PATH, summary="Edit a product", responses=WRITE_PROBLEMS)
def patch(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    product: ProductName,
    body: Annotated[
        dict[str, Any],
        Body(
            media_type="application/merge-patch+json",
            examples=[{"description": "Accounts and sessions", "links": None}],
        ),
    ],
    if_match: IfMatch = None,
) -> Response:
    """Apply a JSON merge patch (RFC 7396) to a product's file: null removes a key.

    Comments, order and style of the file are kept. With the header `If-Match`, the ETag that was
    read, the answer is 412 where the file is another one by now.
    """
    name = _present_name(services_of(request), product)
    caller.require_product(name)
    return patch_of_file(request, caller, "product", name, body, if_match)


@router.delete(PATH, summary="Delete a product", responses=WRITE_PROBLEMS)
def delete(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    product: ProductName,
    body: Deletion,
    if_match: IfMatch = None,
) -> Response:
    """Delete a product with its events; the body repeats its name. It can be restored."""
    writes = edit(request)
    name = _present_name(writes.services, product)
    caller.require_every_environment()
    caller.require_product(name)
    if body.name != product:
        raise HttpProblem(
            "refused", f'the body names "{body.name}", the address "{product}"',
            hint="repeat the name of the product that is to be deleted", extra={"field": "name"},
        )  # fmt: skip
    if body.force:
        require_dependents(writes.services, caller, name)
    blob = blob_of(writes.services.reader.snapshot(), "product", name)
    return carry_out(
        request,
        caller,
        delete_product,
        name,
        name=name,
        force=body.force,
        by=writes.login(caller),
        expected=expected_content(if_match, blob),
    )


@router.post(f"{PATH}/restore", summary="Restore a deleted product", responses=WRITE_PROBLEMS)
def restore(
    request: Request, caller: Annotated[Caller, requires("edit")], product: ProductName
) -> Response:
    """Restore a deleted product, with its events."""
    caller.require_every_environment()
    caller.require_product(product)
    return carry_out(request, caller, restore_product, product, name=product)


@router.post(f"{PATH}/rename", summary="Rename a product", responses=WRITE_PROBLEMS)
def rename(
    request: Request,
    caller: Annotated[Caller, requires("edit")],
    product: ProductName,
    body: NewName,
) -> Response:
    """Rename a product; its former name stays valid."""
    name = _present_name(services_of(request), product)
    caller.require_every_environment()
    caller.require_product(name, body.name)
    return carry_out(request, caller, rename_product, name, body.name, name=body.name)


@router.post(f"{PATH}/merge", summary="Merge a product into another", responses=WRITE_PROBLEMS)
def merge(
    request: Request, caller: Annotated[Caller, requires("edit")], product: ProductName, body: Into
) -> Response:
    """Give the events of a product to another one; its name becomes a former name of it."""
    services = services_of(request)
    name, into = _present_name(services, product), _present_name(services, body.into)
    caller.require_every_environment()
    caller.require_product(name, into)
    return carry_out(request, caller, merge_product, name, into, name=into)


def _present_name(services: Services, name: str) -> str:
    """Return the present name of a product; raise NotFound."""
    with services.reader.index([name]) as index:
        (present,) = index.product_names
    return present
