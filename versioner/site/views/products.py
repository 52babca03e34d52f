"""The Products page: every product with who owns it and where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.query.selectors import last_deployed_at, owner_of
from versioner.site.urls import CREATE, PRODUCTS
from versioner.site.views.layout import View, frame
from versioner.site.wording import adds_to, count, day_text, first_line, version_text

if TYPE_CHECKING:
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext

__all__ = ["document_of", "is_owned", "products_view", "team_of", "title_of"]


def products_view(atlas: SiteContext) -> View:
    """Return the list of all products."""
    products = atlas.registry.products
    teams = {team for name in products if (team := team_of(atlas, name))}
    summary = count(len(products), "product")
    if teams:
        summary += f" of {count(len(teams), 'team')}"
    return {
        "frame": frame(atlas, PRODUCTS, "Products", section=PRODUCTS),
        "summary": summary,
        "create": atlas.link(PRODUCTS, CREATE),
        "products": [_row(atlas, record) for record in products.values()],
    }


def is_owned(atlas: SiteContext, name: str) -> bool:
    """Return whether a product has an owner, shown or hidden."""
    return bool(owner_of(atlas.registry.products[name]))


def team_of(atlas: SiteContext, name: str) -> str:
    """Return the team or person that owns a product, `""` where its file names none."""
    return owner_of(atlas.registry.products[name], atlas.hidden)


def _row(atlas: SiteContext, record: ProductRecord) -> View:
    document = document_of(atlas, record.name)
    title = title_of(atlas, record.name)
    latest = last_deployed_at(record.deployments)
    return {
        "name": record.name,
        "title": title,
        "href": atlas.product(PRODUCTS, record.name),
        "named": adds_to(title, record.name),
        "description": first_line(str(document.get("description", ""))),
        "team": team_of(atlas, record.name),
        "deprecated": document.get("lifecycle") == "deprecated",
        "lifecycle": "deprecated" if document.get("lifecycle") == "deprecated" else "active",
        "flags": "" if is_owned(atlas, record.name) else "nobody",
        "runs": _runs(atlas, record),
        "at": latest,
        "when": day_text(latest[:10]) if latest else "",
    }


def _runs(atlas: SiteContext, record: ProductRecord) -> list[View]:
    return [
        {
            "environment": atlas.environment_title(name),
            "version": version_text(current.version),
            "version_full": current.version,
            "href": atlas.deployment(PRODUCTS, current),
        }
        for name in atlas.environments
        if (current := record.cell(name).current) is not None
    ]


def document_of(atlas: SiteContext, name: str) -> dict[str, Any]:
    """Return a product's description; empty where its file is not valid."""
    return dict(atlas.registry.products[name].document or {})


def title_of(atlas: SiteContext, name: str) -> str:
    """Return what a product is called."""
    return str((atlas.registry.products[name].document or {}).get("title") or name)
