"""Pages that lead on: a renamed product, a deleted one, and the page for what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.urls import LOST, OVERVIEW, PRODUCTS, product_page
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.wording import moment_text

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["deleted_view", "lost_view", "moved_view"]


def moved_view(atlas: SiteContext, page: str, name: str, target: str) -> View:
    """Return the page under an old name of a product, which leads to a page of the new one."""
    owner = target.split("/")[1]
    return {
        "frame": frame(atlas, page, f"{name} has moved", section=PRODUCTS),
        "name": name,
        "title": title_of(atlas, owner) if owner in atlas.registry.products else owner,
        "href": atlas.link(page, target),
    }


def deleted_view(atlas: SiteContext, name: str) -> View:
    """Return the page of a product that was deleted."""
    page = product_page(name)
    deletion = atlas.registry.deleted[name]
    at = str(deletion.get("deleted_at", ""))
    return {
        "frame": frame(
            atlas,
            page,
            f"{name} was deleted",
            section=PRODUCTS,
            crumbs=[crumb("Products", atlas.link(page, PRODUCTS))],
        ),
        "name": name,
        "at": at,
        "when": moment_text(at) if at else "",
        "by": "" if "deleted_by" in atlas.hidden else str(deletion.get("deleted_by", "")),
        "commit": str(deletion.get("last_commit", "")),
    }


def lost_view(atlas: SiteContext) -> View:
    """Return the page that a web server shows for what is not there."""
    return {
        "frame": frame(atlas, LOST, "Page not found"),
        "overview": atlas.link(LOST, OVERVIEW),
        "products": atlas.link(LOST, PRODUCTS),
    }
