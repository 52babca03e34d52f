"""The JSON documents of the API by path, and the content of all but those of products."""

from __future__ import annotations

import heapq
import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from versioner.models import Deployment
from versioner.query.today.document import today_document
from versioner.serialization.compact_json import compact_json
from versioner.site.api import governance
from versioner.site.api.compare import compare
from versioner.site.api.deployments import (
    Document,
    metadata_of,
    state_of,
    summary_of,
    with_nulls,
)
from versioner.site.api.metrics import metrics_of_all
from versioner.site.api.products import history, product, products
from versioner.site.summaries.comparisons import compared_pairs
from versioner.site.urls import (
    CALENDAR_DOCUMENT,
    DEPLOYMENTS_DOCUMENT,
    ENVIRONMENTS,
    EVERYTHING,
    INBOX,
    INDEX,
    MATRIX,
    METRICS_PAGE,
    OVERVIEW,
    PEOPLE,
    PRODUCTS,
    REQUESTS,
    RULES_DOCUMENT,
    TODAY,
    TODAY_DOCUMENT,
    TODAY_FEED,
    compare_page,
    data_of,
    environment_feed,
    environment_page,
    product_page,
    request_page,
    team_feed,
)
from versioner.site.views.about import counts
from versioner.site.views.products import team_slugs, teams_of
from versioner.site.views.today import report_of_days, writer_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from versioner.models import Undeployment
    from versioner.site.context import SiteContext
    from versioner.site.inbox import InboxEvent

__all__ = [
    "documents_of",
    "documents_of_product",
    "inbox",
    "json_bytes",
    "latest",
    "newest",
    "today",
]

_LATEST_OF_ONE: Final = 50
_LATEST_OF_ALL: Final = 200


def documents_of(context: SiteContext) -> Iterator[tuple[str, Document]]:
    """Yield the documents of the whole registry, each with its path."""
    return _rooted(_documents(context))


def documents_of_product(
    context: SiteContext, name: str, less: Collection[str] = ()
) -> Iterator[tuple[str, Document]]:
    """Yield the documents of a product without those of some months, each with its path."""
    yield from _rooted([(data_of(product_page(name)), product(context, name))])
    for month in context.history(name):
        if month.month in less:
            continue
        path = data_of(month.path)
        # Nearly all documents of a site are of this kind, so they are not copied.
        yield path, {"root": _root(path), **history(context, month)}


def _rooted(documents: Iterable[tuple[str, Document]]) -> Iterator[tuple[str, Document]]:
    """Yield documents with the path to the site's root in `root`."""
    for path, document in documents:
        yield path, {"root": _root(path), **with_nulls(document)}


def _root(path: str) -> str:
    return "../" * path.count("/")


def json_bytes(document: Any, indent: int | None = None) -> bytes:
    """Return the bytes of a document, the same on every machine."""
    text = (
        compact_json(document)
        if indent is None
        else json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent)
    )
    # A lone surrogate cannot be encoded.
    return (text + "\n").encode("utf-8", "replace")


def _documents(context: SiteContext) -> Iterator[tuple[str, Document]]:
    yield INDEX, _index(context)
    yield MATRIX, matrix(context)
    yield DEPLOYMENTS_DOCUMENT, deployments(context)
    yield INBOX, inbox(context)
    yield TODAY_DOCUMENT, today(context)
    yield RULES_DOCUMENT, governance.rules(context)
    yield CALENDAR_DOCUMENT, governance.calendar(context)
    yield data_of(REQUESTS), governance.requests(context)
    for each in context.registry.governance.requests:
        yield data_of(request_page(each.name)), governance.request(context, each.name)
    yield data_of(ENVIRONMENTS), environments(context)
    for name in context.environments:
        yield data_of(environment_page(name)), environment(context, name)
    for pair in compared_pairs(context):
        yield data_of(compare_page(*pair)), compare(context, pair)
    yield data_of(PRODUCTS), products(context)
    yield data_of(METRICS_PAGE), metrics_of_all(context)


