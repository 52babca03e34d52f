"""Print to this terminal: its width, its colours, its encoding."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Final, Self

import click

from versioner.reporting.text import TextLayout

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Progress", "show", "this_page"]

# Where nothing says how wide it is: a pipe, a CI system's log.
_USUAL: Final = (100, 24)
_PLAIN: Final = str.maketrans({"…": "~", "•": "*", "—": "-"})


def this_page() -> TextLayout:
    """Describe where output goes; colours only on a terminal, and where NO_COLOR allows them."""
    colour = (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") != "dumb"
    )
    return TextLayout(width=shutil.get_terminal_size(_USUAL).columns, colour=colour)


def show(text: str) -> None:
    """Print a result; what the terminal's encoding lacks is shown as its nearest or as `?`."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") not in ("utf8", "utf16", "utf32"):
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    click.echo(text, color=this_page().colour)


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
