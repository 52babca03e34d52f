"""GitHub: the answers of `repos/OWNER/NAME/deployments` and of the statuses of each.

A file may hold deployments, their statuses, or both one after another; statuses may also be in
the key `statuses` of their deployment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import (
    ExportRow,
    objects_in,
    repository_of,
    text_of,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.editing.importing.options import SourceRow

__all__ = ["WORDS", "is_one", "read"]

# A deployment becomes inactive when another one follows it: the other one says so.
WORDS: Final = {
    "success": "completed",
    "failure": "failed",
    "error": "failed",
    "in_progress": "started",
    "queued": "pending",
    "waiting": "pending",
    "pending": "pending",
    "inactive": "-",
}
_DEPLOYMENT: Final = {"sha", "ref", "environment", "created_at", "creator"}
_STATUS: Final = {"state", "deployment_url", "created_at"}
_ADDRESS: Final = re.compile(r"https?://([^/]+)(?:/api/v3)?/repos/([^/]+/[^/]+)(?:/.*)?")
_HOSTED: Final = "api.github.com"


def is_one(values: Mapping[str, Any]) -> bool:
    """Return whether an object is a deployment of GitHub's API, or a status of one."""
    is_deployment = values.keys() >= _DEPLOYMENT and not isinstance(values["environment"], dict)
    return is_deployment or values.keys() >= _STATUS


def read(rows: Sequence[SourceRow]) -> Iterator[ExportRow]:
    """Yield an event for each deployment's creation, and one for each of its statuses."""
    told: dict[str, list[SourceRow]] = {}
    for row in rows:
        if _is_status(row.values):
            told.setdefault(_key(text_of(row.values, "deployment_url")), []).append(row)
    for row in rows:
        if row.fault:
            yield ExportRow(row.place, {}, row.values, row.fault)
        elif not _is_status(row.values):
            statuses = told.pop(_key(_address(row.values)), [])
            statuses += [
                row._replace(values=each) for each in objects_in(row.values.get("statuses"))
            ]
            yield from _deployment(row, statuses)
    for statuses in told.values():
        for row in statuses:
            fault = (
                "the deployment of this status is not in the file (put the answer of "
                "repos/OWNER/NAME/deployments into it, before or after the statuses)"
            )
            yield ExportRow(row.place, {}, row.values, fault)


def _is_status(values: Mapping[str, Any]) -> bool:
    return values.keys() >= _STATUS


def _address(deployment: Mapping[str, Any]) -> str:
    """Return the address of a deployment, which its statuses name."""
    own = text_of(deployment, "url")
    return own or f"{text_of(deployment, 'repository_url')}/deployments/{deployment.get('id')}"


def _key(address: str) -> str:
    return address.rstrip("/").lower()


def _deployment(row: SourceRow, statuses: list[SourceRow]) -> Iterator[ExportRow]:
    values = row.values
    found = _ADDRESS.fullmatch(text_of(values, "repository_url", "url"))
    sha = text_of(values, "sha")
    common = {
        **(repository_of(found[2]) if found else {}),
        **version_of(text_of(values, "ref"), sha),
        "environment": text_of(values, "environment"),
        "deployed_by": text_of(values, "creator.login"),
        "source_system": "github",
        "source_server": found[1] if found and found[1] != _HOSTED else "",
        "invoke_id": text_of(values, "id"),
    }
    status = "pending" if statuses else ""
    yield ExportRow(row.place, {**common, "at": values.get("created_at"), "status": status}, values)
    for each in sorted(statuses, key=lambda row: text_of(row.values, "created_at")):
        yield ExportRow(each.place, common | _status(each.values, common), each.values)


def _status(values: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": values.get("created_at"),
        "status": text_of(values, "state"),
        "environment": text_of(values, "environment") or common["environment"],
        "deploy_url": text_of(values, "environment_url"),
        "build_url": text_of(values, "log_url", "target_url"),
    }
