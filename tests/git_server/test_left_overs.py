"""Nothing stays in the temporary folder, whichever way a command ends."""

from __future__ import annotations

import math
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.git_server.disks import fill, small_disk
from tests.git_server.fault_world import users_of
from tests.git_server.faults import ANY, FETCH, PUSH, Hold, HoldResponse, Status
from tests.git_server.processes import Started, run_versioner, start, tool
from versioner.spool.codec import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.git_server.proxy import Proxy
    from tests.git_server.served import Served

pytestmark = pytest.mark.slow

PATIENCE = 60


def track(url: str, *more: str) -> list[str]:
    where = ["--repo", url, "--product", "user-service", "--environment", "production"]
    return ["track", "deployment", *where, "--version", "9.0.0", "--invoke-id", "run-9", *more]


def times_recorded(registry: Served) -> int:
    return [event["version"] for event in registry.events("user-service")].count("9.0.0")


@contextmanager
def held(
    proxy: Proxy, registry: Served, on: str, tmp: Path, **options: object
) -> Iterator[Started]:
    """Give a command that waits for the remote, at the first request of a kind."""
    tmp.mkdir(exist_ok=True)
    hold = proxy.fail(Hold(), on=on)
    started = start(tool(*track(proxy.url_of(registry)), tmp=tmp, **options))
    assert isinstance(hold, Hold)
    assert hold.reached.wait(PATIENCE)
    try:
        yield started
    finally:
        proxy.heal()


def wait_until(true: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.02)
    assert true()  # type: ignore[operator]


@pytest.mark.sampled
@pytest.mark.parametrize("on", [FETCH, PUSH])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_and_says_so(
    proxy: Proxy, registry: Served, tmp_path: Path, number: signal.Signals, on: str
) -> None:
    with held(proxy, registry, on, tmp_path / "tmp") as started:
        started.process.send_signal(number)
        ran = started.wait()
    assert (ran.code, ran.out, ran.left) == (128 + number, "", [])
    line, *_, last = ran.err.splitlines()
    assert parse_line(line).repo == proxy.url_of(registry)
    assert last == "versioner: stopped; no partial change is left behind"


def test_a_second_signal_does_not_stop_the_cleaning(
    proxy: Proxy, registry: Served, tmp_path: Path
) -> None:
    with held(proxy, registry, FETCH, tmp_path / "tmp") as started:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            started.process.send_signal(number)
        ran = started.wait()
    assert ran.left == []
    # A signal that arrives when all is cleaned ends Python itself. For a shell it is the same code.
    code = ran.code if ran.code >= 0 else 128 - ran.code
    assert code in {128 + signal.SIGTERM, 128 + signal.SIGINT}


def test_a_signal_that_whoever_started_it_ignores_is_not_heard(
    proxy: Proxy, registry: Served, tmp_path: Path
) -> None:
    job = tool(*track(proxy.url_of(registry)))
    hold = proxy.fail(Hold(), on=FETCH)
    assert isinstance(hold, Hold)
    unheard = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        started = start(job)
    finally:
        signal.signal(signal.SIGHUP, unheard)
    assert hold.reached.wait(PATIENCE)
    started.process.send_signal(signal.SIGHUP)
    time.sleep(0.1)
    proxy.heal()
    ran = started.wait()
    assert (ran.code, ran.left) == (0, [])


def test_what_a_killed_one_left_the_next_one_sweeps(
    proxy: Proxy, registry: Served, tmp_path: Path
) -> None:
    tmp = tmp_path / "tmp"
    with held(proxy, registry, FETCH, tmp) as started:
        started.kill_all()
        ran = started.wait()
    assert ran.code == -signal.SIGKILL
    assert ran.left != []
    assert run_versioner(track(registry.url), tmp=tmp).code == 0
    assert list(tmp.iterdir()) == []


def test_the_folder_of_a_child_that_outlives_its_killed_parent_is_left_to_it(
    proxy: Proxy, registry: Served, tmp_path: Path
) -> None:
    tmp = tmp_path / "tmp"
    with held(proxy, registry, PUSH, tmp) as started:
        (folder,) = tmp.iterdir()
        started.kill()
        started.process.wait(PATIENCE)
        assert start(tool(*track(registry.url), tmp=tmp)).wait().code == 0
        assert folder.is_dir()
        assert (folder / "registry.git" / "objects").is_dir()
    # Its push goes on, and finds that the event is there.
    wait_until(lambda: not users_of(folder))
    assert run_versioner(track(registry.url, "--version", "9.0.1"), tmp=tmp).code == 0
    assert list(tmp.iterdir()) == []
    started.wait()
    assert len(registry.event_ids()) == len(set(registry.event_ids()))
    registry.assert_sound()


def test_an_error_of_the_remote_leaves_nothing(proxy: Proxy, registry: Served) -> None:
    proxy.fail(Status(500), times=math.inf, on=ANY)
    # `run_versioner` itself holds the temporary folder to be empty.
    assert run_versioner(track(proxy.url_of(registry))).code == 6


@pytest.mark.parametrize("pages", [2, 4, 8])
def test_a_disk_of_this_machine_that_runs_full_keeps_the_event_as_a_line(
    registry: Served, tmp_path: Path, pages: int
) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        tmp, home = disk / "tmp", disk / "home"
        for folder in (tmp, home):
            folder.mkdir()
        filler = fill(disk, leave=pages * 4096)
        ran = run_versioner(track(registry.url), tmp=tmp, home=home)
        assert ran.code == 6, ran.said
        assert "No space left on device" in ran.err
        assert "set TMPDIR" in ran.err
        line = next(each for each in ran.err.splitlines() if each.startswith("versioner spool: "))
        filler.unlink()
        again = run_versioner(
            ["spool", "send", "-", "--repo", registry.url], stdin=line, tmp=tmp, home=home
        )
        assert again.code == 0, again.said
    assert times_recorded(registry) == 1


def test_a_clones_push_leaves_nothing(registry: Served, tmp_path: Path, proxy: Proxy) -> None:
    top, tmp = tmp_path / "clone", tmp_path / "tmp"
    tmp.mkdir()
    subprocess.run(["git", "clone", "-q", proxy.url_of(registry), str(top)], check=True)
    hold = proxy.fail(HoldResponse(), on=PUSH)
    assert isinstance(hold, HoldResponse)
    started = start(tool(*track(str(top), "--push"), tmp=tmp))
    assert hold.reached.wait(PATIENCE)
    started.process.send_signal(signal.SIGTERM)
    ran = started.wait()
    proxy.heal()
    assert (ran.code, ran.left) == (128 + signal.SIGTERM, [])
    again = run_versioner(track(str(top), "--push"), tmp=tmp)
    assert again.code == 0, again.said
    assert times_recorded(registry) == 1
