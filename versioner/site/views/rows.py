"""Rows of the tables that more than one page has: deployments and versions."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from versioner.query.selectors import latest_value
from versioner.query.source_links import commit_url
from versioner.site.urls import deployment_anchor, outward, version_anchor
from versioner.site.views.event_details import event_facts
from versioner.site.wording import (
    day_text,
    first_line,
    moment_text,
    precise_text,
    version_text,
)

if TYPE_CHECKING:
    from versioner.models import Deployment, Event, Version
    from versioner.site.context import RecordedBy, SiteContext
    from versioner.site.views.layout import View

__all__ = [
    "KIND_CLASSES",
    "STATUS_CLASSES",
    "deployment_detail",
    "deployment_row",
    "recorded_by",
    "version_detail",
    "version_row",
]

# assets/site.css draws a shape in a colour before the word of a status.
STATUS_CLASSES: Final = {
    "pending": "status-pending",
    "started": "status-started",
    "completed": "status-completed",
    "failed": "status-failed",
    "aborted": "status-aborted",
    "": "status-unknown",
}

# What of a version's source has a place of its own among its details.
_SOURCE: Final = frozenset({"scm_sha", "scm_branch"})
KIND_CLASSES: Final = {
    "rollback": "status-rollback",
    "redeployment": "status-redeployment",
}


def deployment_row(atlas: SiteContext, page: str, deployment: Deployment) -> View:
    """Return a deployment as a row that leads to its permanent place."""
    kind = deployment.kind if deployment.kind in KIND_CLASSES else ""
    return {
        "id": "",
        "href": atlas.deployment(page, deployment),
        "product": deployment.product,
        "at": deployment.at,
        "when": moment_text(deployment.at),
        "environment": atlas.environment_title(deployment.environment),
        "environment_href": atlas.environment(page, deployment.environment),
        "version": version_text(deployment.version),
        "version_full": deployment.version,
        "version_href": atlas.version(page, deployment.product, deployment.version),
        "status_class": STATUS_CLASSES[deployment.status],
        "status": deployment.status,
        "kind": kind,
        "kind_class": KIND_CLASSES.get(kind, ""),
        "void": deployment.void is not None,
        "remark": _remark(deployment, atlas.hidden),
        "by": latest_value(deployment.events, "deployed_by", atlas.hidden),
    }


def deployment_detail(atlas: SiteContext, page: str, deployment: Deployment) -> View:
    """Return a deployment as the row of its permanent place, with everything recorded."""
    kind = deployment.kind if deployment.kind in KIND_CLASSES else ""
    # Only what its template places: there are as many of these as there are deployments.
    return {
        "id": deployment_anchor(deployment.id),
        "precise": precise_text(deployment.at),
        "environment": atlas.environment_title(deployment.environment),
        "version_full": deployment.version,
        "version_href": atlas.version(page, deployment.product, deployment.version),
        "status_class": STATUS_CLASSES[deployment.status],
        "status": deployment.status,
        "kind": kind,
        "kind_class": KIND_CLASSES.get(kind, ""),
        "void": deployment.void is not None,
        "by": latest_value(deployment.events, "deployed_by", atlas.hidden),
        "remark": _remark(deployment, atlas.hidden),
        "facts": event_facts(deployment.events, atlas.hidden),
        "commits": _commits(atlas, deployment.events),
        "course": _course(deployment),
        "struck": [_struck(*each, atlas.hidden) for each in deployment.void_events],
    }


def _struck(event: Event, voider: Event, hidden: frozenset[str]) -> View:
    return {
        "status": event.get("status", ""),
        "when": moment_text(event["at"]),
        "reason": "" if "reason" in hidden else voider.get("reason", ""),
    }


def version_row(atlas: SiteContext, page: str, version: Version) -> View:
    """Return a version as a row that leads to its permanent place."""
    return {
        "id": "",
        "href": atlas.version(page, version.product, version.name),
        "version": version_text(version.name),
        "version_full": version.name,
        "at": version.at,
        "when": moment_text(version.at),
        "status_class": STATUS_CLASSES[version.status],
        "status": version.status,
        **_source(atlas, version),
        "by": latest_value(version.builds, "built_by", atlas.hidden),
        "reached": _reached(atlas, page, version),
    }


def version_detail(atlas: SiteContext, page: str, version: Version) -> View:
    """Return a version as the row of its permanent place, with everything recorded."""
    return {
        "id": version_anchor(version.name),
        "version_full": version.name,
        "precise": precise_text(version.at),
        "status_class": STATUS_CLASSES[version.status],
        "status": version.status,
        **_source(atlas, version),
        "by": latest_value(version.builds, "built_by", atlas.hidden),
        "reached": _reached_text(atlas, version),
        "facts": event_facts(version.builds, atlas.hidden | _SOURCE),
        "commits": _commits(atlas, version.builds),
        "notes": latest_value(version.builds, "notes", atlas.hidden),
    }


def recorded_by(atlas: SiteContext, recorded: RecordedBy) -> View:
    """Return the commit that recorded something, linked where the forge is known."""
    return {
        "commit": recorded.commit[:10],
        "commit_full": recorded.commit,
        "subject": recorded.subject,
        "when": moment_text(recorded.at),
        "href": atlas.forge.commit(recorded.commit),
    }


def _commits(atlas: SiteContext, events: list[Event]) -> list[View]:
    """Return the commits that recorded events, each once, in the events' order."""
    if not atlas.recorded:
        return []
    found = dict.fromkeys(atlas.recorded.get(event["id"]) for event in events)
    return [recorded_by(atlas, each) for each in found if each is not None]


