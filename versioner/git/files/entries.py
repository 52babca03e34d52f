"""The entries of a registry's files by path, and what follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from versioner.git.object_format import TreeEntry, hash_tree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "EntryKind",
    "FileEntry",
    "below",
    "by_product",
    "entry_of",
    "only_below",
    "product_names_of",
    "product_of",
    "product_trees_of",
    "selection_of",
]

EntryKind = Literal["file", "link", "other", "submodule"]
_FILE: Final = 0o100644
_PRODUCTS: Final = "registry/products/"


class FileEntry(NamedTuple):
    """A path's kind, size and mode; `id` is the blob id of a file, where it is known."""

    kind: EntryKind
    size: int
    id: str | None = None
    mode: int = _FILE


def below(path: str, under: str) -> bool:
    """Return whether a path is a directory itself or is in it."""
    return not under or path == under or path.startswith(f"{under}/")


def product_of(path: str) -> str:
    """Return the product in whose directory a path is, or ""."""
    name, slash, _ = path.removeprefix(_PRODUCTS).partition("/")
    return name if slash and path.startswith(_PRODUCTS) else ""


def selection_of(
    entries: Mapping[str, FileEntry], products: Collection[str]
) -> dict[str, FileEntry]:
    """Return the entries of a registry without those in the directories of other products."""
    wanted = {"", *products}
    return {path: entry for path, entry in entries.items() if product_of(path) in wanted}


def product_names_of(entries: Mapping[str, FileEntry]) -> set[str]:
    """Return the names of the products that have an entry."""
    return {product_of(path) for path in entries} - {""}


def by_product(entries: Mapping[str, FileEntry]) -> dict[str, dict[str, FileEntry]]:
    """Return the entries in the directory of each product."""
    found: dict[str, dict[str, FileEntry]] = {}
    for path, entry in entries.items():
        if product := product_of(path):
            found.setdefault(product, {})[path] = entry
    return found


def product_trees_of(
    entries: Mapping[str, FileEntry], object_format: str = "sha1"
) -> dict[str, str | None]:
    """Compute each product's tree id from the entries of the whole registry."""
    files: dict[str, dict[str, TreeEntry]] = {}
    odd: set[str] = set()
    for path, entry in entries.items():
        product = product_of(path)
        if not product:
            continue
        rest = path[len(_PRODUCTS) + len(product) + 1 :]
        kept = files.setdefault(product, {})
        if entry.kind == "file" and entry.id is not None:
            kept[rest] = TreeEntry(entry.mode, entry.id)
        else:
            odd.add(product)
    return {
        product: None if product in odd else hash_tree(kept, object_format)
        for product, kept in files.items()
    }


def entry_of(mode: int, blob: str, size: int) -> FileEntry:
    """Return the entry of a path whose mode and id are git's."""
    if mode == 0o120000:
        return FileEntry("link", size, None, mode)
    if mode == 0o160000:
        return FileEntry("submodule", 0, None, mode)
    return FileEntry("file", size, blob, mode)


def only_below(entries: Mapping[str, FileEntry], under: str) -> dict[str, FileEntry]:
    """Return the entries at and below a directory."""
    return {path: entry for path, entry in entries.items() if below(path, under)}
