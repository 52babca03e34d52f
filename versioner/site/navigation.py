"""The navigation of the site: its entries, and which of them a registry has pages for.

To add a page: one line in `_ENTRIES`, in the order in which readers see it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.query.derived.owners import owner_of
from versioner.recorder.contents import bundled_versions
from versioner.site.privacy import hidden_fields, shows_people
from versioner.site.urls import (
    ABOUT,
    AS_IT_WAS,
    CALENDAR,
    COMPARE,
    DEPLOYMENTS,
    ENVIRONMENTS,
    GLOSSARY,
    INCIDENT,
    METRICS_PAGE,
    OVERVIEW,
    PEOPLE,
    PRODUCTS,
    RECORD,
    REFERENCE,
    REQUESTS,
    RULES,
    TEAMS,
    TODAY,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.registry.records import Registry

__all__ = ["navigation_view", "sections_of"]


class _Entry(NamedTuple):
    """An entry of the navigation: the first page of a section, its title, and when there is one."""

    path: str
    title: str
    exists: Callable[[Registry], bool] = lambda registry: True
    in_menu: bool = False


def _has_rules(registry: Registry) -> bool:
    governance = registry.governance
    return bool(governance.rules or governance.unreadable or governance.groups)


def _has_calendar(registry: Registry) -> bool:
    windows = any(each.window for each in registry.governance.requests)
    return windows or any(each.type == "schedule" for each in registry.governance.rules)


def _has_teams(registry: Registry) -> bool:
    hidden = hidden_fields(registry.config)
    return any(owner_of(record, hidden) for record in registry.products.values())


def _has_recorder(registry: Registry) -> bool:
    with suppress(OperationFailed):
        return bool(bundled_versions())
    return False


# In the bar: what readers open daily. In the menu "More" (`in_menu`): everything else.
_ENTRIES: Final = (
    _Entry(OVERVIEW, "Overview"),
    _Entry(TODAY, "Today"),
    _Entry(PRODUCTS, "Products"),
    _Entry(ENVIRONMENTS, "Environments"),
    _Entry(DEPLOYMENTS, "Deployments"),
    _Entry(METRICS_PAGE, "Metrics"),
    _Entry(RULES, "Rules", _has_rules),
    _Entry(REQUESTS, "Requests", lambda registry: bool(registry.governance.requests)),
    _Entry(CALENDAR, "Calendar", _has_calendar),
    _Entry(COMPARE, "Compare", in_menu=True),
    _Entry(INCIDENT, "Incident", in_menu=True),
    _Entry(AS_IT_WAS, "As it was", in_menu=True),
    _Entry(TEAMS, "Teams", _has_teams, in_menu=True),
    _Entry(PEOPLE, "People", shows_people, in_menu=True),
    _Entry(GLOSSARY, "Glossary", in_menu=True),
    _Entry(REFERENCE, "API", in_menu=True),
    _Entry(RECORD, "Record", _has_recorder, in_menu=True),
    _Entry(ABOUT, "About", in_menu=True),
)
_IN_MENU: Final = frozenset(each.path for each in _ENTRIES if each.in_menu)


def sections_of(registry: Registry) -> dict[str, str]:
    """Return the sections that a registry has, in order: the title of each by its first page."""
    return {each.path: each.title for each in _ENTRIES if each.exists(registry)}


def navigation_view(
    sections: Mapping[str, str], link: Callable[[str], str], current: str
) -> dict[str, Any]:
    """Return the entries of the bar and of its menu; `link` returns the link to a page."""
    bar: list[dict[str, Any]] = []
    menu: list[dict[str, Any]] = []
    for path, title in sections.items():
        entry = {"text": title, "href": link(path), "current": path == current}
        (menu if path in _IN_MENU else bar).append(entry)
    return {"navigation": bar, "more": menu, "in_more": any(each["current"] for each in menu)}
