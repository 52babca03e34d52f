"""The registry's files in the work tree, with uncommitted changes."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import FilesChanged, OperationFailed
from versioner.git.files.entries import by_product, product_of, product_trees_of
from versioner.git.files.known import KnownFiles
from versioner.git.objects import TreeView, reading
from versioner.git.snapshot import snapshot_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from versioner.git.files.entries import FileEntry
    from versioner.git.files.known import Sighting
    from versioner.git.files.revision import RevisionSnapshot
    from versioner.git.files.scan import WorkTreeFiles
    from versioner.git.repository import Repository

__all__ = ["WorkTreeSnapshot", "is_leftover_file", "snapshot_of_work_tree"]

_PRODUCTS: Final = "registry/products"
# So few products are looked at one by one, without the index's trees.
_FEW: Final = 8


def snapshot_of_work_tree(repo: Repository) -> WorkTreeSnapshot | RevisionSnapshot:
    """Return the files of the work tree, or for a bare repository those of its tip."""
    if repo.work_tree is not None:
        return WorkTreeSnapshot(repo, repo.work_tree)
    if repo.tip is None:
        raise OperationFailed(
            "the repository has no commit yet", hint="push a registry to it first"
        )
    return snapshot_at(repo, repo.tip)


class WorkTreeSnapshot:
    """The files of a work tree, with git's ids.

    A file that git's index knows as unchanged is not read to be known: it is as in the index,
    by stat data. Every other file is read once. A question about one product looks at that
    product's directory only.
    """

    def __init__(self, repo: Repository, top: Path) -> None:
        self.revision: str | None = repo.tip
        self._repo = repo
        self._time: str | None = None
        self._top = top
        self._known = KnownFiles(repo, top, lambda: self._files.tracked.is_index_plain)
        # Products whose trees were told before a file was read.
        self._told: set[str] = set()
        # What is to be kept with the next trees.
        self._noted: dict[str, tuple[Any, Sighting]] = {}
        self._entries: dict[str, Mapping[str, FileEntry]] = {}
        self._head: Mapping[str, FileEntry] | None = None
        self._trees: Mapping[str, str | None] | None = None
        # The entries of each product, once those of the whole registry are known.
        self._products: Mapping[str, Mapping[str, FileEntry]] | None = None

    @cached_property
    def _files(self) -> WorkTreeFiles:
        # Where everything is known, git's index and its rules are not needed.
        from versioner.git.files.scan import WorkTreeFiles

        return WorkTreeFiles(self._repo, self._top)

    @property
    def commit_time(self) -> str | None:
        """Return the time of the commit that is checked out."""
        if self._time is None and self.revision is not None:
            self._time = snapshot_at(self._repo, self.revision).commit_time
        return self._time

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory (and at it, unless a directory) by path."""
        if under not in self._entries:
            product = product_of(f"{under}/")
            if self._products is not None and under == f"{_PRODUCTS}/{product}":
                return self._products.get(product, {})
            self._entries[under] = self._without_leftovers(self._files.below(under))
            if product in self._told and not self._known.trees([product]):
                raise FilesChanged(
                    f'the files of "{product}" were changed while they were read',
                    hint="run the command again",
                )
            if under == "registry":
                self._products = by_product(self._entries[under])
        return self._entries[under]

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, but of products only those of the named ones."""
        if self._head is None:
            self._head = self._known.head()
        if self._head is None:
            self._head = self._read_head()
        found = dict(self._head)
        for name in products:
            found.update(self.entries(f"{_PRODUCTS}/{name}"))
        return dict(sorted(found.items()))

    def product_names(self) -> set[str]:
        """Return the names of the directories in `registry/products`; one may have no files."""
        found = self._known.product_names()
        if found is None:
            left_out = {*map(product_of, self._files.left_out)} - {""}
            found = self._files.folders(_PRODUCTS) | left_out
        return found

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return each product's tree id, which is the commit's where nothing is changed."""
        if names is not None:
            return self._trees_of(sorted(set(names)))
        if self._trees is None:
            self._trees = self._trees_of(sorted(self.product_names()))
        return self._trees

    def trees_by_file(self, names: Iterable[str], file: str) -> Mapping[str, str]:
        """Return the tree ids that products had, where one of their files is as it was then.

        Nothing is read for it. Products of which nothing is known are left out.
        """
        return self._known.trees_by_file(names, file)

    def _trees_of(self, wanted: Sequence[str]) -> dict[str, str | None]:
        unread = [name for name in wanted if not self._is_read(name)]
        known = self._known.trees(unread)
        self._told.update(known)
        seen = self._look([name for name in unread if name not in known])
        found: dict[str, str | None] = {
            **known,
            **self._read_trees([name for name in wanted if name not in known]),
        }
        for name, sighting in seen.items():
            self._note(f"{_PRODUCTS}/{name}", name, found.get(name), sighting)
        if self._noted or (unread and self._known.is_of_other_index):
            self._known.keep(self._noted)
            self._noted = {}
        return {name: found[name] for name in wanted if name in found}

    def _is_read(self, product: str) -> bool:
        return self._products is not None or f"{_PRODUCTS}/{product}" in self._entries

    def _look(self, names: Sequence[str]) -> dict[str, Sighting]:
        """Return how products ("": the files beside them) look before they are read.

        Only what may be kept after that is looked at.
        """
        return self._known.look(names) if names and self._files.tracked.is_plain else {}

    def _note(self, folder: str, name: str, value: Any, seen: Sighting) -> None:
        """Note what was read of a directory, to be kept, unless it may be another one in git."""
        is_doubtful = self._files.is_doubtful(folder) or any(map(is_leftover_file, seen.files))
        if value is not None and not is_doubtful:
            self._noted[name] = (value, seen)

    def _read_head(self) -> Mapping[str, FileEntry]:
        seen = self._look([""])
        found = self._without_leftovers(self._files.below("registry", _PRODUCTS))
        if seen and all(entry.kind == "file" and entry.id for entry in found.values()):
            entries = [(path, each.size, each.id, each.mode) for path, each in found.items()]
            self._note("registry", "", entries, seen[""])
        return found

    def _read_trees(self, wanted: Sequence[str]) -> dict[str, str | None]:
        known = (
            self._files.trees_of_unchanged(_PRODUCTS, wanted, self._products)
            if len(wanted) > _FEW
            else {}
        )
        found: dict[str, str | None] = {}
        for name in wanted:
            if name in known:
                found[name] = known[name]
            else:
                entries = self.entries(f"{_PRODUCTS}/{name}")
                found.update(product_trees_of(entries, self._repo.object_format))
        return found

    def read(self, path: str) -> bytes | None:
        """Return a regular file's bytes, or None."""
        return self._files.read(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are regular files."""
        wanted = list(paths)
        self._files.read_left_out(wanted)
        read = ((path, self.read(path)) for path in wanted)
        return {path: data for path, data in read if data is not None}

    def is_left_out(self, path: str) -> bool:
        """Return whether a file is in the index only, left out by a sparse checkout."""
        return path in self._files.left_out

    def _without_leftovers(self, found: dict[str, FileEntry]) -> dict[str, FileEntry]:
        """Return the files without those that an editor left, unless they are committed."""
        leftovers = [path for path in found if is_leftover_file(path)]
        if leftovers:
            with reading(self._repo) as reader:
                view = TreeView(reader, self.revision)
                for path in leftovers:
                    if view.entry(path) is None:
                        del found[path]
        return found


# Files of vim, of Emacs, of merges and patches, of macOS and of Windows.
_LEFTOVERS: Final = (
    r".*\.sw[a-p]|.*~|4913|\.#.*|#.*#|.*\.orig|.*\.rej|\.DS_Store|(?i:thumbs\.db|desktop\.ini)"
)


def is_leftover_file(path: str) -> bool:
    """Return whether a file is one that editors leave (as in `starter/dot-gitignore`)."""
    return re.fullmatch(_LEFTOVERS, path.rpartition("/")[2]) is not None
