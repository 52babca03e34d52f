"""The endpoints that take events from the clients of the hosted product.

The clients send to the path with a slash at its end, and to `//` where their base address ends in
one; they follow no redirect. So every form of the path is the endpoint itself.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from versioner.errors import VersionerError
from versioner.server.access import requires
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of
from versioner.server.wire.body import read_body
from versioner.server.wire.description import REFUSALS, body_description
from versioner.server.wire.drafts import posted_event
from versioner.server.wire.refusals import EVENT_PATHS, Refusal, forms_of, refusal_of
from versioner.server.wire.replies import (
    BuildReview,
    DeploymentReview,
    build_reply,
    deployment_reply,
)
from versioner.server.writer import EventWrite, result_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    Endpoint = Callable[[Request, Caller], Awaitable[Response]]

    from versioner.models import EventKind
    from versioner.recording.record import RecordResult
    from versioner.server.wire.body import Body

__all__ = ["EventDoor", "router"]

router = APIRouter(tags=["events"])
_RECORD = requires("record")
_Recorder = Annotated[Caller, _RECORD]


async def post_deployment(request: Request, caller: _Recorder) -> Response:
    """Record an event of a deployment; a repeat of the same request is the same event.

    The start of a deployment is judged by the rules of the registry.
    """
    return await _post(request, caller, "deployment")


async def post_build(request: Request, caller: _Recorder) -> Response:
    """Record an event of a build; a repeat of the same request is the same event."""
    return await _post(request, caller, "build")


async def _admitted(endpoint: Endpoint, kind: EventKind, request: Request) -> Response:
    try:
        caller = await _RECORD.dependency(request)
    except HttpProblem as problem:
        return refusal_of(problem, kind, None).response(request)
    return await endpoint(request, caller)


class EventDoor:
    """A way for events past the routes: to find theirs takes longer than all else in a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kinds = {form: kind for name, kind in EVENT_PATHS.items() for form in forms_of(name)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that records an event; the routes have all others."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        kind = self._kinds.get(scope["path"]) if is_post else None
        if kind is None:
            await self._app(scope, receive, send)
            return
        endpoint = post_deployment if kind == "deployment" else post_build
        request = Request(scope, receive, send)
        try:
            response = await _admitted(endpoint, kind, request)
        except (VersionerError, HttpProblem) as error:
            response = refusal_of(error, kind, None).response(request)
        await response(scope, receive, send)


def _add_routes() -> None:
    kinds: tuple[tuple[str, Endpoint, str, EventKind], ...] = (
        ("deployment-events", post_deployment, "Record an event of a deployment", "deployment"),
        ("build-events", post_build, "Record an event of a build", "build"),
    )
    for path, endpoint, summary, kind in kinds:
        # For an application without the door. The plain routes come first: the dependencies of the
        # last one, which describes them, take as long as all else that is done for a request.
        names = [name for name, its_kind in EVENT_PATHS.items() if its_kind == kind]
        for form in (form for name in names for form in forms_of(name)):
            router.add_route(form, partial(_admitted, endpoint, kind), methods=["POST"])
        router.add_api_route(
            f"/{path}/",
            endpoint,
            methods=["POST"],
            summary=summary,
            response_model=None,
            name=path,
            responses={
                **REFUSALS,
                202: {"description": "It waits in the inbox: see `received_as`."},
            },
            openapi_extra={"requestBody": body_description(kind)},
        )


_add_routes()


async def _post(request: Request, caller: Caller, kind: EventKind) -> Response:
    try:
        body = read_body(kind, await request.body())
        reply = await _record(request, caller, body)
        return JSONResponse(reply, 202 if "received_as" in reply else 200)
    except Refusal as refusal:
        return refusal.response(request)


async def _record(request: Request, caller: Caller, body: Body) -> dict[str, Any]:
    services = services_of(request)
    write: EventWrite | None = None
    try:
        posted = posted_event(
            body,
            sender=f"{caller.by} {caller.token_id or caller.name}",
            now=services.settings.clock.now(),
            is_action=request.headers.get("user-agent", "").startswith("axios/"),
        )
        of_deployment, of_build = DeploymentReview(posted), BuildReview()
        write = EventWrite(
            posted.draft,
            check=_permitted(caller),
            review=of_deployment if body.kind == "deployment" else of_build,
        )
        recorded = await result_of(services.writer.submit(write))
    except (VersionerError, HttpProblem) as error:
        gate = write.gate if write is not None else None
        raise refusal_of(error, body.kind, gate) from None
    received = {"received_as": recorded.received} if recorded.received else {}
    if body.kind == "build":
        return {**build_reply(body, recorded, of_build), **received}
    return {**deployment_reply(body, recorded, of_deployment, write.gate), **received}


def _permitted(caller: Caller) -> Any:
    def check(recorded: RecordResult) -> None:
        caller.require_product(recorded.product)
        environment = recorded.event.get("environment")
        if environment:
            caller.require_environment(environment)

    return check
