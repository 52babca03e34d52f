"""Print to this terminal: its width, its colours, its encoding."""

from __future__ import annotations

import os
import sys
import time
from itertools import chain
from typing import TYPE_CHECKING, Final, Self

import click

from versioner.reporting.text import TextLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from versioner.git.repository import Repository
    from versioner.reporting.delimited import Listing
    from versioner.site.build import BuildReport

__all__ = ["Progress", "publish_with_progress", "show", "show_list", "terminal_layout"]

# The size to assume for a terminal that does not tell its own.
_DEFAULT_SIZE: Final = (100, 24)
# A pipe or a file has no width: nothing is cut or wrapped, unless COLUMNS asks for it.
_NO_WIDTH: Final = 1_000_000
_PLAIN: Final = str.maketrans({"…": "~", "•": "*", "—": "-"})


def terminal_layout() -> TextLayout:
    """Return the layout of standard output: with colours on a terminal, unless NO_COLOR is set."""
    colour = (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") != "dumb"
    )
    return TextLayout(width=_width(), colour=colour)


def _width() -> int:
    if sys.stdout.isatty():
        import shutil

        return shutil.get_terminal_size(_DEFAULT_SIZE).columns
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) else _NO_WIDTH


def show(text: str) -> None:
    """Print a result; characters that the encoding lacks are replaced by similar ones or `?`."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") not in ("utf8", "utf16", "utf32"):
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    click.echo(text, color=terminal_layout().colour)


def show_list(
    output: str,
    *,
    text: Callable[[TextLayout], str],
    json: Callable[[], str | Iterator[str]],
    listing: Callable[[], Listing],
) -> None:
    """Print a list in the format of --output; each format is made only where it is asked for.

    What is made in parts is printed part by part, so that a long list needs no memory.
    """
    if output == "json":
        made = json()
        if isinstance(made, str):
            show(made)
        else:
            _print_parts(part.encode() for part in chain(made, "\n"))
    elif output == "text":
        show(text(terminal_layout()))
    elif output == "jsonl":
        from versioner.reporting.terminal import json_line

        _print_parts(f"{json_line(row)}\n".encode() for row in listing().rows)
    else:
        from versioner.reporting.delimited import delimited

        _print_parts(delimited(listing(), output))


def _print_parts(parts: Iterable[bytes]) -> None:
    # As bytes, because a text stream may change the ends of the lines.
    pending: list[bytes] = []
    for part in parts:
        pending.append(part)
        if len(pending) == _PARTS_AT_ONCE:
            click.echo(b"".join(pending), nl=False)
            pending.clear()
    click.echo(b"".join(pending), nl=False)


# Each print is flushed: one for each line would be slow.
_PARTS_AT_ONCE: Final = 500

# A command that ends within this many seconds shows no progress bar.
_QUIET_SECONDS: Final = 2.0
_BAR_WIDTH: Final = 30


class Progress:
    """A progress bar on stderr, removed at the end."""

    def __init__(self, label: str = "") -> None:
        self._label = label
        self._began = time.monotonic()
        self._drawn = -1
        self._step, self._step_began, self._rate = "", self._began, ""

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
        """Show that `done` of `total` are done."""
        percent = 100 * done // max(total, 1)
        if percent == self._drawn or time.monotonic() - self._began < _QUIET_SECONDS:
            return
        if not sys.stderr.isatty():
            return
        self._drawn = percent
        bar = "#" * (_BAR_WIDTH * percent // 100)
        sys.stderr.write(f"\r{self._label} [{bar:<{_BAR_WIDTH}}] {percent:3}%{self._rate}\x1b[K")
        sys.stderr.flush()

    def rate(self, label: str, done: int, total: int, rows: int) -> None:
        """Show the progress of one of several steps, and how many rows it takes a second."""
        if label != self._step:
            self._step, self._step_began = label, time.monotonic()
        seconds = time.monotonic() - self._step_began
        self._rate = f" {rows / seconds:,.0f} rows/s" if seconds > _QUIET_SECONDS else ""
        self.step(label, done, total)

    def step(self, label: str, done: int, total: int) -> None:
        """Show the progress of one of several steps."""
        if label != self._label and self._drawn >= 0:
            sys.stderr.write("\r\x1b[K")
            self._drawn = 0
        self._label = label
        self.advance(done, total)


def publish_with_progress(
    repository: Repository,
    rev: str | None,
    out: Path,
    base_url: str = "",
    *,
    fresh: bool = False,
) -> BuildReport:
    """Build the site of a revision (None: of the current files), and show the progress."""
    from versioner.cli import clock
    from versioner.site.publish import publish_site

    with Progress() as progress:
        return publish_site(
            repository, rev, out, base_url=base_url, fresh=fresh, now=clock.now(),
            progress=progress.step,
        )  # fmt: skip
