"""The read endpoints of the hosted product: a list, and by id an object."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from versioner.errors import InvalidInput
from versioner.names import canonical_status, environment_type
from versioner.registry.event_order import OPENING
from versioner.registry.index import DeploymentFilter
from versioner.rules.event_decision import same_sha
from versioner.server.access import requires
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of
from versioner.server.wire.description import REFUSALS, status_words
from versioner.server.wire.refusals import Refusal, forms_of, refusal_of
from versioner.server.wire.replies import version_id

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import Scope

    from versioner.models import Deployment, Event, Undeployment, Version
    from versioner.registry.index import RegistryIndex

__all__ = ["router"]


class _ReadRoute(APIRoute):
    """A route of what has a page of the site at the same path: for clients that want no page."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return no match where a browser asks, or where the path is that of a file."""
        found, child = super().matches(scope)
        entry = child.get("path_params", {}).get("entry_id", "")
        is_file = "/" in entry or "." in entry
        if is_file and not scope["path"].startswith("/versions/"):
            return Match.NONE, {}
        accepted = Headers(scope=scope).get("accept", "")
        is_of_site = found is Match.FULL and "text/html" in accepted
        return (Match.NONE, {}) if is_of_site else (found, child)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route; what it refuses has both shapes."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except HttpProblem as problem:
                return refusal_of(problem, "deployment", None).response(request)
            except RequestValidationError as error:
                found = [(str(x["loc"][-1]), x["msg"], x["type"]) for x in error.errors()]
                return Refusal.of_fields(found, "query").response(request)

        return handle


router = APIRouter(tags=["reads"], route_class=_ReadRoute)
_Reader = Annotated[Caller, requires("read")]
_Limit = Annotated[int, Query(ge=1, le=1000, description="The most entries of the list.")]
_USUAL: Final = 100


class _Reading:
    """What one caller may read of the index."""

    def __init__(self, index: RegistryIndex, caller: Caller) -> None:
        self.index = index
        self._caller = caller
        self.products = [each for each in index.product_names if caller.may_product(each)]

    def product(self, name: str) -> str | None:
        """Return the present name of a product that the caller may read, else None."""
        name = self.index.head.aliases.get(name, name)
        return name if name in self.products else None

    def environment(self, name: str) -> str:
        """Return the present name of an environment."""
        return self.index.head.environment_aliases.get(name, name)

    def may(self, entry: Deployment | Undeployment) -> bool:
        """Return whether the caller may read a deployment."""
        caller = self._caller
        return caller.may_product(entry.product) and caller.may_environment(entry.environment)


def _answer(request: Request, caller: Caller, read: Callable[[_Reading], Any]) -> Response:
    try:
        with services_of(request).reader.index() as index:
            return JSONResponse(read(_Reading(index, caller)))
    except Refusal as refusal:
        return refusal.response(request)
    except InvalidInput as error:
        return Refusal.of_fields([(error.field, error.message, "value_error")], "query").response(
            request
        )


