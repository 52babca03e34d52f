"""GitLab: the answer of `projects/ID/deployments`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import ExportRow, repository_of, text_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.editing.importing.options import SourceRow

__all__ = ["WORDS", "is_one", "read"]

WORDS: Final = {
    "created": "pending",
    "blocked": "pending",
    "running": "started",
    "success": "completed",
    "failed": "failed",
    "canceled": "aborted",
    "skipped": "-",
}
_CLOSED: Final = ("success", "failed", "canceled")
_KEYS: Final = {"iid", "sha", "status", "environment", "created_at"}
# `https://host/group/project/-/jobs/7`, and as older servers write it, without the hyphen.
_JOB: Final = re.compile(r"https?://([^/]+)/(.+?)(?:/-)?/(?:jobs|builds|pipelines)/[0-9]+/?")
_HOSTED: Final = "gitlab.com"


def is_one(values: Mapping[str, Any]) -> bool:
    """Return whether an object is a deployment of GitLab's API."""
    return values.keys() >= _KEYS and isinstance(values["environment"], dict)


def read(rows: Sequence[SourceRow]) -> Iterator[ExportRow]:
    """Yield the start of each deployment's job, where it is told, and what became of it."""
    for row in rows:
        if row.fault:
            yield ExportRow(row.place, {}, row.values, row.fault)
        else:
            yield from _deployment(row)


def _deployment(row: SourceRow) -> Iterator[ExportRow]:
    values = row.values
    url = text_of(values, "deployable.web_url", "deployable.pipeline.web_url")
    found = _JOB.fullmatch(url)
    is_tag = isinstance(values.get("deployable"), dict) and values["deployable"].get("tag") is True
    # The project is in events of GitLab, not in the answers of its API.
    project = text_of(values, "project.path_with_namespace")
    server = found[1] if found else _host(text_of(values, "project.web_url"))
    fields = {
        **repository_of(found[2] if found else project),
        **version_of(text_of(values, "ref"), text_of(values, "sha"), is_tag=is_tag),
        "environment": text_of(values, "environment.name"),
        "deployed_by": text_of(values, "user.username", "deployable.user.username"),
        "source_system": "gitlab",
        "source_server": server if server != _HOSTED else "",
        "invoke_id": text_of(values, "id"),
        "build_url": url,
        "deploy_url": text_of(values, "environment.external_url"),
    }
    status = text_of(values, "status")
    created, started = text_of(values, "created_at"), text_of(values, "deployable.started_at")
    ended = text_of(values, "deployable.finished_at", "updated_at", "created_at")
    if status in _CLOSED and started:
        yield ExportRow(row.place, {**fields, "at": started, "status": "running"}, values)
    at = ended if status in _CLOSED else (started if status == "running" else "") or created
    yield ExportRow(row.place, {**fields, "at": at, "status": status}, values)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
