"""Many fresh processes that record on one remote at once, as hundreds of pipelines do."""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import PROJECT
from tests.forked import put_script
from tests.git_server.conftest import serve
from tests.git_server.processes import Job, many, run_versioner, start, tool
from tests.git_server.registries import registry_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.git_server.processes import Ran, Started
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

HOOK_SECONDS = 0.3
PRODUCTS = ("user-service", "payment-api", "web-frontend", "brand-new")
# Writes event after event, each a process of its own, as a pipeline types it; stops at a failure.
WRITER = """
import subprocess, sys
tool, name, count, url, via = sys.argv[1:]
for number in range(int(count)):
    subprocess.run(
        [tool, "track", "deployment", "--repo", url, "--via", via,
         "--product", ("user-service", "payment-api", "brand-new")[number % 3],
         "--environment", ("staging", "production")[number % 2],
         "--version", f"{name}.{number}", "--invoke-id", f"{name}-{number}"],
        check=True, stdout=subprocess.DEVNULL,
    )
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    yield from serve(tmp_path_factory.mktemp("server"))


@pytest.fixture
def forge(server: GitServer) -> Served:
    """Serve a registry on what takes as long as a forge to say that it took a push."""
    return registry_on(server, hook_seconds=HOOK_SECONDS)


@pytest.fixture
def program(tmp_path: Path) -> str:
    """Return the path of a program that is the tool, for processes which start it many times."""
    return put_script(tmp_path, {"PYTHONPATH": str(PROJECT)})


def jobs(forge: Served, count: int, *more: str, home: Path | None = None) -> list[Job]:
    """Describe fresh processes with one event each, most of one product."""
    return [
        tool(
            *("track", "deployment", "--repo", forge.url, *more),
            *("--product", PRODUCTS[number % 8 if number % 8 < 4 else 0]),
            *("--environment", "production", "--version", f"w.{number}"),
            *("--invoke-id", f"run-{number}"),
            home=home,
        )
        for number in range(count)
    ]


def versions(forge: Served) -> list[str]:
    """Return the versions of the events that are new, those on the branch twice twice."""
    found = forge.git("grep", "-h", "-o", 'version: "w[^"]*"', "main", "--", "registry")
    return [line.split('"')[1] for line in found.splitlines()]


def assert_recorded_once(forge: Served, expected: Sequence[str]) -> None:
    collected = run_versioner(["collect", "--repo", forge.url])
    assert collected.code == 0, collected.err
    assert Counter(versions(forge)) == Counter(expected)
    ids = forge.event_ids()
    assert len(ids) == len(set(ids))
    assert set(forge.refs()) == {"refs/heads/main"}
    forge.assert_sound()
    checked = run_versioner(["validate", "--repo", forge.path])
    assert checked.code == 0, checked.said


def assert_all_done(ran: Sequence[Ran]) -> None:
    failed = [each.said for each in ran if each.code != 0]
    assert not failed, f"{len(failed)} of {len(ran)}: {failed[0]}"


@pytest.mark.parametrize("via", ["inbox", "auto", "direct"])
def test_fresh_processes_at_once_are_each_on_the_branch_once(
    forge: Served, via: str, scale: Callable[[int, int], int]
) -> None:
    # Directly each loses all races but one; with that many, the others say so.
    count = scale(16, 64) if via != "direct" else 4
    ran = many(jobs(forge, count, "--via", via))
    assert_all_done(ran)
    said = [each.out.split(":")[0] for each in ran]
    assert set(said) <= {"received", "recorded"}
    assert via != "inbox" or set(said) == {"received"}
    assert_recorded_once(forge, [f"w.{number}" for number in range(count)])


@pytest.mark.thorough
def test_starts_under_a_rule_that_allows_them_are_each_on_the_branch_once(
    server: GitServer, scale: Callable[[int, int], int]
) -> None:
    forge = registry_on(server, hook_seconds=HOOK_SECONDS, rule="few-at-once")
    # None may go through the inbox, and each of them is judged again after every lost race.
    # One push after the other: more of them at once take longer than a process of a test may.
    count = scale(6, 24)
    ran = many(jobs(forge, count, "--status", "started"))
    assert_all_done(ran)
    assert {each.out.split(":")[0] for each in ran} == {"recorded"}
    assert_recorded_once(forge, [f"w.{number}" for number in range(count)])


@pytest.mark.thorough
@pytest.mark.parametrize("via", ["inbox", "auto", "direct"])
def test_processes_of_one_host_share_their_pushes(
    server: GitServer,
    forge: Served,
    tmp_path: Path,
    via: str,
    scale: Callable[[int, int], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    count = scale(16, 64)
    (tmp_path / "home").mkdir()
    before = len(server.requests())
    assert_all_done(many(jobs(forge, count, "--via", via, home=tmp_path / "home")))
    pushes = [each for each in server.requests()[before:] if "/git-receive-pack " in each]
    with capsys.disabled():
        print(f"\n[one host, --via {via}: {count} events in {len(pushes)} pushes]")
    # Some for those that were there first, one for all that came while these were on their way.
    assert len(pushes) <= count // 4, f"{len(pushes)} pushes for {count} events"
    assert_recorded_once(forge, [f"w.{number}" for number in range(count)])
    # The spool is empty. What is remembered of the remote is in the cache.
    left = (tmp_path / "home").rglob("*.json")
    assert [path for path in left if ".cache" not in path.parts] == []


def writers(forge: Served, program: str, count: int, events: int, via: str) -> list[Started]:
    return [
        start(Job([sys.executable, "-c", WRITER, program, f"w{each}", str(events), forge.url, via]))
        for each in range(count)
    ]


def wait_for(started: Sequence[Started]) -> list[Ran]:
    with ThreadPoolExecutor(len(started)) as pool:
        return list(pool.map(lambda one: one.wait(600), started))


@pytest.mark.thorough
@pytest.mark.parametrize("via", ["inbox", "auto"])
def test_writers_of_many_events_lose_and_repeat_nothing(
    forge: Served, program: str, via: str, scale: Callable[[int, int], int]
) -> None:
    count, events = scale(4, 16), scale(3, 25)
    assert_all_done(wait_for(writers(forge, program, count, events, via)))
    expected = [f"w{each}.{number}" for each in range(count) for number in range(events)]
    assert_recorded_once(forge, expected)


# Collects over and over, until it is told that nobody writes any more.
COLLECTOR = """
import pathlib, subprocess, sys
tool, url, over = sys.argv[1:]
while not pathlib.Path(over).exists():
    subprocess.run(
        [tool, "collect", "--repo", url],
        check=True, stdout=subprocess.DEVNULL,
    )
"""


def test_collectors_beside_writers_lose_and_repeat_nothing(
    forge: Served, program: str, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    collectors, count, events = scale(2, 8), scale(4, 16), scale(3, 8)
    over = tmp_path / "over"
    collecting = [
        start(Job([sys.executable, "-c", COLLECTOR, program, forge.url, str(over)]))
        for _ in range(collectors)
    ]
    try:
        written = wait_for(writers(forge, program, count, events, "auto"))
    finally:
        over.touch()
        collected = wait_for(collecting)
    assert_all_done([*written, *collected])
    expected = [f"w{each}.{number}" for each in range(count) for number in range(events)]
    assert_recorded_once(forge, expected)
