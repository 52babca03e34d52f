"""What the commands of the server share: its state folder (--state), and the scopes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCOPES", "state_folder", "state_option"]

# Named here too, so that the help of a command imports nothing of the server.
SCOPES: Final = ("read", "record", "edit", "approve", "admin")


def state_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --state."""
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        envvar="VERSIONER_STATE",
        help="The folder of the server's tokens, sessions and built site (default: "
        "versioner/server in the user's state folder, such as ~/.local/state).",
    )(command)


def state_folder(named: Path | None) -> Path:
    """Return the folder that --state names, or the default one; it may not exist yet.

    Raises UsageFault where there is no default.
    """
    if named is not None:
        return named.absolute()
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification says to ignore a relative path.
    if not Path(state).is_absolute() and os.name == "nt":  # pragma: no cover
        state = os.environ.get("LOCALAPPDATA", "")
    home = os.environ.get("HOME", "")
    if not Path(state).is_absolute() and Path(home).is_absolute() and Path(home).is_dir():
        state = f"{home}/.local/state"
    if not Path(state).is_absolute():
        raise UsageFault("this user has no folder for state", hint="name one with --state DIR")
    return Path(state, "versioner", "server")