def _missing(what: str, name: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", f'there is no {what} "{name[:200]}"')


def _deployment(entry: Deployment | Undeployment) -> dict[str, Any]:
    last: Event = entry.events[-1]
    values: Event = {}
    for event in entry.events:
        values |= {key: value for key, value in event.items() if value}
    is_over = last["status"] not in OPENING
    return {
        "id": entry.id,
        "deployment_id": entry.id,
        "status": entry.status,
        "product_id": entry.product,
        "product_name": entry.product,
        "version_id": version_id(entry.product, entry.version) if entry.version else None,
        "version": entry.version or None,
        "environment_id": entry.environment,
        "environment_name": entry.environment,
        "deployed_at": entry.at,
        "created_at": entry.at,
        "completed_at": entry.changed_at if is_over else None,
        "is_void": entry.void is not None,
        **{key: values.get(key) for key in _OF_EVENTS},
        "extra_metadata": values.get("extra_metadata", {}),
    }


_OF_EVENTS: Final = (
    "instance", "source_system", "build_number", "scm_repository", "scm_sha", "invoke_id",
    "deploy_url", "build_url", "deployed_by", "deployed_by_name", "deployed_by_email",
)  # fmt: skip


def _version(product: str, version: Version) -> dict[str, Any]:
    last = version.builds[-1] if version.builds else {}
    return {
        "id": version_id(product, version.name),
        "version_id": version_id(product, version.name),
        "product_id": product,
        "product_name": product,
        "version": version.name,
        "status": version.status or None,
        "created_at": version.at,
        "scm_sha": version.scm_sha or None,
        "scm_repository": version.scm_repository or None,
        "scm_branch": version.scm_branch or None,
        **{key: last.get(key) for key in ("build_number", "build_url", "built_by", "invoke_id")},
        "extra_metadata": last.get("extra_metadata", {}),
    }


def _product(reading: _Reading, name: str) -> dict[str, Any]:
    document = reading.index.product(name).document
    return {
        "id": name,
        "name": name,
        "title": document.get("title"),
        "description": document.get("description"),
        "extra_metadata": document.get("extra_metadata", {}),
    }


def _environment(reading: _Reading, name: str) -> dict[str, Any]:
    document = reading.index.head.environments[name]
    return {
        "id": name,
        "name": name,
        "type": document.get("type") or environment_type(name),
        "description": document.get("description"),
        "metadata": document.get("metadata", {}),
    }


def deployments(
    request: Request,
    caller: _Reader,
    product: str | None = None,
    environment: str | None = None,
    status: Annotated[
        str | None, Query(json_schema_extra={"pattern": f"^(?:{status_words('deployment')})?$"})
    ] = None,
    limit: _Limit = _USUAL,
) -> Response:
    """Return deployments, newest first."""

    def read(reading: _Reading) -> list[dict[str, Any]]:
        name = reading.product(product) if product is not None else None
        if product is not None and name is None:
            return []
        wanted = DeploymentFilter(
            product=name,
            environment=reading.environment(environment) if environment is not None else None,
            status=canonical_status(status, "deployment") if status else None,
        )
        found = (each for each in reading.index.deployments(wanted) if reading.may(each))
        return [_deployment(each) for each in islice(found, limit)]

    return _answer(request, caller, read)


def deployment(request: Request, caller: _Reader, entry_id: str) -> Response:
    """Return one deployment, by its id or that of one of its events."""

    def read(reading: _Reading) -> dict[str, Any]:
        for product, entries in reading.index.find_deployments(entry_id, is_whole=True).items():
            found = [each for each in entries if each is not None] or [
                each
                for each in reading.index.product(product).deployments
                if any(event["id"] == entry_id for event in each.events)
            ]
            if found and reading.may(found[0]):
                return _deployment(found[0])
        raise _missing("deployment", entry_id)

    return _answer(request, caller, read)


def versions(
    request: Request,
    caller: _Reader,
    product: str | None = None,
    scm_sha: str | None = None,
    limit: _Limit = _USUAL,
) -> Response:
    """Return versions, newest first of each product."""

    def read(reading: _Reading) -> list[dict[str, Any]]:
        names = reading.products if product is None else [reading.product(product)]
        found = (
            _version(name, each)
            for name in names
            if name is not None
            for each in reversed(reading.index.product(name).versions.values())
            if not scm_sha or (each.scm_sha and same_sha(each.scm_sha, scm_sha.lower()))
        )
        return [*islice(found, limit)]

    return _answer(request, caller, read)


def version(request: Request, caller: _Reader, entry_id: str) -> Response:
    """Return one version, by the id that a reply gave."""

    def read(reading: _Reading) -> dict[str, Any]:
        product, _, name = entry_id.partition("@")
        found = reading.product(product)
        known = reading.index.product(found).versions.get(name) if found is not None else None
        if found is None or known is None:
            raise _missing("version", entry_id)
        return _version(found, known)

    return _answer(request, caller, read)


def products(request: Request, caller: _Reader, limit: _Limit = _USUAL) -> Response:
    """Return products, by name."""
    return _answer(
        request,
        caller,
        lambda reading: [_product(reading, each) for each in reading.products[:limit]],
    )


def product(request: Request, caller: _Reader, entry_id: str) -> Response:
    """Return one product, by its name or a former one."""

    def read(reading: _Reading) -> dict[str, Any]:
        name = reading.product(entry_id)
        if name is None:
            raise _missing("product", entry_id)
        return _product(reading, name)

    return _answer(request, caller, read)


def environments(
    request: Request,
    caller: _Reader,
    of_type: Annotated[str | None, Query(alias="type")] = None,
    limit: _Limit = _USUAL,
) -> Response:
    """Return environments, by name."""

    def read(reading: _Reading) -> list[dict[str, Any]]:
        names = [each for each in reading.index.head.environments if caller.may_environment(each)]
        found = (_environment(reading, each) for each in sorted(names))
        return [*islice((each for each in found if of_type in (None, each["type"])), limit)]

    return _answer(request, caller, read)


def environment(request: Request, caller: _Reader, entry_id: str) -> Response:
    """Return one environment, by its name or a former one."""

    def read(reading: _Reading) -> dict[str, Any]:
        name = reading.environment(entry_id)
        if name not in reading.index.head.environments or not caller.may_environment(name):
            raise _missing("environment", entry_id)
        return _environment(reading, name)

    return _answer(request, caller, read)


def _add_routes() -> None:
    for path, many, one in (
        ("deployments", deployments, deployment),
        ("versions", versions, version),
        ("products", products, product),
        ("environments", environments, environment),
    ):
        for form in forms_of(path):
            router.add_api_route(
                form,
                many,
                methods=["GET"],
                name=path,
                response_model=None,
                responses=REFUSALS,
                include_in_schema=form == f"/{path}/",
            )
        router.add_api_route(
            f"/{path}/{{entry_id:path}}",
            one,
            methods=["GET"],
            name=path,
            response_model=None,
            responses=REFUSALS,
        )


_add_routes()
