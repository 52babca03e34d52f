"""The start of a deployment is judged at the tip on which it is recorded; nothing else is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import environment
from tests.cli.registries import NOW, Desk, Outcome
from tests.fixtures.remotes import LIMITED, OLD, ONLY_BLOBS
from tests.fixtures.spool_entries import entry
from tests.forked import put_script
from versioner.cli.errors import run
from versioner.spool.batch import take_turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

# The clock of these tests shows a Sunday.
CLOSED = """\
name: "closed"
reason: "Nobody is there."
applies_to: {environment_types: ["production"]}
type: "schedule"
schedule:
  blocked:
    - once: {from: "2026-11-22T00:00", to: "2026-11-23T08:00"}
"""
NEVER = CLOSED.replace('name: "closed"', 'name: "never"\noverride: "never"')
ONE_AT_ONCE = """\
name: "one-at-once"
applies_to: {environments: ["production"]}
type: "concurrency"
concurrency: {limit: 1, per: "environment"}
"""
START = ("track", "deployment", "--product", "user-service", "--environment", "production",
         "--version", "1.5.0", "--status", "started")  # fmt: skip


def add_rule(desk: Desk, text: str) -> None:
    name = text.partition('"')[2].partition('"')[0]
    path = desk.top / "registry/rules" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    desk.git("add", "-A")
    desk.git("commit", "-qm", f"Add {name}")


@pytest.fixture
def closed(desk: Desk) -> Desk:
    add_rule(desk, CLOSED)
    return desk


def last_event(desk: Desk, product: str = "user-service") -> str:
    path = desk.top / f"registry/products/{product}/deployments/2026-11.yaml"
    return path.read_text(encoding="utf-8").splitlines()[-1]


def test_a_refused_start_writes_nothing_and_says_why(closed: Desk) -> None:
    before = closed.git("rev-parse", "HEAD"), closed.git("status", "--porcelain")
    for more in ((), ("--dry-run",)):
        refused = closed.run(*START, *more)
        assert refused.code == 5
        assert refused.out == ""
        for text in (
            "refused: user-service 1.5.0 to production (NO_DEPLOY_WINDOW)",
            "closed: inside a closed window, until Mon 23 Nov 2026 08:00",
            "Nobody is there.",
            "allowed from 2026-11-23T08:00:00Z",
            "--override closed --reason TEXT",
        ):
            assert text in refused.err, text
    assert (closed.git("rev-parse", "HEAD"), closed.git("status", "--porcelain")) == before


def test_a_ci_system_is_told_of_a_refused_start(
    closed: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs, summary = tmp_path / "outputs", tmp_path / "summary.md"
    job = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": outputs, "GITHUB_STEP_SUMMARY": summary}
    for name, value in job.items():
        monkeypatch.setenv(name, str(value))
    refused = closed.run(*START, "--local")
    assert refused.code == 5
    assert "::error::refused: user-service 1.5.0 to production (NO_DEPLOY_WINDOW)%0A" in refused.err
    told = "outcome=refused\nallowed=false\nallowed_from=2026-11-23T08:00:00Z\n"
    assert outputs.read_text("utf-8") == told
    text = summary.read_text("utf-8")
    assert text.startswith("**Refused**: user-service 1.5.0 to production\n")
    assert "closed: inside a closed window" in text
    assert "Nobody is there." in text
    add_rule(closed, CLOSED.replace("blocked:", "blokced:"))
    outputs.write_text("", "utf-8")
    assert closed.run(*START, "--local").code == 1
    assert outputs.read_text("utf-8") == "outcome=refused\nallowed=false\nallowed_from=\n"
    assert "registry/rules/closed.yaml:6: " in summary.read_text("utf-8")


@pytest.mark.parametrize("status", ["pending", "completed", "failed", "aborted"])
def test_what_has_happened_is_never_refused(closed: Desk, status: str) -> None:
    assert closed.run(*START[:-1], status).code == 0


def test_another_place_is_not_refused(closed: Desk) -> None:
    assert closed.run(*START[:4], "--environment", "staging", *START[6:]).code == 0


def test_an_override_is_recorded_with_its_reason(closed: Desk) -> None:
    recorded = closed.run(*START, "--override", "closed", "--reason", "The shop is down")
    assert recorded.code == 0, recorded.err
    line = last_event(closed)
    assert 'overrides: [{"rule": "closed", "reason": "The shop is down"}]' in line
    assert ' reason: "The shop' not in line
    shown = closed.run("deployment", "list", "--product", "user-service", "-o", "json").json()[0]
    text = closed.run("deployment", "show", shown["id"]).out
    assert "closed: The shop is down" in text
    assert closed.run("validate").code == 0


def test_all_overrides_what_refuses_and_no_more(closed: Desk) -> None:
    add_rule(closed, ONE_AT_ONCE)
    assert closed.run(*START, "--override", "all", "--reason", "Down").code == 0
    assert 'overrides: [{"rule": "closed", "reason": "Down"}]' in last_event(closed)


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (("--override", "closed"), 2, "--override needs --reason"),
        (("--override", "close", "--reason", "x"), 4, "did you mean closed?"),
        (("--override", "never", "--reason", "x"), 5, "never: "),
        (("--override", "all", "--reason", "x"), 5, "never: "),
    ],
)
def test_an_override_that_does_not_work_is_refused(
    closed: Desk, options: tuple[str, ...], code: int, text: str
) -> None:
    add_rule(closed, NEVER)
    refused = closed.run(*START, *options)
    assert refused.code == code
    assert text in refused.err


def test_a_rule_that_cannot_be_read_lets_nothing_start(closed: Desk) -> None:
    add_rule(closed, CLOSED.replace("blocked:", "blokced:"))
    refused = closed.run(*START, "--best-effort")
    assert refused.code == 1
    assert "registry/rules/closed.yaml:6: " in refused.err
    overridden = closed.run(*START, "--override", "closed", "--reason", "Down")
    assert (overridden.code, "closed.yaml:6: " in overridden.err) == (1, True)
    # Its scope can be read, and leaves other places out.
    assert closed.run(*START[:4], "--environment", "staging", *START[6:]).code == 0


@pytest.mark.parametrize("place", ["clone", "URL"])
def test_a_log_of_another_product_that_cannot_be_read_lets_nothing_start(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    log = desk.top / "registry/products/payment-api/deployments/2026-11.yaml"
    log.write_text(log.read_text("utf-8") + "- {at: \n", "utf-8")
    add_rule(desk, ONE_AT_ONCE)
    where = str(desk.top)
    if place == "URL":
        where = f"file://{served(desk, tmp_path / 'bare.git', {})}"
    said = "registry/products/payment-api/deployments/2026-11.yaml:7: not YAML"
    for command in (START, ("check", "user-service", "1.4.0", "production")):
        refused = at(capsys, where, *command)
        assert refused.code == 1, refused.err
        assert said in refused.err
    # Elsewhere no rule asks for the log.
    assert at(capsys, where, *START[:4], "--environment", "staging", *START[6:]).code == 0


def test_a_retry_is_already_recorded_and_not_in_its_own_way(desk: Desk) -> None:
    add_rule(desk, ONE_AT_ONCE)
    again = (*START, "--invoke-id", "run-7")
    assert desk.run(*again).code == 0
    repeated = desk.run(*again, "-o", "json")
    assert repeated.json()["outcome"] == "already_recorded"
    other = desk.run("track", "deployment", "--product", "payment-api", *START[4:])
    assert other.code == 5
    assert "user-service" in other.err


def test_a_command_is_not_run_where_its_start_is_refused(closed: Desk, tmp_path: Path) -> None:
    command = ["--", sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"]
    closed.capsys.readouterr()
    assert run([*START[:8], "--repo", str(closed.top), *command]) == 5
    assert not (tmp_path / "ran").exists()
    assert closed.git("log", "-1", "--format=%s") == "Add closed"


def test_a_blocked_version_starts_nowhere(desk: Desk) -> None:
    assert desk.run("block", "user-service", "1.5.0", "--comment", "Leaks").code == 0
    refused = desk.run(*START, "--override", "all", "--reason", "x")
    assert refused.code == 5
    assert "VERSION_BLOCKED" in refused.err


# ---- at a URL ------------------------------------------------------------------------------


@pytest.fixture
def url(closed: Desk, tmp_path: Path) -> str:
    add_rule(closed, ONE_AT_ONCE)
    return f"file://{served(closed, tmp_path / 'bare.git', {})}"


def served(desk: Desk, bare: Path, settings: dict[str, str]) -> Path:
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    for key, value in {"uploadpack.allowFilter": "true", **settings}.items():
        subprocess.run(["git", "-C", bare, "config", key, value], check=True)
    return bare


def at(capsys: pytest.CaptureFixture[str], url: str, *arguments: str) -> Outcome:
    capsys.readouterr()
    code = run([*arguments, "--repo", url])
    told = capsys.readouterr()
    return Outcome(code, told.out, told.err)


def refs(url: str) -> str:
    bare = url.removeprefix("file://")
    return subprocess.check_output(["git", "-C", bare, "for-each-ref"], text=True)


def test_at_a_url_a_refused_start_writes_nothing(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = refs(url)
    for via in ("auto", "direct"):
        refused = at(capsys, url, *START, "--via", via)
        assert refused.code == 5
        assert "closed: inside a closed window" in refused.err
    assert refs(url) == before


@pytest.mark.parametrize("settings", [LIMITED, ONLY_BLOBS, OLD], ids=["tree:0", "blobs", "old"])
def test_at_a_url_whatever_the_server_sends_is_enough(
    closed: Desk, settings: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_rule(closed, ONE_AT_ONCE)
    url = f"file://{served(closed, tmp_path / 'bare.git', settings)}"
    refused = at(capsys, url, *START)
    assert refused.code == 5, refused.err
    override = ("--override", "closed", "--reason", "Down")
    assert at(capsys, url, *START, *override).code == 0
    other = ("track", "deployment", "--product", "payment-api", *START[4:], *override)
    assert at(capsys, url, *other).code == 5


def test_the_inbox_takes_no_start_under_an_enabled_rule(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    override = ("--override", "closed", "--reason", "Down")
    before = refs(url)
    refused = at(capsys, url, *START, *override, "--via", "inbox")
    assert refused.code == 5
    assert "--via auto" in refused.err
    assert refs(url) == before
    elsewhere = (*START[:4], "--environment", "test", *START[6:])
    assert at(capsys, url, *elsewhere, "--via", "inbox").code == 0
    recorded = at(capsys, url, *START, *override)
    assert recorded.code == 0, recorded.err


def test_a_deployment_of_another_product_is_in_the_way(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    override = ("--override", "closed", "--reason", "Down")
    assert at(capsys, url, *START, *override).code == 0
    other = ("track", "deployment", "--product", "payment-api", *START[4:], *override)
    refused = at(capsys, url, *other)
    assert refused.code == 5
    assert "DEPLOYMENT_IN_PROGRESS" in refused.err
    assert "user-service" in refused.err
    done = at(capsys, url, *START[:-1], "completed")
    assert done.code == 0
    assert at(capsys, url, *other).code == 0


@pytest.mark.parametrize(("place", "few"), [("URL", 5), ("clone", 3), ("bare", 3)])
def test_of_jobs_that_start_at_once_exactly_one_is_allowed(
    desk: Desk, tmp_path: Path, scale: Callable[[int, int], int], place: str, few: int
) -> None:
    add_rule(desk, ONE_AT_ONCE)
    top, bare = desk.top, served(desk, tmp_path / "bare.git", {})
    repo = {"URL": f"file://{bare}", "clone": str(top), "bare": str(bare)}[place]

    def job(number: int) -> tuple[int, str]:
        home = tmp_path / f"home-{number}"
        home.mkdir()
        done = subprocess.run(
            [program, "track", "deployment", "--repo", repo,
             "--product", ("user-service", "payment-api", "web-frontend")[number % 3],
             "--environment", "production", "--version", f"7.{number}", "--status", "started",
             "--invoke-id", f"run-{number}", "--deployed-by", f"jane{number}"],
            env={**environment(), "XDG_CACHE_HOME": str(home), "TMPDIR": str(home)},
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        return done.returncode, done.stderr

    program = put_script(tmp_path, environment())
    count = scale(few, 64)
    with ThreadPoolExecutor(count) as pool:
        outcomes = list(pool.map(job, range(count)))
    codes = sorted(code for code, _ in outcomes)
    assert codes == [0, *[5] * (count - 1)], outcomes
    where = top if place == "clone" else bare
    log = subprocess.check_output(["git", "-C", where, "log", "--format=%s", "main"], text=True)
    (allowed,) = (line for line in log.splitlines() if " 7." in line)
    product, version = re.findall(r"(\S+) (7\.\d+) ", allowed)[0]
    in_the_way = f"{product} {version} to production by jane{version[2:]} since "
    assert all(in_the_way in text for code, text in outcomes if code == 5), outcomes
    assert "refs/versioner" not in refs(str(where))
    if place == "clone":
        status = ["git", "-C", top, "status", "--porcelain", "--ignored"]
        assert subprocess.check_output(status) == b""


def test_a_start_that_was_kept_on_this_machine_is_not_judged_later(
    url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    away = tmp_path / "bare.git"
    away.rename(tmp_path / "away.git")
    kept = at(capsys, url, *START)
    assert kept.code == 6, kept.err
    (tmp_path / "away.git").rename(away)
    capsys.readouterr()
    assert run(["spool", "send"]) == 0
    found = at(capsys, url, "deployment", "list", "--product", "user-service", "-o", "json")
    assert json.loads(found.out)[0]["status"] == "started"


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [("production", 5, "closed: inside a closed window"), ("staging", 0, "recorded: ")],
)
def test_a_start_that_a_killed_process_left_in_the_queue_is_judged(
    url: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    code: int,
    words: str,
) -> None:
    spool = tmp_path / "spool"
    monkeypatch.setenv("VERSIONER_SPOOL", str(spool))
    fields = {"at": NOW, "environment": environment, "version": "1.5.0", "status": "started"}
    left = entry(repo=url, event_id="e-1", event=fields)
    with take_turn(spool, url, left, wait_seconds=1, now=0):
        (file,) = (spool / "queue").rglob("*.json")
        text = file.read_text("ascii")
    # As if the process had been killed before it took its event out of the queue.
    file.write_text(text, "ascii")
    before = refs(url)
    capsys.readouterr()
    assert run(["spool", "send"]) == code
    assert words in capsys.readouterr().out
    assert (refs(url) == before) == (code == 5)
    assert run(["spool", "list"]) == 0
    assert "No events are waiting" in capsys.readouterr().out
