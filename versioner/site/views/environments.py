"""The environments, and what runs in each."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import environment_path
from versioner.site.pagination import months_by_year, pager
from versioner.site.urls import ENVIRONMENTS, environment_feed, environment_month, environment_page
from versioner.site.views.cells import cell_view
from versioner.site.views.deployments import latest_deployments
from versioner.site.views.event_details import metadata
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.views.rows import KIND_CLASSES, STATUS_CLASSES
from versioner.site.wording import adds_to, count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Deployment
    from versioner.site.context import SiteContext

__all__ = ["environment_month_view", "environment_view", "environments_view"]

_LATEST: Final = 20

# The classes of deployments without a result: in progress, pending, stale.
_OPEN: Final = ("status-started", "status-pending", "status-stale")


def environments_view(atlas: SiteContext) -> View:
    """Return the list of all environments, in order."""
    return {
        "frame": frame(atlas, ENVIRONMENTS, "Environments", section=ENVIRONMENTS, current=True),
        "summary": count(len(atlas.environments), "environment"),
        "environments": [_row(atlas, name) for name in atlas.environments],
    }


def environment_view(atlas: SiteContext, name: str) -> View:
    """Return the page of one environment."""
    page = environment_page(name)
    document = atlas.environments[name]
    title = atlas.environment_title(name)
    crumbs = [crumb("Environments", atlas.link(page, ENVIRONMENTS))]
    running = _running(atlas, page, name)
    feed = {"title": f"Deployments to {title}", "href": atlas.link(page, environment_feed(name))}
    return {
        "frame": frame(
            atlas,
            page,
            title,
            section=ENVIRONMENTS,
            description=str(document.get("description", "")),
            crumbs=crumbs,
            feeds=[feed],
            current=True,
        ),
        **_about(document, title),
        "stale_after": str(document.get("stale_after") or "24h"),
        "metadata": metadata(document.get("metadata") or {}, atlas.hidden),
        "summary": f"{count(sum(bool(row['version']) for row in running), 'product')} running",
        "running": running,
        "deployments": latest_deployments(atlas, page, _LATEST, environment=name),
        "years": months_by_year(
            atlas.environment_batches[name],
            lambda month: atlas.link(page, environment_month(name, month.month, month.part)),
        ),
        "edit": atlas.forge.edit(environment_path(name)) if name in atlas.registry.environments
        else "",
        "feed": feed["href"],
    }  # fmt: skip


def _about(document: dict[str, Any], title: str) -> View:
    return {
        "name": document["name"],
        "title": title,
        "named": adds_to(title, document["name"]),
        "type": document["type"],
        "retired": bool(document.get("retired")),
        "description": str(document.get("description", "")),
    }


def _row(atlas: SiteContext, name: str) -> View:
    title = atlas.environment_title(name)
    states = [atlas.state(product, name) for product in atlas.registry.products]
    cells = [r.cells[name] for r in atlas.registry.products.values() if name in r.cells]
    latest: Deployment | None = max(
        (cell.latest for cell in cells if cell.latest),
        key=lambda d: (d.at, d.product),
        default=None,
    )
    return {
        **_about(atlas.environments[name], title),
        "href": atlas.environment(ENVIRONMENTS, name),
        "products": f"{sum(cell.current is not None for cell in cells):,}",
        "deployments": f"{sum(len(cell.deployments) for cell in cells):,}",
        "in_progress": sum(state.in_progress is not None for state in states),
        "no_result": sum(state.no_result is not None for state in states),
        "latest": {
            "at": latest.at if latest else "",
            "when": day_text(latest.at[:10]) if latest else "",
            "product": title_of(atlas, latest.product) if latest else "",
            "href": atlas.deployment(ENVIRONMENTS, latest) if latest else "",
        },
    }


def _running(atlas: SiteContext, page: str, name: str) -> list[View]:
    return [
        {
            "product": title_of(atlas, record.name),
            "product_href": atlas.product(page, record.name),
            **place,
            "flags": "open" if any(o["status_class"] in _OPEN for o in place["beside"]) else "",
        }
        for record in atlas.registry.products.values()
        if name in record.cells
        for place in (cell_view(atlas, page, record, name),)
    ]


def environment_month_view(atlas: SiteContext, name: str, index: int) -> View:
    """Return the page of one month of an environment, or of a part of it."""
    batches = atlas.environment_batches[name]
    batch = batches[index]
    page = environment_month(name, batch.month, batch.part)
    title = atlas.environment_title(name)
    crumbs = [
        crumb("Environments", atlas.link(page, ENVIRONMENTS)),
        crumb(title, atlas.environment(page, name)),
    ]
    newest = reversed(batch.deployments)
    return {
        "frame": frame(atlas, page, f"{title}, {batch.title}", section=ENVIRONMENTS, crumbs=crumbs),
        "title": title,
        "period": batch.title,
        "summary": f"{count(len(batch.deployments), 'deployment')} of "
        f"{count(len({each.product for each in batch.deployments}), 'product')}",
        "pager": pager(
            batches,
            index,
            lambda other: atlas.link(page, environment_month(name, other.month, other.part)),
        ),
        "zone": atlas.zone.name,
        "days": [
            {"day": day_text(day), "entries": _products(atlas, page, rows)}
            for day, rows in groupby(newest, key=lambda each: atlas.zone.day(each.at))
        ],
    }


def _products(atlas: SiteContext, page: str, deployments: Iterable[Deployment]) -> list[View]:
    """Return a day's deployments by product, the one deployed last first."""
    found: dict[str, list[Deployment]] = {}
    for each in deployments:
        found.setdefault(each.product, []).append(each)
    return [
        {
            "product": title_of(atlas, name),
            "href": atlas.deployment(page, own[0]),
            "versions": [
                _entry(atlas, each, "," if place else "") for place, each in enumerate(own)
            ],
        }
        for name, own in found.items()
    ]


def _entry(atlas: SiteContext, deployment: Deployment, before: str) -> View:
    # What went well goes without saying here: the page is a list of names.
    return {
        "before": before,
        "clock": atlas.zone.clock(deployment.at),
        "version": version_text(deployment.version),
        "status_class": STATUS_CLASSES[deployment.status],
        "status": "" if deployment.status == "completed" else deployment.status,
        "kind": "rollback" if deployment.kind == "rollback" else "",
        "kind_class": KIND_CLASSES["rollback"],
        "void": deployment.void is not None,
    }
