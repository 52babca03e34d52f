"""Read and edit a registry that is given by its URL, in a temporary clone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.backoff import Backoff
from versioner.delivery.context import own_branch, ref_of_branch
from versioner.delivery.ref_updates import RefUpdater
from versioner.errors import GitFailure, UsageFault
from versioner.git.objects import TreeView, list_tree, read_blobs, reading
from versioner.registry.config import no_registry
from versioner.remote.client import RefUpdate
from versioner.remote.faults import RemoteFailure
from versioner.remote.partial_clone import partial_clone
from versioner.remote.prefetch import Wanted, prefetch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote
    from versioner.serialization.documents import DocumentKind

__all__ = ["edit_remotely", "fetch_all_files", "fetch_registry"]

_TRIES: Final = 8
_PAUSE_SECONDS: Final = 0.2
# After these faults, a new fetch and another try may succeed.
_AGAIN: Final = ("race", "locked", "unknown")
# The folders that a registry is read from; schemas has the copies of the schemas.
_READ: Final = ("registry", "schemas")


def edit_remotely(
    remote: Remote,
    operation: Callable[[Repository], EditResult],
    *,
    branch: str = "",
    restoring: str = "",
) -> EditResult:
    """Edit the registry of a remote, and push; after a lost race, edit the new tip.

    `restoring` is the deleted product that the operation will search the history for.
    Raises the errors of the operation, and RemoteFailure.
    """
    with partial_clone(remote) as clone:
        backoff = Backoff(_PAUSE_SECONDS, tries=_TRIES)
        while True:
            place = fetch_registry(clone, branch)
            if restoring:
                _fetch_deleted(clone, place, restoring)
            edited = operation(place)
            if edited.commit is None or _pushed(clone, place, edited.commit):
                return edited
            if backoff.is_over:
                break
            backoff.pause()
    raise RemoteFailure(
        "race",
        message=f"other writers pushed first, {_TRIES} times in a row",
        hint="try again when fewer writers push at the same time",
    )


def fetch_registry(
    clone: PartialClone,
    branch: str = "",
    also: Sequence[str] = (),
    products: Sequence[str] | None = None,
) -> Repository:
    """Fetch the tip of a branch with all files of the registry, and the refs under `also`.

    With `products`, of the files of products only those of the named ones are fetched;
    `fetch_all_files` fetches the others.

    `branch` "" is the one that registry.yaml names, else the remote's HEAD. Raises UsageFault if
    there is no registry.
    """
    ref = ref_of_branch(branch)
    tip = clone.fetch_tip_with_trees(ref, also)
    if tip is None:
        raise UsageFault(
            f'the remote has no branch "{ref.removeprefix("refs/heads/")}"'
            if ref
            else "the remote has no commit yet on its default branch",
            hint="push a registry first (`versioner init` creates one in a clone)",
        )
    place = clone.repository(ref, tip)
    with reading(place) as reader:
        entry = TreeView(reader, tip).entry(layout.CONFIG)
    if entry is None:
        raise no_registry("on the remote's branch")
    if not ref:
        own, head = own_branch(clone, place, entry.id)
        if own != head:
            # The registry is on another branch, with other files.
            return fetch_registry(clone, own, also, products)
        place = clone.set_branch(own, tip)
    clone.fetch_files_below(tip, _READ if products is None else _folders(place, products))
    return place


def fetch_all_files(clone: PartialClone, place: Repository) -> None:
    """Fetch the files of the registry that are not here yet."""
    if place.tip is not None:
        clone.fetch_files_below(place.tip, _READ)


def _folders(place: Repository, products: Sequence[str]) -> list[str]:
    """Return what is read of a registry for some products: their own files, and those beside."""
    there = set(list_tree(place, place.tip, "registry/products"))
    if any(f"{name}.yaml" in list_tree(place, place.tip, "registry/aliases") for name in products):
        # Which product an old name leads to is in a file that is not here yet.
        return [*_READ]
    beside = [f"registry/{name}" for name in list_tree(place, place.tip, "registry")]
    own = [layout.product_dir(name) for name in products if name in there]
    return [*(path for path in beside if path != "registry/products"), *own]


def _pushed(clone: PartialClone, place: Repository, new: str) -> bool:
    """Push the commit; return False after a lost race."""
    try:
        RefUpdater(clone.client).push([RefUpdate(place.branch or "", place.tip, new)])
    except RemoteFailure as failure:
        if failure.fault not in _AGAIN:
            raise
        return False
    return True


def _fetch_deleted(clone: PartialClone, place: Repository, name: str) -> None:
    """Fetch the commit before a product's deletion, or the whole history if it is not recorded."""
    name = _target_of(place, name)
    commit = _field(place, "deleted", layout.deleted_path(name), "last_commit")
    if commit:
        try:
            clone.fetch_commit(commit)
        except GitFailure:
            # The remote no longer has the commit, for example after a rewrite of its history.
            commit = ""
    if not commit:
        clone.fetch_history(place.branch or "")
        return
    clone.fetch_files_below(commit, [layout.product_dir(name), f"{layout.ROOT}/environments"])
    others = list_tree(place, place.tip, "registry/products")
    # A product that was renamed since had its file under a former name.
    former = list_tree(place, place.tip, "registry/aliases")
    others = [*others, *(path.removesuffix(".yaml") for path in former)]
    with reading(place) as reader:
        prefetch(reader, [Wanted(commit, layout.product_path(other)) for other in others])


def _target_of(place: Repository, name: str) -> str:
    """Return the product that an old name leads to, else the name."""
    return _field(place, "alias", layout.alias_path(name), "to") or name


def _field(place: Repository, kind: DocumentKind, path: str, key: str) -> str:
    """Return a field of a small file, "" where there is none."""
    from versioner.validation.documents import validate_document

    data = read_blobs(place, place.tip, [path])[path]
    document = validate_document(kind, data, path)[0] if data is not None else None
    return str((document or {}).get(key) or "")
