"""The registry's files at a revision or in memory, with one interface (`Snapshot`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from versioner.git.files.entries import (
    FileEntry,
    below,
    product_names_of,
    product_of,
    product_trees_of,
    selection_of,
)
from versioner.git.files.revision import RevisionSnapshot
from versioner.git.object_format import hash_object
from versioner.git.objects import find_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from versioner.git.repository import Repository
    from versioner.models import Changes

__all__ = [
    "MemorySnapshot",
    "OverlaySnapshot",
    "Snapshot",
    "commit_time_of",
    "snapshot_at",
]

# As many products are listed one by one.
_FEW: Final = 8


class Snapshot(Protocol):
    """The files of a registry at one moment.

    `revision` is the commit (of a work tree: the one that is checked out), `commit_time` its
    time (RFC 3339, `Z`). Both are None where there is none.
    """

    @property
    def revision(self) -> str | None:
        """Return the commit."""

    @property
    def commit_time(self) -> str | None:
        """Return the commit's time."""

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory (and at it, unless a directory) by path."""

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, but of products only those of the named ones."""

    def product_names(self) -> set[str]:
        """Return the names of the directories in `registry/products`; one may have no files."""

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return the tree id of each product, or of each named one that has a file.

        The id is None where a product has anything but regular files.
        """

    def read(self, path: str) -> bytes | None:
        """Return a regular file's bytes, or None."""

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are regular files."""


def snapshot_at(repo: Repository, rev: str) -> RevisionSnapshot:
    """Return the files at a revision in any of git's notations, or raise NotFound."""
    commit = find_commit(repo, rev)
    return RevisionSnapshot(repo, commit.id, commit_time_of(commit.data))


def commit_time_of(commit: bytes) -> str:
    """Return a commit's time from its bytes."""
    header = commit.partition(b"\n\n")[0]
    line = next(line for line in header.split(b"\n") if line.startswith(b"committer "))
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(line.split()[-2])))


def _of_products(snapshot: Snapshot, names: Collection[str] | None) -> Mapping[str, FileEntry]:
    return snapshot.entries() if names is None else snapshot.selected_entries(names)


class MemorySnapshot:
    """The files of a dictionary, for tests and for a registry that is not written yet."""

    def __init__(self, files: Mapping[str, bytes], commit_time: str | None = None) -> None:
        self.revision: str | None = None
        self.commit_time: str | None = commit_time
        self._files = dict(files)

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory by path."""
        return {
            path: FileEntry("file", len(data), hash_object("blob", data))
            for path, data in sorted(self._files.items())
            if below(path, under)
        }

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, of products only those of the named ones."""
        return selection_of(self.entries(), products)

    def product_names(self) -> set[str]:
        """Return the names of the products."""
        return product_names_of(self.entries())

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return the tree id of each product, or of the named ones."""
        return product_trees_of(_of_products(self, names))

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None."""
        return self._files.get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are there."""
        return {path: self._files[path] for path in paths if path in self._files}


class OverlaySnapshot:
    """The files of another snapshot with changes made to it."""

    def __init__(self, base: Snapshot, changes: Changes, object_format: str = "sha1") -> None:
        self._base, self._changes, self._object_format = base, changes, object_format

    @property
    def revision(self) -> str | None:
        """Return the base's commit."""
        return self._base.revision

    @property
    def commit_time(self) -> str | None:
        """Return the base's time."""
        return self._base.commit_time

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory by path."""
        return self._merged(self._base.entries(under), lambda path: below(path, under))

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, of products only those of the named ones."""
        if len(products) > _FEW:
            # One list of everything is quicker than many lists of one directory.
            return selection_of(self.entries(), products)
        found = self._base.selected_entries(products)
        names = {"", *products}
        return self._merged(
            found, lambda path: below(path, "registry") and product_of(path) in names
        )

    def product_names(self) -> set[str]:
        """Return the names of the products."""
        return product_names_of(self.entries())

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return the tree id of each product, or of the named ones."""
        return product_trees_of(_of_products(self, names), self._object_format)

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None."""
        return self._changes[path] if path in self._changes else self._base.read(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are there."""
        wanted = list(paths)
        own = {path: data for path in wanted if (data := self._changes.get(path)) is not None}
        return {
            **self._base.read_many([path for path in wanted if path not in self._changes]),
            **own,
        }

    def is_shown(self, path: str, entry: FileEntry) -> bool:
        """Return whether the snapshot has an entry of the base that is not changed."""
        return True

    def entry_of(self, data: bytes) -> FileEntry:
        """Return the entry of a changed file."""
        return FileEntry("file", len(data), hash_object("blob", data, self._object_format))

    def _merged(
        self, found: Mapping[str, FileEntry], is_asked: Callable[[str], bool]
    ) -> dict[str, FileEntry]:
        """Return entries of the base with the changes of the paths that are asked for."""
        merged = {
            path: entry
            for path, entry in found.items()
            if path not in self._changes and self.is_shown(path, entry)
        }
        merged.update(
            (path, self.entry_of(data))
            for path, data in self._changes.items()
            if data is not None and is_asked(path)
        )
        return dict(sorted(merged.items()))
