"""Octopus Deploy: its command line's list, its API's answers, and its table of history.

- `octo list-deployments --outputFormat=json`: objects with Project, Environment, Version.
- `api/SPACE/dashboard` and `api/SPACE/projects/ID/progression`: items with ReleaseVersion.
- `api/SPACE/deployments`, together with the answers that name what it refers to by id:
  `projects/all`, `environments/all`, `releases`, `tasks`, one after another in one file.
- the view DeploymentHistory as JSON or CSV: ProjectName, EnvironmentName, ReleaseVersion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import ExportRow, text_of
from versioner.editing.importing.options import FIELDS, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.editing.importing.options import Place, SourceRow

__all__ = ["WORDS", "is_one", "read"]

WORDS: Final = {
    "success": "completed",
    "failed": "failed",
    "timedout": "failed",
    "canceled": "aborted",
    "cancelled": "aborted",
    "cancelling": "started",
    "executing": "started",
    "queued": "pending",
}
_OPEN: Final = ("queued", "executing", "cancelling")
_LISTED: Final = {"Project", "Environment", "Version", "Created"}
_HISTORY: Final = {"ProjectName", "EnvironmentName", "ReleaseVersion"}
_ITEM: Final = {"ProjectId", "EnvironmentId", "ReleaseVersion"}
_RESOURCE: Final = {"ProjectId", "EnvironmentId", "ReleaseId"}
_DEPLOYMENTS: Final = (_HISTORY, _ITEM, _RESOURCE)
_DEEPEST: Final = 8


def is_one(values: Mapping[str, Any]) -> bool:
    """Return whether an object is a deployment of Octopus, or holds some."""
    return next(_within(values, 0), None) is not None or (
        "Links" in values and isinstance(values.get("Id"), str)
    )


def read(rows: Sequence[SourceRow]) -> Iterator[ExportRow]:
    """Yield the beginning and the end of each deployment, as far as its task tells them."""
    named: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        _collect(row.values, named, 0)
    seen: set[str] = set()
    for row in rows:
        if row.fault:
            yield ExportRow(row.place, {}, row.values, row.fault)
        for values in _within(row.values, 0):
            key = text_of(values, "DeploymentId", "Id")
            # A dashboard lists the current deployment a second time, among the previous ones.
            if not key or key not in seen:
                seen.add(key)
                yield from _deployment(row.place, values, named)


def _within(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield the deployments in an answer, at any depth."""
    if isinstance(value, dict):
        if _is_deployment(value):
            yield value
            return
        value = list(value.values())
    if isinstance(value, list) and depth < _DEEPEST:
        for each in value:
            if isinstance(each, dict | list):
                yield from _within(each, depth + 1)


def _is_deployment(value: Mapping[str, Any]) -> bool:
    if any(keys <= value.keys() for keys in _DEPLOYMENTS):
        return True
    # A table of one's own may have columns of these names; here they are objects.
    return value.keys() >= _LISTED and isinstance(value["Project"], dict)


def _collect(value: Any, named: dict[str, Mapping[str, Any]], depth: int) -> None:
    """Collect the things with an id that an answer tells of."""
    if isinstance(value, dict):
        if isinstance(value.get("Id"), str):
            named.setdefault(value["Id"], value)
        value = list(value.values())
    if isinstance(value, list) and depth < _DEEPEST:
        for each in value:
            if isinstance(each, dict | list):
                _collect(each, named, depth + 1)


def _deployment(
    place: Place, values: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]
) -> Iterator[ExportRow]:
    task = named.get(text_of(values, "TaskId"), {})
    fields = {
        "product": _name(values, "Project", named),
        "environment": _name(values, "Environment", named),
        "version": _version(values, named),
        "deployed_by": text_of(values, "DeployedBy"),
        "reason": text_of(values, "Comments"),
        "source_system": "octopus",
        "invoke_id": text_of(values, "DeploymentId", "Id"),
    }
    tenant = _name(values, "Tenant", named)
    if tenant:
        fields["instance" if "instance" in FIELDS else "extra_metadata.tenant"] = tenant
    created = text_of(values, "Created", "QueueTime")
    started = text_of(values, "StartTime") or text_of(task, "StartTime")
    ended = text_of(values, "CompletedTime") or text_of(task, "CompletedTime")
    status = text_of(values, "State", "TaskState") or text_of(task, "State")
    if status and status.lower() not in _OPEN and started:
        yield ExportRow(place, {**fields, "at": started, "status": "Executing"}, values)
    at = (started if status.lower() in _OPEN[1:] else ended if status else "") or created
    yield ExportRow(place, {**fields, "at": at, "status": status}, values)


def _name(values: Mapping[str, Any], what: str, named: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the name of a project, an environment or a tenant; "" where there is none."""
    given = text_of(values, f"{what}Name", f"{what}.Name", what)
    key = text_of(values, f"{what}Id", f"{what}.Id")
    known = text_of(named.get(key, {}), "Name")
    return given or known or (UnknownName(key) if key else "")


def _version(values: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]) -> str:
    given = text_of(values, "ReleaseVersion", "Version")
    key = text_of(values, "ReleaseId")
    return given or text_of(named.get(key, {}), "Version") or (UnknownName(key) if key else "")
