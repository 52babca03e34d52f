"""Rows of the tables that more than one page has: deployments and versions."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from versioner.site.views.facts import event_facts
from versioner.site.wording import day_text, moment_text, version_text

if TYPE_CHECKING:
    from versioner.models import Deployment, Event, Version
    from versioner.site.atlas import Atlas
    from versioner.site.views.frame import View

__all__ = [
    "KINDS",
    "SHAPES",
    "deployment_detail",
    "deployment_row",
    "said",
    "version_detail",
    "version_row",
]

# Each status has a shape besides its colour and its word (assets/site.css draws them).
SHAPES: Final = {
    "pending": "wait",
    "started": "run",
    "completed": "ok",
    "failed": "bad",
    "aborted": "stop",
    "": "none",
}

KINDS: Final = {"rollback": "back", "redeployment": "again"}


def deployment_row(atlas: Atlas, page: str, deployment: Deployment) -> View:
    """Return a deployment as a row that leads to its permanent place."""
    kind = deployment.kind if deployment.kind in KINDS else ""
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
        "shape": SHAPES[deployment.status],
        "status": deployment.status,
        "kind": kind,
        "kind_shape": KINDS.get(kind, ""),
        "void": deployment.void is not None,
        "remark": _remark(deployment),
        "by": said(deployment.events, "deployed_by", atlas.hidden),
    }


def deployment_detail(atlas: Atlas, page: str, deployment: Deployment) -> View:
    """Return a deployment as the row of its permanent place, with everything recorded."""
    row = deployment_row(atlas, page, deployment)
    row["id"] = row["href"][1:]
    row["facts"] = event_facts(deployment.events, atlas.hidden)
    row["course"] = _course(deployment)
    row["struck"] = [
        {
            "status": event.get("status", ""),
            "when": moment_text(event["at"]),
            "reason": voider.get("reason", ""),
        }
        for event, voider in deployment.void_events
    ]
    return row


def version_row(atlas: Atlas, page: str, version: Version) -> View:
    """Return a version as a row that leads to its permanent place."""
    return {
        "id": "",
        "href": atlas.version(page, version.product, version.name),
        "version": version_text(version.name),
        "version_full": version.name,
        "at": version.at,
        "when": moment_text(version.at),
        "shape": SHAPES[version.status],
        "status": version.status,
        "commit": version.scm_sha[:10],
        "commit_full": version.scm_sha,
        "branch": version.scm_branch,
        "by": said(version.builds, "built_by", atlas.hidden),
        "reached": _reached(atlas, page, version),
    }


def version_detail(atlas: Atlas, page: str, version: Version) -> View:
    """Return a version as the row of its permanent place, with everything recorded."""
    row = version_row(atlas, page, version)
    row["id"] = row["href"][1:]
    row["facts"] = event_facts(version.builds, atlas.hidden)
    row["notes"] = said(version.builds, "notes", atlas.hidden)
    return row


def _reached(atlas: Atlas, page: str, version: Version) -> list[View]:
    first: dict[str, Deployment] = {}
    for deployment in version.deployments:
        if deployment.status == "completed" and deployment.void is None:
            first.setdefault(deployment.environment, deployment)
    return [
        {
            "environment": atlas.environment_title(name),
            "when": day_text(first[name].at[:10]),
            "at": first[name].at,
            "href": atlas.deployment(page, first[name]),
        }
        for name in atlas.environments
        if name in first
    ]


def _remark(deployment: Deployment) -> str:
    if deployment.void is not None:
        return f"void: {deployment.void.get('reason') or 'no reason given'}"
    return next((e["reason"] for e in reversed(deployment.events) if e.get("reason")), "")


def _course(deployment: Deployment) -> list[View]:
    # One event is told by the row itself.
    if len(deployment.events) < 2:
        return []
    return [_step(event["status"], event["at"]) for event in deployment.events]


@lru_cache(maxsize=4096)
def _step(status: str, at: str) -> View:
    return {"shape": SHAPES[status], "status": status, "at": at, "when": moment_text(at)}


def said(events: list[Event], field: str, hidden: frozenset[str]) -> str:
    """Return the latest word of a field, `""` where none was said or it is hidden."""
    if field in hidden:
        return ""
    return next((str(e[field]) for e in reversed(events) if e.get(field)), "")
