"""GitHub: `deployment`, `deployment_status` and `release`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import repository_of, text_of, version_of
from versioner.server.hooks.drafts import Told, deployments_of, draft_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["told_by"]

_SHAPE: Final = "github-deployments"
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HOSTED: Final = "github.com"


def told_by(payload: Mapping[str, Any], now: str) -> Told:
    """Return what a delivery tells: a new deployment, a status of one, or a published release."""
    deployment, status = payload.get("deployment"), payload.get("deployment_status")
    if isinstance(deployment, dict) and isinstance(status, dict):
        # The deployment itself was told by a delivery of its own.
        told = deployments_of([{**deployment, "statuses": [status]}], _SHAPE, now)
        return told._replace(drafts=told.drafts[1:])
    if isinstance(deployment, dict):
        return deployments_of([deployment], _SHAPE, now)
    release = payload.get("release")
    if isinstance(release, dict):
        return _release(payload, release, now)
    if "zen" in payload:
        return Told(left_out=("a ping: the hook works",))
    return Told(left_out=("only deployments, their statuses and releases are recorded",))


def _release(payload: Mapping[str, Any], release: Mapping[str, Any], now: str) -> Told:
    action = text_of(payload, "action")
    if action != "published" or release.get("draft") is True:
        return Told(left_out=("of a release, only its publication is recorded",))
    target = text_of(release, "target_commitish")
    sha = target if _SHA.fullmatch(target) else ""
    tag = text_of(release, "tag_name")
    version = version_of(f"refs/tags/{tag}", sha)
    row = {
        **repository_of(text_of(payload, "repository.full_name")),
        **version,
        "scm_branch": "" if sha else target,
        "at": text_of(release, "published_at", "created_at"),
        "status": "completed",
        "built_by": text_of(release, "author.login"),
        "build_url": text_of(release, "html_url"),
        "source_system": "github",
        "source_server": _server(text_of(payload, "repository.html_url")),
        "invoke_id": text_of(release, "id"),
    }
    return Told((draft_of("build", row, now),))


def _server(url: str) -> str:
    host = url.partition("://")[2].partition("/")[0]
    return "" if host == _HOSTED else host