def _index(context: SiteContext) -> Document:
    teams = teams_of(context)
    slugs = team_slugs(teams)
    return {
        "api_version": "1",
        "title": context.title,
        "description": str(context.registry.config.get("description", "")),
        **counts(context),
        "page": OVERVIEW,
        "feed": EVERYTHING,
        "documents": [
            {"name": name, "data": path}
            for name, path in (
                ("products", data_of(PRODUCTS)),
                ("environments", data_of(ENVIRONMENTS)),
                ("matrix", MATRIX),
                ("deployments", DEPLOYMENTS_DOCUMENT),
                ("inbox", INBOX),
                ("today", TODAY_DOCUMENT),
                ("rules", RULES_DOCUMENT),
                ("requests", data_of(REQUESTS)),
                ("calendar", CALENDAR_DOCUMENT),
                ("metrics", data_of(METRICS_PAGE)),
                ("people", data_of(PEOPLE)),
            )
            if name != "people" or PEOPLE in context.sections
        ],
        "teams": [
            {"name": team, "products": len(names), "feed": team_feed(slugs[team])}
            for team, names in teams.items()
        ],
    }


def today(context: SiteContext) -> Document:
    """Return the document of the day of the last commit, and of the week that ends with it."""
    found = {name: report_of_days(context, days) for name, days in (("day", 1), ("week", 7))}
    return {
        "page": TODAY,
        "feed": TODAY_FEED,
        **{
            name: today_document(each, writer_of(context, each.report))
            for name, each in found.items()
        },
    }


def inbox(context: SiteContext) -> Document:
    """Return the document of the waiting and the refused events."""
    found = context.inbox
    return {
        "waiting": [_event(each) for each in found.waiting],
        "more_waiting": found.more_waiting,
        "refused": [
            {**_event(each), "code": each.code, "message": each.message, "hint": each.hint}
            for each in found.refused
        ],
        "more_refused": found.more_refused,
    }


def _event(event: InboxEvent) -> Document:
    return {
        "ref": event.ref,
        "at": event.at,
        "kind": event.kind,
        "product": event.product,
        "environment": event.environment,
        "version": event.version,
        "status": event.status,
        "page": product_page(event.product) if event.is_known else "",
    }


def environments(context: SiteContext) -> Document:
    """Return the document of all environments, in order."""
    return {"environments": [_environment_head(context, name) for name in context.environments]}


def environment(context: SiteContext, name: str) -> Document:
    """Return the document of one environment."""
    document = context.environments[name]
    recent = latest(context, _LATEST_OF_ONE, name)
    return {
        **_environment_head(context, name),
        "stale_after": str(document.get("stale_after") or "24h"),
        "metadata": metadata_of(document.get("metadata") or {}, context.hidden),
        "products": [
            state_of(context, context.state(record.name, name))
            for record in context.registry.products.values()
            if context.has_cell(record, name)
        ],
        "deployments": [summary_of(context, each) for each in recent],
    }


def matrix(context: SiteContext) -> Document:
    """Return the document of the environment state matrix."""
    return {
        "environments": list(context.matrix.environments),
        "rows": [
            {
                "product": row.product,
                "drifting": row.product in context.drifting,
                "cells": [state_of(context, cell) for cell in row.cells],
            }
            for row in context.matrix.rows
        ],
    }


def deployments(context: SiteContext) -> Document:
    """Return the document of the latest deployments of all products."""
    return {"deployments": [summary_of(context, each) for each in latest(context, _LATEST_OF_ALL)]}


def latest(context: SiteContext, limit: int, environment: str = "") -> list[Deployment]:
    """Return the deployments that started last, newest first, void ones included."""
    found = context.catalogue.latest(limit, environment, undeployments=False)
    return [each for each in found if isinstance(each, Deployment)]


_Row = TypeVar("_Row", bound="Deployment | Undeployment")


def newest(found: Iterable[_Row], limit: int) -> list[_Row]:
    """Return the deployments that started last, newest first, void ones included."""
    rows = [*found]
    if len(rows) > limit:
        # They are nearly in the order of time, in which they are sorted quickly.
        earliest = sorted([each.at for each in rows])[-limit]
        rows = [each for each in rows if each.at >= earliest]
    return heapq.nlargest(limit, rows, key=lambda each: (each.at, each.product, each.id))


def _environment_head(context: SiteContext, name: str) -> Document:
    document = context.environments[name]
    cells = [r.cells[name] for r in context.registry.products.values() if name in r.cells]
    described = "description" not in context.hidden
    return {
        "name": name,
        "title": context.environment_title(name),
        "type": document["type"],
        "order": document["order"],
        "description": str(document.get("description", "")) if described else "",
        "retired": bool(document.get("retired")),
        "running": sum(bool(cell.versions) for cell in cells),
        "page": environment_page(name),
        "data": data_of(environment_page(name)),
        "feed": environment_feed(name),
    }
