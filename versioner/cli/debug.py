"""Print on stderr the programs that a command runs with --debug."""

from __future__ import annotations

import re
import sys
from typing import Any

from versioner.reporting.terminal import clean
from versioner.secret_scanning import without_secrets

__all__ = ["is_on", "start", "stop"]

_state = {"on": False, "watching": False}


def start() -> None:
    """Print every program from now on, and the traceback of an internal error."""
    if not _state["watching"]:
        # Added once, because Python cannot remove an audit hook.
        sys.addaudithook(_watch)
    _state.update(on=True, watching=True)


def stop() -> None:
    """Stop printing programs."""
    _state["on"] = False


def is_on() -> bool:
    """Return whether --debug is in effect."""
    return _state["on"]


def _watch(event: str, values: tuple[Any, ...]) -> None:
    if event != "subprocess.Popen" or not _state["on"]:
        return
    words = [str(word) for word in values[1]]
    # The settings are the same each time, and are left out. A URL may contain a token.
    settings = {
        number + extra for number, word in enumerate(words) if word == "-c" for extra in (0, 1)
    }
    shown = " ".join(word for number, word in enumerate(words) if number not in settings)
    shown = re.sub(r"://[^/@\s]*@", "://***@", shown.replace(" --no-pager", "", 1))
    print("runs:", clean(without_secrets(shown)), file=sys.stderr)
