"""The documents of environments, the matrix, and the latest deployments."""

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


def environments(atlas: SiteContext) -> Document:
    """Return the list of all environments, in order."""
    return {"environments": [_head(atlas, name) for name in atlas.environments]}


def environment(atlas: SiteContext, name: str) -> Document:
    """Return one environment."""
    document = atlas.environments[name]
    records = [record for record in atlas.registry.products.values() if name in record.cells]
    recent = newest((d for r in records for d in r.cells[name].deployments), _LATEST_OF_ONE)
    return {
        **_head(atlas, name),
        "stale_after": str(document.get("stale_after") or "24h"),
        "metadata": metadata_of(document.get("metadata") or {}, atlas.hidden),
        "products": [state_of(atlas, atlas.state(record.name, name)) for record in records],
        "deployments": [summary_of(atlas, each) for each in recent],
    }


def matrix(atlas: SiteContext) -> Document:
    """Return what runs where."""
    return {
        "environments": list(atlas.matrix.environments),
        "rows": [
            {
                "product": row.product,
                "drifting": row.product in atlas.drifting,
                "cells": [state_of(atlas, cell) for cell in row.cells],
            }
            for row in atlas.matrix.rows
        ],
    }


def deployments(atlas: SiteContext) -> Document:
    """Return the latest deployments of everything."""
    every = (d for record in atlas.registry.products.values() for d in record.deployments)
    return {"deployments": [summary_of(atlas, each) for each in newest(every, _LATEST_OF_ALL)]}


def newest(found: Iterable[Deployment], limit: int) -> list[Deployment]:
    """Return the deployments begun last, newest first; void ones among them."""
    return heapq.nlargest(limit, found, key=lambda each: (each.at, each.product, each.id))


def _head(atlas: SiteContext, name: str) -> Document:
    document = atlas.environments[name]
    cells = [r.cells[name] for r in atlas.registry.products.values() if name in r.cells]
    described = "description" not in atlas.hidden
    return {
        "name": name,
        "title": atlas.environment_title(name),
        "type": document["type"],
        "order": document["order"],
        "description": str(document.get("description", "")) if described else "",
        "retired": bool(document.get("retired")),
        "running": sum(cell.current is not None for cell in cells),
        "page": environment_page(name),
        "data": data_of(environment_page(name)),
        "feed": environment_feed(name),
    }
