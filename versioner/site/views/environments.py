"""The pages of environments: the list, each one, and each month of one by day."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import environment_path
from versioner.site.pagination import months_by_year, pager
from versioner.site.summaries.comparisons import compared_pairs
from versioner.site.urls import (
    COMPARE,
    ENVIRONMENTS,
    FAILURES,
    compare_page,
    environment_feed,
    environment_page,
)
from versioner.site.views.charts.lanes import lanes_of_environment
from versioner.site.views.charts.weekly import weekly_chart
from versioner.site.views.deployments import latest_deployments
from versioner.site.views.parts.cells import cell_view
from versioner.site.views.parts.closed_times import closed_notices, schedules_of
from versioner.site.views.parts.event_details import metadata
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.parts.metric_cards import metrics_view, scope_words
from versioner.site.views.parts.rows import KIND_CLASSES, STATUS_CLASSES
from versioner.site.views.products import title_of
from versioner.site.wording import adds_to, count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Deployment
    from versioner.site.context import SiteContext
    from versioner.site.summaries.codec import ListedRow, RowData

__all__ = ["environment_month_view", "environment_view", "environments_view"]

_LATEST: Final = 20
_WEEKS: Final = 52

# The classes of deployments without a result: in progress, pending, stale.
_OPEN: Final = ("status-started", "status-pending", "status-stale")


def environments_view(context: SiteContext) -> View:
    """Return the view of the list of environments, in order."""
    return {
        "frame": frame(
            context,
            ENVIRONMENTS,
            "Environments",
            section=ENVIRONMENTS,
            script="lists",
            current=True,
        ),
        "summary": count(len(context.environments), "environment"),
        "compare": context.link(ENVIRONMENTS, COMPARE),
        "environments": [_row(context, name) for name in context.environments],
    }


def environment_view(context: SiteContext, name: str) -> View:
    """Return the view of one environment."""
    page = environment_page(name)
    document = context.environments[name]
    title = context.environment_title(name)
    crumbs = [crumb("Environments", context.link(page, ENVIRONMENTS))]
    running = _running(context, page, name)
    days, policy = context.tallies.days(name), context.tallies.policy
    feed = {"title": f"Deployments to {title}", "href": context.link(page, environment_feed(name))}
    return {
        "frame": frame(
            context,
            page,
            title,
            section=ENVIRONMENTS,
            script="environment",
            description=str(document.get("description", "")),
            crumbs=crumbs,
            feeds=[feed],
            current=True,
            dated=False,
        ),
        **_about(document, title),
        "closed": closed_notices(context, schedules_of(context), name),
        "instances": list(document.get("instances") or ()),
        "former_names": list(document.get("aliases") or ()),
        "observed": any(each["since"] for row in running for each in row["beside"]),
        "stale_after": str(document.get("stale_after") or "24h"),
        "metadata": metadata(document.get("metadata") or {}, context.hidden),
        "summary": f"{count(sum(bool(row['version']) for row in running), 'product')} running",
        "running": running,
        "weekly": weekly_chart(days, context.now, _WEEKS),
        **lanes_of_environment(context, name),
        "metrics": metrics_view(
            days,
            context.now,
            policy,
            f"--environment {name}",
            scope=scope_words(context, name),
            links=["#latest-title", "", *[context.link(page, FAILURES)] * 3],
        ),
        "deployments": latest_deployments(context, page, _LATEST, environment=name),
        "years": months_by_year(
            context.environment_links[name],
            partial(context.link, page),
        ),
        "edit": context.forge.edit(environment_path(name)) if name in context.registry.environments
        else "",
        "feed": feed["href"],
        "compared": _compared(context, page, name),
    }  # fmt: skip


def _compared(context: SiteContext, page: str, name: str) -> list[View]:
    """Return the links to the comparisons of an environment with the others."""
    found = [
        (each, pair)
        for pair in compared_pairs(context)
        if name in pair
        for each in pair
        if each != name
    ]
    return [
        {"text": context.environment_title(each), "href": context.link(page, compare_page(*pair))}
        for each, pair in found
    ]


def _about(document: dict[str, Any], title: str) -> View:
    return {
        "name": document["name"],
        "title": title,
        "named": adds_to(title, document["name"]),
        "type": document["type"],
        "retired": bool(document.get("retired")),
        "description": str(document.get("description", "")),
    }


def _row(context: SiteContext, name: str) -> View:
    title = context.environment_title(name)
    states = [context.state(product, name) for product in context.registry.products]
    cells = [r.cells[name] for r in context.registry.products.values() if name in r.cells]
    latest: Deployment | None = max(
        (cell.latest for cell in cells if cell.latest),
        key=lambda d: (d.at, d.product),
        default=None,
    )
    return {
        **_about(context.environments[name], title),
        "href": context.environment(ENVIRONMENTS, name),
        "products": f"{sum(bool(cell.versions) for cell in cells):,}",
        "deployments": f"{sum(each.deployed.get(name, 0) for each in context.catalogue):,}",
        "in_progress": sum(state.in_progress is not None for state in states),
        "no_result": sum(state.no_result is not None for state in states),
        "latest": {
            "at": latest.at if latest else "",
            "when": day_text(latest.at[:10]) if latest else "",
            "product": title_of(context, latest.product) if latest else "",
            "href": context.deployment(ENVIRONMENTS, latest) if latest else "",
        },
    }


def _running(context: SiteContext, page: str, name: str) -> list[View]:
    return [
        {
            "product": title_of(context, record.name),
            "product_href": context.product(page, record.name),
            **cell,
            "flags": "open" if any(o["status_class"] in _OPEN for o in cell["beside"]) else "",
        }
        for record in context.registry.products.values()
        if context.has_cell(record, name)
        for cell in (cell_view(context, page, record, name),)
    ]


def environment_month_view(context: SiteContext, name: str, index: int) -> View:
    """Return the view of one month of an environment, or of a part of it."""
    months = context.environment_links[name]
    month = context.listed(months[index], name)
    page = month.path
    title = context.environment_title(name)
    crumbs = [
        crumb("Environments", context.link(page, ENVIRONMENTS)),
        crumb(title, context.environment(page, name)),
    ]
    newest = reversed(month.rows)
    products = len({each.product for each in month.rows if each.data.kind})
    return {
        "frame": frame(
            context,
            page,
            f"{title}, {month.title}",
            section=ENVIRONMENTS,
            crumbs=crumbs,
            zone=context.zone.name,
        ),
        "title": title,
        "period": month.title,
        "summary": f"{count(month.number, 'deployment')} of {count(products, 'product')}"
        f"{month.undeployments}",
        "pager": pager(
            months,
            index,
            partial(context.link, page),
        ),
        "zone": context.zone.name,
        "days": [
            {"day": day_text(day), "entries": _products(context, page, rows)}
            for day, rows in groupby(newest, key=lambda each: context.zone.day(each.at))
        ],
    }


def _products(context: SiteContext, page: str, rows: Iterable[ListedRow]) -> list[View]:
    """Return a day's deployments by product; the product deployed last comes first."""
    found: dict[str, list[ListedRow]] = {}
    for each in rows:
        found.setdefault(each.product, []).append(each)
    return [
        {
            "product": title_of(context, name),
            "href": context.listed_row(page, own[0]),
            "versions": [
                _entry(context, each.data, "," if index else "") for index, each in enumerate(own)
            ],
        }
        for name, own in found.items()
    ]


def _entry(context: SiteContext, row: RowData, before: str) -> View:
    version = version_text(row.version or row.version_shown)
    # Most deployments are completed, so only another status is shown.
    return {
        "before": before,
        "clock": context.zone.clock(row.at),
        "version": f"{version} on {row.instance}" if row.instance else version,
        "status_class": STATUS_CLASSES[row.status],
        "status": "" if row.status == "completed" else row.status,
        "kind": "rollback" if row.kind == "rollback" else "",
        "kind_class": KIND_CLASSES["rollback"],
        "void": row.void is not None,
    }
