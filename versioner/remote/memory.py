"""What this machine remembers of a remote from command to command; without it, time is lost.

That is the filter that the remote accepts, and registry.yaml as it was read last.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from versioner.errors import OperationFailed
from versioner.git.state import read_regular, state_file, write_whole
from versioner.remote.filters import FILTERS

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.remote.filters import FilterLevel
    from versioner.remote.url import Remote

__all__ = [
    "recall_config",
    "recall_filter",
    "remember_config",
    "remember_filter",
]

_WEEK_SECONDS: Final = 7 * 86_400
# The file of `versioner.registry.config`, with the id of the blob that it was read from.
_CONFIG: Final = "config.json"
_CONFIG_LIMIT: Final = 256 * 1024


def recall_filter(remote: Remote, clock: Path) -> FilterLevel:
    """Return the filter that a remote accepted last; `clock` is a file that was just created."""
    path = _path(remote)
    try:
        if path is not None and clock.stat().st_mtime - path.stat().st_mtime < _WEEK_SECONDS:
            return FILTERS[int(path.read_bytes()[:2])]
    except (OSError, ValueError, IndexError):
        pass
    return FILTERS[0]


def remember_filter(remote: Remote, level: FilterLevel) -> None:
    """Remember the filter that a remote accepts; forget it if that is the best one."""
    path = _path(remote)
    if path is None:
        return
    try:
        if level == FILTERS[0]:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, b"%d\n" % FILTERS.index(level))
    except OSError:
        # Only an optimisation: without the file, the next clone tries the filters again.
        return


def _path(remote: Remote) -> Path | None:
    if remote.memory is None:
        return None
    from hashlib import sha256

    return remote.memory / sha256(remote.url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def recall_config(remote: Remote, git_dir: Path) -> None:
    """Give a temporary repository what was remembered of the remote's registry.yaml."""
    data = _kept_config(remote)
    if data:
        path = state_file(git_dir, _CONFIG)
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)


def remember_config(remote: Remote, git_dir: Path) -> None:
    """Remember what a temporary repository has read of the remote's registry.yaml."""
    path = _path(remote)
    with suppress(OSError, OperationFailed):
        data = read_regular(state_file(git_dir, _CONFIG), limit=_CONFIG_LIMIT)[0]
        if path is not None and data != _kept_config(remote):
            path.parent.mkdir(parents=True, exist_ok=True)
            # What a private registry says is for its reader only.
            write_whole(_config_path(path), data, mode=0o600)


def _kept_config(remote: Remote) -> bytes:
    path = _path(remote)
    if path is not None:
        with suppress(OSError, OperationFailed):
            return read_regular(_config_path(path), limit=_CONFIG_LIMIT)[0]
    return b""


def _config_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.{_CONFIG}")
