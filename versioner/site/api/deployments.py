"""Deployments, versions, states and metadata as parts of the API's documents."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from versioner.models.event_fields import detail_fields
from versioner.query.derived.latest_values import build_details, event_details, latest_value
from versioner.query.times.text import seconds_between
from versioner.site.privacy import pruned

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from versioner.models import Deployment, Event, Undeployment, Version
    from versioner.query.derived.latest_values import EventDetails
    from versioner.query.matrix import CellState
    from versioner.query.observed import ObservedState
    from versioner.site.context import SiteContext

__all__ = [
    "Document",
    "deployment_of",
    "deployment_page",
    "head_of",
    "metadata_of",
    "state_of",
    "summary_of",
    "undeployment_of",
    "version_of",
    "with_nulls",
]

Document = dict[str, Any]

# The keys of texts that may be empty: a value of metadata, and the unnamed instance.
_MAY_BE_EMPTY: Final = frozenset(("value", "instance"))

_DEPLOYMENT_DETAILS: Final = frozenset(detail_fields("deployment"))
_BUILD_DETAILS: Final = frozenset(detail_fields("build"))
# The fields whose values events add to.
_SEVERAL: Final = frozenset({"artifacts", "extra_metadata"})


def with_nulls(value: Any, key: str = "") -> Any:
    """Return a part of a document with null for each text that is empty because there is none."""
    if isinstance(value, str):
        return value if value or key in _MAY_BE_EMPTY else None
    if isinstance(value, dict):
        return {name: with_nulls(each, name) for name, each in value.items()}
    return [with_nulls(each, key) for each in value] if isinstance(value, list) else value


def deployment_of(deployment: Deployment, hidden: Collection[str]) -> Document:
    """Return a deployment with everything recorded of it, and null where a text is empty."""
    row = head_of(deployment, hidden)
    # Few deployments have a reason, so it is among the optional details.
    reason = row.pop("reason")
    del row["seconds"]
    row["version"] = row["version"] or None
    row["deployed_by"] = row["deployed_by"] or None
    events = deployment.events
    details = row["details"] = _details_of(events, hidden)
    if reason:
        details["reason"] = reason
    if len(events) > 1 or deployment.void_events:
        details["steps"] = _steps(deployment)
    return row


def undeployment_of(undeployment: Undeployment, hidden: Collection[str]) -> Document:
    """Return an undeployment with everything recorded of it, and null where a text is empty."""
    row = head_of(undeployment, hidden)
    reason = row.pop("reason")
    for name in ("seconds", "status", "kind"):
        del row[name]
    row["version"] = row["version"] or None
    row["deployed_by"] = row["deployed_by"] or None
    row["ended"] = list(undeployment.ended)
    row["details"] = _details_of(undeployment.events, hidden)
    if reason:
        row["details"]["reason"] = reason
    return row


def summary_of(context: SiteContext, deployment: Deployment) -> Document:
    """Return a deployment in short, with its product and the link to its row."""
    return {
        "product": deployment.product,
        **head_of(deployment, context.hidden),
        "page": deployment_page(context, deployment),
    }


def version_of(version: Version, hidden: Collection[str]) -> Document:
    """Return a version with everything recorded of its builds, and null where a text is empty."""
    return {
        "name": version.name or None,
        "at": version.at,
        "status": version.status or None,
        "details": _details(build_details(version), _BUILD_DETAILS, hidden),
    }


def deployment_page(context: SiteContext, deployment: Deployment | Undeployment) -> str:
    """Return the link to a deployment's row, relative to the site's root."""
    # From a page in the root, the link to another page is its path.
    return context.deployment("", deployment)


def metadata_of(values: Mapping[str, Any], hidden: Collection[str]) -> list[Document]:
    """Return values of any type as texts: a text itself, other values as JSON."""
    return [
        {
            "name": key,
            "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
            "encoding": "text" if isinstance(value, str) else "json",
        }
        for key, value in pruned(dict(values), hidden).items()
    ]


def head_of(deployment: Deployment | Undeployment, hidden: Collection[str]) -> Document:
    """Return the fields that every list of deployments has."""
    void = deployment.void
    at, changed = deployment.at, deployment.changed_at
    events = [void] if void is not None else deployment.events
    return {
        "id": deployment.id,
        "at": at,
        "seconds": max(0, seconds_between(at, changed)) if changed != at else 0,
        "environment": deployment.environment,
        **({"instance": deployment.instance} if deployment.instance else {}),
        "version": deployment.version,
        "status": deployment.status,
        "kind": deployment.kind,
        "void": void is not None,
        "deployed_by": latest_value(deployment.events, "deployed_by", hidden),
        "reason": latest_value(events, "reason", hidden),
    }


def _steps(deployment: Deployment) -> list[Document]:
    steps = [_step(event, is_void=False) for event in deployment.events]
    steps += [_step(event, is_void=True) for event, _ in deployment.void_events]
    return sorted(steps, key=lambda step: str(step["at"]))


def _step(event: Event, *, is_void: bool) -> Document:
    return {"id": event["id"], "at": event["at"], "status": event["status"], "void": is_void}


def _details_of(events: Sequence[Event], hidden: Collection[str]) -> dict[str, Any]:
    """Return the details of a deployment's events."""
    if len(events) > 1 or not _SEVERAL.isdisjoint(events[0]):
        return _details(event_details(events), _DEPLOYMENT_DETAILS, hidden)
    # Nearly all deployments have one event, with a text in each field.
    shown = _shown(frozenset(hidden))
    return {
        key: value if type(value) is str else with_nulls(value, key)
        for key, value in events[0].items()
        if key in shown and value
    }


