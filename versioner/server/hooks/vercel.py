"""Vercel: the events of deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import text_of
from versioner.server.hooks.drafts import Told, deployments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["told_by"]

_SHAPE: Final = "vercel-deployments"
# The state that a deployment has in an answer of the API after each event.
_STATES: Final = {
    "deployment.created": "QUEUED",
    "deployment.succeeded": "READY",
    "deployment.promoted": "READY",
    "deployment.error": "ERROR",
    "deployment.canceled": "CANCELED",
}


def told_by(payload: Mapping[str, Any], now: str) -> Told:
    """Return what a delivery tells of a deployment."""
    kind = text_of(payload, "type")
    if kind not in _STATES:
        return Told(left_out=(f"only these events are recorded: {', '.join(_STATES)}",))
    return deployments_of([_as_answered(payload, _STATES[kind])], _SHAPE, now)


def _as_answered(payload: Mapping[str, Any], state: str) -> dict[str, Any]:
    """Return a deployment as the API answers it, which has other keys than the event."""
    own = payload.get("payload")
    deployment = own.get("deployment") if isinstance(own, dict) else None
    found = deployment if isinstance(deployment, dict) else {}
    return {
        "uid": text_of(own, "deployment.id", "deploymentId"),
        "name": text_of(own, "deployment.name", "name"),
        "url": text_of(own, "deployment.url", "url"),
        "meta": found.get("meta"),
        "customEnvironment": found.get("customEnvironment"),
        "target": text_of(own, "target"),
        "inspectorUrl": text_of(own, "links.deployment", "deployment.inspectorUrl"),
        "creator": {"username": text_of(own, "user.username")},
        "state": state,
        "created": payload.get("createdAt"),
    }
