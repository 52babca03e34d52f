"""What a caller that is limited to some environments may read: what happens in these alone.

Each read names its environment, has a route that leaves out the others, or shows nothing of any
environment. A read that does none of these is refused, so that a new route is closed until it says
what such a caller gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from versioner.query.deployments import find_in_index
from versioner.query.derived.running_versions import last_deployed_at
from versioner.server.access import current_caller
from versioner.server.api.own_products import route_of
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import ProductRecord
    from versioner.server.services import Services

__all__ = [
    "edits_own_environments",
    "may_read_environment",
    "of_own_environments",
    "own_environments",
    "reads_own_environments",
]

_Known = Annotated[Caller, Depends(current_caller)]

# Routes that leave out what happens in other environments, where none is named.
_FILTERED: Final = frozenset(
    ("/status", "/products", "/deployments", "/deployments/{event_id}", "/environments")
)
# The file of a product.
_OF_NONE: Final = frozenset(("/products/{product}",))
# Forms that show nothing of an environment; what is sent with them is checked when it is written.
_FORMS_OF_NONE: Final = frozenset(
    ("/products/new", "/products/{name}", "/deleted", "/freezes/new", "/requests/new")
)
_VOID: Final = "/deployments/{product}/{event_id}/void"


async def reads_own_environments(request: Request, caller: _Known) -> None:
    """Raise HttpProblem where a caller reads an environment that it is not allowed, by the API."""
    services = services_of(request)
    is_read = request.method in ("GET", "HEAD")
    if not is_read or services.settings.public_read or not caller.environments:
        return
    path = request.path_params.get("environment")
    names = [*([path] if path else ()), *request.query_params.getlist("environment")]
    if names:
        caller.require_environment(*await run_in_threadpool(_present_names, services, names))
    elif route_of(request) not in _FILTERED | _OF_NONE:
        raise _of_every_one(caller, "name one of its environments, where this takes one")


async def edits_own_environments(request: Request, caller: _Known) -> None:
    """Raise HttpProblem where a caller opens or sends a form about other environments."""
    if not caller.environments:
        return
    route = route_of(request)
    if route == _VOID:
        event = "{product}/{event_id}".format(**request.path_params)
        await run_in_threadpool(_require_event, services_of(request), caller, event)
    elif route not in _FORMS_OF_NONE:
        raise _of_every_one(caller)


def may_read_environment(request: Request, caller: Caller, environment: str) -> bool:
    """Return whether a caller may read what happens in an environment, by its present name."""
    return services_of(request).settings.public_read or caller.may_environment(environment)


def own_environments(request: Request, caller: Caller, names: Sequence[str]) -> list[str] | None:
    """Return those environments that a caller may read, None where it may read every one."""
    if services_of(request).settings.public_read or not caller.environments:
        return None
    return [each for each in names if caller.may_environment(each)]


def of_own_environments(
    request: Request, caller: Caller, record: ProductRecord, summary: dict[str, Any]
) -> dict[str, Any]:
    """Return the summary of a product with what it says of a caller's environments."""
    if own_environments(request, caller, ()) is None:
        return summary
    own = [each for each in record.deployments if caller.may_environment(each.environment)]
    running = summary["running"].items()
    return {
        **summary,
        "deployments": len(own),
        "last_deployed_at": last_deployed_at(own) or None,
        "running": {name: value for name, value in running if caller.may_environment(name)},
    }


def _present_names(services: Services, names: Sequence[str]) -> list[str]:
    with services.reader.index([]) as index:
        return [index.head.environment_name(each) for each in names]


def _require_event(services: Services, caller: Caller, event: str) -> None:
    with services.reader.index() as index:
        caller.require_environment(find_in_index(index, index.registry(), event).environment)


def _of_every_one(caller: Caller, hint: str = "") -> HttpProblem:
    text = f'"{caller.name}" is limited to some environments, and this is of every one'
    return HttpProblem("forbidden", text, hint=hint)
