"""Run a process, and say what it took: time that passed, time of the processors, memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

__all__ = ["ENVIRONMENT", "PROJECT", "Failed", "Taken", "median", "taken", "versioner"]

PROJECT = Path(__file__).resolve().parents[2]

_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "GITHUB_ACTIONS", "GITLAB_CI", "CI")
# As a user's shell has it: byte code is kept, and no CI job is around.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT} | {
    "PYTHONPATH": str(PROJECT)
}


class Failed(Exception):
    """A process that did not come to its good end."""


class Taken(NamedTuple):
    """What a process and the processes that it waited for took: seconds, and bytes of memory.

    `memory` is the peak of the largest process.
    """

    passed: float
    worked: float
    memory: int


def versioner(*args: str) -> list[str]:
    """Return the command line of the tool, in this project's version."""
    return [sys.executable, "-m", "versioner", *args]


# A process inherits the peak of memory of the process that starts it, so that a small one does.
_LAUNCHER = """\
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
passed = time.perf_counter() - start
with open(int(sys.argv[1]), "w") as out:
    json.dump([process.returncode, passed, used.ru_utime + used.ru_stime, used.ru_maxrss], out)
"""


def taken(command: list[str], folder: Path) -> Taken:
    """Run a process to its end. Raises Failed with the end of what it printed."""
    read, write = os.pipe()
    with open(read, encoding="ascii") as told:  # noqa: PTH123
        line = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(write), *command]
        done = subprocess.run(
            line, cwd=folder, env=ENVIRONMENT, capture_output=True, check=False, pass_fds=[write]
        )
        os.close(write)
        said = done.stderr.decode(errors="replace").strip()[-300:]
        if done.returncode != 0:
            raise Failed(said)
        code, passed, worked, memory = json.load(told)
    if code != 0:
        raise Failed(f"{' '.join(command[:6])} exited with {code}: {said}")
    return Taken(passed, worked, memory * 1024)


def median(many: list[Taken]) -> Taken:
    """Return the medians of the times, and the highest memory."""
    return Taken(
        statistics.median(each.passed for each in many),
        statistics.median(each.worked for each in many),
        max(each.memory for each in many),
    )
