"""A reader of git objects that outlives a transaction, and keeps small objects in memory.

An object never changes under its id. What is asked for by another name, such as a path of a commit,
is asked of git each time; but a view of a commit goes from tree to tree by their ids, so that of
the commit after one that was written here hardly anything is read.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from versioner.git.object_format import parse_tree
from versioner.git.objects import ObjectReader, TreeView, missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from versioner.git.object_format import TreeEntry
    from versioner.git.objects import GitObject

__all__ = ["KeptObjects"]

_ID_LENGTHS: Final = (40, 64)
_DIGITS: Final = "0123456789abcdef"
_MOST_BYTES: Final = 32 * 1024 * 1024
_LARGEST: Final = 1024 * 1024
_MOST_ENTRIES: Final = 50_000


class KeptObjects(ObjectReader):
    """A running git process, and the small objects that it read last or that were written."""

    def __init__(self, cwd: Path) -> None:
        super().__init__(cwd)
        self._kept: OrderedDict[str, GitObject] = OrderedDict()
        self._bytes = 0
        self._trees: OrderedDict[str, Mapping[str, TreeEntry]] = OrderedDict()
        self._entries = 0

    def find(self, names: Sequence[str]) -> Iterator[GitObject | None]:
        """Yield the object of each name, in order; None where there is none."""
        found = {name: self._kept[name] for name in names if name in self._kept}
        others = super().find([name for name in names if name not in found])
        for name in names:
            each = found.get(name)
            if each is not None:
                if name in self._kept:
                    self._kept.move_to_end(name)
                yield each
                continue
            each = next(others)
            self._keep(name, each)
            yield each

    def view(self, revision: str | None) -> TreeView:
        """Return a view of the files of a commit."""
        return _KeptView(self, revision)

    def note_written(self, objects: Iterable[GitObject]) -> None:
        """Keep objects that were written now."""
        for each in objects:
            self._keep(each.id, each)

    def tree(self, name: str) -> Mapping[str, TreeEntry] | None:
        """Return the entries of a tree by its id; None where there is no such tree."""
        kept = self._trees.get(name)
        if kept is not None:
            self._trees.move_to_end(name)
            return kept
        found = self.find_one(name)
        if found is None or found.type != "tree":
            return None
        entries = self._trees[name] = parse_tree(found.data, len(name) // 2)
        self._entries += len(entries) + 1
        while self._entries > _MOST_ENTRIES and len(self._trees) > 1:
            self._entries -= len(self._trees.popitem(last=False)[1]) + 1
        return entries

    def _keep(self, name: str, found: GitObject | None) -> None:
        if found is None or not _is_id(name) or len(found.data) > _LARGEST or name in self._kept:
            return
        self._kept[name] = found
        self._bytes += len(found.data)
        while self._bytes > _MOST_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1].data)


class _KeptView(TreeView):
    """The files of one commit, whose directories are read by the ids of their trees."""

    def __init__(self, objects: KeptObjects, revision: str | None) -> None:
        super().__init__(objects, revision)
        self._objects = objects

    def _read(self, path: str) -> Mapping[str, TreeEntry] | None:
        if self._revision is None:
            return None
        name = self._below(path) if path else self._root()
        if name is None:
            return None
        found = self._objects.tree(name)
        if found is None:
            raise missing(path or self._revision)
        return found

    def _root(self) -> str:
        found = (
            self._objects.find_one(self._revision or "") if _is_id(self._revision or "") else None
        )
        if found is None or found.type != "commit":
            return super()._root()
        return found.data[5:].partition(b"\n")[0].decode("ascii")


def _is_id(name: str) -> bool:
    """Return whether a name is the id of an object."""
    return len(name) in _ID_LENGTHS and not name.strip(_DIGITS)
