"""What every page has around its content: titles, navigation, the way back up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.site.urls import (
    ABOUT,
    DEPLOYMENTS,
    ENVIRONMENTS,
    OVERVIEW,
    PRODUCTS,
    outward,
)
from versioner.site.wording import moment_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.site.context import SiteContext

__all__ = ["View", "crumb", "frame"]

View = dict[str, Any]

_SECTIONS = (
    ("Overview", OVERVIEW),
    ("Products", PRODUCTS),
    ("Environments", ENVIRONMENTS),
    ("Deployments", DEPLOYMENTS),
    ("About", ABOUT),
)


def frame(
    atlas: SiteContext,
    page: str,
    title: str,
    *,
    section: str = "",
    description: str = "",
    crumbs: Sequence[View] = (),
    feeds: Sequence[View] = (),
    current: bool = False,
    dated: bool = True,
) -> View:
    """Return what the base template needs; `section` is the navigation's current page.

    A page that is `current` tells how things stand, so that a reader must learn when the site is
    old. The `dated` among them say of when they are; the others stay the same from one commit to
    the next, and a script that is made with each build tells it.
    """
    return {
        "page_title": title,
        "site_title": atlas.title,
        "description": description or f"{title}: {atlas.title}",
        "home": atlas.link(page, OVERVIEW),
        "logo": atlas.link(page, atlas.logo) if atlas.logo else "",
        "style": atlas.link(page, "assets/site.css"),
        "script": atlas.link(page, "assets/site.js"),
        "icon": atlas.link(page, "assets/icon.svg"),
        "navigation": [
            {"text": text, "href": atlas.link(page, there), "current": there == section}
            for text, there in _SECTIONS
        ],
        "crumbs": list(crumbs),
        "feeds": list(feeds),
        "current": current,
        "as_of": atlas.now if current and dated else "",
        "as_of_text": moment_text(atlas.now) if current and dated else "",
        "footer": _footer(atlas),
    }


def crumb(text: str, href: str) -> View:
    """Return one step of the way from the top to a page."""
    return {"text": text, "href": href}


def _footer(atlas: SiteContext) -> list[View]:
    return [
        {"text": str(link.get("title", "")), "href": outward(str(link.get("url", "")))}
        for link in atlas.settings.get("footer_links") or ()
    ]
