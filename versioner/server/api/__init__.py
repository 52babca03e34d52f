"""Our own API below `/api/v1`.

responses.py    documents with ETags, pages of lists with cursors and Link headers
parameters.py   query and path parameters, If-Match, and the models of bodies
reads.py        what runs where, versions, metrics
deployments.py  the list of deployments, one of them, void and redact
products.py     products; environments.py, rules.py, requests.py likewise
events.py       record events, one or many
decisions.py    approve, reject, block, review
check.py        may this ship
links.py        what follows a write, for the description
own_products.py what callers that are limited to products may read; own_environments.py likewise
writes.py       what every write shares: the writer, the author, the reply
"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from versioner.server.api.check import router as check_router
from versioner.server.api.decisions import router as decisions_router
from versioner.server.api.deployments import router as deployments_router
from versioner.server.api.environments import router as environments_router
from versioner.server.api.events import router as events_router
from versioner.server.api.own_environments import reads_own_environments
from versioner.server.api.own_products import reads_own_products
from versioner.server.api.parameters import refuse_unknown_parameters
from versioner.server.api.products import router as products_router
from versioner.server.api.reads import router as reads_router
from versioner.server.api.requests import router as requests_router
from versioner.server.api.rules import router as rules_router

__all__ = ["router"]

router = APIRouter(
    prefix="/api/v1",
    dependencies=[
        Depends(refuse_unknown_parameters),
        Depends(reads_own_products),
        Depends(reads_own_environments),
    ],
)
for each in (
    reads_router,
    deployments_router,
    products_router,
    environments_router,
    events_router,
    decisions_router,
    requests_router,
    rules_router,
    check_router,
):
    router.include_router(each)
