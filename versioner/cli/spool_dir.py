"""The folder on this machine for events that could not be delivered."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["queue_folder", "spool_folder"]

_OWN: int = -1 if sys.platform == "win32" else os.geteuid()


def spool_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the spool folder, which may not exist yet; None where there can be none.

    Nothing is created: `Spool.add` creates the folder, and checks that it is the user's own.
    """
    named = environ.get("VERSIONER_SPOOL", "")
    if named:
        return Path(named).absolute()
    return next((folder for folder in _places(environ) if _usable(folder)), None)


def queue_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder for shared sends: the spool folder, unless that is a temporary one.

    A temporary folder is used only for events that could not be delivered.
    """
    folder = spool_folder(environ)
    is_named = bool(environ.get("VERSIONER_SPOOL"))
    return folder if folder is None or is_named or folder.parent.name == "versioner" else None


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    state = environ.get("XDG_STATE_HOME", "")
    # The XDG specification says to ignore a relative path.
    if state and Path(state).is_absolute():
        yield Path(state, "versioner", "spool")
    local = environ.get("LOCALAPPDATA", "") if sys.platform == "win32" else ""
    if local:  # pragma: no cover
        yield Path(local, "versioner", "spool")
    home = environ.get("HOME", "")
    # A home that does not exist, as for many services, is not created.
    if home and Path(home).is_absolute() and Path(home).is_dir():
        yield Path(home, ".local", "state", "versioner", "spool")
    for name in ("TMPDIR", "TEMP", "TMP"):
        folder = environ.get(name, "")
        if folder and Path(folder).is_absolute() and Path(folder).is_dir():
            yield _temporary(folder)
    for folder in ("/tmp", "/var/tmp"):  # noqa: S108 -- checked to be this user's before it is used
        if Path(folder).is_dir():
            yield _temporary(folder)


def _temporary(folder: str) -> Path:
    return Path(folder, "versioner" if _OWN == -1 else f"versioner-{_OWN}", "spool")


def _usable(folder: Path) -> bool:
    """Return whether a folder is, or can be created, where only this user has access."""
    try:
        there = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
        found = there.stat()
    except (OSError, ValueError):
        return False
    # All users share a temporary folder, and its sticky bit protects their files. Under `sudo`, the
    # home is another user's.
    shared = there == folder.parent.parent and bool(found.st_mode & 0o1000)
    own = _OWN in (-1, found.st_uid) or shared
    return there.is_dir() and own and os.access(there, os.W_OK | os.X_OK)
