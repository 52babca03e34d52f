"""What becomes of an event, whatever the remote does to it: said, never lost, never twice."""

from __future__ import annotations

import json
import math
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.git_server.faults import (
    ANY,
    PUSH,
    DropRequest,
    DropResponse,
    Hold,
    Redirect,
    Status,
    StatusAfter,
)
from tests.git_server.processes import Ran, run, run_versioner, start, tool
from tests.git_server.registries import registry_on
from tests.git_server.server import free_port
from versioner.remote.faults import FAULTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git_server.faults import Fault
    from tests.git_server.proxy import Proxy
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

WAYS = ("direct", "inbox", "auto")
PATIENCE = 60


def track(url: str, *more: str, **options: Any) -> Ran:
    return run_versioner(arguments(url, *more), **options)


def arguments(url: str, *more: str) -> list[str]:
    where = ["--repo", url, "--product", "user-service", "--environment", "production"]
    return ["track", "deployment", *where, "--version", "9.0.0", "--invoke-id", "run-9", *more]


def assert_outcome(ran: Ran, outcome: str, fault: str = "") -> None:
    """Hold a run to its exit code and its words."""
    if outcome == "kept":
        words, remedy = FAULTS[fault]  # type: ignore[index]
        assert ran.code == 6, ran.said
        assert ran.err.startswith("versioner spool: {"), ran.said
        assert f"not recorded, kept in this machine's spool: {words}" in ran.err, ran.said
        assert f"hint: {remedy}; then `versioner spool send`" in ran.err, ran.said
        assert ran.out == ""
    else:
        assert (ran.code, ran.out.partition(":")[0]) == (0, outcome), ran.said


def assert_once(forge: Served, home: Path, url: str = "") -> None:
    """Send what waits here, fold what waits there: then the event is there, once."""
    assert run_versioner(["spool", "send"], home=home).code == 0
    listed = run_versioner(["spool", "list", "--output", "json"], home=home)
    assert not json.loads(listed.out).get("events", json.loads(listed.out).get("waiting")), listed
    there = forge.refs("refs/versioner/inbox/")
    assert times_recorded(forge) + len(there) == 1
    assert run_versioner(["collect", "--repo", url or forge.url]).code == 0
    assert forge.refs("refs/versioner/") == {}
    assert times_recorded(forge) == 1
    forge.assert_sound()


def times_recorded(forge: Served) -> int:
    return [event["version"] for event in forge.events("user-service")].count("9.0.0")


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("github", "protected"),
        ("gitlab", "protected"),
        ("github-signed", "signature"),
        ("gitlab-signed", "signature"),
    ],
)
def test_a_branch_that_is_protected_leaves_the_inbox(
    server: GitServer, tmp_path: Path, via: str, rule: str, fault: str
) -> None:
    forge = registry_on(server, protected=rule)
    ran = track(forge.url, "--via", via, home=tmp_path)
    assert_outcome(ran, "kept" if via == "direct" else "received", fault)
    forge.set(protected="")
    assert_once(forge, tmp_path)


def decline(forge: Served, ref: str) -> Path:
    hook = forge.path / "hooks" / "update"
    text = f'#!/bin/sh\ncase $1 in {ref}) echo "not on a Friday"; exit 1;; esac\n'
    hook.write_text(text, encoding="utf-8")
    hook.chmod(0o755)
    return hook


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
def test_a_hook_that_declines_the_branch_leaves_the_inbox(
    server: GitServer, tmp_path: Path, via: str
) -> None:
    forge = registry_on(server)
    hook = decline(forge, "refs/heads/main")
    ran = track(forge.url, "--via", via, home=tmp_path)
    assert_outcome(ran, "kept" if via == "direct" else "received", "hook")
    if via == "direct":
        assert "remote: not on a Friday" in ran.err
    hook.unlink()
    assert_once(forge, tmp_path)


def test_where_neither_branch_nor_inbox_is_open_the_remedy_says_so(
    server: GitServer, tmp_path: Path
) -> None:
    forge = registry_on(server, protected="github", custom_refs="receive.hideRefs")
    ran = track(forge.url, home=tmp_path)
    assert ran.code == 6, ran.said
    assert FAULTS["protected"][0] in ran.err
    assert "hint: allow this token or user to push to the branch, or to refs/versioner/*" in ran.err
    assert "--via inbox" not in ran.err
    forge.set(protected="", custom_refs="")
    assert_once(forge, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("receive.hideRefs", "hidden"),
        ("transfer.hideRefs", "hidden"),
        ("update", "hook"),
        ("pre-receive", "hook"),
    ],
)
def test_a_remote_without_custom_refs_takes_the_branch(
    server: GitServer, tmp_path: Path, via: str, how: str, fault: str
) -> None:
    forge = registry_on(server, custom_refs=how)
    ran = track(forge.url, "--via", via, home=tmp_path)
    assert_outcome(ran, "kept" if via == "inbox" else "recorded", fault)
    forge.set(custom_refs="")
    assert_once(forge, tmp_path)


