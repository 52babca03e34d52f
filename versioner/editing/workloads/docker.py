"""Read what `docker ps --format json` prints: one JSON object for each container.

The outputs of `podman ps`, `docker service ls` and `docker inspect` are read too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.editing.workloads.workload import Workload, mapping_in, text_in
from versioner.rules.images import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["is_docker", "read_docker"]


def is_docker(document: dict[str, Any]) -> bool:
    """Return whether a JSON document is a container, as `docker ps` or `podman ps` lists it."""
    return isinstance(document.get("Image"), str) and any(
        key in document for key in ("ID", "Id", "Names", "Name", "State", "Status")
    )


def read_docker(documents: Iterable[dict[str, Any]]) -> Iterator[Workload]:
    """Yield the containers; those that do not run (`docker ps --all`) too."""
    for document in documents:
        # `docker inspect` has the id of the image here, and its name in the configuration.
        image = text_in(mapping_in(document, "Config"), "Image") or text_in(document, "Image")
        digest = digest_of(image)
        yield Workload(_name(document), image, (digest,) if digest else (), running=_runs(document))


def _name(document: dict[str, Any]) -> str:
    names = document.get("Names")
    if isinstance(names, list):
        names = ",".join(str(each) for each in names)
    candidates = (names, document.get("Name"), document.get("ID"), document.get("Id"))
    found = next((each for each in candidates if isinstance(each, str) and each), "a container")
    return found.removeprefix("/")


def _runs(document: dict[str, Any]) -> bool:
    state = text_in(document, "State") or text_in(mapping_in(document, "State"), "Status")
    if state:
        return state.lower() == "running"
    replicas = text_in(document, "Replicas")
    if replicas:
        # `docker service ls` has no containers, but "2/3" of them.
        return not replicas.startswith("0/")
    # Older versions of docker have no state, but a text such as "Up 5 hours".
    status = text_in(document, "Status")
    return not status or (status.startswith("Up") and "(Paused)" not in status)
