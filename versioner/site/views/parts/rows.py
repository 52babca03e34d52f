"""Rows of deployments and of versions that several pages show.

Those of a product's history are made by `month_rows.py`, those of the matrix by `overview.py`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from versioner.query.commits.between import total_of
from versioner.query.commits.taken import TakenAway
from versioner.query.derived.latest_values import latest_value
from versioner.query.derived.running_versions import place_text
from versioner.query.source_links import commit_url
from versioner.site.summaries.codec import TAKEN
from versioner.site.summaries.people import person_link
from versioner.site.urls import outward
from versioner.site.views.parts.instances import UNDEPLOYED
from versioner.site.wording import (
    count,
    day_text,
    first_line,
    moment_text,
    version_text,
)

if TYPE_CHECKING:
    from versioner.git.event_commits import RecordedBy
    from versioner.models import Deployment, Undeployment, Version
    from versioner.site.context import SiteContext
    from versioner.site.forge_links import ForgeLinks
    from versioner.site.views.parts.layout import View

__all__ = [
    "KIND_CLASSES",
    "STATUS_CLASSES",
    "arrivals",
    "deployment_row",
    "place",
    "recorded_by",
    "remark",
    "row_version",
    "short_row",
    "source_of",
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

KIND_CLASSES: Final = {
    "rollback": "status-rollback",
    "redeployment": "status-redeployment",
    "return": "status-redeployment",
}


def row_version(entry: Deployment | Undeployment) -> str:
    """Return the version of a row; of an undeployment, what it ended: `nothing` where none ran."""
    return entry.version or entry.previous or "nothing"


def deployment_row(
    context: SiteContext,
    page: str,
    deployment: Deployment | Undeployment,
    taken: TakenAway | None = None,
) -> View:
    """Return a deployment or an undeployment as a row with a link to its permanent row.

    `taken` is what it took away, if it is a rollback; a row in short has that itself.
    """
    href = context.version(page, deployment.product, row_version(deployment))
    return {**short_row(context, page, deployment, taken), "version_href": href}


def short_row(
    context: SiteContext,
    page: str,
    deployment: Deployment | Undeployment,
    taken: TakenAway | None = None,
) -> View:
    """Return the same row without a link to its version, for which the product is not read."""
    version = row_version(deployment)
    kind = deployment.kind if deployment.kind in KIND_CLASSES else ""
    by = latest_value(deployment.events, "deployed_by", context.hidden)
    return {
        "id": "",
        "href": context.deployment(page, deployment),
        "product": deployment.product,
        "at": deployment.at,
        "when": moment_text(deployment.at),
        "environment": place(context, deployment),
        "environment_href": context.environment(page, deployment.environment),
        "version": version_text(version),
        "version_full": version,
        "version_href": "",
        "status_class": STATUS_CLASSES[deployment.status],
        "status": deployment.status,
        "kind": kind,
        "kind_class": KIND_CLASSES.get(kind, ""),
        "void": deployment.void is not None,
        "remark": _remark(context, deployment, taken),
        "by": by,
        "by_href": person_link(context, page, by),
    }


def _remark(
    context: SiteContext, deployment: Deployment | Undeployment, taken: TakenAway | None
) -> str:
    said = remark(deployment, context.hidden)
    taken = taken or TakenAway(*deployment.events[0].get(TAKEN, ()))
    gone = taken.text(has_commits="changes" not in context.hidden)
    return "; ".join(filter(None, [f"took away {gone}" if gone else "", said]))


def place(context: SiteContext, deployment: Deployment | Undeployment) -> str:
    """Return the title of the environment of a row, with the instance where there is one."""
    return place_text(context.environment_title(deployment.environment), deployment.instance)


def version_row(context: SiteContext, page: str, version: Version) -> View:
    """Return a version as a row with a link to its permanent row."""
    by = latest_value(version.builds, "built_by", context.hidden)
    return {
        "id": "",
        "href": context.version(page, version.product, version.name),
        "version": version_text(version.name),
        "version_full": version.name,
        "at": version.at,
        "when": moment_text(version.at),
        "status_class": STATUS_CLASSES[version.status],
        "status": version.status,
        **source_of(context, version),
        "by": by,
        "by_href": person_link(context, page, by),
        "changes": _changes(context, version),
        "reached": _reached(context, page, version),
    }


def _changes(context: SiteContext, version: Version) -> str:
    """Return how many commits a version has since the one before it, "" where it is not known."""
    changes = version.changes
    if changes is None or "partial" in changes or "changes" in context.hidden:
        return ""
    return count(total_of(changes), "commit")


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


def source_of(context: SiteContext, version: Version) -> View:
    """Return the commit and the branch of a version, and the first line of its notes."""
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
            "environment": place(context, each),
            "when": day_text(each.at[:10]),
            "day": day_text(each.at[:10]).removesuffix(f" {version.at[:4]}"),
            "at": each.at,
            "href": context.deployment(page, each),
        }
        for each in arrivals(context, version)
    ]


def arrivals(context: SiteContext, version: Version) -> list[Deployment]:
    """Return the first completed deployment of a version to each place, by environment.

    An instance that got the version after the whole environment did is no place of its own.
    """
    first: dict[str, dict[str, Deployment]] = {}
    for deployment in version.deployments:
        if deployment.status == "completed" and deployment.void is None:
            own = first.setdefault(deployment.environment, {})
            if "" not in own:
                own.setdefault(deployment.instance, deployment)
    return [each for name in context.environments if name in first for each in first[name].values()]


def remark(deployment: Deployment | Undeployment, hidden: frozenset[str]) -> str:
    """Return the reason of a deployment, or why it is void."""
    if deployment.void is not None:
        return f"void: {latest_value([deployment.void], 'reason', hidden) or 'no reason given'}"
    return latest_value(deployment.events, "reason", hidden)
