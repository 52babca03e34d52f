"""The pages that edit, below `/edit`: forms that work without script.

forms.py        what a form and its fields are, and the texts of typed values
checks.py       what a field cannot have, and the field that an error is about
respond.py      pages from forms; one submission: the write, and what came of it
submissions.py  a form that is sent twice
products.py     create, edit, rename, delete and restore products
deployments.py  declare a deployment a mistake; decide about versions
freezes.py      freeze and thaw
requests.py     deployment requests with their approvals and steps
drafts.py       edit a request that is a draft
links.py        links to the forms, on the pages of the site
"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from versioner.server.api.own_environments import edits_own_environments
from versioner.server.api.own_products import edits_own_products
from versioner.server.pages.deployments import router as deployments_router
from versioner.server.pages.drafts import router as drafts_router
from versioner.server.pages.freezes import router as freezes_router
from versioner.server.pages.product_moves import router as product_moves_router
from versioner.server.pages.products import router as products_router
from versioner.server.pages.requests import router as requests_router

__all__ = ["router"]

router = APIRouter(
    prefix="/edit",
    include_in_schema=False,
    dependencies=[Depends(edits_own_products), Depends(edits_own_environments)],
)
for each in (
    products_router,
    product_moves_router,
    deployments_router,
    freezes_router,
    requests_router,
    drafts_router,
):
    router.include_router(each)
