"""Redirects of renamed products, pages of deleted ones, and the page for missing ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.urls import ENVIRONMENTS, LOST, OVERVIEW, PRODUCTS, product_page
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.wording import moment_text

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["deleted_view", "lost_view", "moved_environment_view", "moved_view"]


def moved_view(context: SiteContext, page: str, name: str, target: str) -> View:
    """Return the view of a page under a former name of a product, which redirects to `target`."""
    owner = target.split("/")[1]
    return {
        "frame": frame(context, page, f"{name} has moved", section=PRODUCTS, script="redirect"),
        "name": name,
        "what": "product",
        "title": title_of(context, owner) if owner in context.registry.products else owner,
        "href": context.link(page, target),
    }


def moved_environment_view(
    context: SiteContext, page: str, former: str, name: str, target: str
) -> View:
    """Return the view of a page under a former name of an environment."""
    return {
        "frame": frame(
            context, page, f"{former} has moved", section=ENVIRONMENTS, script="redirect"
        ),
        "name": former,
        "what": "environment",
        "title": context.environment_title(name),
        "href": context.link(page, target),
    }


def deleted_view(context: SiteContext, name: str) -> View:
    """Return the view of a deleted product's page."""
    page = product_page(name)
    deletion = context.registry.deleted[name]
    at = str(deletion.get("deleted_at", ""))
    return {
        "frame": frame(
            context,
            page,
            f"{name} was deleted",
            section=PRODUCTS,
            crumbs=[crumb("Products", context.link(page, PRODUCTS))],
        ),
        "name": name,
        "at": at,
        "when": moment_text(at) if at else "",
        "by": "" if "deleted_by" in context.hidden else str(deletion.get("deleted_by", "")),
        "commit": str(deletion.get("last_commit", "")),
    }


def lost_view(context: SiteContext) -> View:
    """Return the view of the page that a web server shows for a missing one."""
    return {
        "frame": frame(context, LOST, "Page not found", script="not_found"),
        "overview": context.link(LOST, OVERVIEW),
        "products": context.link(LOST, PRODUCTS),
    }
