"""The links that the clients of the hosted product print, which lead to our own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse

from versioner.server.access import requires
from versioner.server.callers import Caller
from versioner.server.services import services_of
from versioner.site.pagination import history_pages
from versioner.site.urls import deployment_anchor, version_anchor

if TYPE_CHECKING:
    from versioner.registry.index import RegistryIndex

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_Reader = Annotated[Caller, requires("read")]


@router.get("/manage/deployments")
def deployment_link(request: Request, caller: _Reader, view: str = "") -> RedirectResponse:
    """Lead to the anchor of a deployment, on the page of its product's month."""
    with services_of(request).reader.index() as index:
        target = _deployment_target(index, view, caller)
    return _redirect(request, target or "deployments/index.html")


@router.get("/manage/versions")
@router.get("/manage/catalog")
def version_link(request: Request, caller: _Reader, view: str = "") -> RedirectResponse:
    """Lead to the anchor of a version, on the page of its product's month."""
    with services_of(request).reader.index() as index:
        target = _version_target(index, view, caller)
    return _redirect(request, target or "products/index.html")


def _redirect(request: Request, target: str) -> RedirectResponse:
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}/{target}", 302, headers={"Cache-Control": "no-store"})


def _deployment_target(index: RegistryIndex, event_id: str, caller: Caller) -> str:
    """Return the row of the deployment that an event belongs to, "" where there is none."""
    found = index.find_deployments(event_id, is_whole=True) if event_id else ()
    for product in filter(caller.may_product, found):
        for page in reversed(history_pages(index.product(product))):
            for row in page.rows:
                is_meant = any(event["id"] == event_id for event in row.events)
                if is_meant and caller.may_environment(row.environment):
                    return f"{page.path}#{deployment_anchor(row.id)}"
    return ""


def _version_target(index: RegistryIndex, view: str, caller: Caller) -> str:
    product, _, version = view.partition("@")
    product = index.head.aliases.get(product, product)
    if product not in index.product_names or not caller.may_product(product):
        return ""
    # Clients print the id as it is, and a plus sign in a query is read as a space.
    names = (version, version.replace(" ", "+"))
    for page in reversed(history_pages(index.product(product))):
        for row in page.versions:
            if row.name in names:
                return f"{page.path}#{quote(version_anchor(row.name), safe='/:@~+')}"
    return f"products/{product}/index.html"
