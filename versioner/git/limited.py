"""Run git for so long and no longer: it ends with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from versioner.git.process import Completed, command, environment, unstartable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["TIMED_OUT", "run_limited"]

TIMED_OUT: Final = -1


def run_limited(
    args: Sequence[str],
    *,
    limit: float,
    cwd: Path,
    stdin: bytes | None = None,
    config: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    network: bool = False,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run git to its end as `git.run` does, or for `limit` seconds: then TIMED_OUT is its code.

    It has no terminal, so that nothing it starts can ask there and wait for an answer.
    """
    try:
        process = subprocess.Popen(
            command(args, config),
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(network=network, extra=env),
            pass_fds=pass_fds,
            start_new_session=True,
        )
    except OSError as error:
        raise unstartable(error, cwd) from error
    with process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            return Completed(TIMED_OUT, b"", f"fatal: timed out after {limit:g} seconds")
        finally:
            if process.returncode is None:
                _end(process)
    return Completed(process.returncode, stdout, stderr.decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with its children: one of those would keep the pipes open, and us waiting."""
    if os.name == "nt":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
