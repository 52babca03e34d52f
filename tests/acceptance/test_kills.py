"""kill -9 of `track`, at random moments and at the worst one, each before a user's commit."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import assert_sound, environment, git, look, versioner
from tests.git_server.registries import RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

TRACK = ("track", "deployment", "--product", "shop", "--environment", "production", "--version")
REFUSED = tuple("staging" if each == "production" else each for each in TRACK)
STARTED = ("--status", "started")
NOTE = "notes.txt"

# The command itself, in a process that dies exactly between the ref's move and the refresh.
DIES_AFTER_MOVE = """
import os, signal, sys
from versioner.cli.errors import run
from versioner.git import commit as commit_module

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

commit_module.refresh = die
raise SystemExit(run(sys.argv[1:]))
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    made = tmp_path / "registry"
    versioner("init", made)
    (made / NOTE).write_text("0\n")
    rules = made / "registry/rules"
    rules.mkdir(exist_ok=True)
    for name, text in RULES.items():
        # What is refused is refused elsewhere, beside the events of these tests.
        text = text.replace("[production]", "[staging]")
        (rules / f"{name}.yaml").write_text(text, encoding="utf-8")
    git(made, "add", NOTE, "registry/rules")
    git(made, "commit", "-q", "-m", "Take notes")
    versioner(*TRACK, "0", cwd=made)
    return made