@lru_cache(maxsize=16)
def _shown(hidden: frozenset[str]) -> frozenset[str]:
    return (_DEPLOYMENT_DETAILS - hidden) | {"redacted"}


def _details(
    found_details: EventDetails, fields: frozenset[str], hidden: Collection[str]
) -> dict[str, Any]:
    found, extra = found_details
    details = {
        key: value if type(value) is str else with_nulls(value, key)
        for key, value in found.items()
        if (key in fields and key not in hidden) or key == "redacted"
    }
    if "artifacts" in details:
        details["artifacts"] = _artifacts(found["artifacts"])
    if extra and (shown := metadata_of(extra, hidden)):
        details["metadata"] = with_nulls(shown)
    return details


def _artifacts(digests: Mapping[str, str]) -> list[Document]:
    return [{"name": name, "digest": digest} for name, digest in sorted(digests.items())]


def state_of(context: SiteContext, state: CellState) -> Document:
    """Return the version that runs in a cell, and what else happens there."""
    current = state.deployment
    observed = [_observed(each, context.hidden) for each in state.observed]
    return {
        "product": state.product,
        "environment": state.environment,
        "version": state.version,
        "since": state.since,
        "status": state.status,
        "rollback": current is not None and current.kind == "rollback",
        "page": deployment_page(context, current) if current is not None else "",
        "beside": _beside(context, state),
        **({"observed": observed} if observed else {}),
        # Left out where there is nothing to say, so that other documents stay as they are.
        **({"redeployed_at": state.redeployed_at} if state.redeployed_at else {}),
        **(_instances(context, state) if state.instances else {}),
    }


def _instances(context: SiteContext, state: CellState) -> Document:
    return {
        "mixed": state.mixed,
        "instances": [
            {
                "instance": each.name,
                "version": each.version,
                "since": each.since,
                "redeployed_at": each.redeployed_at,
                "rollback": each.current is not None and each.kind == "rollback",
                "page": deployment_page(context, each.current) if each.current else "",
            }
            for each in state.instances
        ],
    }


def _observed(state: ObservedState, hidden: Collection[str]) -> Document:
    return {
        "instance": state.instance,
        "source": state.source,
        "running": state.running,
        "version": state.version,
        "versions": list(state.versions),
        "images": list(state.images),
        "artifacts": [] if "artifacts" in hidden else _artifacts(state.artifacts),
        "since": state.since,
        "at": state.at,
        "recorded": state.recorded,
        "comparison": state.comparison,
        "differs_since": state.differs_since,
    }


def _beside(context: SiteContext, state: CellState) -> list[Document]:
    found = (
        (state.failed_last, ""),
        (state.in_progress, ""),
        (state.no_result, "no result"),
    )
    return [
        {
            "status": word or deployment.status,
            **({"instance": deployment.instance} if deployment.instance else {}),
            "version": deployment.version,
            "at": deployment.changed_at,
            "page": deployment_page(context, deployment),
        }
        for deployment, word in found
        if deployment is not None
    ]
