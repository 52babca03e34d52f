"""The index's extension of trees: the ids of the directories whose entries are as in a tree."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CachedTree", "trees_below"]


class CachedTree(NamedTuple):
    """A directory's tree id, and the number of the index's entries below the directory."""

    size: int
    id: str


def trees_below(data: bytes, parent: str, id_bytes: int) -> dict[str, CachedTree]:
    """Return the trees of the directories in `parent` by name, those that are still valid."""
    wanted = tuple(parent.encode().split(b"/"))
    found: dict[str, CachedTree] = {}
    # Each level has the path of a directory and the number of directories in it still to come.
    levels: list[tuple[tuple[bytes, ...], int]] = []
    at = 0
    while at < len(data):
        end = data.index(b"\n", data.index(b"\0", at))
        name, _, numbers = data[at:end].partition(b"\0")
        count, inner = (int(number) for number in numbers.split(b" "))
        at = end + 1
        while levels and not levels[-1][1]:
            levels.pop()
        above: tuple[bytes, ...] = ()
        if levels:
            above, left = levels.pop()
            levels.append((above, left - 1))
        if count >= 0:
            if above == wanted:
                tree = CachedTree(count, data[at : at + id_bytes].hex())
                found[name.decode("utf-8", "surrogateescape")] = tree
            at += id_bytes
        levels.append(((*above, name) if name else (), inner))
    return found