def lose_a_race(forge: Served, proxy: Proxy, home: Path, *more: str) -> Ran:
    """Record while another event gets onto the branch first."""
    hold = proxy.fail(Hold(), on=PUSH)
    assert isinstance(hold, Hold)
    started = start(tool(*arguments(proxy.url_of(forge), *more), home=home))
    assert hold.reached.wait(PATIENCE)
    other = ["--product", "payment-api", "--environment", "production", "--version", "8.0.0"]
    quick = run_versioner(["track", "deployment", "--repo", forge.url, *other, "--via", "direct"])
    assert quick.code == 0, quick.said
    hold.release.set()
    ran = started.wait()
    assert ran.left == []
    return ran


@pytest.mark.parametrize(
    ("via", "how", "outcome"),
    [
        ("direct", "", "recorded"),
        ("auto", "", "received"),
        ("auto", "receive.hideRefs", "recorded"),
        ("auto", "update", "recorded"),
    ],
)
def test_a_lost_race_is_run_again_or_left_for_the_inbox(
    server: GitServer, proxy: Proxy, tmp_path: Path, via: str, how: str, outcome: str
) -> None:
    forge = registry_on(server, custom_refs=how)
    assert_outcome(lose_a_race(forge, proxy, tmp_path, "--via", via), outcome)
    forge.set(custom_refs="")
    assert_once(forge, tmp_path)
    assert "8.0.0" in [event["version"] for event in forge.events("payment-api")]


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
def test_a_lock_that_a_killed_process_left_on_the_branch_leaves_the_inbox(
    server: GitServer, tmp_path: Path, via: str
) -> None:
    forge = registry_on(server)
    lock = forge.plant_lock("refs/heads/main")
    ran = track(forge.url, "--via", via, home=tmp_path)
    assert_outcome(ran, "kept" if via == "direct" else "received", "locked")
    lock.unlink()
    assert_once(forge, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
def test_a_full_disk_of_the_server_keeps_the_event(
    server: GitServer, tmp_path: Path, via: str
) -> None:
    forge = registry_on(server, disk=4_000_000)
    filler = forge.fill_disk()
    ran = track(forge.url, "--via", via, home=tmp_path)
    assert ran.code == 6, ran.said
    # To a push from a shallow clone the server may find no room for its answer.
    assert any(FAULTS[fault][0] in ran.err for fault in ("disk", "unknown")), ran.said
    filler.unlink()
    assert_once(forge, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        ("server", Status(500)),
        ("busy", Status(503)),
        ("busy", Status(429, retry_after="1")),
        ("redirect", Status(302)),
        ("size", Status(413)),
        ("unreachable", DropRequest()),
        ("unreachable", DropRequest(reset=True)),
    ],
    ids=["500", "503", "429", "302", "413", "closed", "reset"],
)
def test_a_server_that_fails_keeps_the_event(
    registry: Served, proxy: Proxy, tmp_path: Path, via: str, fault: str, failing: Fault
) -> None:
    proxy.fail(failing, on=ANY, times=math.inf)
    url = proxy.url_of(registry)
    assert_outcome(track(url, "--via", via, home=tmp_path), "kept", fault)
    proxy.heal()
    assert_once(registry, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        ("unknown", DropResponse()),
        ("unknown", DropResponse(reset=True)),
        ("server", StatusAfter(504)),
        ("busy", StatusAfter(503)),
    ],
    ids=["closed", "reset", "504", "503"],
)
@pytest.mark.parametrize("times", [1, math.inf], ids=["once", "always"])
def test_an_answer_that_is_lost_after_the_server_committed_records_nothing_twice(
    registry: Served,
    proxy: Proxy,
    tmp_path: Path,
    via: str,
    fault: str,
    failing: Fault,
    times: float,
) -> None:
    proxy.fail(failing, on=PUSH, times=times)
    ran = track(proxy.url_of(registry), "--via", via, home=tmp_path)
    # What a second look finds there needs no second push.
    assert ran.code in ({0} if times == 1 or via != "inbox" else {0, 6}), ran.said
    if ran.code:
        assert_outcome(ran, "kept", fault)
    proxy.heal()
    assert_once(registry, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
def test_a_request_that_is_lost_once_is_sent_again(
    registry: Served, proxy: Proxy, tmp_path: Path, via: str
) -> None:
    proxy.fail(DropRequest(reset=True), on=PUSH)
    outcome = "received" if via == "inbox" else "recorded"
    assert_outcome(track(proxy.url_of(registry), "--via", via, home=tmp_path), outcome)
    assert_once(registry, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://127.0.0.1:{port}/x.git", "unreachable"),
        ("https://no-such-host.invalid/x.git", "unreachable"),
        ("ssh://127.0.0.1:{port}/x.git", "unreachable"),
        ("https://127.0.0.1:{server}/x.git", "tls"),
        ("http://127.0.0.1:{server}/x.git", "missing"),
        ("file:///no/such/place.git", "missing"),
    ],
)
def test_a_remote_that_is_not_there_is_told_as_what_it_is(
    server: GitServer, tmp_path: Path, url: str, fault: str
) -> None:
    url = url.format(port=free_port(), server=server.port)
    assert_outcome(track(url, "--via", "inbox", home=tmp_path), "kept", fault)