def _source(atlas: SiteContext, version: Version) -> View:
    sha = "" if "scm_sha" in atlas.hidden else version.scm_sha
    record = atlas.registry.products[version.product]
    hidden = {"scm_sha", "scm_repository"} & atlas.hidden
    return {
        "commit": sha[:10],
        "commit_full": sha,
        "commit_href": "" if hidden else outward(commit_url(atlas.registry, record, version)),
        "branch": "" if "scm_branch" in atlas.hidden else version.scm_branch,
        "note": first_line(latest_value(version.builds, "notes", atlas.hidden)),
    }


def _reached(atlas: SiteContext, page: str, version: Version) -> list[View]:
    return [
        {
            "environment": atlas.environment_title(each.environment),
            "when": day_text(each.at[:10]),
            "at": each.at,
            "href": atlas.deployment(page, each),
        }
        for each in _arrivals(atlas, version)
    ]


def _arrivals(atlas: SiteContext, version: Version) -> list[Deployment]:
    """Return the first deployment that brought a version to each environment, in their order."""
    first: dict[str, Deployment] = {}
    for deployment in version.deployments:
        if deployment.status == "completed" and deployment.void is None:
            first.setdefault(deployment.environment, deployment)
    return [first[name] for name in atlas.environments if name in first]


def _reached_text(atlas: SiteContext, version: Version) -> str:
    """Word where a version came and when, each day once: `staging, production 22 Nov 2025`."""
    days: dict[str, list[str]] = {}
    for each in _arrivals(atlas, version):
        days.setdefault(each.at[:10], []).append(atlas.environment_title(each.environment))
    words = [f"{', '.join(places)} {day_text(day)}" for day, places in days.items()]
    return "; ".join(words) or "nowhere yet"


def _remark(deployment: Deployment, hidden: frozenset[str]) -> str:
    if deployment.void is not None:
        return f"void: {latest_value([deployment.void], 'reason', hidden) or 'no reason given'}"
    return latest_value(deployment.events, "reason", hidden)


def _course(deployment: Deployment) -> list[View]:
    # One event is told by the row itself.
    if len(deployment.events) < 2:
        return []
    return [_step(event["status"], event["at"]) for event in deployment.events]


@lru_cache(maxsize=4096)
def _step(status: str, at: str) -> View:
    return {
        "status_class": STATUS_CLASSES[status],
        "status": status,
        "at": at,
        "when": moment_text(at),
    }
