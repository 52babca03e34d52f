"""Read what `kubectl get deployments,statefulsets,daemonsets,pods -o json` prints.

Where the input has pods, they say what runs; controllers only say which images are wanted. Without
pods, the status of a controller says whether its image runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.workloads.workload import Workload, mapping_in, mappings_in, text_in
from versioner.rules.images import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["is_kubernetes", "read_kubernetes"]

# Their containers end by themselves, so that they are no part of what runs.
_ENDING: Final = ("Job", "CronJob")
_SETS: Final = ("ReplicaSet", "ReplicationController")


def is_kubernetes(document: dict[str, Any]) -> bool:
    """Return whether a JSON document is one object of Kubernetes, or a list of them."""
    return isinstance(document.get("kind"), str) and isinstance(document.get("apiVersion"), str)


def read_kubernetes(documents: Iterable[dict[str, Any]]) -> Iterator[Workload]:
    """Yield the containers of pods and controllers; other objects are left out."""
    items = [item for document in documents for item in _items(document)]
    pods = [item for item in items if item.get("kind") == "Pod"]
    for pod in pods:
        yield from _containers_of_pod(pod)
    for item in items:
        template = mapping_in(mapping_in(item, "spec"), "template")
        # A set that a deployment made is a state of that deployment, which may be an old one.
        is_part = item.get("kind") in _SETS and _owners(item)
        if template and item.get("kind") not in _ENDING and not is_part:
            yield from _containers_of_controller(item, template, running=None if pods else item)


def _items(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if str(document.get("kind", "")).endswith("List"):
        for item in mappings_in(document, "items", "the list"):
            # In the list of one kind, an item may leave out its own kind.
            kind = item.get("kind") or str(document["kind"]).removesuffix("List")
            yield {**item, "kind": kind}
    else:
        yield document


def _owners(item: dict[str, Any]) -> list[str]:
    return [
        text_in(each, "kind")
        for each in mappings_in(mapping_in(item, "metadata"), "ownerReferences")
    ]


def _name(item: dict[str, Any]) -> str:
    metadata = mapping_in(item, "metadata")
    parts = (
        text_in(metadata, "namespace"),
        str(item.get("kind", "")).lower(),
        text_in(metadata, "name"),
    )
    return "/".join(part for part in parts if part)


def _containers_of_pod(pod: dict[str, Any]) -> Iterator[Workload]:
    metadata, spec, status = (mapping_in(pod, key) for key in ("metadata", "spec", "status"))
    if any(owner in _ENDING for owner in _owners(pod)):
        return
    # A pod that is being deleted no longer gets requests.
    is_running = text_in(status, "phase") == "Running" and not metadata.get("deletionTimestamp")
    states = [
        *mappings_in(status, "containerStatuses"),
        *mappings_in(status, "initContainerStatuses"),
    ]
    by_name = {text_in(state, "name"): state for state in states}
    name = _name(pod)
    for container in _containers(spec, name):
        state = by_name.get(text_in(container, "name"), {})
        yield Workload(
            name,
            text_in(container, "image") or text_in(state, "image"),
            _digests(state),
            running=is_running and "running" in mapping_in(state, "state"),
        )


def _containers(spec: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    yield from mappings_in(spec, "containers", name)
    for container in mappings_in(spec, "initContainers", name):
        # A sidecar: it starts before the others, and goes on running.
        if container.get("restartPolicy") == "Always":
            yield container


def _digests(state: dict[str, Any]) -> tuple[str, ...]:
    # `imageID` is the digest in a registry (`name@sha256:...`), or an id that only the node knows.
    name, _, digest = text_in(state, "imageID").rpartition("@")
    digest = digest_of(digest) if name else ""
    return (digest,) if digest else ()


def _containers_of_controller(
    item: dict[str, Any], template: dict[str, Any], *, running: dict[str, Any] | None
) -> Iterator[Workload]:
    name = _name(item)
    is_running, is_partly = _rollout(running) if running is not None else (False, False)
    for container in _containers(mapping_in(template, "spec"), name):
        image = text_in(container, "image")
        yield Workload(name, image, running=is_running, partly=is_running and is_partly)


def _rollout(item: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether a controller has ready pods, and whether some are of an older template."""
    status, spec = mapping_in(item, "status"), mapping_in(item, "spec")
    is_ready = _number(status, ("readyReplicas", "numberReady")) > 0
    generation = mapping_in(item, "metadata").get("generation")
    observed = status.get("observedGeneration")
    # Rollouts of Argo have a text here.
    if isinstance(observed, int) and isinstance(generation, int) and observed < generation:
        return is_ready, True
    if "currentRevision" in status or "updateRevision" in status:
        return is_ready, status.get("currentRevision") != status.get("updateRevision")
    total = _number(status, ("replicas", "currentNumberScheduled"))
    updated = _number(status, ("updatedReplicas", "updatedNumberScheduled"))
    wanted = spec.get("replicas", total)
    return is_ready and wanted != 0, total > 0 and updated < total


def _number(status: dict[str, Any], keys: Sequence[str]) -> int:
    return next((status[key] for key in keys if isinstance(status.get(key), int)), 0)
