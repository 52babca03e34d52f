"""All deployments: the latest, and every month by day."""

from __future__ import annotations

import heapq
from itertools import groupby
from typing import TYPE_CHECKING, Final

from versioner.query.selectors import latest_value
from versioner.site.pagination import NO_PAGER, months_by_year, pager
from versioner.site.urls import DEPLOYMENTS, EVERYTHING, deployments_page
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.views.rows import KIND_CLASSES, STATUS_CLASSES, deployment_row
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.models import Deployment
    from versioner.site.context import SiteContext

__all__ = ["deployments_view", "latest_deployments", "month_of_all_view"]

_LATEST: Final = 100


def deployments_view(atlas: SiteContext) -> View:
    """Return the page of the latest deployments, which leads to all the others."""
    latest = atlas.deployments[-_LATEST:]
    total = count(len(atlas.deployments), "deployment")
    feed = {"title": "All deployments", "href": atlas.link(DEPLOYMENTS, EVERYTHING)}
    return {
        "frame": frame(
            atlas, DEPLOYMENTS, "Deployments", section=DEPLOYMENTS, feeds=[feed], current=True
        ),
        "heading": "Deployments",
        "period": "",
        "summary": total if len(latest) == len(atlas.deployments) else
        f"the latest {len(latest)} of {total}",
        "pager": NO_PAGER,
        "zone": atlas.zone.name,
        "days": _days(atlas, DEPLOYMENTS, latest),
        "years": months_by_year(
            atlas.batches,
            lambda month: atlas.link(DEPLOYMENTS, deployments_page(month.month, month.part)),
        ),
        "feed": feed["href"],
    }  # fmt: skip


def month_of_all_view(atlas: SiteContext, index: int) -> View:
    """Return the page of one month, or of a part of it where it is crowded."""
    batch = atlas.batches[index]
    page = deployments_page(batch.month, batch.part)
    crumbs = [crumb("Deployments", atlas.link(page, DEPLOYMENTS))]
    return {
        "frame": frame(
            atlas, page, f"Deployments, {batch.title}", section=DEPLOYMENTS, crumbs=crumbs
        ),
        "heading": "Deployments",
        "period": batch.title,
        "summary": count(len(batch.deployments), "deployment"),
        "pager": pager(
            atlas.batches,
            index,
            lambda other: atlas.link(page, deployments_page(other.month, other.part)),
        ),
        "zone": atlas.zone.name,
        "days": _days(atlas, page, batch.deployments),
        "years": [],
        "feed": "",
    }


def _days(atlas: SiteContext, page: str, deployments: Iterable[Deployment]) -> list[View]:
    newest = reversed([*deployments])
    return [
        {"day": day_text(day), "rows": _rows(atlas, page, rows)}
        for day, rows in groupby(newest, key=lambda each: atlas.zone.day(each.at))
    ]


def _rows(atlas: SiteContext, page: str, deployments: Iterable[Deployment]) -> list[View]:
    """Return a day's deployments, newest first; one row for what differs in place and time only.

    So a version on its way through the environments is one row, of which all else is said once.
    """
    found: dict[tuple[object, ...], View] = {}
    for each in deployments:
        by = latest_value(each.events, "deployed_by", atlas.hidden)
        is_void = each.void is not None
        key = (each.product, each.version, each.status, each.kind, by, is_void)
        row = found.get(key)
        if row is None:
            row = found[key] = _row(atlas, page, each, by)
        row["places"].append(
            {
                "environment": atlas.environment_title(each.environment),
                "clock": atlas.zone.clock(each.at),
            }
        )
    return list(found.values())


def _row(atlas: SiteContext, page: str, deployment: Deployment, by: str) -> View:
    return {
        "places": [],
        "href": atlas.deployment(page, deployment),
        "product": title_of(atlas, deployment.product),
        "version": version_text(deployment.version),
        # What went well is most of it: the style sheet gives it its shape.
        "status_class": ""
        if deployment.status == "completed"
        else STATUS_CLASSES[deployment.status],
        "status": deployment.status,
        "kind": deployment.kind if deployment.kind in KIND_CLASSES else "",
        "kind_class": KIND_CLASSES.get(deployment.kind, ""),
        "void": deployment.void is not None,
        "by": by,
    }


def latest_deployments(
    atlas: SiteContext, page: str, limit: int, environment: str = ""
) -> list[View]:
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


def _deployments(atlas: SiteContext, environment: str) -> Iterator[Deployment]:
    for record in atlas.registry.products.values():
        yield from record.cell(environment).deployments if environment else record.deployments
