"""A progress bar for what takes over two seconds, on a terminal only."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Progress"]

_PATIENCE: Final = 2.0
_WIDTH: Final = 30


class Progress:
    """Draw one line on stderr, from the third second on, and wipe it at the end."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._began = time.monotonic()
        self._drawn = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn >= 0:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def advance(self, done: int, total: int) -> None:
        """Say how much of how much is done."""
        percent = 100 * done // max(total, 1)
        if percent == self._drawn or time.monotonic() - self._began < _PATIENCE:
            return
        if not sys.stderr.isatty():
            return
        self._drawn = percent
        bar = "#" * (_WIDTH * percent // 100)
        sys.stderr.write(f"\r{self._label} [{bar:<{_WIDTH}}] {percent:3}%")
        sys.stderr.flush()
