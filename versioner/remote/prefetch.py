"""Fetch the objects of a partial clone that will be read, in as few requests as possible.

All paths are followed at once, as far as the objects are there; the missing objects of all of
them are one request. Reading the paths one by one would be one request for each object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.git.object_format import parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.git.object_format import TreeEntry
    from versioner.git.objects import GitObject, ObjectReader

    # The objects that an object names: a tree's entries, a commit's tree, or none.
    Ways = dict[str, TreeEntry] | str

__all__ = ["Wanted", "prefetch"]


class Wanted(NamedTuple):
    """A path of a commit; unless `whole`, only whether it exists will be read."""

    commit: str
    path: str
    whole: bool = True


def prefetch(reader: ObjectReader, wanted: Iterable[Wanted]) -> None:
    """Fetch the directories on the way to paths, and the files themselves where wanted."""
    walks = [_Walk(each) for each in wanted]
    known: dict[str, Ways] = {}
    lacking: set[str] = set()
    while walks:
        steps = [each.step(known) for each in walks]
        walks = [walk for walk, name in zip(walks, steps, strict=True) if name]
        asked = list(dict.fromkeys(name for name in steps if name))
        near = [name for name in asked if name not in lacking]
        if near:
            found = dict(zip(near, reader.find(near), strict=True))
            lacking |= {name for name, each in found.items() if each is None}
        else:
            found = dict(zip(asked, reader.find_or_fetch(asked), strict=True))
            lacking.clear()
            # Objects that are still missing are reported when they are read.
            known |= {name: {} for name, each in found.items() if each is None}
        known |= {name: _ways(each) for name, each in found.items() if each is not None}


def _ways(found: GitObject) -> Ways:
    if found.type == "commit":
        return found.data[5:].partition(b"\n")[0].decode("ascii")
    return parse_tree(found.data, len(found.id) // 2) if found.type == "tree" else {}


class _Walk:
    """A walk down to one path, as far as the objects are known."""

    def __init__(self, wanted: Wanted) -> None:
        self._at = wanted.commit
        self._left: Sequence[str] = wanted.path.split("/")
        self._whole = wanted.whole

    def step(self, known: dict[str, Ways]) -> str:
        """Return the id of the next object to read; "" at the end."""
        while self._at in known:
            here = known[self._at]
            if isinstance(here, str):
                self._at = here
                continue
            entry = here.get(self._left[0]) if self._left else None
            if entry is None or entry.is_elsewhere or (len(self._left) == 1 and not self._whole):
                return ""
            self._at, self._left = entry.id, self._left[1:]
        return self._at
