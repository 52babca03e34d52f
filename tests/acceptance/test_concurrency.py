"""Many processes that record into one clone at once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import assert_sound, environment, git, look, versioner
from tests.forked import put_script
from tests.git_server.registries import RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

# One process that records event after event, each a command of its own as a pipeline types it.
RECORDER = """
import subprocess, sys
tool, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(count):
    subprocess.run(
        [tool, "track", "deployment", "--product", f"p{number % 3}",
         "--environment", ("staging", "production")[number % 2], "--version", f"{name}.{number}",
         "--status", ("completed", "started")[number // 2 % 2]],
        check=True, stdout=subprocess.DEVNULL,
    )
"""


def test_processes_that_record_at_once_lose_and_repeat_nothing(
    tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    processes, events = scale(6, 16), scale(4, 25)
    top = tmp_path / "registry"
    versioner("init", top)
    # Half of the events are starts, which the rule judges by the deployments of all products.
    (top / "registry/rules/few-at-once.yaml").write_text(RULES["few-at-once"], encoding="utf-8")
    git(top, "add", "registry/rules")
    git(top, "commit", "-q", "-m", "Judge starts")
    before = int(git(top, "rev-list", "--count", "HEAD"))
    tool = put_script(tmp_path, environment())
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RECORDER, tool, f"w{worker}", str(events)],
            cwd=top, env=environment(), stderr=subprocess.PIPE, text=True,
        )
        for worker in range(processes)
    ]  # fmt: skip
    with ThreadPoolExecutor(processes) as pool:
        said = list(pool.map(lambda one: one.communicate()[1], running))
    assert [one.returncode for one in running] == [0] * processes, said

    expected = {f"w{worker}.{number}" for worker in range(processes) for number in range(events)}
    listed = look("deployment", "list", cwd=top)
    assert Counter(each["version"] for each in listed) == Counter(expected)
    assert len({each["id"] for each in listed}) == processes * events
    assert int(git(top, "rev-list", "--count", "HEAD")) == before + processes * events
    assert git(top, "rev-list", "--merges", "HEAD") == ""
    assert_sound(top)
    versioner("validate", cwd=top)


def test_each_commit_adds_just_its_line(tmp_path: Path) -> None:
    top = tmp_path / "registry"
    versioner("init", top)
    for version in ("1.0", "1.1"):
        track = ("track", "deployment", "--product", "shop", "--environment", "staging")
        versioner(*track, "--version", version, cwd=top)
    (log,) = (top / "registry").rglob("deployments/*.yaml")
    changed = git(top, "show", "--numstat", "--format=", "HEAD").split()
    assert changed == ["1", "0", log.relative_to(top).as_posix()]
