"""A server that is killed at any moment loses nothing that it acknowledged, and doubles nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.bare_registry import copy_of
from tests.server.conftest import run_async
from tests.server.load import Load, RunningServer, ids_on_branch
from versioner.git.process import LockedByGit
from versioner.git.repository import open_repository
from versioner.recording.context import EventDraft
from versioner.server.writer import RegistryWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.local_registry import Desk
    from versioner.recording.record import RecordResult

pytestmark = pytest.mark.slow


@pytest.fixture
def running(pattern: Path, tmp_path: Path) -> Iterator[RunningServer]:
    repo = copy_of(pattern, tmp_path / "bare.git").path
    (tmp_path / "state").mkdir()
    server = RunningServer(str(repo), tmp_path / "state")
    server.start()
    yield server
    server.stop()


def assert_each_once(repo: str | Path, load: Load) -> None:
    """Each acknowledged event, and so each that was sent, is on the branch once."""
    counts = Counter(ids_on_branch(repo))
    assert load.problems == []
    assert len(set(load.acknowledged)) == load.sent
    assert [each for each in load.acknowledged if counts[each] != 1] == []
    assert [each for each, number in counts.items() if number > 1] == []


async def kill_at_random(
    server: RunningServer, load: Load, kills: int, seconds: float, tell: Callable[[str], None]
) -> None:
    """Kill the server at random moments while it records, and start it again at once."""
    for number in range(kills):
        before = len(load.acknowledged)
        while len(load.acknowledged) == before:
            await asyncio.sleep(0.01)
        share = int.from_bytes(os.urandom(2), "big") / 65536
        await asyncio.sleep(seconds / kills * share)
        # With the git processes that it runs, and without them.
        server.kill(group=number % 2 == 0)
        await asyncio.to_thread(server.start)
        tell(f"{number + 1} kills, {len(load.acknowledged)} events acknowledged")


LOCKED = """
import os, signal
from versioner.git import commit
from versioner.git.process import git
moved = commit.git
def die(args, **said):
    # As git does: the new commit is in the lock, and the branch has not moved.
    new, tip = args[-2:]
    for name in ("refs/heads/main.lock", "HEAD.lock"):
        with open(os.path.join(said["cwd"], name), "w") as file:
            file.write(new + chr(10) if name != "HEAD.lock" else "")
    os.kill(os.getpid(), signal.SIGKILL)
commit.git = die
"""


def test_the_locks_of_a_dead_server_are_removed_and_those_of_others_stay(
    desk: Desk, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    record = """
import os
from pathlib import Path
from versioner.git.repository import open_repository
from versioner.recording.context import EventDraft
from versioner.server.writer import RegistryWriter
now = lambda: "2026-11-29T12:00:00Z"
writer = RegistryWriter(
    open_repository(Path(".")), now=now, entropy=lambda: (1, os.urandom(10))
)
fields = {"at": now(), "environment": "staging", "version": "7", "status": "completed"}
print(writer.record_event(EventDraft("deployment", "shop", fields, "k-1")).already)
"""

    done = subprocess.run([sys.executable, "-c", LOCKED + record], cwd=bare, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (bare / "refs/heads/main.lock").exists()
    other = Path(shutil.copytree(bare, tmp_path / "other.git"))
    assert not record_in(bare).already
    assert desk.git("-C", str(bare), "grep", "-c", "k-1", "main").endswith(":1")
    assert not [*bare.rglob("*.lock")]
    # Another git has the lock: its new commit is not the one that the dead server noted.
    (other / "refs/heads/main.lock").write_text("0" * 40 + "\n")
    with pytest.raises(LockedByGit, match=r"main\.lock"):
        record_in(other)
    assert (other / "refs/heads/main.lock").exists()


def record_in(bare: Path) -> RecordResult:
    """Record the event that the killed server was to record."""
    now = "2026-11-29T12:00:00Z"
    writer = RegistryWriter(
        open_repository(bare), now=lambda: now, entropy=lambda: (1, os.urandom(10))
    )
    fields = {"at": now, "environment": "staging", "version": "7", "status": "completed"}
    try:
        return writer.record_event(EventDraft("deployment", "shop", fields, "k-1"))
    finally:
        writer.close()


def test_what_a_killed_server_acknowledged_is_on_the_branch_once(
    running: RunningServer, scale: Callable[[int, int], int]
) -> None:
    clients, kills, seconds = scale(4, 64), scale(1, 50), scale(1, 60)
    load = Load([running.port], running.token)

    def tell(line: str) -> None:
        (running.state / "kills").write_text(f"{line}\n")

    async def both() -> None:
        killing = asyncio.create_task(kill_at_random(running, load, kills, seconds, tell))
        while not killing.done():
            await load.drive(clients, seconds=scale(1, 5))
        await killing

    run_async(both())
    assert_each_once(running.repo, load)
