"""The pages of all deployments: the latest ones, and each month by day."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias

from versioner.models import Deployment, Undeployment
from versioner.query.selectors import latest_value, place_text
from versioner.site.pagination import NO_PAGER, months_by_year, pager
from versioner.site.urls import DEPLOYMENTS, EVERYTHING
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.views.rows import KIND_CLASSES, STATUS_CLASSES, deployment_row, row_version
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.site.context import SiteContext

__all__ = ["deployments_view", "latest_deployments", "month_of_all_view"]

_LATEST: Final = 100
_Change: TypeAlias = "Deployment | Undeployment"


def deployments_view(context: SiteContext) -> View:
    """Return the view of the latest deployments, with links to every month."""
    latest = context.catalogue.latest(_LATEST)
    latest.reverse()
    shown = sum(isinstance(each, Deployment) for each in latest)
    number = sum(each.deployments for each in context.catalogue)
    total = count(number, "deployment")
    feed = {"title": "All deployments", "href": context.link(DEPLOYMENTS, EVERYTHING)}
    return {
        "frame": frame(
            context,
            DEPLOYMENTS,
            "Deployments",
            section=DEPLOYMENTS,
            script="deployments",
            zone=context.zone.name,
            feeds=[feed],
            current=True,
        ),
        "heading": "Deployments",
        "period": "",
        "summary": total if shown == number else
        f"the latest {shown} of {total}",
        "pager": NO_PAGER,
        "zone": context.zone.name,
        "days": _days(context, DEPLOYMENTS, latest),
        "years": months_by_year(
            context.deployment_links, partial(context.link, DEPLOYMENTS)
        ),
        "feed": feed["href"],
    }  # fmt: skip


def month_of_all_view(context: SiteContext, index: int) -> View:
    """Return the view of one month of all deployments, or of a part of it."""
    month = context.listed(context.deployment_links[index])
    page = month.path
    crumbs = [crumb("Deployments", context.link(page, DEPLOYMENTS))]
    return {
        "frame": frame(
            context,
            page,
            f"Deployments, {month.title}",
            section=DEPLOYMENTS,
            script="deployments",
            zone=context.zone.name,
            crumbs=crumbs,
        ),
        "heading": "Deployments",
        "period": month.title,
        "summary": count(len(month.deployments), "deployment") + month.removals,
        "pager": pager(context.deployment_links, index, partial(context.link, page)),
        "zone": context.zone.name,
        "days": _days(context, page, month.rows),
        "years": [],
        "feed": "",
    }


def _days(context: SiteContext, page: str, deployments: Iterable[_Change]) -> list[View]:
    newest = reversed([*deployments])
    return [
        {"day": day_text(day), "rows": _rows(context, page, rows)}
        for day, rows in groupby(newest, key=lambda each: context.zone.day(each.at))
    ]


def _rows(context: SiteContext, page: str, deployments: Iterable[_Change]) -> list[View]:
    """Return a day's deployments, newest first.

    Deployments that differ only in environment and time share a row, so that a version which
    goes through all environments on one day is one row.
    """
    found: dict[tuple[object, ...], View] = {}
    for each in deployments:
        by = latest_value(each.events, "deployed_by", context.hidden)
        is_void = each.void is not None
        key = (each.product, row_version(each), each.status, each.kind, by, is_void)
        row = found.get(key)
        if row is None:
            row = found[key] = _row(context, page, each, by)
        row["places"].append(
            {
                "environment": place_text(
                    context.environment_title(each.environment), each.instance
                ),
                "clock": context.zone.clock(each.at),
            }
        )
    return list(found.values())


def _row(context: SiteContext, page: str, deployment: _Change, by: str) -> View:
    return {
        "places": [],
        "href": context.deployment(page, deployment),
        "product": title_of(context, deployment.product),
        "version": version_text(row_version(deployment)),
        # Most deployments are completed; the style sheet shows that without a class.
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
    context: SiteContext, page: str, limit: int, environment: str = ""
) -> list[View]:
    """Return the rows of the newest deployments, of all environments or of one."""
    return [
        {
            **deployment_row(context, page, each),
            "product": title_of(context, each.product),
            "product_href": context.product(page, each.product),
        }
        for each in context.catalogue.latest(limit, environment)
    ]
