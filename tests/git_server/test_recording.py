"""Recording against a real server: from bare machines, with each kind of login, through faults."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.tool import PROJECT
from tests.git_server.disks import small_disk
from tests.git_server.faults import (
    FETCH,
    PUSH,
    PUSH_REFS,
    DropRequest,
    DropResponse,
    HoldResponse,
    Status,
    StatusAfter,
)
from tests.git_server.processes import Job, Ran, many, plain, run, run_versioner, start, tool
from tests.git_server.registries import registry_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.git_server.faults import Fault
    from tests.git_server.proxy import Proxy
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

WHERE = ("--product", "user-service", "--environment", "production", "--version", "9.0.0")
RUN = ("--invoke-id", "run-5")
GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/user-service",
    "GITHUB_SHA": "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0",
    "GITHUB_RUN_ID": "9001",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "deploy",
}
TOKEN = "S3cret-t0ken"


def arguments(url: str, *more: str) -> list[str]:
    return ["track", "deployment", *WHERE, "-o", "json", *(["--repo", url] if url else []), *more]


def track(url: str, *more: str, **options: Any) -> Ran:
    return run_versioner(arguments(url, *more), **options)


def outcome(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    return dict(ran.json())


def git(place: Path, *args: str) -> str:
    ran = run(plain("git", *args, cwd=place, env={"GIT_TERMINAL_PROMPT": "0"}))
    assert ran.code == 0, ran.said
    return ran.out.strip()


# ---- from bare machines ------------------------------------------------------------------------


def test_from_an_empty_folder_without_home_or_identity(registry: Served) -> None:
    bare: dict[str, str | None] = dict.fromkeys(("HOME", "XDG_STATE_HOME", "LANG", "TERM"))
    ran = start(tool(*arguments(registry.url), env=bare)).wait()
    told = outcome(ran)
    assert ran.left == []
    assert (told["outcome"], told["commit"]) == ("recorded", registry.tip())
    author = registry.git("show", "-s", "--format=%an <%ae>", "main").strip()
    assert "@" in author
    registry.assert_sound()


def test_from_a_folder_that_nobody_may_write_to(registry: Served, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        remounted = ["mount", "-o", "remount,ro", str(disk)]
        if subprocess.run(remounted, capture_output=True, check=False).returncode != 0:
            pytest.skip("a disk may not be made read-only here")
        ran = start(tool(*arguments(registry.url), cwd=disk, home=disk)).wait()
    assert outcome(ran)["outcome"] == "recorded"
    assert ran.left == []


def test_from_a_folder_that_is_gone(registry: Served, tmp_path: Path) -> None:
    script = f'mkdir gone && cd gone && rmdir ../gone && exec {sys.executable} -m versioner "$@"'
    job = Job(["sh", "-c", script, "versioner", *arguments(registry.url)], cwd=tmp_path)
    assert outcome(run(job))["outcome"] == "recorded"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Install a wheel of the project apart from it; return the folder it is in."""
    if find_spec("hatchling") is None and not request.config.getoption("--full"):
        pytest.skip("hatchling, which builds the wheel, is not installed: --full fetches it")
    top = tmp_path_factory.mktemp("wheel")
    alone = [] if find_spec("hatchling") is None else ["--no-build-isolation"]
    pip("wheel", "--no-deps", *alone, "-w", top, PROJECT)
    (wheel,) = top.glob("*.whl")
    pip("install", "--no-deps", "--no-index", "--target", top / "there", wheel)
    return top / "there"


