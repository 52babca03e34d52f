"""The files of a commit, read from git's objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner.git.files.entries import below, by_product, entry_of, only_below, product_of
from versioner.git.objects import contents_of, reading
from versioner.git.process import git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from versioner.git.files.entries import FileEntry
    from versioner.git.repository import Repository

__all__ = ["RevisionSnapshot"]

_PRODUCTS: Final = "registry/products/"
_TREE_MODE: Final = 0o40000
# So many directories are named to git one by one.
_FEW: Final = 8
# In a list of git's with zero bytes between the lines: products, and those with a link or the like.
_TREE: Final = rb"\x00040000 tree ([0-9a-f]+)\tregistry/products/([^/\x00]+)(?=\x00)"
_ODD: Final = rb"\x00(?:120000|160000) [a-z]+ [0-9a-f]+\tregistry/products/([^/\x00]+)/"


class RevisionSnapshot:
    """The files of a commit, read from git's objects.

    Only the directories that are asked for are listed, one process each; after a few products
    all of them at once.
    """

    def __init__(self, repo: Repository, revision: str, commit_time: str) -> None:
        self.revision: str | None = revision
        self.commit_time: str | None = commit_time
        self._repo = repo
        self._parts: dict[str, dict[str, FileEntry]] = {}
        self._all: dict[str, FileEntry] | None = None
        # Each product's tree, from the list of everything beside the products.
        self._trees: dict[str, str] = {}

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory by path."""
        if under in ("registry", _PRODUCTS[:-1]):
            return self._registry() if under == "registry" else only_below(self._registry(), under)
        product = product_of(f"{under}/")
        if product:
            found = self._product(product)
            return found if under == f"{_PRODUCTS}{product}" else only_below(found, under)
        if below(under, "registry"):
            return only_below(self.selected_entries(()), under)
        return dict(self._list(under))

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, but of products only those of the named ones."""
        found = dict(self._head())
        for name in products:
            found.update(self._product(name))
        return dict(sorted(found.items()))

    def product_names(self) -> set[str]:
        """Return the names of the products."""
        self._head()
        return set(self._trees)

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return the tree id of each product, or of the named ones."""
        few = names is not None and len(names) <= _FEW
        folders = [f"{_PRODUCTS}{name}" for name in names or ()] if few else [_PRODUCTS]
        listed = b"\0" + self._ls_tree(["-r", "-t"], folders) if folders else b""
        odd = set(re.findall(_ODD, listed))
        found = {
            name.decode("utf-8", "surrogateescape"): None if name in odd else tree.decode("ascii")
            for tree, name in re.findall(_TREE, listed)
        }
        return found if names is None else {name: found[name] for name in names if name in found}

    def read(self, path: str) -> bytes | None:
        """Return a regular file's bytes, or None."""
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are regular files, in one git process."""
        wanted = list(paths)
        entries = dict(self.selected_entries({product_of(path) for path in wanted} - {""}))
        if others := [path for path in wanted if not below(path, "registry")]:
            entries.update(self._list(*(others if len(others) <= _FEW else ())))
        ids = {path: entries[path].id for path in wanted if _is_file(entries.get(path))}
        with reading(self._repo) as reader:
            return contents_of(
                reader, {path: blob for path, blob in ids.items() if blob is not None}
            )

    def _registry(self) -> dict[str, FileEntry]:
        if self._all is None:
            self._all = dict(self._list("registry"))
            self._parts = by_product(self._all)
        return self._all

    def _product(self, name: str) -> Mapping[str, FileEntry]:
        if self._all is None and name not in self._parts:
            if len(self._parts) <= _FEW:
                self._parts[name] = dict(self._list(f"{_PRODUCTS}{name}"))
            else:
                self._registry()
        return self._parts.get(name, {})

    def _head(self) -> Mapping[str, FileEntry]:
        """Return the entries beside the products' directories, and note the products' trees."""
        if "" not in self._parts:
            folders = []
            entries: dict[str, FileEntry] = {}
            for path, mode, name, size in self._listed(["-l"], ["registry/", _PRODUCTS]):
                if mode != _TREE_MODE:
                    entries[path] = entry_of(mode, name, size)
                elif path.startswith(_PRODUCTS):
                    self._trees[path.removeprefix(_PRODUCTS)] = name
                else:
                    folders.append(path)
            self._parts[""] = dict([*entries.items(), *(self._list(*folders) if folders else ())])
        return self._parts[""]

    def _list(self, *under: str) -> Iterator[tuple[str, FileEntry]]:
        for path, mode, name, size in self._listed(["-r", "-l"], [each for each in under if each]):
            yield path, entry_of(mode, name, size)

    def _listed(self, options: list[str], paths: list[str]) -> Iterator[tuple[str, int, str, int]]:
        listed = self._ls_tree(options, paths).decode("utf-8", "surrogateescape")
        for line in listed.split("\0")[:-1]:
            head, _, path = line.partition("\t")
            mode, _, blob, size = head.split()
            yield path, int(mode, 8), blob, int(size) if size.isdigit() else 0

    def _ls_tree(self, options: list[str], paths: list[str]) -> bytes:
        args = ["ls-tree", "-z", "--full-tree", *options, self.revision or ""]
        return git([*args, *(["--", *paths] if paths else [])], cwd=self._repo.top)


def _is_file(entry: FileEntry | None) -> bool:
    return entry is not None and entry.kind == "file"
