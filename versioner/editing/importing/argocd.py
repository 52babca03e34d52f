"""Argo CD: applications, as `argocd app list -o json` or `kubectl get applications` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import ExportRow, objects_in, text_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.editing.importing.options import SourceRow

__all__ = ["WORDS", "is_one", "read"]

WORDS: Final = {
    "succeeded": "completed",
    "failed": "failed",
    "error": "failed",
    "running": "started",
    "terminating": "started",
}
_ENVIRONMENT: Final = ("environment", "env", "app.kubernetes.io/environment")
_PRODUCT: Final = ("app.kubernetes.io/name", "app")


def is_one(values: Mapping[str, Any]) -> bool:
    """Return whether an object is an application of Argo CD."""
    spec, status = values.get("spec"), values.get("status")
    return (
        isinstance(values.get("metadata"), dict)
        and isinstance(spec, dict)
        and isinstance(status, dict)
        and "destination" in spec
        and ("source" in spec or "sources" in spec or "sourceHydrator" in spec)
    )


def read(rows: Sequence[SourceRow]) -> Iterator[ExportRow]:
    """Yield the start and the end of each sync in the history, and of one that did not succeed."""
    for row in rows:
        if row.fault:
            yield ExportRow(row.place, {}, row.values, row.fault)
        else:
            yield from _application(row)


def _application(row: SourceRow) -> Iterator[ExportRow]:
    values, status = row.values, row.values["status"]
    common = {
        "product": _label(values, _PRODUCT) or text_of(values, "metadata.name"),
        "environment": _label(values, _ENVIRONMENT),
        "source_system": "argocd",
    }
    for sync in objects_in(status.get("history")):
        fields = {**common, **_what(sync), **_run(values, sync)}
        started, ended = text_of(sync, "deployStartedAt"), text_of(sync, "deployedAt")
        if started and started != ended:
            yield ExportRow(row.place, {**fields, "at": started, "status": "Running"}, values)
        yield ExportRow(row.place, {**fields, "at": ended, "status": "Succeeded"}, values)
    operation = status.get("operationState")
    if isinstance(operation, dict) and text_of(operation, "phase") != "Succeeded":
        yield ExportRow(row.place, {**common, **_operation(operation)}, values)


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a sync that runs, or that failed; those leave no history."""
    inner = operation.get("operation")
    asked = inner.get("sync") if isinstance(inner, dict) else None
    sync = next(iter(objects_in([operation.get("syncResult"), asked])), {})
    started, ended = text_of(operation, "startedAt"), text_of(operation, "finishedAt")
    return {
        **(_what(sync) if isinstance(sync, dict) else {}),
        "at": ended or started,
        "status": text_of(operation, "phase"),
        "deployed_by": text_of(operation, "operation.initiatedBy.username"),
        "reason": text_of(operation, "message")[:500],
    }


def _run(application: Mapping[str, Any], sync: Mapping[str, Any]) -> dict[str, Any]:
    number = text_of(sync, "id")
    name = text_of(application, "metadata.name")
    return {
        "invoke_id": f"{name}-{number}" if number else "",
        "deployed_by": text_of(sync, "initiatedBy.username"),
    }


def _what(sync: Mapping[str, Any]) -> dict[str, Any]:
    """Return the version of a sync: of its chart or image, else the synced revision.

    The revision is a commit of the repository of manifests, so it is no claim about the commit
    that the version was built from.
    """
    sources = objects_in(sync.get("sources")) or objects_in([sync.get("source")])
    several = sync.get("revisions")
    revisions = [*(several if isinstance(several, list) else []), text_of(sync, "revision")]
    revision = next((each for each in revisions if isinstance(each, str) and each), "")
    version = next(filter(None, map(_image_tag, sources)), "")
    if not version:
        chart = any(each.get("chart") for each in sources)
        target = next(filter(None, (text_of(each, "targetRevision") for each in sources)), "")
        version = revision if chart else version_of(target, revision)["version"]
    return {"version": version, "extra_metadata.argocd_revision": revision}


def _image_tag(source: Mapping[str, Any]) -> str:
    """Return the tag of the image that Helm's or Kustomize's parameters give, "" for none."""
    helm, kustomize = source.get("helm"), source.get("kustomize")
    for each in objects_in(helm.get("parameters")) if isinstance(helm, dict) else ():
        if text_of(each, "name") in ("image.tag", "imageTag"):
            return text_of(each, "value")
    images = kustomize.get("images") if isinstance(kustomize, dict) else None
    if not isinstance(images, list) or len(images) != 1 or not isinstance(images[0], str):
        return ""
    _, colon, tag = images[0].partition("@")[0].rpartition(":")
    return tag if colon and "/" not in tag else ""


def _label(application: Mapping[str, Any], names: tuple[str, ...]) -> str:
    metadata = application["metadata"]
    for group in ("labels", "annotations"):
        values = metadata.get(group)
        for name in names if isinstance(values, dict) else ():
            if isinstance(values.get(name), str) and values[name]:
                return str(values[name])
    return ""
