"""Print to this terminal: its width, its colours, its encoding."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

import click

from versioner.reporting.text import Page

__all__ = ["show", "this_page"]

# Where nothing says how wide it is: a pipe, a CI system's log.
_USUAL: Final = (100, 24)

_PLAIN: Final = str.maketrans({"…": "~", "•": "*", "—": "-"})


def this_page() -> Page:
    """Describe where output goes; colours only on a terminal, and where NO_COLOR allows them."""
    colour = (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") != "dumb"
    )
    return Page(width=shutil.get_terminal_size(_USUAL).columns, colour=colour)


def show(text: str) -> None:
    """Print a result; what the terminal's encoding lacks is shown as its nearest or as `?`."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") not in ("utf8", "utf16", "utf32"):
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    click.echo(text, color=this_page().colour)