def user_commits_all(top: Path, text: str) -> None:
    """Commit as users do, with whatever the work tree shows; git may hold its lock a while."""
    (top / NOTE).write_text(text)
    for _ in range(200):
        done = subprocess.run(
            ["git", "commit", "-q", "-a", "-m", f"User {text}"],
            cwd=top, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return
        time.sleep(0.02)
    raise AssertionError(done.stderr)


def versions_at_tip(top: Path) -> list[str]:
    return [each["version"] for each in look("deployment", "list", "--rev", "HEAD", cwd=top)]


def kill_at_a_random_moment(top: Path, version: str, longest: float, *more: str) -> bool:
    """Start `track`, kill it, and tell whether it had acknowledged the event by then."""
    child = subprocess.Popen(
        [sys.executable, "-m", "versioner", *TRACK, version, *more],
        cwd=top, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    time.sleep(random.uniform(0, longest))
    child.kill()
    said = child.communicate()[0]
    return said.startswith("recorded:")


def test_kills_at_random_moments_lose_no_acknowledged_event(
    top: Path, scale: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    versioner(*TRACK, "first", cwd=top, fresh=True)
    # Up to half as long again as a whole command takes here, so that some kills come too late.
    longest = 1.5 * (time.monotonic() - begun)
    acknowledged, tried = {"0", "first"}, {"0", "first"}
    for number in range(scale(15, 200)):
        killed = f"killed-{number}"
        tried.add(killed)
        # Every second event is the start of a deployment under a rule, which is judged.
        started = STARTED if number % 2 else ()
        if kill_at_a_random_moment(top, killed, longest, *started):
            acknowledged.add(killed)
        user_commits_all(top, str(number))
        # The next command just works, and completes what was cut off.
        if number % 5 == 1:
            versioner(*REFUSED, f"refused-{number}", *STARTED, cwd=top, code=5)
        versioner(*TRACK, f"next-{number}", *started, cwd=top)
        acknowledged.add(f"next-{number}")
        tried.add(f"next-{number}")
        assert git(top, "status", "--porcelain") == ""
    found = versions_at_tip(top)
    assert len(found) == len(set(found))
    assert acknowledged <= set(found) <= tried
    assert_sound(top)
    versioner("validate", "--strict", cwd=top)
    with capsys.disabled():
        kept = sum(version.startswith("killed") for version in found)
        print(f"\n[kills: {number + 1} at random moments, {kept} of their events recorded]")


@pytest.mark.thorough
def test_a_kill_between_ref_and_refresh_is_completed_by_the_next_command(
    top: Path, scale: Callable[[int, int], int]
) -> None:
    commands = (("status",), ("validate",), (*TRACK, "next"), ("deployment", "list"))
    for number in range(scale(5, 50)):
        version = f"killed-{number}"
        dying = subprocess.run(
            [sys.executable, "-c", DIES_AFTER_MOVE, *TRACK, version, *STARTED[: number % 2 * 2]],
            cwd=top, env=environment(), check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert dying.returncode == -signal.SIGKILL
        log = next((top / "registry").rglob("deployments/*")).relative_to(top).as_posix()
        assert f'"{version}"' in git(top, "show", f"HEAD:{log}")
        user_commits_all(top, str(number))
        # The trap is real: the user's commit has taken the event out again.
        assert f'"{version}"' not in git(top, "show", f"HEAD:{log}")
        next_command = commands[number % len(commands)]
        if next_command[-1] == "next":
            next_command = (*next_command[:-1], f"next-{number}")
        versioner(*next_command, cwd=top)
        assert f'"{version}"' in git(top, "show", f"HEAD:{log}")
        assert_sound(top)
    found = versions_at_tip(top)
    assert len(found) == len(set(found))
    assert {f"killed-{each}" for each in range(number + 1)} <= set(found)
    assert (top / NOTE).read_text() == str(number)
    versioner("validate", "--strict", cwd=top)


def test_a_kill_in_the_middle_of_an_edit_or_an_import_leaves_the_old_or_the_new(
    top: Path, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    rows = tmp_path / "rows.csv"
    for number in range(scale(4, 40)):
        lines = [f"2026-01-02T03:04:05Z,shop,staging,{number}.{row}" for row in range(200)]
        rows.write_text("\n".join(["at,product,environment,version", *lines, ""]))
        arguments = (
            ("import", str(rows))
            if number % 2
            else ("product", "edit", "shop", "--set", f"description=Take {number}")
        )
        child = subprocess.Popen(
            [sys.executable, "-m", "versioner", *arguments],
            cwd=top, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(random.uniform(0.05, 0.6))
        child.kill()
        child.wait()
        user_commits_all(top, str(number))
        versioner(*TRACK, f"next-{number}", cwd=top)
        imported = [v for v in versions_at_tip(top) if v.startswith(f"{number}.")]
        assert len(imported) in ((0, 200) if number % 2 else (0,))
        described = look("product", "show", "shop", cwd=top)["description"]
        assert described is None or described.startswith("Take ")
    assert_sound(top)
    versioner("validate", "--strict", cwd=top)


@pytest.mark.thorough
def test_a_killed_process_group_is_got_over_as_the_message_says(
    top: Path, scale: Callable[[int, int], int]
) -> None:
    """Kill git's own processes too, which may leave a lock of git's: only a user may remove it."""
    acknowledged = {"0"}
    for number in range(scale(6, 60)):
        started = STARTED if number % 2 else ()
        child = subprocess.Popen(
            [sys.executable, "-m", "versioner", *TRACK, f"killed-{number}", *started],
            cwd=top, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True,
        )  # fmt: skip
        time.sleep(random.uniform(0.05, 0.4))
        os.killpg(child.pid, signal.SIGKILL)
        if child.communicate()[0].startswith("recorded:"):
            acknowledged.add(f"killed-{number}")
        after = [sys.executable, "-m", "versioner", *TRACK, f"next-{number}"]
        done = subprocess.run(
            after, cwd=top, env=environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            lock = re.search(r"(\S+\.lock)", done.stderr)
            assert done.returncode == 1, done.stderr
            assert lock, done.stderr
            assert "remove" in done.stderr
            (top / lock[1]).unlink()
            versioner(*TRACK, f"next-{number}", cwd=top)
        acknowledged.add(f"next-{number}")
        assert git(top, "status", "--porcelain") == ""
    found = versions_at_tip(top)
    assert len(found) == len(set(found))
    assert acknowledged <= set(found)
    versioner("validate", "--strict", cwd=top)
