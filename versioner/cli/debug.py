"""Tell on stderr which programs run, where a command is asked to debug."""

from __future__ import annotations

import re
import sys
from typing import Any

from versioner.reporting.terminal import clean
from versioner.secret_scanning import without_secrets

__all__ = ["is_on", "start", "stop"]

_state = {"on": False, "watching": False}


def start() -> None:
    """Tell of every program from here on; internal failures show their traceback."""
    if not _state["watching"]:
        # For good: Python takes no such hook back.
        sys.addaudithook(_watch)
    _state.update(on=True, watching=True)


def stop() -> None:
    """Tell of no more programs."""
    _state["on"] = False


def is_on() -> bool:
    """Tell whether a command was asked to debug."""
    return _state["on"]


def _watch(event: str, values: tuple[Any, ...]) -> None:
    if event != "subprocess.Popen" or not _state["on"]:
        return
    words = [str(word) for word in values[1]]
    # The settings are the same each time; a URL may hold a token.
    settings = {
        number + extra for number, word in enumerate(words) if word == "-c" for extra in (0, 1)
    }
    shown = " ".join(word for number, word in enumerate(words) if number not in settings)
    shown = re.sub(r"://[^/@\s]*@", "://***@", shown.replace(" --no-pager", "", 1))
    print("runs:", clean(without_secrets(shown)), file=sys.stderr)
