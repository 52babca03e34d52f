"""Bring what will be read of a partial clone, one level of directories at a time.

Each level is one request for all paths; reading them one by one would be one request each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.repository.objects import parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.repository.objects import ObjectReader, TreeEntry

__all__ = ["Wanted", "bring"]


class Wanted(NamedTuple):
    """A path of a commit; unless `whole`, only whether it is there will be asked."""

    commit: str
    path: str
    whole: bool = True


def bring(reader: ObjectReader, wanted: Iterable[Wanted]) -> None:
    """Bring the directories on the way to paths, and the files themselves where they are wanted."""
    walks = [_Walk(each) for each in wanted]
    known: dict[str, dict[str, TreeEntry] | str] = {}
    while walks:
        steps = [each.step(known) for each in walks]
        asked = [name for name in dict.fromkeys(steps) if name and name not in known]
        if not asked:
            return
        for name, found in zip(asked, reader.sure(asked), strict=True):
            if found is None:
                known[name] = {}
            elif found.type == "commit":
                known[name] = found.data[5:].partition(b"\n")[0].decode("ascii")
            else:
                is_tree = found.type == "tree"
                known[name] = parse_tree(found.data, len(found.id) // 2) if is_tree else {}
        walks = [walk for walk, name in zip(walks, steps, strict=True) if name]


class _Walk:
    """Go down to one path as far as what is known leads."""

    def __init__(self, wanted: Wanted) -> None:
        self._at = wanted.commit
        self._left: Sequence[str] = wanted.path.split("/")
        self._whole = wanted.whole

    def step(self, known: dict[str, dict[str, TreeEntry] | str]) -> str:
        """Return the id of the next object to read; "" at the end."""
        while self._at in known:
            here = known[self._at]
            if isinstance(here, str):
                self._at = here
                continue
            entry = here.get(self._left[0]) if self._left else None
            if entry is None or (len(self._left) == 1 and not self._whole):
                return ""
            self._at, self._left = entry.id, self._left[1:]
        return self._at
