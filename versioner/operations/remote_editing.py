"""Edit and read a registry that is a URL: bring all of it, do as in a clone, push one commit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import UsageFault
from versioner.operations.remote_look import ref_of_branch
from versioner.registry.config import no_registry, read_config
from versioner.repository.objects import TreeView, read_blobs, reading
from versioner.repository.partial_clone import Update, partial_clone
from versioner.repository.push_outcome import RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.operations.editing import Edited
    from versioner.repository.address import Remote
    from versioner.repository.location import Repository
    from versioner.repository.partial_clone import PartialClone

__all__ = ["bring_registry", "edit_remotely"]

_TRIES: Final = 8
_PAUSE_SECONDS: Final = 0.2
# What a registry is read from: its own files, and the copies of the schemas beside them.
_READ: Final = ("registry", "schemas")


def edit_remotely(
    remote: Remote,
    operation: Callable[[Repository], Edited],
    *,
    branch: str = "",
    restoring: str = "",
    jitter: Callable[[], float],
) -> Edited:
    """Edit what a remote has, as in a clone, and push; after a lost race, edit what is there now.

    `restoring` names the deleted product that the operation will look for in the history.
    `jitter` gives a number from 0 to 1. Raises what the operation raises, and RemoteFailure.
    """
    with partial_clone(remote) as clone:
        for number in range(_TRIES):
            place = bring_registry(clone, branch)
            if restoring:
                _bring_deleted(clone, place, restoring)
            edited = operation(place)
            if edited.commit is None or _pushed(clone, place, edited.commit):
                return edited
            time.sleep(_PAUSE_SECONDS * (number + 1) * (0.5 + jitter()))
    raise RemoteFailure(
        "race",
        message=f"others pushed first, {_TRIES} times in a row",
        hint="try again when fewer write at once",
    )


def bring_registry(clone: PartialClone, branch: str = "") -> Repository:
    """Bring a branch's tip with all files of the registry; raise UsageFault where there is none."""
    ref = ref_of_branch(branch)
    tip = clone.begin_whole(ref)
    if tip is None:
        raise UsageFault(
            "the remote has no commit yet" if not ref else f"the remote has no branch {branch!r}",
            hint="name another with --branch, or push a registry first (`versioner init`)",
        )
    clone.bring_below(tip, _READ)
    place = clone.repository(ref, tip)
    with reading(place) as reader:
        entry = TreeView(reader, tip).entry(layout.CONFIG)
    if entry is None:
        raise no_registry("on the remote's branch")
    if not ref:
        named = ref_of_branch(read_config(place, entry.id).get("branch", ""))
        place = clone.stand(named or clone.listed()[0], tip)
    return place


def _pushed(clone: PartialClone, place: Repository, new: str) -> bool:
    """Push; False after a lost race."""
    branch = place.branch or ""
    status = clone.push([Update(branch, place.tip, new)])[branch]
    if status.fault is None:
        return True
    if status.fault not in ("race", "locked"):
        raise RemoteFailure(status.fault, clone.said())
    return False


def _bring_deleted(clone: PartialClone, place: Repository, name: str) -> None:
    """Bring the commit before a product's deletion, which the record of it names."""
    from versioner.validation.documents import validate_document

    path = layout.deleted_path(name)
    data = read_blobs(place, place.tip, [path])[path]
    document = validate_document("deleted", data, path)[0] if data is not None else None
    if document and document.get("last_commit"):
        clone.bring_commit(document["last_commit"])
        clone.bring_below(document["last_commit"], _READ[:1])
