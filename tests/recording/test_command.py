"""A command is waited for, whatever else runs in this process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# A thread that blocks no signal takes that of a command which ends before it is waited for.
BESIDE_A_THREAD = """
import os, threading, time
from versioner.recording.command import run_command
spawn = os.posix_spawnp
def spawn_slowly(*arguments, **options):
    process = spawn(*arguments, **options)
    time.sleep(0.2)
    return process
os.posix_spawnp = spawn_slowly
done = threading.Event()
threading.Thread(target=done.wait, daemon=True).start()
print(run_command(["true"], dict(os.environ)).exit_code)
"""


def test_the_end_of_a_command_is_seen_beside_another_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BESIDE_A_THREAD],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["0"]