def pip(*args: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_from_a_wheel(registry: Served, installed: Path) -> None:
    where: dict[str, str | None] = {"PYTHONPATH": str(installed)}
    told = outcome(track(registry.url, "--product", "brand-new", env=where))
    assert told["outcome"] == "recorded"
    asked = Job([sys.executable, "-c", "import versioner; print(versioner.__file__)"], env=where)
    assert run(asked).out.startswith(str(installed))


def test_a_wheel_contains_the_documentation(installed: Path) -> None:
    pages = {page.name for page in (PROJECT / "versioner" / "docs").glob("*.md")}
    assert pages
    assert {page.name for page in (installed / "versioner" / "docs").glob("*.md")} == pages


# ---- in a job's clone --------------------------------------------------------------------------


@pytest.fixture
def private(server: GitServer) -> Served:
    return registry_on(server, tokens={TOKEN: "write"})


def clone_of(served: Served, place: Path, *options: str) -> Path:
    git(place.parent, "clone", "-q", *options, f"file://{served.path}", str(place))
    git(place, "remote", "set-url", "origin", served.url)
    return place


def in_job(clone: Path, *more: str, **variables: str) -> Ran:
    return track("", *more, cwd=clone, env={**GITHUB, **variables})


def basic(login: str, token: str) -> str:
    return f"AUTHORIZATION: basic {base64.b64encode(f'{login}:{token}'.encode()).decode()}"


@pytest.mark.parametrize("state", ["shallow", "detached", "pull request", "feature"])
def test_a_jobs_clone_leads_to_its_remotes_own_branch(
    registry: Served, tmp_path: Path, state: str
) -> None:
    clone = clone_of(registry, tmp_path / "clone", *(["--depth=1"] if state == "shallow" else []))
    if state == "detached":
        git(clone, "checkout", "-q", "--detach")
    elif state == "pull request":
        registry.git("update-ref", "refs/pull/1/merge", "main")
        git(clone, "fetch", "-q", "origin", "+refs/pull/1/merge:refs/remotes/pull/1/merge")
        git(clone, "checkout", "-q", "refs/remotes/pull/1/merge")
    elif state == "feature":
        git(clone, "checkout", "-q", "-b", "feature")
        git(clone, "push", "-q", "origin", "feature")
    told = outcome(in_job(clone))
    assert (told["outcome"], told["branch"], told["commit"]) == ("recorded", "main", registry.tip())
    assert git(clone, "status", "--porcelain") == ""
    assert registry.commits("main") == int(
        git(clone, "rev-list", "--count", "origin/main")
    ) + 1 or (state == "shallow")


@pytest.mark.sampled
@pytest.mark.parametrize("via", ["direct", "inbox"])
@pytest.mark.parametrize(
    "login",
    ["url", "token user", "header", "included header", "header for all", "variable", "helper"],
)
def test_what_lets_a_jobs_clone_in_lets_the_event_in(
    private: Served, tmp_path: Path, login: str, via: str
) -> None:
    clone = clone_of(private, tmp_path / "clone")
    host = private.server_url
    variables: dict[str, str] = {}
    if login == "url":
        url = private.url.replace("//", f"//gitlab-ci-token:{TOKEN}@")
        git(clone, "remote", "set-url", "origin", url)
    elif login == "token user":
        git(
            clone,
            "remote",
            "set-url",
            "origin",
            private.url.replace("//", f"//x-access-token:{TOKEN}@"),
        )
    elif login == "header":
        git(clone, "config", f"http.{host}/.extraheader", basic("x-access-token", TOKEN))
    elif login == "included header":
        # As the newer actions/checkout leaves it: in a file beside, that the clone includes.
        beside = tmp_path / "credentials.config"
        git(clone, "config", "-f", str(beside), f"http.{host}/.extraheader", basic("x", TOKEN))
        git(clone, "config", f"includeIf.gitdir:{clone}/.git.path", str(beside))
    elif login == "header for all":
        git(clone, "config", "http.extraHeader", basic("x-access-token", TOKEN))
    elif login == "variable":
        variables["VERSIONER_TOKEN"] = TOKEN
    else:
        helper = tmp_path / "home"
        helper.mkdir()
        (helper / ".gitconfig").write_text(
            f'[credential]\n\thelper = "!f() {{ echo username=u; echo password={TOKEN}; }}; f"\n'
        )
        variables["HOME"] = str(helper)
    ran = in_job(clone, "--via", via, **variables)
    told = outcome(ran)
    assert told["outcome"] == ("received" if via == "inbox" else "recorded")
    assert TOKEN not in ran.said
    assert TOKEN not in private.git("log", "--all", "--format=%B")


@pytest.mark.parametrize("token", ["", "expired", "read", "hidden"])
def test_a_clone_that_is_not_let_in_says_what_to_add(
    server: GitServer, tmp_path: Path, token: str
) -> None:
    rights = {"good": "write", **({token: token} if token else {})}
    private = registry_on(server, tokens=rights)
    clone = clone_of(private, tmp_path / "clone")
    ran = in_job(clone, **({"VERSIONER_TOKEN": token} if token else {}))
    assert ran.code == 6
    words = {"": "VERSIONER_TOKEN", "expired": "VERSIONER_TOKEN"}
    assert words.get(token, "") in ran.err
    assert {"read": "write access", "hidden": "may read"}.get(token, "") in ran.err
    assert "versioner spool: {" in ran.err


# ---- once, whatever the network does -------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.parametrize("via", ["direct", "auto", "inbox"])
@pytest.mark.parametrize(
    "fault", [DropResponse(), DropResponse(reset=True), StatusAfter(504), StatusAfter(502)], ids=str
)
def test_an_answer_that_is_lost_after_the_server_did_it_is_one_event(
    proxy: Proxy, registry: Served, via: str, fault: Fault
) -> None:
    proxy.fail(fault, on=PUSH)
    told = outcome(track(proxy.url_of(registry), *RUN, "--via", via))
    assert told["outcome"] in ("recorded", "already_recorded", "received", "already_received")
    again = outcome(track(proxy.url_of(registry), *RUN, "--via", via))
    assert again["event"]["id"] == told["event"]["id"]
    assert run_versioner(["collect", "--repo", registry.url]).code == 0
    assert registry.event_ids().count(told["event"]["id"]) == 1
    assert registry.refs("refs/versioner/") == {}
    registry.assert_sound()


@pytest.mark.sampled
@pytest.mark.parametrize("via", ["direct", "auto", "inbox"])
@pytest.mark.parametrize("on", [PUSH_REFS, PUSH, FETCH])
def test_a_request_that_fails_once_is_asked_again(
    proxy: Proxy, registry: Served, via: str, on: str
) -> None:
    for fault in (DropRequest(), Status(503)):
        proxy.fail(fault, on=on)
        version = f"9-{type(fault).__name__}"
        told = outcome(track(proxy.url_of(registry), "--version", version, "--via", via))
        assert told["outcome"] in ("recorded", "received")
        proxy.heal()
    assert run_versioner(["collect", "--repo", registry.url]).code == 0
    assert len(registry.event_ids()) == len(set(registry.event_ids())) == 10


def test_a_run_that_was_killed_after_its_push_is_found_by_the_next(
    proxy: Proxy, registry: Served
) -> None:
    held = HoldResponse()
    proxy.fail(held, on=PUSH)
    started = start(tool(*arguments(proxy.url_of(registry), *RUN)))
    assert held.reached.wait(60)
    started.kill_all()
    started.wait()
    proxy.heal()
    told = outcome(track(registry.url, *RUN))
    assert told["outcome"] == "already_recorded"
    assert registry.event_ids().count(told["event"]["id"]) == 1


def test_two_runs_at_once_are_two_events_and_one_run_twice_is_one(registry: Served) -> None:
    jobs = [tool(*arguments(registry.url, "--invoke-id", run_id)) for run_id in ("1", "2", "2")]
    told = [outcome(ran) for ran in many(jobs)]
    assert run_versioner(["collect", "--repo", registry.url]).code == 0
    ids = {each["event"]["id"] for each in told}
    assert len(ids) == 2
    assert [registry.event_ids().count(each) for each in ids] == [1, 1]
    registry.assert_sound()


# ---- waiting ------------------------------------------------------------------------------------


@pytest.fixture
def waiter(proxy: Proxy, registry: Served) -> Iterator[Any]:
    """Wait for an event that was received, and has been looked for once."""
    held = HoldResponse()
    proxy.fail(held, on=FETCH)
    job = tool(*arguments(proxy.url_of(registry), "--via", "inbox", "--wait", "60"))
    started = start(job)
    assert held.reached.wait(60)
    held.release.set()
    yield started


def test_a_waiter_is_told_when_somebody_collects(registry: Served, waiter: Any) -> None:
    assert run_versioner(["collect", "--repo", registry.url]).code == 0
    told = outcome(waiter.wait())
    assert (told["outcome"], told["branch"]) == ("recorded", "main")
    assert registry.event_ids().count(told["event"]["id"]) == 1


def test_waiters_whom_nobody_helps_are_recorded_once_by_one_of_them(registry: Served) -> None:
    args = arguments(registry.url, "--via", "inbox", "--wait", "8")
    told = [outcome(ran) for ran in many(tool(*args, "--version", f"9.{n}") for n in range(4))]
    assert {each["outcome"] for each in told} == {"recorded"}
    ids = registry.event_ids()
    assert [ids.count(each["event"]["id"]) for each in told] == [1] * 4
    assert registry.refs("refs/versioner/") == {}


def test_a_waiter_is_told_when_somebody_discards(registry: Served, waiter: Any) -> None:
    (ref,) = registry.refs("refs/versioner/inbox/")
    registry.git("update-ref", "-d", ref)
    ran = waiter.wait()
    assert (ran.code, "discarded" in ran.err) == (5, True)


def test_a_waiter_lives_through_a_server_that_fails_for_a_while(
    proxy: Proxy, registry: Served, waiter: Any
) -> None:
    proxy.fail(Status(503), times=2)
    assert run_versioner(["collect", "--repo", registry.url]).code == 0
    assert outcome(waiter.wait())["outcome"] == "recorded"


# ---- every server -------------------------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.parametrize(
    "options",
    [
        {"limited": True},
        {"filters": False},
        {"protocol": 0},
        {"protocol": 0, "filters": False},
        {"atomic": False},
        {"config": {"uploadpack.allowAnySHA1InWant": "false"}},
    ],
    ids=lambda options: " ".join(f"{key}={value}" for key, value in options.items()),
)
def test_every_server_is_good_enough(server: GitServer, options: dict[str, Any]) -> None:
    served = registry_on(server, beside=True, **options)
    waits = outcome(track(served.url, "--via", "inbox", "--version", "9.1.0"))
    assert waits["outcome"] == "received"
    told = outcome(track(served.url, *RUN))
    assert told["outcome"] == "recorded"
    assert outcome(track(served.url, *RUN))["outcome"] == "already_recorded"
    assert served.refs("refs/versioner/") == {}
    for each in (waits, told):
        assert served.event_ids().count(each["event"]["id"]) == 1
    served.assert_sound()


