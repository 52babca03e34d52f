"""The registry's files at a revision or in memory, with one interface (`Snapshot`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from versioner.git.object_format import TreeEntry, hash_object, hash_tree
from versioner.git.objects import contents_of, find_commit, reading
from versioner.git.process import git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from versioner.git.repository import Repository
    from versioner.models import Changes

__all__ = [
    "EntryKind",
    "FileEntry",
    "MemorySnapshot",
    "OverlaySnapshot",
    "RevisionSnapshot",
    "Snapshot",
    "commit_time_of",
    "product_trees_of",
    "snapshot_at",
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


def snapshot_at(repo: Repository, rev: str) -> RevisionSnapshot:
    """Return the files at a revision in any of git's notations, or raise NotFound."""
    commit = find_commit(repo, rev)
    return RevisionSnapshot(repo, commit.id, commit_time_of(commit.data))


def commit_time_of(commit: bytes) -> str:
    """Return a commit's time from its bytes."""
    header = commit.partition(b"\n\n")[0]
    line = next(line for line in header.split(b"\n") if line.startswith(b"committer "))
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(line.split()[-2])))


class RevisionSnapshot:
    """The files of a commit, read from git's objects."""

    def __init__(self, repo: Repository, revision: str, commit_time: str) -> None:
        self.revision: str | None = revision
        self.commit_time: str | None = commit_time
        self._repo = repo
        self._entries: dict[str, FileEntry] | None = None

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory by path."""
        if below(under, "registry"):
            found = self._registry()
            return found if under == "registry" else _only(found, under)
        return dict(self._list(under))

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, of products only those of the named ones."""
        return selection_of(self.entries(), products)

    def product_names(self) -> set[str]:
        """Return the names of the products."""
        return product_names_of(self.entries())

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return the tree id of each product, or of the named ones."""
        return product_trees_of(_of_products(self, names), self._repo.object_format)

    def read(self, path: str) -> bytes | None:
        """Return a regular file's bytes, or None."""
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are regular files, in one git process."""
        wanted = list(paths)
        top = "registry" if all(below(path, "registry") for path in wanted) else ""
        entries = self.entries(top)
        ids = {path: entries[path].id for path in wanted if _is_file(entries.get(path))}
        with reading(self._repo) as reader:
            return contents_of(
                reader, {path: blob for path, blob in ids.items() if blob is not None}
            )

    def _registry(self) -> dict[str, FileEntry]:
        if self._entries is None:
            self._entries = dict(self._list("registry"))
        return self._entries

    def _list(self, under: str) -> Iterator[tuple[str, FileEntry]]:
        args = ["ls-tree", "-r", "-l", "-z", "--full-tree", self.revision or ""]
        listed = git([*args, *(["--", under] if under else [])], cwd=self._repo.top)
        for line in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            head, _, path = line.partition("\t")
            mode, _, blob, size = head.split()
            yield path, entry_of(int(mode, 8), blob, int(size) if size.isdigit() else 0)


def entry_of(mode: int, blob: str, size: int) -> FileEntry:
    """Return the entry of a path whose mode and id are git's."""
    if mode == 0o120000:
        return FileEntry("link", size, None, mode)
    if mode == 0o160000:
        return FileEntry("submodule", 0, None, mode)
    return FileEntry("file", size, blob, mode)


def _of_products(snapshot: Snapshot, names: Collection[str] | None) -> Mapping[str, FileEntry]:
    return snapshot.entries() if names is None else snapshot.selected_entries(names)


def _is_file(entry: FileEntry | None) -> bool:
    return entry is not None and entry.kind == "file"


def _only(entries: Mapping[str, FileEntry], under: str) -> dict[str, FileEntry]:
    return {path: entry for path, entry in entries.items() if below(path, under)}


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
        self._base = base
        self._changes = changes
        self._object_format = object_format

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
        merged = dict(self._base.entries(under))
        for path, data in self._changes.items():
            merged.pop(path, None)
            if data is not None and below(path, under):
                merged[path] = FileEntry("file", len(data), self._hash(data))
        return dict(sorted(merged.items()))

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, of products only those of the named ones."""
        return selection_of(self.entries(), products)

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
        found = dict(self._base.read_many([path for path in wanted if path not in self._changes]))
        for path in wanted:
            data = self._changes.get(path)
            if data is not None:
                found[path] = data
        return found

    def _hash(self, data: bytes) -> str:
        return hash_object("blob", data, self._object_format)
