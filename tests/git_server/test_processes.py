"""Processes start bare, and what they leave behind is seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import PATIENCE, PROJECT
from tests.git_server.processes import many, plain, run, run_versioner, start, tool
from tests.git_server.traces import arguments, traced_home

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git_server.served import Served

pytestmark = pytest.mark.slow

# Starts a server, says where, and waits to be killed.
OWNER = """
import sys, time
from pathlib import Path
from tests.git_server.server import GitServer
with GitServer(Path(sys.argv[1])) as server:
    print(server._process.pid, flush=True)
    time.sleep(600)
"""


def test_the_tool_runs_on_what_a_server_holds(registry: Served) -> None:
    ran = run_versioner(["validate", "--repo", registry.path])
    assert (ran.code, ran.left) == (0, [])
    listed = run(tool("deployment", "list", "--output", "json", "--repo", registry.path))
    assert listed.json()


def test_nothing_of_the_surroundings_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    told = run(plain("env", env={"HOME": None, "MINE": "1"})).out
    names = {line.partition("=")[0] for line in told.splitlines()}
    assert names == {"PATH", "TMPDIR", "PYTHONPATH", "GIT_CONFIG_NOSYSTEM", "MINE"}


def test_a_process_has_folders_of_its_own_unless_told(tmp_path: Path) -> None:
    first, second = many([plain("sh", "-c", "echo $HOME; pwd; ls -A . $HOME")] * 2)
    assert first.out != second.out
    told = run(plain("sh", "-c", "echo $HOME; pwd; cat", cwd=tmp_path, home=tmp_path, stdin="x"))
    assert told.out == f"{tmp_path}\n{tmp_path}\nx"


def test_what_stays_in_the_temporary_folder_is_seen(tmp_path: Path) -> None:
    leave = plain("sh", "-c", 'mkdir "$TMPDIR/a"; touch "$TMPDIR/a/b"', "versioner")
    assert start(leave).wait().left == ["a", "a/b"]
    with pytest.raises(AssertionError, match="versioner"):
        run(leave)


def test_the_arguments_of_all_git_processes_are_told(registry: Served, tmp_path: Path) -> None:
    home = traced_home(tmp_path / "home")
    url = registry.url.replace("//", "//jane:s3cret@")
    assert run(plain("git", "ls-remote", url, home=home)).code == 0
    told = arguments(home)
    assert ["git", "ls-remote", url] in told
    assert any("remote-http" in " ".join(each) and url in each for each in told)


def test_a_killed_process_says_so() -> None:
    started = start(plain("sleep", "600"))
    started.kill()
    assert started.wait().code == -signal.SIGKILL


@pytest.mark.usefixtures("server")
def test_a_server_ends_with_whoever_started_it(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "server")],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    group = int(owner.stdout.readline())
    os.killpg(group, 0)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and is_alive(group):
        time.sleep(0.02)
    assert not is_alive(group)


def is_alive(group: int) -> bool:
    shown = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True)
    pairs = (line.split() for line in shown.stdout.splitlines())
    return any(int(pgid) == group and not stat.startswith("Z") for pgid, stat in pairs)
