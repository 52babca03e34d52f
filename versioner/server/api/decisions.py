"""Decide about versions: approve, reject, revoke, block, unblock, review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from versioner.errors import InvalidInput
from versioner.recording.context import EventDraft
from versioner.recording.policy import refuse_secrets
from versioner.reporting.gate.decisions import decision_document
from versioner.server.access import requires
from versioner.server.api.parameters import OTHER_OUTCOMES, WRITE_PROBLEMS, ProductName
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response
from versioner.server.api.writes import author_of, edit
from versioner.server.callers import Caller

if TYPE_CHECKING:
    from versioner.models import Event
    from versioner.models.events import DecisionKind
    from versioner.recording.record import RecordResult

__all__ = ["NewDecision", "decide", "router"]

router = APIRouter(tags=["decisions"], route_class=RegistryRoute)


class NewDecision(BaseModel):
    """A decision about a version.

    `approval_type` belongs to approved, rejected and revoked; `event` is the deployment event
    whose overrides were reviewed.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    version: str = Field(min_length=1, max_length=128, examples=["1.4.0"])
    decision: Literal[
        "approved", "rejected", "revoked", "blocked", "unblocked", "override-reviewed"
    ]
    approval_type: str = Field("", max_length=63, examples=["qa"])
    event: str = Field("", max_length=200)
    comment: str = Field("", max_length=2000)
    id: str = Field("", max_length=200)


@router.post(
    "/products/{product}/decisions",
    status_code=201,
    summary="Decide about a version",
    responses={**WRITE_PROBLEMS, **OTHER_OUTCOMES},
)
def decide_on_version(
    request: Request,
    caller: Annotated[Caller, requires("approve")],
    product: ProductName,
    body: NewDecision,
) -> Response:
    """Record a decision, with who made it; 200 where it stands already."""
    fields = body.model_dump(exclude={"id", "comment"})
    fields = {key: value for key, value in fields.items() if value}
    return decide(request, caller, "decision", product, fields, body.comment, body.id)


def decide(
    request: Request,
    caller: Caller,
    kind: DecisionKind,
    name: str,
    fields: Event,
    comment: str,
    event_id: str,
) -> Response:
    """Record a decision about a version or a request, and return the reply."""
    writes = edit(request)
    own = {"by": writes.login(caller), "comment": comment.strip()}
    refuse_secrets({**fields, **own})
    event = {"at": writes.now(), **fields, **{key: value for key, value in own.items() if value}}

    def check(recorded: RecordResult) -> None:
        if kind == "decision":
            caller.require_every_environment()
            caller.require_product(recorded.product)
        else:
            caller.require_unrestricted()

    if kind == "decision" and not name:
        raise InvalidInput("a decision names its product", field="product")
    recorded = writes.services.writer.record_decision(
        EventDraft(kind, name, event, event_id), author=author_of(caller), check=check
    )
    status = 202 if recorded.received else 200 if recorded.already else 201
    return document_response(request, decision_document(recorded), status=status)
