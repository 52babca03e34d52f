"""GitLab: the events of deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import text_of
from versioner.server.hooks.drafts import Told, deployments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["told_by"]

_SHAPE: Final = "gitlab-deployments"


def told_by(payload: Mapping[str, Any], now: str) -> Told:
    """Return what a delivery tells of a deployment."""
    if payload.get("object_kind") != "deployment":
        return Told(left_out=("only events of deployments are recorded",))
    return deployments_of([_as_answered(payload)], _SHAPE, now)


def _as_answered(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deployment as the API answers it, which has other keys than the event."""
    commit = text_of(payload, "commit_url").rstrip("/").rpartition("/")[2]
    return {
        "id": payload.get("deployment_id"),
        "iid": payload.get("deployment_id"),
        "sha": commit or text_of(payload, "short_sha"),
        "ref": payload.get("ref"),
        "status": payload.get("status"),
        "created_at": payload.get("status_changed_at"),
        "environment": {
            "name": payload.get("environment"),
            "external_url": payload.get("environment_external_url"),
        },
        "user": payload.get("user"),
        "deployable": {"web_url": payload.get("deployable_url")},
        "project": payload.get("project"),
    }
