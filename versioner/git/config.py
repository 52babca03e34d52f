"""Read git's configuration: the only module that runs `git config`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.git.process import finish, git, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "Setting",
    "finish_settings",
    "is_true",
    "settings",
    "start_settings",
    "value_of",
    "values_of",
]


class Setting(NamedTuple):
    """One value of a key; `scope` is git's: system, global, local, worktree or command."""

    scope: str
    key: str
    value: str


def settings(cwd: Path | str, pattern: str) -> list[Setting]:
    """Return the settings whose key matches a regular expression, the deciding one last."""
    return finish_settings(start_settings(cwd, pattern))


def start_settings(
    cwd: Path | str, pattern: str, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start the process that lists settings, so that the caller can work meanwhile."""
    args = ["config", "--null", "--show-scope", "--get-regexp", pattern]
    return start(args, cwd=cwd, pass_fds=pass_fds)


def finish_settings(listing: subprocess.Popen[bytes]) -> list[Setting]:
    """Return the settings that a started process lists."""
    fields = finish(listing).stdout.decode("utf-8", "replace").split("\0")
    found = []
    for scope, setting in zip(fields[0::2], fields[1::2], strict=False):
        key, newline, value = setting.partition("\n")
        # A key without a value means true.
        found.append(Setting(scope, key, value if newline else "true"))
    return found


def values_of(cwd: Path, key: str) -> list[Setting]:
    """Return all values of one key, the deciding one last."""
    args = ["config", "--null", "--show-scope", "--get-all", key]
    fields = git(args, cwd=cwd, check=False).decode("utf-8", "replace").split("\0")
    pairs = zip(fields[0::2], fields[1::2], strict=False)
    return [Setting(scope, key, value) for scope, value in pairs]


def value_of(cwd: Path, key: str) -> str:
    """Return the value of a key, "" where it has none."""
    found = values_of(cwd, key)
    return found[-1].value if found else ""


def is_true(cwd: Path, key: str) -> bool:
    """Return whether a key is true, in any of git's spellings."""
    return git(["config", "--type=bool", key], cwd=cwd, check=False).strip() == b"true"
