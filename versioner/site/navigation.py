"""The sections of the site: the entries of the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.urls import (
    ABOUT,
    CALENDAR,
    DEPLOYMENTS,
    ENVIRONMENTS,
    OVERVIEW,
    PRODUCTS,
    REQUESTS,
    RULES,
)

if TYPE_CHECKING:
    from versioner.registry.records import Registry

__all__ = ["sections_of"]

_TITLES: Final = {
    OVERVIEW: "Overview",
    PRODUCTS: "Products",
    ENVIRONMENTS: "Environments",
    DEPLOYMENTS: "Deployments",
    RULES: "Rules",
    REQUESTS: "Requests",
    CALENDAR: "Calendar",
    ABOUT: "About",
}


def sections_of(registry: Registry) -> dict[str, str]:
    """Return the sections, in order: the title of each by the path of its first page.

    Those of what may ship are left out where the registry has nothing for them.
    """
    governance = registry.governance
    windows = [each.window for each in governance.requests if each.window]
    schedules = [each for each in governance.rules if each.type == "schedule"]
    has = {
        RULES: bool(governance.rules or governance.unreadable or governance.groups),
        REQUESTS: bool(governance.requests),
        CALENDAR: bool(windows or schedules),
    }
    return {path: title for path, title in _TITLES.items() if has.get(path, True)}
