"""The latest deployments of the whole registry, or of one environment."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from versioner.site.views.naming import title_of
from versioner.site.views.rows import deployment_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models import Deployment
    from versioner.site.context import Atlas
    from versioner.site.views.layout import View

__all__ = ["latest_deployments"]


def latest_deployments(atlas: Atlas, page: str, limit: int, environment: str = "") -> list[View]:
    """Return the rows of the newest deployments, newest first."""
    newest = heapq.nlargest(
        limit, _deployments(atlas, environment), key=lambda d: (d.at, d.product, d.id)
    )
    return [
        {
            **deployment_row(atlas, page, each),
            "product": title_of(atlas, each.product),
            "product_href": atlas.product(page, each.product),
        }
        for each in newest
    ]


def _deployments(atlas: Atlas, environment: str) -> Iterator[Deployment]:
    for record in atlas.registry.products.values():
        yield from record.cell(environment).deployments if environment else record.deployments
