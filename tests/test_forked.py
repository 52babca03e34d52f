"""A fork is the tool: it says, leaves and returns what a fresh process does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import environment
from tests.fixtures.spool_entries import document, write_line
from tests.forked import TOOL, can_fork, put_script, start_forked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.local_registry import Desk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are made on Linux only")


@pytest.mark.parametrize(
    ("arguments", "code"), [(("deployment", "list", "--output", "json"), 0), (("nonsense",), 2)]
)
def test_a_fork_says_and_returns_what_a_fresh_process_does(
    desk: Desk, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    program = put_script(tmp_path, environment())
    fresh, fork = (
        subprocess.run(
            [*line, *arguments], cwd=desk.top, env=environment(), capture_output=True, check=False
        )
        for line in (TOOL, [program])
    )
    assert fresh.returncode == fork.returncode == code
    assert (fork.stdout, fork.stderr) == (fresh.stdout, fresh.stderr)


def test_a_fork_reads_what_it_is_given_and_has_an_environment_of_its_own(tmp_path: Path) -> None:
    program = put_script(tmp_path, environment())
    env = {**environment(), "VERSIONER_REPO": str(tmp_path / "no such")}
    done = subprocess.run([program, "status"], env=env, capture_output=True, text=True, check=False)
    assert "no such" in done.stderr
    assert "VERSIONER_REPO" not in os.environ
    line = write_line(document(product="typed"))
    done = subprocess.run(
        [program, "spool", "send", "-", "--repo", f"file://{tmp_path}/none"],
        env=env,
        input=line,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "typed 1.4.0" in done.stdout


def test_a_fork_that_is_killed_says_so_and_one_whose_caller_ends_is_killed(tmp_path: Path) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    streams = {"stdin": null, "stdout": null, "stderr": null}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        line = ["status", "--repo", f"http://127.0.0.1:{silent.getsockname()[1]}/a.git"]
        fork = start_forked(line, cwd=tmp_path, env=environment(), **streams)
        first, _ = silent.accept()
        with first:
            with pytest.raises(subprocess.TimeoutExpired):
                fork.wait(0.01)
            fork.kill()
            assert fork.wait(60) == -signal.SIGKILL
        caller = subprocess.Popen(
            [put_script(tmp_path, environment()), *line], env=environment(), stderr=null
        )
        connection, _ = silent.accept()
        caller.kill()
        caller.wait()
        # Its git, which waits for an answer, is killed too.
        with connection:
            connection.settimeout(60)
            while connection.recv(4096):
                pass
    os.close(null)


def test_what_is_not_the_tool_is_not_forked() -> None:
    assert can_fork([*TOOL, "status"])
    assert not can_fork([sys.executable, "-P", "-m", "versioner"])
    assert not can_fork(["git", "status"])