def test_a_remote_without_an_inbox_takes_it_on_the_branch(server: GitServer) -> None:
    for how in ("update", "pre-receive", "receive.hideRefs", "transfer.hideRefs"):
        served = registry_on(server, custom_refs=how)
        assert outcome(track(served.url))["outcome"] == "recorded"
        ran = track(served.url, "--via", "inbox", "--version", "9.1.0")
        assert (ran.code, "hint: " in ran.err) == (6, True)


@pytest.mark.parametrize("rule", ["github", "gitlab", "github-signed", "gitlab-signed"])
def test_a_protected_branch_leaves_the_inbox(server: GitServer, rule: str) -> None:
    served = registry_on(server, protected=rule)
    assert outcome(track(served.url))["outcome"] == "received"
    ran = track(served.url, "--via", "direct", "--version", "9.1.0")
    assert ran.code == 6
    assert "--via inbox" in ran.err


@pytest.mark.skipif(os.name != "posix", reason="a signal ends it")
def test_nothing_is_left_of_a_run_that_was_killed(
    proxy: Proxy, registry: Served, tmp_path: Path
) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    held = HoldResponse()
    proxy.fail(held, on=FETCH)
    started = start(tool(*arguments(proxy.url_of(registry)), tmp=shared))
    assert held.reached.wait(60)
    started.kill_all()
    assert started.wait().left != []
    proxy.heal()
    assert outcome(run(tool(*arguments(registry.url), tmp=shared)))["outcome"] == "recorded"
    assert list(shared.iterdir()) == []
