"""The question of the gate: may this version ship there, at this moment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from versioner.names import check_instance, check_version
from versioner.query.gate import may_ship
from versioner.reporting.gate.check import answer_document
from versioner.rules.gate.question import Question
from versioner.server.access import requires
from versioner.server.api.parameters import READ_PROBLEMS, MomentText
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response
from versioner.server.callers import Caller
from versioner.server.services import services_of

__all__ = ["router"]

router = APIRouter(tags=["rules"], route_class=RegistryRoute)


@router.get("/check", summary="May this version ship?", responses=READ_PROBLEMS)
def check(
    request: Request,
    _caller: Annotated[Caller, requires("read", "record")],
    product: Annotated[str, Query(min_length=1, max_length=255)],
    version: Annotated[str, Query(min_length=1, max_length=128)],
    environment: Annotated[str, Query(min_length=1, max_length=100)],
    instance: Annotated[str, Query(max_length=128)] = "",
    at: MomentText = None,
    allow_unknown_version: bool = False,
) -> Response:
    """Return the answer of the rules: allowed or not, each reason, and from when it is allowed.

    The status is 200 for both answers. Nothing is written.
    """
    check_version(version)
    if instance:
        check_instance(instance)
    services = services_of(request)
    reader, now = services.reader, services.settings.clock.now()
    snapshot = reader.snapshot()
    with reader.index(at=snapshot) as index:
        registry = index.registry()
        question = Question(
            registry.target_of(may_ship.legal_name(product, registry, "product")),
            version,
            registry.environment_name(may_ship.legal_name(environment, registry, "environment")),
            instance,
            may_ship.moment_of_question(at, now),
        )
        source = may_ship.OpenRegistry(reader.repository(), snapshot, index, is_of_files=False)
        may_ship.add_question_signatures(registry, source, question)
        answer = may_ship.answer_of(
            registry, question, now=now, allow_unknown_version=allow_unknown_version
        )
        document = answer_document(may_ship.with_tree(answer, source))
    return document_response(request, document)
