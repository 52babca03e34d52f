"""The pages of all deployments: the latest ones, and each month by day."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from versioner.query.derived.running_versions import place_text
from versioner.query.metrics.periods import name_of_period
from versioner.site.pagination import NO_PAGER, months_by_year, pager
from versioner.site.summaries.people import person_link
from versioner.site.urls import DEPLOYMENTS, EVERYTHING
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.parts.rows import KIND_CLASSES, STATUS_CLASSES, deployment_row
from versioner.site.views.products import title_of
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.site.context import SiteContext
    from versioner.site.summaries.codec import ListedRow

__all__ = ["deployments_view", "latest_deployments", "month_of_all_view", "week_places"]

_LATEST: Final = 100
_ROWS_READ: Final = 20_000


def deployments_view(context: SiteContext) -> View:
    """Return the view of the latest deployments, with links to every month."""
    latest = context.catalogue.latest_rows(_LATEST)
    shown = sum(1 for each in latest if each.data.kind)
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
        "days": _days(context, DEPLOYMENTS, latest, links_people=True),
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
        "summary": count(month.number, "deployment") + month.undeployments,
        "pager": pager(context.deployment_links, index, partial(context.link, page)),
        "zone": context.zone.name,
        "days": _days(context, page, reversed(month.rows)),
        "years": [],
        "feed": "",
    }


def _days(
    context: SiteContext, page: str, newest: Iterable[ListedRow], *, links_people: bool = False
) -> list[View]:
    """Return the days of deployments.

    People are no links on the pages of months: so many links would make these large.
    """
    return [
        {
            "anchor": day,
            "day": day_text(day),
            "rows": _rows(context, page, rows, links_people=links_people),
        }
        for day, rows in groupby(newest, key=lambda each: context.zone.day(each.at))
    ]


def _rows(
    context: SiteContext, page: str, rows: Iterable[ListedRow], *, links_people: bool
) -> list[View]:
    """Return a day's deployments, newest first.

    Deployments that differ only in environment and time share a row, so that a version which
    goes through all environments on one day is one row.
    """
    is_hidden, clock = "deployed_by" in context.hidden, context.zone.clock
    found: dict[tuple[object, ...], View] = {}
    for each in rows:
        data = each.data
        version = data.version or data.version_shown
        by = "" if is_hidden else data.by
        key = (each.product, version, data.status, data.kind, by, data.void is None)
        row = found.get(key)
        if row is None:
            row = found[key] = _row(context, page, each, version, by)
            row["by_href"] = person_link(context, page, by) if links_people else ""
        title = context.environment_title(data.environment)
        row["places"].append(
            {"environment": place_text(title, data.instance), "clock": clock(each.at)}
        )
    return list(found.values())


def _row(context: SiteContext, page: str, row: ListedRow, version: str, by: str) -> View:
    status, kind = row.data.status, row.data.kind
    return {
        "places": [],
        "href": context.listed_row(page, row),
        "product": title_of(context, row.product),
        "version": version_text(version),
        # Most deployments are completed; the style sheet shows that without a class.
        "status_class": "" if status == "completed" else STATUS_CLASSES[status],
        "status": status,
        "kind": kind if kind in KIND_CLASSES else "",
        "kind_class": KIND_CLASSES.get(kind, ""),
        "void": row.data.void is not None,
        "by": by,
    }


def week_places(context: SiteContext) -> dict[str, tuple[str, str]]:
    """Return by ISO week (UTC) the page and the anchor of its last day with a deployment.

    They are those of the latest weeks: no more than some thousand rows are read.
    """
    found: dict[str, tuple[str, str]] = {}
    number = 0
    for link in reversed(context.deployment_links):
        number += link.number
        if found and number > _ROWS_READ:
            break
        seen = ""
        for row in reversed(context.listed_rows(link)):
            if row.at[:10] != seen:
                seen = row.at[:10]
                anchor = f"#{context.zone.day(row.at)}"
                found.setdefault(name_of_period(row.at, "week"), (link.path, anchor))
    return found


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
