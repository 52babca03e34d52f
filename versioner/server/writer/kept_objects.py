"""A reader of git objects that outlives a transaction, and keeps small objects in memory.

An object never changes under its id. What is asked for by another name, such as a path of a commit,
is asked of git each time.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from versioner.git.objects import ObjectReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from versioner.git.objects import GitObject

__all__ = ["KeptObjects"]

_ID_LENGTHS: Final = (40, 64)
_DIGITS: Final = "0123456789abcdef"
_MOST_BYTES: Final = 16 * 1024 * 1024
_LARGEST: Final = 256 * 1024


class KeptObjects(ObjectReader):
    """A running git process, and the small objects that it read last."""

    def __init__(self, cwd: Path) -> None:
        super().__init__(cwd)
        self._kept: OrderedDict[str, GitObject] = OrderedDict()
        self._bytes = 0

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

    def _keep(self, name: str, found: GitObject | None) -> None:
        is_id = len(name) in _ID_LENGTHS and not name.strip(_DIGITS)
        if found is None or not is_id or len(found.data) > _LARGEST or name in self._kept:
            return
        self._kept[name] = found
        self._bytes += len(found.data)
        while self._bytes > _MOST_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1].data)
