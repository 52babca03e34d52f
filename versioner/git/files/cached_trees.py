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
    _, _, inner, at = _node(data, 0, id_bytes)
    for part in parent.encode().split(b"/"):
        for _ in range(inner):
            name, _, below, at = _node(data, at, id_bytes)
            if name == part:
                inner = below
                break
            at = _after(data, at, below, id_bytes)
        else:
            return {}
    found: dict[str, CachedTree] = {}
    for _ in range(inner):
        name, size, below, at = _node(data, at, id_bytes)
        if size >= 0:
            tree = CachedTree(size, data[at - id_bytes : at].hex())
            found[name.decode("utf-8", "surrogateescape")] = tree
        at = _after(data, at, below, id_bytes)
    return found


def _node(data: bytes, at: int, id_bytes: int) -> tuple[bytes, int, int, int]:
    """Return a directory's name, size and number of directories, and where the next one is."""
    start = data.index(b"\0", at)
    end = data.index(b"\n", start)
    size, inner = map(int, data[start + 1 : end].split(b" "))
    # A directory that is no longer valid has no id.
    return data[at:start], size, inner, end + 1 + (id_bytes if size >= 0 else 0)


def _after(data: bytes, at: int, inner: int, id_bytes: int) -> int:
    """Return where the directories in a directory end."""
    while inner:
        _, _, more, at = _node(data, at, id_bytes)
        inner += more - 1
    return at
