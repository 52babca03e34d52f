"""The JSON documents of environments, of the matrix, and of the latest deployments."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from versioner.site.api.deployments import Document, metadata_of, state_of, summary_of
from versioner.site.urls import data_of, environment_feed, environment_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Deployment
    from versioner.site.context import SiteContext

__all__ = ["deployments", "environment", "environments", "matrix", "newest"]

_LATEST_OF_ONE: Final = 50
_LATEST_OF_ALL: Final = 200


def environments(context: SiteContext) -> Document:
    """Return the document of all environments, in order."""
    return {"environments": [_head(context, name) for name in context.environments]}


def environment(context: SiteContext, name: str) -> Document:
    """Return the document of one environment."""
    document = context.environments[name]
    records = [record for record in context.registry.products.values() if name in record.cells]
    recent = newest((d for r in records for d in r.cells[name].deployments), _LATEST_OF_ONE)
    return {
        **_head(context, name),
        "stale_after": str(document.get("stale_after") or "24h"),
        "metadata": metadata_of(document.get("metadata") or {}, context.hidden),
        "products": [state_of(context, context.state(record.name, name)) for record in records],
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
    every = (d for record in context.registry.products.values() for d in record.deployments)
    return {"deployments": [summary_of(context, each) for each in newest(every, _LATEST_OF_ALL)]}


def newest(found: Iterable[Deployment], limit: int) -> list[Deployment]:
    """Return the deployments that started last, newest first, void ones included."""
    return heapq.nlargest(limit, found, key=lambda each: (each.at, each.product, each.id))


def _head(context: SiteContext, name: str) -> Document:
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
        "running": sum(cell.current is not None for cell in cells),
        "page": environment_page(name),
        "data": data_of(environment_page(name)),
        "feed": environment_feed(name),
    }
