"""Find the merge bases of two commits, and the merges since.

git lists the commits (replace refs and grafts are off). Their files are read from the trees,
directory by directory, so that a hundred merges cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from versioner.errors import NotFound, OperationFailed
from versioner.git.files.entries import FileEntry
from versioner.git.history import is_shallow
from versioner.git.objects import TreeView, find_commit, missing
from versioner.git.process import git, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from versioner.git.object_format import TreeEntry
    from versioner.git.objects import ObjectReader
    from versioner.git.repository import Repository

__all__ = ["TreeSnapshot", "deleted_states", "walk_from"]

_ROOT: Final = "registry"
_PRODUCTS: Final = "registry/products"
_DELETED: Final = "registry/deleted"


class TreeSnapshot:
    """The files of a commit; only the directories that are asked for are read."""

    commit_time: str | None = None

    def __init__(self, reader: ObjectReader, revision: str) -> None:
        self.revision: str | None = revision
        self._reader = reader
        self._view = TreeView(reader, revision)

    def entries(self, under: str = "registry") -> Mapping[str, FileEntry]:
        """Return everything below a directory by path; sizes are left out."""
        there = self._view.entry(under)
        if there is None:
            return {}
        return dict(self._below(under) if there.is_tree else [(under, _entry(there))])

    def selected_entries(self, products: Collection[str]) -> Mapping[str, FileEntry]:
        """Return the entries of the registry, but of products only those of the named ones."""
        found: dict[str, FileEntry] = {}
        for name, entry in (self._view.directory(_ROOT) or {}).items():
            path = f"{_ROOT}/{name}"
            if path == _PRODUCTS and entry.is_tree:
                found.update(self._selected_products(products))
            elif entry.is_tree:
                found.update(self._below(path))
            else:
                found[path] = _entry(entry)
        return found

    def product_names(self) -> set[str]:
        """Return the names of the products."""
        return set(self.product_trees())

    def product_trees(self, names: Collection[str] | None = None) -> Mapping[str, str | None]:
        """Return the tree id of each product, or of the named ones."""
        found = self._view.directory(_PRODUCTS) or {}
        chosen = found if names is None else found.keys() & set(names)
        return {name: found[name].id for name in chosen if found[name].is_tree}

    def read(self, path: str) -> bytes | None:
        """Return a regular file's bytes, or None."""
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those paths that are regular files."""
        entries = ((path, self._view.entry(path)) for path in paths)
        ids = {path: entry.id for path, entry in entries if entry is not None and entry.is_file}
        contents: dict[str, bytes] = {}
        for path, found in zip(ids, self._reader.find_or_fetch(list(ids.values())), strict=True):
            if found is None:
                raise missing(path)
            contents[path] = found.data
        return contents

    def _selected_products(self, products: Collection[str]) -> Iterator[tuple[str, FileEntry]]:
        for name, entry in (self._view.directory(_PRODUCTS) or {}).items():
            path = f"{_PRODUCTS}/{name}"
            if not entry.is_tree:
                yield path, _entry(entry)
            elif name in products:
                yield from self._below(path)

    def _below(self, under: str) -> Iterator[tuple[str, FileEntry]]:
        for name, entry in (self._view.directory(under) or {}).items():
            path = f"{under}/{name}"
            if entry.is_tree:
                yield from self._below(path)
            else:
                yield path, _entry(entry)


def _entry(entry: TreeEntry) -> FileEntry:
    if entry.is_file:
        return FileEntry("file", 0, entry.id, entry.mode)
    return FileEntry("link" if entry.mode == 0o120000 else "submodule", 0, None, entry.mode)


@dataclass(frozen=True)
class MergeCommit:
    """A merge commit and its parents."""

    reader: ObjectReader
    revision: str
    parent_revisions: tuple[str, ...]

    @cached_property
    def result(self) -> TreeSnapshot:
        """Return the files of the merge commit."""
        return TreeSnapshot(self.reader, self.revision)

    @cached_property
    def parents(self) -> list[TreeSnapshot]:
        """Return the files of each parent."""
        return [TreeSnapshot(self.reader, revision) for revision in self.parent_revisions]


@dataclass(frozen=True, slots=True)
class Walk:
    """The merge bases of two commits, and the merges since, newest first."""

    bases: tuple[str, ...]
    merges: tuple[MergeCommit, ...]


def walk_from(repo: Repository, reader: ObjectReader, base: str, tip: str) -> Walk:
    """Return the merge bases of `base` and `tip`, and the merges between them and `tip`.

    Raises OperationFailed with what to fetch where the two have no common commit or the clone
    is too shallow, and NotFound for an unknown revision in a complete clone.
    """
    ids = [_commit(repo, rev) for rev in (base, tip)]
    found = git(["merge-base", "--all", *ids], cwd=repo.top, check=False).decode("ascii").split()
    if not found:
        raise _unrelated(repo, base, tip)
    since = [*ids, *(f"^{each}" for each in found)]
    # Where the base itself is the merge base, a missing commit cannot be a better one.
    if ids[0] not in found and is_shallow(repo) and _cut_off(repo) & set(_rev_list(repo, since)):
        raise _too_shallow(base)
    lines = git(
        ["rev-list", "--merges", "--parents", ids[1], *(f"^{each}" for each in found), "--"],
        cwd=repo.top,
    )
    rows = [line.split() for line in lines.decode("ascii").splitlines()]
    merges = tuple(MergeCommit(reader, row[0], tuple(row[1:])) for row in rows)
    return Walk(tuple(found), merges)


def deleted_states(
    repo: Repository, reader: ObjectReader, *revisions: str
) -> dict[str, list[TreeSnapshot]]:
    """Return, by product, the files before each of its deletions, up to some revisions.

    The commit that added the record of a deletion is the deletion.
    """
    args = ["log", "--full-history", "--no-renames", "--diff-filter=A", "--name-only", "-z"]
    asked = [*args, "--format=%x01%P%x00", "--no-ext-diff", *revisions, "--", _DELETED]
    states: dict[str, list[TreeSnapshot]] = {}
    listed = git(asked, cwd=repo.top).decode("utf-8", "surrogateescape")
    for commit in listed.split("\x01")[1:]:
        parents, *names = (part.strip("\n") for part in commit.split("\0"))
        if not parents:
            continue
        state = TreeSnapshot(reader, parents.split()[0])
        for name in names:
            product = name.removeprefix(f"{_DELETED}/").removesuffix(".yaml")
            if name and state.entries(f"{_PRODUCTS}/{product}"):
                states.setdefault(product, []).append(state)
    return states


def _commit(repo: Repository, rev: str) -> str:
    try:
        return find_commit(repo, rev).id
    except NotFound as error:
        if not is_shallow(repo) and rev.strip("0"):
            raise
        raise OperationFailed(error.message, hint=_FETCH.format(rev=printable(rev))) from None


def _rev_list(repo: Repository, revisions: Iterable[str]) -> list[str]:
    return git(["rev-list", *revisions, "--"], cwd=repo.top).decode("ascii").split()


def _cut_off(repo: Repository) -> set[str]:
    return set((repo.common_dir / "shallow").read_text("ascii", "replace").split())


_FETCH: Final = (
    "fetch {rev} with its history: `git fetch --unshallow origin`; on GitHub, `fetch-depth: 0` "
    "for actions/checkout; on GitLab, `GIT_DEPTH: 0`"
)


def _unrelated(repo: Repository, base: str, tip: str) -> OperationFailed:
    message = f"{printable(base)} and {printable(tip)} have no commit in common"
    if is_shallow(repo):
        return OperationFailed(
            f"{message} in this shallow clone", hint=_FETCH.format(rev=printable(base))
        )
    return OperationFailed(
        f"{message}: their histories are unrelated",
        hint="name the branch that this one was created from, and fetch it: `git fetch origin`",
    )


def _too_shallow(base: str) -> OperationFailed:
    return OperationFailed(
        f"this shallow clone does not contain the merge base with {printable(base)}",
        hint=_FETCH.format(rev=printable(base)),
    )
