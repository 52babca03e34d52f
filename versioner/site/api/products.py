"""The JSON documents of products: the list, each one, and its history by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.models import Undeployment
from versioner.site.api.commits import brought_of, changes_of
from versioner.site.api.deployments import (
    Document,
    deployment_of,
    metadata_of,
    state_of,
    undeployment_of,
    version_of,
)
from versioner.site.exports.csv import months_of
from versioner.site.urls import badge, data_of, product_feed, product_page, table
from versioner.site.views.parts.commits import changes_of_product
from versioner.site.views.products import document_of, team_of, title_of

if TYPE_CHECKING:
    from versioner.site.context import SiteContext
    from versioner.site.pagination import HistoryPage

__all__ = ["environments_of", "history", "product", "products"]


def products(context: SiteContext) -> Document:
    """Return the document of all products, and of the deleted ones."""
    registry = context.registry
    return {
        "products": [_head(context, name) for name in sorted(registry.products)],
        "deleted": [
            _deleted(context, name)
            for name in sorted(set(registry.deleted) - set(registry.products))
        ],
    }


def product(context: SiteContext, name: str) -> Document:
    """Return the document of one product."""
    document = document_of(context, name)
    extra = document.get("extra_metadata") or {}
    return {
        **_head(context, name),
        "links": [] if "links" in context.hidden else [_link(each) for each in _links(document)],
        "depends_on": sorted(document.get("depends_on") or ()),
        "needed_by": context.dependents[name],
        "metadata": metadata_of(extra, context.hidden),
        "environments": [
            state_of(context, context.state(name, environment))
            for environment in environments_of(context, name)
        ],
        "history": [_month(month) for month in context.history(name)],
        "tables": [
            {"month": month, "data": table(name, month)}
            for month in months_of(context.record(name))
        ],
        "badges": [
            {
                "environment": environment,
                "image": badge(name, environment, "svg"),
                "data": badge(name, environment, "json"),
            }
            for environment in ("", *environments_of(context, name))
        ],
    }


def history(context: SiteContext, month: HistoryPage) -> Document:
    """Return the document of one page of a product's history, with everything recorded."""
    undeployments = [row for row in month.rows if isinstance(row, Undeployment)]
    changes = changes_of_product(context, month.product)
    return {
        "product": month.product,
        "month": month.month,
        "part": month.part,
        "page": month.path,
        "versions": [
            {**version_of(each, context.hidden), **changes_of(context, each)}
            for each in month.versions
        ],
        "deployments": [
            {**deployment_of(each, context.hidden), **brought_of(changes, each)}
            for each in month.deployments
        ],
        # Left out where there are none, so that other documents stay as they are.
        **(
            {"undeployments": [undeployment_of(each, context.hidden) for each in undeployments]}
            if undeployments
            else {}
        ),
    }


def environments_of(context: SiteContext, name: str) -> list[str]:
    """Return the environments of a product: of the retired ones, those where it was deployed."""
    record = context.registry.products[name]
    return [
        environment
        for environment, document in context.environments.items()
        if not document.get("retired") or context.has_cell(record, environment)
    ]


def _head(context: SiteContext, name: str) -> Document:
    summary = context.catalogue.of(name)
    document = document_of(context, name)
    described = "description" not in context.hidden
    return {
        "name": name,
        "title": title_of(context, name),
        "description": str(document.get("description", "")) if described else "",
        "lifecycle": str(document.get("lifecycle") or "active"),
        "team": team_of(context, name),
        "former_names": context.former_names.get(name, []),
        "drifting": name in context.drifting,
        "versions": summary.versions,
        "deployments": summary.deployments,
        "latest_at": summary.latest_at,
        "page": product_page(name),
        "data": data_of(product_page(name)),
        "feed": product_feed(name),
    }


def _deleted(context: SiteContext, name: str) -> Document:
    deletion = context.registry.deleted[name]
    return {
        "name": name,
        "at": str(deletion.get("deleted_at", "")),
        "by": "" if "deleted_by" in context.hidden else str(deletion.get("deleted_by", "")),
        "last_commit": str(deletion.get("last_commit", "")),
    }


def _links(document: dict[str, Any]) -> list[dict[str, Any]]:
    return list(document.get("links") or ())


def _link(link: dict[str, Any]) -> Document:
    url = str(link.get("url", ""))
    return {"title": str(link.get("title") or url), "url": url}


def _month(month: HistoryPage) -> Document:
    return {
        "month": month.month,
        "part": month.part,
        "versions": len(month.versions),
        "deployments": len(month.deployments),
        "page": month.path,
        "data": data_of(month.path),
    }
