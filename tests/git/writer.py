"""A process that appends lines, acknowledges each, and can be told when to die.

Usage: writer.py TOP PATH PREFIX COUNT [die-after-move | die-before-move | die-before-index]
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.fixtures.clones import append
from versioner.git import checkout
from versioner.git import commit as commit_module


def die(*args: object, **options: object) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False


def main(top: str, path: str, prefix: str, count: str, fate: str = "") -> None:
    if fate == "die-after-move":
        commit_module.refresh = die
    if fate == "die-before-move":
        commit_module._move = die
    if fate == "die-before-index":
        checkout._refresh_index = die
    print("ready", flush=True)
    for number in range(int(count)):
        line = f"{prefix}-{number}"
        append(Path(top), line.encode(), path)
        print(line, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