def test_a_remote_that_has_moved_is_followed_on_its_own_host(
    registry: Served, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.fail(Redirect(registry.server_url), on=ANY, times=math.inf)
    assert track(proxy.url_of(registry), home=tmp_path).code in {0, 6}
    proxy.heal()
    assert_once(registry, tmp_path)


@pytest.mark.parametrize("via", ["direct", "auto"])
def test_a_remote_that_moves_no_refs_as_one_gets_the_branch_first(
    server: GitServer, tmp_path: Path, via: str
) -> None:
    forge = registry_on(server, atomic=False)
    waits = ["--product", "user-service", "--environment", "staging", "--version", "8.5.0"]
    first = run_versioner(["track", "deployment", "--repo", forge.url, *waits, "--via", "inbox"])
    assert first.code == 0, first.said
    assert_outcome(track(forge.url, "--via", via, home=tmp_path), "recorded")
    assert forge.refs("refs/versioner/") == {}
    versions = [event["version"] for event in forge.events("user-service")]
    assert [versions.count(version) for version in ("8.5.0", "9.0.0")] == [1, 1]
    assert_once(forge, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
@pytest.mark.parametrize(
    "settings",
    [
        {"receive.fsckObjects": "true", "transfer.fsckObjects": "true"},
        {"receive.shallowUpdate": "false", "receive.denyNonFastForwards": "true"},
        {"receive.denyDeletes": "false", "receive.unpackLimit": "1"},
    ],
    ids=["fsck", "shallow", "packs"],
)
def test_a_strict_server_finds_nothing_wrong(
    server: GitServer, tmp_path: Path, via: str, settings: dict[str, str]
) -> None:
    forge = registry_on(server, config=settings)
    outcome = "received" if via == "inbox" else "recorded"
    assert_outcome(track(forge.url, "--via", via, home=tmp_path), outcome)
    assert_once(forge, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
def test_a_limit_of_the_server_on_pushes_is_told_as_such(
    server: GitServer, tmp_path: Path, via: str
) -> None:
    forge = registry_on(server, config={"receive.maxInputSize": "100"})
    ran = track(forge.url, "--via", via, home=tmp_path)
    assert_outcome(ran, "kept", "size")
    assert "remote: fatal: pack exceeds maximum allowed size" in ran.err
    forge.set(config={})
    assert_once(forge, tmp_path)


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
def test_a_branch_that_is_checked_out_on_the_remote_leaves_the_inbox(
    server: GitServer, tmp_path: Path, via: str
) -> None:
    forge, top = registry_on(server), tmp_path / "there"
    subprocess.run(["git", "clone", "-q", str(forge.path), str(top)], check=True)
    home = tmp_path / "home"
    home.mkdir()
    ran = track(f"file://{top}", "--via", via, home=home)
    assert_outcome(ran, "kept" if via == "direct" else "received", "checked-out")


@pytest.mark.sampled
@pytest.mark.parametrize("via", WAYS)
def test_a_remote_of_sha256_is_taken_as_it_is(server: GitServer, tmp_path: Path, via: str) -> None:
    forge = server.repository(object_format="sha256")
    top, home = tmp_path / "new", tmp_path / "home"
    home.mkdir()
    init = ["git", "init", "-q", "-b", "main", "--object-format=sha256", str(top)]
    subprocess.run(init, check=True)
    made = run_versioner(["init"], cwd=top, home=home)
    assert made.code == 0, made.said
    subprocess.run(["git", "push", "-q", forge.url, "HEAD:main"], cwd=top, check=True)
    outcome = "received" if via == "inbox" else "recorded"
    assert_outcome(track(forge.url, "--via", via, home=home), outcome)
    assert_once(forge, home)


def test_what_never_reached_the_forge_can_be_sent_from_elsewhere(
    registry: Served, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.fail(Status(500), on=ANY, times=math.inf)
    ran = track(proxy.url_of(registry))
    line = ran.err.splitlines()[0]
    sent = run(tool("spool", "send", "-", "--repo", registry.url, stdin=f"{line}\n"))
    assert sent.code == 0, sent.said
    assert_once(registry, tmp_path)
