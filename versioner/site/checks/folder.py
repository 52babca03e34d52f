"""A built site as it lies in a folder: its files, and where a link in one of them leads."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from versioner.errors import OperationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Fault", "Folder"]


class Fault(NamedTuple):
    """Say what is wrong with a file of a site; `str()` of it is one line."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class Folder:
    """Hold the files of a built site by path, and the anchors of its pages once they are read."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.files, self.links = _listed(top)
        self.anchors: dict[str, frozenset[str]] = {}
        if "index.html" not in self.files:
            raise OperationFailed(
                f"{top} has no site in it", hint="build one: `versioner site build --out DIR`"
            )

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self.top / path).read_bytes()

    def ending(self, *endings: str) -> Iterator[str]:
        """Yield the paths that end so, in order."""
        return (path for path in self.files if path.endswith(endings))

    def resolve(self, path: str, link: str) -> str:
        """Say what is wrong with a relative link in a file; `""` where it leads somewhere."""
        target, _, fragment = link.partition("#")
        target = unquote(target.partition("?")[0])
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if not target:
            there = path
        if there not in self.files:
            return f"the link {link} leads nowhere"
        known = self.anchors.get(there)
        if fragment and known is not None and unquote(fragment) not in known:
            return f"the link {link} names an anchor that is not there"
        return ""


def _listed(top: Path) -> tuple[dict[str, None], list[str]]:
    """Return regular files in order, and what is something else; no link is followed."""
    files: list[str] = []
    others: list[str] = []
    for base, folders, names in os.walk(top):
        for name in (*names, *folders):
            entry = os.path.join(base, name)  # noqa: PTH118 -- thousands of times
            path = os.path.relpath(entry, top).replace(os.sep, "/")
            if os.path.islink(entry):  # noqa: PTH114
                others.append(path)
            elif name in names:
                (files if os.path.isfile(entry) else others).append(path)  # noqa: PTH113
    return dict.fromkeys(sorted(files)), sorted(others)
