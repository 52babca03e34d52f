"""Record events: one, or many at once; each has a result of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from versioner.errors import VersionerError
from versioner.recording.context import EventDraft
from versioner.reporting.track import recorded_document
from versioner.rules.times import check_at
from versioner.server.access import requires
from versioner.server.api.parameters import OTHER_OUTCOMES, WRITE_PROBLEMS
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response
from versioner.server.api.writes import author_of
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem, problem_body, problem_of
from versioner.server.public_texts import texts_of
from versioner.server.services import services_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from versioner.recording.record import RecordResult
    from versioner.server.public_texts import PublicTexts
    from versioner.server.services import Services

__all__ = ["router"]

router = APIRouter(tags=["events"], route_class=RegistryRoute)

_MOST: int = 1000


class NewEvent(BaseModel):
    """An event: its kind, its product, and the keys of its line in the log.

    `id` makes a resent event the same one; without it, each request is an event of its own.
    """

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "kind": "deployment",
                    "product": "user-service",
                    "environment": "production",
                    "version": "1.4.0",
                    "status": "completed",
                    "id": "run-4711-production",
                }
            ]
        },
    )
    kind: Literal["build", "deployment"] = "deployment"
    product: str = Field(min_length=1, max_length=255)
    version: str = Field("", max_length=128)
    environment: str = Field("", max_length=100)
    status: str = Field("completed", max_length=50)
    at: str = Field("", max_length=40)
    id: str = Field("", max_length=200)


class NewEvents(BaseModel):
    """Events that are recorded in their order."""

    model_config = ConfigDict(extra="forbid", strict=True)
    events: list[NewEvent] = Field(min_length=1, max_length=_MOST)


@router.post(
    "/events",
    status_code=201,
    summary="Record an event",
    responses={**WRITE_PROBLEMS, **OTHER_OUTCOMES},
)
def record(
    request: Request, caller: Annotated[Caller, requires("record")], body: NewEvent
) -> Response:
    """Record a build or a deployment; 200 where it was recorded before.

    202 where the branch is protected and the event waits in the inbox, until `collect` records it.

    The start of a deployment is judged first: a refusal is 409, and nothing is written.
    """
    recorded = _submit(services_of(request), caller, body).result()
    status = 202 if recorded.received else 200 if recorded.already else 201
    return document_response(request, recorded_document(recorded), status=status)


@router.post("/events/batch", summary="Record events", responses=WRITE_PROBLEMS)
def record_batch(
    request: Request, caller: Annotated[Caller, requires("record")], body: NewEvents
) -> Response:
    """Record events, which share commits; `results` has the outcome of each, in order.

    An event that is refused does not stop the others: its result has the problem.
    """
    services = services_of(request)
    waiting = [_try(services, caller, each) for each in body.events]
    results = [_outcome(texts_of(request), each) for each in waiting]
    refused = sum("problem" in each for each in results)
    return document_response(request, {"results": results, "refused": refused})


def _try(services: Services, caller: Caller, event: NewEvent) -> Future[RecordResult] | Exception:
    try:
        return _submit(services, caller, event)
    except (HttpProblem, VersionerError) as error:
        return error


def _outcome(texts: PublicTexts, waiting: Future[RecordResult] | Exception) -> dict[str, Any]:
    try:
        if isinstance(waiting, Exception):
            raise waiting
        return recorded_document(waiting.result())
    except HttpProblem as problem:
        return {"problem": problem_body(problem, texts)}
    except VersionerError as error:
        return {"problem": problem_body(problem_of(error), texts)}


def _submit(services: Services, caller: Caller, event: NewEvent) -> Future[RecordResult]:
    now = services.settings.clock.now()
    fields = event.model_dump(exclude={"kind", "product", "id"})
    fields = {key: value for key, value in fields.items() if value not in ("", None)}
    fields["at"] = check_at(event.at, now) if event.at else now
    draft = EventDraft(event.kind, event.product, fields, event.id)
    return services.writer.submit_event(
        draft, author=author_of(caller), check=lambda recorded: _check(caller, recorded)
    )


def _check(caller: Caller, recorded: RecordResult) -> None:
    """Raise HttpProblem where the caller may not record this; its names are the present ones."""
    caller.require_product(recorded.product)
    environment = recorded.event.get("environment")
    if environment:
        caller.require_environment(environment)
    elif caller.environments and recorded.kind == "deployment":
        raise HttpProblem("forbidden", f'"{caller.name}" is limited to some environments')
