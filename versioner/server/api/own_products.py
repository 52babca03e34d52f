"""What a caller that is limited to some products may read: these, and no other one.

Each read names its product, in the path or in the query, or has a route that leaves out the
products of others. A read that does neither is refused, so that a new route is closed until it
says what such a caller gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from versioner.editing.products import plan_deletion
from versioner.server.access import current_caller
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.server.services import Services

__all__ = [
    "edits_own_products",
    "may_read",
    "present_names",
    "reads_own_products",
    "require_dependents",
    "route_of",
]

_Known = Annotated[Caller, Depends(current_caller)]

# Routes that leave out what belongs to the products of others, where none is named.
_FILTERED: Final = frozenset(("/status", "/products", "/deployments", "/deployments/{event_id}"))
# Forms that show no product; what is sent with them is checked when it is written.
_OF_NONE: Final = frozenset(
    ("/products/new", "/deleted", "/deleted/{name}/restore", "/freezes/new", "/requests/new")
)


async def reads_own_products(request: Request, caller: _Known) -> None:
    """Raise HttpProblem where a caller reads a product that it is not allowed, by the API."""
    is_open = services_of(request).settings.public_read
    if request.method not in ("GET", "HEAD") or is_open or not caller.products:
        return
    path = request.path_params.get("product")
    names = [*([path] if path else ()), *request.query_params.getlist("product")]
    await _require(request, caller, names, is_of_all=route_of(request) not in _FILTERED)


async def edits_own_products(request: Request, caller: _Known) -> None:
    """Raise HttpProblem where a caller opens or sends a form of a product that is not its own."""
    if not caller.products:
        return
    route = route_of(request)
    key = "name" if route.startswith("/products/{name}") else "product"
    name = request.path_params.get(key)
    await _require(request, caller, [name] if name else [], is_of_all=route not in _OF_NONE)


def route_of(request: Request) -> str:
    """Return the path of a route, without the prefix that its router has."""
    path: str = request.scope["route"].path
    return path.removeprefix("/api/v1").removeprefix("/edit")


async def _require(request: Request, caller: Caller, names: list[str], *, is_of_all: bool) -> None:
    if names:
        present = await run_in_threadpool(present_names, services_of(request), names)
        caller.require_product(*present)
    elif is_of_all:
        raise HttpProblem(
            "forbidden", f'"{caller.name}" is limited to some products, and this is about all',
            hint="name one of its products, if the request takes one",
        )  # fmt: skip


def present_names(services: Services, names: Iterable[str]) -> list[str]:
    """Return the present names of products, which may be given by former ones."""
    with services.reader.index([]) as index:
        return [index.head.target_of(each) for each in names]


def require_dependents(services: Services, caller: Caller, product: str) -> None:
    """Raise HttpProblem where a caller may not edit the products that depend on one."""
    if caller.products:
        plan = plan_deletion(services.reader.repository(), product)
        caller.require_product(*plan.dependents)


def may_read(request: Request, caller: Caller, product: str) -> bool:
    """Return whether a caller may read a product, by its present name."""
    return services_of(request).settings.public_read or caller.may_product(product)
