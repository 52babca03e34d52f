"""Rows of deployments and of versions that several pages show."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from versioner.query.selectors import build_details, latest_value, place_text
from versioner.query.source_links import commit_url
from versioner.site.urls import deployment_anchor, outward, version_anchor
from versioner.site.views.event_details import detail_facts, event_facts
from versioner.site.views.instances import UNDEPLOYED
from versioner.site.wording import (
    day_text,
    first_line,
    moment_text,
    precise_text,
    version_text,
)

if TYPE_CHECKING:
    from versioner.git.event_commits import RecordedBy
    from versioner.models import Deployment, Event, Undeployment, Version
    from versioner.site.context import SiteContext
    from versioner.site.forge_links import ForgeLinks
    from versioner.site.views.layout import View

__all__ = [
    "KIND_CLASSES",
    "STATUS_CLASSES",
    "deployment_detail",
    "deployment_row",
    "recorded_by",
    "row_version",
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
    "undeployed": UNDEPLOYED,
    "": "status-unknown",
}

# The fields of a version's source that its row shows, so that its details leave them out.
_SOURCE: Final = frozenset({"scm_sha", "scm_branch"})
KIND_CLASSES: Final = {
    "rollback": "status-rollback",
    "redeployment": "status-redeployment",
    "return": "status-redeployment",
}


def row_version(entry: Deployment | Undeployment) -> str:
    """Return the version of a row; of an undeployment, what it ended: `nothing` where none ran."""
    return entry.version or entry.previous or "nothing"


def deployment_row(context: SiteContext, page: str, deployment: Deployment | Undeployment) -> View:
    """Return a deployment or an undeployment as a row with a link to its permanent row."""
    version = row_version(deployment)
    kind = deployment.kind if deployment.kind in KIND_CLASSES else ""
    return {
        "id": "",
        "href": context.deployment(page, deployment),
        "product": deployment.product,
        "at": deployment.at,
        "when": moment_text(deployment.at),
        "environment": _place(context, deployment),
        "environment_href": context.environment(page, deployment.environment),
        "version": version_text(version),
        "version_full": version,
        "version_href": context.version(page, deployment.product, version),
        "status_class": STATUS_CLASSES[deployment.status],
        "status": deployment.status,
        "kind": kind,
        "kind_class": KIND_CLASSES.get(kind, ""),
        "void": deployment.void is not None,
        "remark": _remark(deployment, context.hidden),
        "by": latest_value(deployment.events, "deployed_by", context.hidden),
    }


def deployment_detail(
    context: SiteContext, page: str, deployment: Deployment | Undeployment
) -> View:
    """Return a deployment or an undeployment as its permanent row, with everything recorded."""
    version, status, events = row_version(deployment), deployment.status, deployment.events
    kind = deployment.kind if deployment.kind in KIND_CLASSES else ""
    void_events = deployment.void_events
    # Only the keys that the template uses: a site has one such row for each deployment.
    return {
        "id": deployment_anchor(deployment.id),
        "precise": precise_text(deployment.at),
        "environment": _place(context, deployment),
        "version_full": version,
        "version_href": context.version(page, deployment.product, version),
        "status_class": STATUS_CLASSES[status],
        "status": status,
        "kind": kind,
        "kind_class": KIND_CLASSES[kind] if kind else "",
        "void": deployment.void is not None,
        "by": latest_value(events, "deployed_by", context.hidden),
        "remark": _remark(deployment, context.hidden),
        "facts": event_facts(events, context.hidden),
        "commits": _commits(context, events),
        "course": _course(events),
        "struck": [_struck(*each, context.hidden) for each in void_events] if void_events else [],
    }


def _place(context: SiteContext, deployment: Deployment | Undeployment) -> str:
    """Return the title of the environment of a row, with the instance where there is one."""
    return place_text(context.environment_title(deployment.environment), deployment.instance)


def _struck(event: Event, voider: Event, hidden: frozenset[str]) -> View:
    return {
        "status": event.get("status", ""),
        "when": moment_text(event["at"]),
        "reason": "" if "reason" in hidden else voider.get("reason", ""),
    }


def version_row(context: SiteContext, page: str, version: Version) -> View:
    """Return a version as a row with a link to its permanent row."""
    return {
        "id": "",
        "href": context.version(page, version.product, version.name),
        "version": version_text(version.name),
        "version_full": version.name,
        "at": version.at,
        "when": moment_text(version.at),
        "status_class": STATUS_CLASSES[version.status],
        "status": version.status,
        **_source(context, version),
        "by": latest_value(version.builds, "built_by", context.hidden),
        "reached": _reached(context, page, version),
    }


def version_detail(context: SiteContext, page: str, version: Version) -> View:
    """Return a version as its permanent row, with everything recorded."""
    return {
        "id": version_anchor(version.name),
        "version_full": version.name,
        "precise": precise_text(version.at),
        "status_class": STATUS_CLASSES[version.status],
        "status": version.status,
        **_source(context, version),
        "by": latest_value(version.builds, "built_by", context.hidden),
        "reached": _reached_by_day(context, version),
        "facts": detail_facts(build_details(version), context.hidden | _SOURCE),
        "commits": _commits(context, version.builds),
        "notes": latest_value(version.builds, "notes", context.hidden),
    }


def recorded_by(context: SiteContext, recorded: RecordedBy) -> View:
    """Return the commit that recorded an event, with a link where a forge is configured."""
    return _commit(context.forge, recorded)


@lru_cache(maxsize=4096)
def _commit(forge: ForgeLinks, recorded: RecordedBy) -> View:
    return {
        "commit": recorded.commit[:10],
        "commit_full": recorded.commit,
        "subject": recorded.subject,
        "when": moment_text(recorded.at),
        "href": forge.commit(recorded.commit),
    }


def _commits(context: SiteContext, events: list[Event]) -> list[View]:
    """Return the commits that recorded events, each once, in the events' order."""
    if not context.has_commits:
        return []
    return [recorded_by(context, each) for each in context.commits_of(events)]


