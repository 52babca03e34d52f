"""The commits at which the history of a shallow checkout ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["shallow_commits"]

_MOST_BYTES: Final = 4 * 1024 * 1024


def shallow_commits(top: Path) -> frozenset[str]:
    """Return the commits of a checkout whose parents it lacks; none where it is not shallow.

    The file of git is read, because most checkouts are whole, and a process takes longer.
    """
    try:
        folder = top / ".git"
        if folder.is_file():
            # A linked work tree, or a submodule.
            folder = top / _named(folder.read_bytes().removeprefix(b"gitdir:"))
        common = folder / "commondir"
        if common.is_file():
            folder = folder / _named(common.read_bytes())
        with (folder / "shallow").open("rb") as file:
            data = file.read(_MOST_BYTES)
    except (OSError, ValueError):
        return frozenset()
    return frozenset(re.findall(r"(?m)^[0-9a-f]{40,64}$", data.decode("ascii", "replace")))


def _named(data: bytes) -> str:
    return data[:4096].decode("utf-8", "surrogateescape").strip()
