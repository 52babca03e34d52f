"""The permanent rows of deployments and of versions, on the pages of a product's history.

A site has one such row for each deployment and for each version, and making them is a large part of
its first build. So what the rows of a page have in common is computed once for the page.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from versioner.query.derived.latest_values import build_details, latest_value
from versioner.site.urls import deployment_anchor, version_anchor
from versioner.site.views.parts.commits import (
    brought_view,
    changes_of_product,
    commits_view,
    shown_of_each,
    taken_by_rollbacks,
)
from versioner.site.views.parts.event_details import detail_facts, event_facts
from versioner.site.views.parts.rows import (
    KIND_CLASSES,
    STATUS_CLASSES,
    arrivals,
    place,
    recorded_by,
    remark,
    row_version,
    source_of,
)
from versioner.site.wording import day_text, moment_text, precise_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Deployment, Event, Undeployment, Version
    from versioner.site.context import SiteContext
    from versioner.site.pagination import HistoryPage
    from versioner.site.views.parts.layout import View

__all__ = ["MonthRows"]

# The fields of a version's source that its row shows, so that its details leave them out.
_SOURCE: Final = frozenset({"scm_sha", "scm_branch"})


class MonthRows:
    """The rows of one page of a product's history, with everything recorded, newest first."""

    def __init__(self, context: SiteContext, month: HistoryPage) -> None:
        self._context, self._page, self._product = context, month.path, month.product
        self._hidden = context.hidden
        self._hidden_of_versions = context.hidden | _SOURCE
        self._links: dict[str, str] = {}
        self._places: dict[tuple[str, str], str] = {}
        events = chain(*(row.events for row in month.rows), *(v.builds for v in month.versions))
        self._recorded = context.commits_of(events)
        self._changes = changes_of_product(context, month.product)
        self._shown = shown_of_each(context, month.versions) if self._changes else 0
        self.deployments = [self._deployment(row) for row in reversed(month.rows)]
        self.versions = [self._version(version) for version in reversed(month.versions)]

    def _deployment(self, row: Deployment | Undeployment) -> View:
        version, status = row.version or row_version(row), row.status
        where = (row.environment, row.instance)
        shown = self._places.get(where)
        if shown is None:
            shown = self._places[where] = place(self._context, row)
        kind = row.kind if row.kind in KIND_CLASSES else ""
        events, void_events = row.events, row.void_events
        href = self._version_link(version)
        taken = self._taken(row)
        # Only the keys that the template uses.
        return {
            "id": deployment_anchor(row.id),
            "precise": precise_text(row.at),
            "environment": shown,
            "version_full": version,
            "version_href": href,
            "status_class": STATUS_CLASSES[status],
            "status": status,
            "kind": kind,
            "kind_class": KIND_CLASSES[kind] if kind else "",
            "void": row.void is not None,
            "by": latest_value(events, "deployed_by", self._hidden),
            "remark": remark(row, self._hidden),
            "taken": taken,
            "taken_href": self._version_link(row.previous) if taken else "",
            "brought": brought_view(self._changes, row) if self._changes and not taken else "",
            "facts": event_facts(events, self._hidden),
            "commits": self._commits(events) if self._recorded else [],
            # The row itself shows the status and the time of a single event.
            "course": [_step(each["status"], each["at"]) for each in events]
            if len(events) > 1
            else [],
            "struck": [self._struck(*each) for each in void_events] if void_events else [],
        }

    def _version_link(self, version: str) -> str:
        href = self._links.get(version)
        if href is None:
            href = self._context.version(self._page, self._product, version)
            self._links[version] = href
        return href

    def _taken(self, row: Deployment | Undeployment) -> str:
        """Return what a rollback took away, "" for nothing."""
        if row.kind != "rollback":
            return ""
        found = taken_by_rollbacks(self._context, self._product)
        return found[row.id].text() if row.id in found else ""

    def _version(self, version: Version) -> View:
        builds = version.builds
        has_facts = builds or version.artifacts
        return {
            "id": version_anchor(version.name),
            "version_full": version.name,
            "precise": precise_text(version.at),
            "status_class": STATUS_CLASSES[version.status],
            "status": version.status,
            **source_of(self._context, version),
            "by": latest_value(builds, "built_by", self._hidden),
            "reached": _reached_by_day(self._context, version),
            "facts": detail_facts(build_details(version), self._hidden_of_versions)
            if has_facts
            else [],
            "commits": self._commits(builds) if self._recorded else [],
            "notes": latest_value(builds, "notes", self._hidden),
            "changes": commits_view(self._context, version, self._shown) if self._changes else {},
        }

    def _struck(self, event: Event, voider: Event) -> View:
        return {
            "status": event.get("status", ""),
            "when": moment_text(event["at"]),
            "reason": "" if "reason" in self._hidden else voider.get("reason", ""),
        }

    def _commits(self, events: Sequence[Event]) -> list[View]:
        """Return the commits that recorded events, each once, in the events' order."""
        known = self._recorded
        if len(events) == 1:
            commit = known.get(events[0]["id"])
            return [] if commit is None else [recorded_by(self._context, commit)]
        found = [known[event["id"]] for event in events if event["id"] in known]
        if len(found) > 1:
            found = [*dict.fromkeys(found)]
        return [recorded_by(self._context, each) for each in found]


def _reached_by_day(context: SiteContext, version: Version) -> list[View]:
    """Return where and when a version arrived, by day: `staging, production`, `22 Nov 2025`."""
    days: dict[str, list[Deployment]] = {}
    for each in arrivals(context, version):
        days.setdefault(each.at[:10], []).append(each)
    return [
        {
            "text": ", ".join([place(context, each) for each in arrived]),
            "at": arrived[0].at,
            "when": day_text(day),
        }
        for day, arrived in days.items()
    ]


@lru_cache(maxsize=4096)
def _step(status: str, at: str) -> View:
    return {
        "status_class": STATUS_CLASSES[status],
        "status": status,
        "at": at,
        "when": moment_text(at),
    }
