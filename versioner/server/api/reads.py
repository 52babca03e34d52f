"""What runs where, the versions of a product, how deployments go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from versioner.query.deployments import existing_names
from versioner.query.derived.owners import products_of_team
from versioner.query.matrix import Matrix, matrix
from versioner.query.metrics.documents import metrics_document
from versioner.query.metrics.policy import metrics_policy
from versioner.query.metrics.summary import ended_in, report_of
from versioner.query.source_links import commit_url
from versioner.query.times.text import end_of_today, parse_moment
from versioner.query.versions.product_versions import list_versions, show_version
from versioner.reporting.query.status import cell_document
from versioner.reporting.query.versions import version_document, version_summary
from versioner.server.access import requires
from versioner.server.api.own_environments import own_environments
from versioner.server.api.own_products import may_read
from versioner.server.api.parameters import (
    READ_PROBLEMS,
    EnvironmentName,
    Limit,
    MomentText,
    ProductName,
)
from versioner.server.api.refusals import RegistryRoute
from versioner.server.api.responses import document_response, etag_of
from versioner.server.callers import Caller
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

__all__ = ["router"]

router = APIRouter(
    tags=["read"],
    route_class=RegistryRoute,
    dependencies=[requires("read")],
    responses=READ_PROBLEMS,
)


@router.get("/status", summary="What runs where")
def status(
    request: Request,
    caller: Annotated[Caller, requires("read")],
    product: Annotated[list[ProductName] | None, Query(max_length=100)] = None,
    environment: Annotated[list[EnvironmentName] | None, Query(max_length=100)] = None,
    at: MomentText = None,
) -> Response:
    """Return the matrix of products and environments: as it is, or as it was at a moment."""
    services = services_of(request)
    now = services.settings.clock.now()
    moment = parse_moment(at, now, field="at") if at else None
    with services.reader.index(product if product and environment else None) as index:
        registry = index.registry()

        def found_in(names: Sequence[str] | None) -> Matrix:
            asked = product or None
            return matrix(registry, now=now, at=moment, products=asked, environments=names)

        found = found_in(environment or None)
        columns = own_environments(request, caller, found.environments)
        if columns is not None:
            # Whether something drifts is a question to the environments that are shown.
            found = found_in(columns) if columns else replace(found, environments=(), rows=())
        own = [row for row in found.rows if may_read(request, caller, row.product)]
        rows = [
            {
                "product": row.product,
                "drifting": row.drifting,
                "cells": {cell.environment: cell_document(cell) for cell in row.cells},
            }
            for row in own
        ]
        document = {
            "at": found.at,
            "revision": registry.revision,
            "environments": list(found.environments),
            "products": rows,
        }
    # Ages change with each second; they alone are nothing new.
    return document_response(request, document, etag=etag_of(_without_ages(document)))


def _without_ages(document: dict[str, Any]) -> str:
    cells = [
        (row["product"], name, {**cell, "age_seconds": None})
        for row in document["products"]
        for name, cell in row["cells"].items()
    ]
    return repr((document["revision"], document["environments"], cells))


@router.get("/products/{product}/versions", summary="The versions of a product, newest first")
def versions(request: Request, product: ProductName, limit: Limit = 100) -> Response:
    """Return the versions with their latest deployments in each environment."""
    with services_of(request).reader.index([product]) as index:
        (name,) = index.product_names
        found = list_versions(index.product(name), limit)
        documents = [version_summary(each) for each in found]
    return document_response(request, {"versions": documents})


@router.get("/products/{product}/versions/{version:path}", summary="One version of a product")
def version(request: Request, product: ProductName, version: str) -> Response:
    """Return a version with its builds, deployments, periods and decisions."""
    with services_of(request).reader.index([product]) as index:
        registry = index.registry()
        record = registry.resolve(product)
        detail = show_version(record, version)
        url = commit_url(registry, record, detail.version)
        document = version_document(detail, commit_url=url)
    return document_response(request, document)


@router.get("/metrics", summary="How often deployments happen, how fast, and how many fail")
def metrics(
    request: Request,
    product: Annotated[ProductName | None, Query()] = None,
    team: Annotated[str | None, Query(max_length=200)] = None,
    environment: Annotated[EnvironmentName | None, Query()] = None,
    since: MomentText = None,
    until: MomentText = None,
    by: Literal["week", "month"] | None = None,
) -> Response:
    """Return frequency, lead time, change failure rate, time to restore and rework.

    The period is the last 90 days unless `since` and `until` (RFC 3339, a day, or `30d`) say so.
    """
    services = services_of(request)
    now = services.settings.clock.now()
    first = parse_moment(since or "90d", now, field="since")
    last = parse_moment(until, now, end=True, field="until") if until else end_of_today(now)
    if last < first:
        raise HttpProblem(
            "refused", f"the period ends at {last}, before it begins at {first}",
            extra={"field": "until"},
        )  # fmt: skip
    with services.reader.index(None if product is None else [product]) as index:
        product, environment = existing_names(index, product, environment)
        policy = metrics_policy(index.head)
        if environment is not None:
            policy = policy.in_environment(environment)
        names = index.product_names
        if team is not None:
            names = products_of_team(map(index.product, names), team)
        ended = ended_in(
            map(index.product, names), policy, since=first, until=last, done=index.forget
        )
        report = report_of(ended, since=first, until=last, by=by)
    asked = {"product": product, "team": team, "environment": environment}
    parts = [metrics_document(part) for part in report.parts]
    return document_response(request, {**asked, **metrics_document(report.total), "periods": parts})
