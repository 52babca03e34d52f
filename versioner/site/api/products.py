"""The documents of products: the list, each one, and its history by shard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.query.selectors import last_deployed_at
from versioner.site.api.deployments import (
    Document,
    deployment_of,
    metadata_of,
    state_of,
    version_of,
)
from versioner.site.exports.csv import months_of
from versioner.site.urls import badge, data_of, product_feed, product_page, table
from versioner.site.views.products import document_of, team_of, title_of

if TYPE_CHECKING:
    from versioner.site.context import SiteContext
    from versioner.site.pagination import HistoryPage

__all__ = ["history", "places_of", "product", "products"]


def products(atlas: SiteContext) -> Document:
    """Return the list of all products, and of the deleted ones."""
    registry = atlas.registry
    return {
        "products": [_head(atlas, name) for name in sorted(registry.products)],
        "deleted": [
            _deleted(atlas, name) for name in sorted(set(registry.deleted) - set(registry.products))
        ],
    }


def product(atlas: SiteContext, name: str) -> Document:
    """Return one product."""
    document = document_of(atlas, name)
    extra = document.get("extra_metadata") or {}
    return {
        **_head(atlas, name),
        "links": [] if "links" in atlas.hidden else [_link(each) for each in _links(document)],
        "depends_on": sorted(document.get("depends_on") or ()),
        "needed_by": atlas.dependents[name],
        "metadata": metadata_of(extra, atlas.hidden),
        "environments": [
            state_of(atlas, atlas.state(name, environment))
            for environment in places_of(atlas, name)
        ],
        "history": [_shard(shard) for shard in atlas.shards[name]],
        "tables": [
            {"month": month, "data": table(name, month)}
            for month in months_of(atlas.registry.products[name])
        ],
        "badges": [
            {
                "environment": environment,
                "image": badge(name, environment, "svg"),
                "data": badge(name, environment, "json"),
            }
            for environment in ("", *places_of(atlas, name))
        ],
    }


def history(atlas: SiteContext, shard: HistoryPage) -> Document:
    """Return a part of a product's history, with everything recorded."""
    return {
        "product": shard.product,
        "month": shard.month,
        "part": shard.part,
        "page": shard.page,
        "versions": [version_of(each, atlas.hidden) for each in shard.versions],
        "deployments": [deployment_of(each, atlas.hidden) for each in shard.deployments],
    }


def places_of(atlas: SiteContext, name: str) -> list[str]:
    """Return the environments that matter to a product, in order: of the retired, its own."""
    record = atlas.registry.products[name]
    return [
        environment
        for environment, document in atlas.environments.items()
        if not document.get("retired") or environment in record.cells
    ]


def _head(atlas: SiteContext, name: str) -> Document:
    record = atlas.registry.products[name]
    document = document_of(atlas, name)
    described = "description" not in atlas.hidden
    return {
        "name": name,
        "title": title_of(atlas, name),
        "description": str(document.get("description", "")) if described else "",
        "lifecycle": str(document.get("lifecycle") or "active"),
        "team": team_of(atlas, name),
        "former_names": atlas.former_names.get(name, []),
        "drifting": name in atlas.drifting,
        "versions": len(record.versions),
        "deployments": len(record.deployments),
        "latest_at": last_deployed_at(record.deployments),
        "page": product_page(name),
        "data": data_of(product_page(name)),
        "feed": product_feed(name),
    }


def _deleted(atlas: SiteContext, name: str) -> Document:
    deletion = atlas.registry.deleted[name]
    return {
        "name": name,
        "at": str(deletion.get("deleted_at", "")),
        "by": "" if "deleted_by" in atlas.hidden else str(deletion.get("deleted_by", "")),
        "last_commit": str(deletion.get("last_commit", "")),
    }


def _links(document: dict[str, Any]) -> list[dict[str, Any]]:
    return list(document.get("links") or ())


def _link(link: dict[str, Any]) -> Document:
    url = str(link.get("url", ""))
    return {"title": str(link.get("title") or url), "url": url}


def _shard(shard: HistoryPage) -> Document:
    return {
        "month": shard.month,
        "part": shard.part,
        "versions": len(shard.versions),
        "deployments": len(shard.deployments),
        "page": shard.page,
        "data": data_of(shard.page),
    }