def _source(context: SiteContext, version: Version) -> View:
    sha = "" if "scm_sha" in context.hidden else version.scm_sha
    record = context.registry.products[version.product]
    hidden = {"scm_sha", "scm_repository"} & context.hidden
    return {
        "commit": sha[:10],
        "commit_full": sha,
        "commit_href": "" if hidden else outward(commit_url(context.registry, record, version)),
        "branch": "" if "scm_branch" in context.hidden else version.scm_branch,
        "note": first_line(latest_value(version.builds, "notes", context.hidden)),
    }


def _reached(context: SiteContext, page: str, version: Version) -> list[View]:
    return [
        {
            "environment": _place(context, each),
            "when": day_text(each.at[:10]),
            "at": each.at,
            "href": context.deployment(page, each),
        }
        for each in _arrivals(context, version)
    ]


def _arrivals(context: SiteContext, version: Version) -> list[Deployment]:
    """Return the first completed deployment of a version to each place, by environment.

    An instance that got the version after the whole environment did is no place of its own.
    """
    first: dict[str, dict[str, Deployment]] = {}
    for deployment in version.deployments:
        if deployment.status == "completed" and deployment.void is None:
            own = first.setdefault(deployment.environment, {})
            if "" not in own:
                own.setdefault(deployment.instance, deployment)
    return [each for name in context.environments for each in first.get(name, {}).values()]


def _reached_by_day(context: SiteContext, version: Version) -> list[View]:
    """Return where and when a version arrived, by day: `staging, production`, `22 Nov 2025`."""
    days: dict[str, list[Deployment]] = {}
    for each in _arrivals(context, version):
        days.setdefault(each.at[:10], []).append(each)
    return [
        {
            "text": ", ".join(_place(context, each) for each in arrived),
            "at": arrived[0].at,
            "when": day_text(day),
        }
        for day, arrived in days.items()
    ]


def _remark(deployment: Deployment | Undeployment, hidden: frozenset[str]) -> str:
    if deployment.void is not None:
        return f"void: {latest_value([deployment.void], 'reason', hidden) or 'no reason given'}"
    return latest_value(deployment.events, "reason", hidden)


def _course(events: list[Event]) -> list[View]:
    # The row itself shows the status and the time of a single event.
    if len(events) < 2:
        return []
    return [_step(event["status"], event["at"]) for event in events]


@lru_cache(maxsize=4096)
def _step(status: str, at: str) -> View:
    return {
        "status_class": STATUS_CLASSES[status],
        "status": status,
        "at": at,
        "when": moment_text(at),
    }
