"""A split index: the entries of a shared index, and the changes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    # A path, and the entry's bytes before the path: stat data, id and flags.
    Record = tuple[bytes, bytes]

__all__ = ["joined", "positions"]


def joined(link: bytes, shared: list[Record], own: list[Record]) -> Iterator[Record]:
    """Yield the entries of a split index.

    `link` are the bytes of its extension after the name of the shared index. An own entry that
    replaces a shared one has no path.
    """
    deleted, rest = positions(link)
    replaced, _ = positions(rest)
    own_entries = iter(own)
    instead = {at: next(own_entries) for at in sorted(replaced)}
    for at, (path, record) in enumerate(shared):
        if at in instead:
            yield path, instead[at][1]
        elif at not in deleted:
            yield path, record
    yield from own_entries


def positions(data: bytes) -> tuple[set[int], bytes]:
    """Return the positions of the bits in a compressed bitmap (EWAH), and the bytes after it."""
    if not data:
        return set(), data
    words = [
        int.from_bytes(data[at : at + 8], "big")
        for at in range(8, 8 + 8 * int.from_bytes(data[4:8], "big"), 8)
    ]
    found: set[int] = set()
    at, bit = 0, 0
    while at < len(words):
        run, literals = words[at] >> 1 & 0xFFFFFFFF, words[at] >> 33
        if words[at] & 1:
            found.update(range(bit, min(bit + 64 * run, int.from_bytes(data[:4], "big"))))
        bit += 64 * run
        for word in words[at + 1 : at + 1 + literals]:
            found.update(bit + place for place in range(64) if word >> place & 1)
            bit += 64
        at += 1 + literals
    return found, data[12 + 8 * len(words) :]
