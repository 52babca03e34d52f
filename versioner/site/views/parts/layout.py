"""The parts that every page shares: title, navigation, breadcrumbs, feeds and footer."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from versioner.site.navigation import navigation_view
from versioner.site.scripts import script_path
from versioner.site.urls import GLOSSARY, LOST, OVERVIEW, outward
from versioner.site.wording import day_text, moment_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.site.context import SiteContext

__all__ = ["View", "crumb", "frame"]

# The data of a page or of a part of it: texts, links, numbers, booleans, and lists of views.
View = dict[str, Any]


def frame(
    context: SiteContext,
    page: str,
    title: str,
    *,
    section: str = "",
    script: str = "default",
    description: str = "",
    crumbs: Sequence[View] = (),
    feeds: Sequence[View] = (),
    current: bool = False,
    dated: bool = True,
    zone: str = "",
) -> View:
    """Return the view of the base template; `section` is the current item of the navigation.

    `script` names the script of this kind of page (site_templates/scripts/entries/).

    `zone` is the time zone of a page whose days and times are written in one, and stay so: a list
    by day. On the other pages a script writes the times in the time zone of the reader.

    A `current` page shows the present state, so its reader must see how old the site is. A
    `dated` one of these contains the time of the build. The others do not, so that they stay
    the same from commit to commit; there, a script that every build writes shows the time.
    """
    return {
        "page_title": title,
        "site_title": context.title,
        "description": description or f"{title}: {context.title}",
        "home": context.link(page, OVERVIEW),
        "glossary": context.link(page, GLOSSARY),
        "logo": context.link(page, context.logo) if context.logo else "",
        "style": context.link(page, "assets/site.css"),
        "early": context.link(page, script_path("early")),
        "script": context.link(page, script_path(script)),
        "icon": context.link(page, "assets/icon.svg"),
        # The pages of a folder have the same links.
        **_navigation(context, page if page == LOST else page[: page.rfind("/") + 1], section),
        "crumbs": list(crumbs),
        "feeds": list(feeds),
        "current": current,
        "zone": zone,
        "as_of": context.now if current and dated else "",
        "as_of_text": _as_of(context, zone) if current and dated else "",
        "footer": _footer(context),
    }


@lru_cache(maxsize=1024)
def _navigation(context: SiteContext, page: str, section: str) -> View:
    return navigation_view(context.sections, partial(context.link, page), section)


def _as_of(context: SiteContext, zone: str) -> str:
    if not zone:
        return moment_text(context.now)
    return f"{day_text(context.zone.day(context.now))} {context.zone.clock(context.now)}"


def crumb(text: str, href: str) -> View:
    """Return one breadcrumb."""
    return {"text": text, "href": href}


def _footer(context: SiteContext) -> list[View]:
    return [
        {"text": str(link.get("title", "")), "href": outward(str(link.get("url", "")))}
        for link in context.settings.get("footer_links") or ()
    ]
