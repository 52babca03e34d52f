"""Collectors at a real server: many at once, killed at any moment, on servers of every kind."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.tool import PROJECT
from tests.fixtures.bare_registry import Post, hostile_refs, submission
from tests.fixtures.local_registry import NOW
from tests.git_server.faults import PUSH, DropRequest, DropResponse, Status
from tests.git_server.processes import many, run_versioner, start, tool
from tests.git_server.registries import registry_on
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.git_server.proxy import Proxy
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

PRODUCTS = ("user-service", "payment-api", "new-service")


def put(served: Served, count: int, word: str = "w") -> list[str]:
    """Let so many events of several products wait; return their ids."""
    documents = (
        submission(PRODUCTS[number % 3], f"9.{number}", id=f"{word}-{number}")
        for number in range(count)
    )
    return Post(served.path).put_many(documents)


def git(place: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=place, check=True, capture_output=True)


def collect(url: str, *args: str, code: int = 0) -> Any:
    ran = run_versioner(["collect", "--repo", url, "--output", "json", *args])
    assert ran.code == code, ran.said
    return ran.json() if code == 0 else ran


def counted(served: Served, ids: list[str]) -> Counter[str]:
    wanted = set(ids)
    return Counter(each for each in served.event_ids() if each in wanted)


def assert_all_once(served: Served, ids: list[str]) -> None:
    """Hold that each event is on the branch once, that nothing waits, and that all is sound."""
    assert counted(served, ids) == Counter(ids)
    assert served.refs("refs/versioner/") == {}
    served.assert_sound()


def test_what_waits_comes_to_the_branch(registry: Served) -> None:
    ids = put(registry, 20)
    before = registry.commits()
    done = collect(registry.url)
    assert [each["event"]["id"] for each in done["recorded"]] == ids
    assert (done["branch"], done["commits"]) == ("main", [registry.tip()])
    assert (done["already"], done["refused"], done["left"]) == ([], [], 0)
    assert registry.commits() == before + 1
    assert_all_once(registry, ids)
    assert collect(registry.url)["commits"] == []


def test_more_than_one_look_shows_is_all_collected(registry: Served) -> None:
    ids = put(registry, 250)
    assert len(collect(registry.url)["commits"]) == 2
    assert_all_once(registry, ids)


@pytest.mark.sampled
@pytest.mark.parametrize(
    "options",
    [
        {"atomic": False},
        {"limited": True},
        {"filters": False},
        {"protocol": 0},
        {"protocol": 0, "filters": False, "atomic": False},
        {"limited": True, "atomic": False, "hook_seconds": 0.1},
    ],
    ids=lambda options: "-".join(options),
)
def test_on_every_server_the_outcome_is_the_same(server: GitServer, options: Any) -> None:
    served = registry_on(server, **options)
    ids = put(served, 30)
    Post(served.path).put("user-service/bad", submission("user-service", status="fine"))
    done = collect(served.url)
    assert len(done["recorded"]) == 30
    (refused,) = done["refused"]
    assert refused["ref"] == "refs/versioner/refused/user-service/bad"
    assert set(refused) == {
        *("ref", "key", "at", "kind", "product", "event", "message", "hint"),
    }
    listed = run_versioner(["inbox", "list", "--repo", served.url, "--output", "json"]).json()
    assert [each["key"] for each in listed["refused"]] == ["bad"]
    ran = run_versioner(["inbox", "discard", "bad", "--yes", "--repo", served.url])
    assert ran.code == 0, ran.said
    assert_all_once(served, ids)


def test_a_registry_beside_code_and_pictures_is_collected_by_itself(
    server: GitServer, proxy: Proxy
) -> None:
    served = registry_on(server, products=20, events=200, beside=True)
    ids = put(served, 20)
    with proxy.phase() as tally:
        collect(proxy.url_of(served))
    assert tally.bytes_down < 100_000
    assert_all_once(served, ids)


@pytest.mark.thorough
def test_odd_refs_are_told_by_everyone_and_block_nothing(registry: Served) -> None:
    refs = hostile_refs(Post(registry.path))
    ids = put(registry, 3)
    told = run_versioner(["inbox", "list", "--repo", registry.url])
    assert told.code == 0, told.said
    assert len(told.out.splitlines()) == len(refs) + 3 + 1
    as_json = run_versioner(["inbox", "list", "--repo", registry.url, "--output", "json"]).json()
    assert len(as_json["waiting"]) == len(refs) + 3
    done = collect(registry.url)
    assert (len(done["recorded"]), len(done["refused"])) == (3, len(refs))
    assert counted(registry, ids) == Counter(ids)
    status = run_versioner(["status", "--repo", registry.url])
    assert f"{len(refs)} events were refused: `versioner inbox list`" in status.out
    assert collect(registry.url)["refused"] == []
    keys = [each["ref"] for each in run_versioner(
        ["inbox", "list", "--repo", registry.url, "--output", "json"]
    ).json()["refused"]]  # fmt: skip
    gone = run_versioner(["inbox", "discard", *keys, "--yes", "--repo", registry.url])
    assert gone.code == 0, gone.said
    assert_all_once(registry, ids)


def test_a_protected_branch_is_told_and_nothing_is_lost(server: GitServer) -> None:
    served = registry_on(server, protected="github")
    ids = put(served, 3)
    refs, tip = served.refs("refs/versioner/"), served.tip()
    ran = collect(served.url, code=1)
    assert "GH006: Protected branch update failed" in ran.err
    assert (served.refs("refs/versioner/"), served.tip()) == (refs, tip)
    served.set(protected="")
    collect(served.url)
    assert_all_once(served, ids)


def test_a_token_that_may_only_read_is_told(server: GitServer) -> None:
    served = registry_on(server, tokens={"r3ad": "read"})
    put(served, 1)
    ran = run_versioner(["collect", "--repo", served.url], env={"VERSIONER_TOKEN": "r3ad"})
    assert ran.code == 1, ran.said
    assert "r3ad" not in ran.said
    assert len(served.refs("refs/versioner/")) == 1


@pytest.mark.parametrize("atomic", [True, False])
def test_an_answer_that_is_lost_is_found_out(server: GitServer, proxy: Proxy, atomic: bool) -> None:
    served = registry_on(server, atomic=atomic)
    ids = put(served, 5)
    proxy.fail(DropResponse(), on=PUSH)
    done = collect(proxy.url_of(served))
    assert len(done["recorded"]) + len(done["already"]) == 5
    assert not atomic or [each["event"]["id"] for each in done["recorded"]] == ids
    assert_all_once(served, ids)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [DropRequest(), Status(500), Status(503)])
def test_a_request_that_fails_is_made_again_or_told(
    server: GitServer, proxy: Proxy, fault: Any
) -> None:
    served = registry_on(server)
    ids = put(served, 5)
    proxy.fail(fault, on=PUSH)
    ran = run_versioner(["collect", "--repo", proxy.url_of(served)])
    assert ran.code in (0, 1), ran.said
    proxy.heal()
    collect(served.url)
    assert_all_once(served, ids)


def test_a_released_event_is_released_though_the_answer_is_lost(
    registry: Served, proxy: Proxy
) -> None:
    Post(registry.path).put("user-service/bad-one", submission("user-service", status="fine"))
    collect(registry.url)
    proxy.fail(DropResponse(), on=PUSH)
    ran = run_versioner(["inbox", "release", "bad-one", "--repo", proxy.url_of(registry)])
    assert (ran.code, "released" in ran.out) == (0, True), ran.said
    assert list(registry.refs("refs/versioner/")) == ["refs/versioner/inbox/user-service/bad-one"]


def test_collectors_and_writers_at_once_record_each_event_once(
    server: GitServer, scale: Callable[[int, int], int]
) -> None:
    served = registry_on(server, hook_seconds=0.05)
    ids = put(served, scale(30, 100))
    collectors = [
        tool("collect", "--repo", served.url, "--output", "json") for _ in range(scale(3, 8))
    ]
    writers = [
        tool(
            *("track", "deployment", "--product", PRODUCTS[number % 3], "--version", "8.0"),
            *("--environment", f"e{number}", "--event-id", f"direct-{number}"),
            *("--repo", served.url, "--via", "auto"),
        )
        for number in range(scale(3, 8))
    ]
    ran = many([*collectors, *writers])
    assert [each.code for each in ran] == [0] * len(ran), [each.said for each in ran]
    collect(served.url)
    own = [f"direct-{number}" for number in range(len(writers))]
    assert_all_once(served, [*ids, *own])
    told = [
        each["event"]["id"]
        for done in ran[: len(collectors)]
        for each in json.loads(done.out)["recorded"]
    ]
    assert set(Counter(told).values()) <= {1}


@pytest.mark.parametrize("atomic", [True, False])
def test_a_collector_that_is_killed_loses_and_repeats_nothing(
    server: GitServer, scale: Callable[[int, int], int], atomic: bool
) -> None:
    chance = random.Random(f"collectors {atomic}")
    served = registry_on(server, hook_seconds=0.05, atomic=atomic)
    ids: list[str] = []
    for number in range(scale(6, 40)):
        ids += put(served, 6, f"k{number}")
        started = start(tool("collect", "--repo", served.url))
        time.sleep(chance.uniform(0.1, 1.2))
        if number % 2:
            started.kill()
            started.process.wait()
            # What it started may still come through.
            time.sleep(0.5)
        started.kill_all()
        started.wait()
    collect(served.url)
    assert_all_once(served, ids)


def test_a_ref_that_arrives_after_its_event_was_recorded_directly_is_known(
    registry: Served,
) -> None:
    track = ("track", "deployment", "--product", "user-service", "--version", "7.0")
    run = ("--environment", "staging", "--event-id", "late-1", "--repo", registry.url)
    assert run_versioner([*track, *run, "--via", "direct"]).code == 0
    late = run_versioner([*track, *run, "--via", "inbox"])
    assert late.code == 0, late.said
    done = collect(registry.url)
    assert (done["recorded"], len(done["already"])) == ([], 1)
    assert_all_once(registry, ["late-1"])


@pytest.mark.thorough
def test_a_remote_of_sha256_is_collected(server: GitServer, tmp_path: Path) -> None:
    served = server.repository(object_format="sha256")
    clone = tmp_path / "clone"
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", str(clone))
    initialise(clone, now=NOW)
    git(clone, "push", "-q", str(served.path), "main")
    ids = put(served, 5)
    Post(served.path).put("user-service/bad-one", submission("user-service", status="fine"))
    assert len(collect(served.url)["refused"]) == 1
    ran = run_versioner(["inbox", "discard", "bad-one", "--yes", "--repo", served.url])
    assert ran.code == 0, ran.said
    assert_all_once(served, ids)


def test_in_a_clone_its_remote_is_collected(registry: Served, tmp_path: Path) -> None:
    ids = put(registry, 3)
    git(tmp_path, "clone", "-q", registry.url, "clone")
    ran = run_versioner(["collect"], cwd=tmp_path / "clone")
    assert ran.code == 0, ran.said
    assert "recorded 3 events on main" in ran.out
    assert_all_once(registry, ids)


def test_a_clone_without_a_remote_says_what_to_add(registry: Served, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", registry.url, "clone")
    git(tmp_path / "clone", "remote", "remove", "origin")
    ran = run_versioner(["collect"], cwd=tmp_path / "clone")
    assert ran.code == 2
    assert "--repo" in ran.err


def test_a_bare_repository_collects_for_itself_after_each_push(registry: Served) -> None:
    hook = registry.path / "hooks" / "post-receive"
    hook.write_text(
        f'#!/bin/sh\nPYTHONPATH={PROJECT} "{sys.executable}" -m versioner collect --repo . '
        ">&2 || true\n",
        encoding="utf-8",
    )
    hook.chmod(0o755)
    track = ("track", "deployment", "--product", "user-service", "--version", "7.0")
    to = ("--environment", "staging", "--event-id", "hooked-1", "--repo", registry.url)
    ran = run_versioner([*track, *to, "--via", "inbox"])
    assert ran.code == 0, ran.said
    assert_all_once(registry, ["hooked-1"])
