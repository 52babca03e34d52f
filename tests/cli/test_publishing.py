"""versioner track --push: what reaches the remote, what does not, and how that is told."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import Desk
from tests.cli.test_track import WHERE, deploy, events, tip_of
from tests.forked import put_script

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

GONE = "/no/such/place.git"


@pytest.fixture
def other(desk: Desk, forge: Path, tmp_path: Path) -> Desk:
    """Sit at another clone of the same remote."""
    top = tmp_path / "other"
    desk.git("clone", "-q", str(forge), str(top))
    return Desk(top, desk.capsys)


def refuse(forge: Path, script: str) -> None:
    hook = forge / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\nexit 1\n")
    hook.chmod(0o755)


def test_events_that_did_not_get_through_are_pushed_with_the_next(desk: Desk, forge: Path) -> None:
    desk.git("remote", "set-url", "origin", GONE)
    assert deploy(desk, "--push", "--product", "brand-new").code == 1
    assert deploy(desk, "--version", "2.0.1").code == 0
    desk.git("remote", "set-url", "origin", str(forge))
    done = deploy(desk, "--push", "--version", "2.0.2")
    assert done.code == 0, done.err
    assert tip_of(forge) == desk.git("rev-parse", "HEAD")
    assert desk.git("status", "--porcelain", "-b") == "## main...origin/main"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("Mine", "registry/products/user-service/product.yaml"),
        ("Record build of user-service 1.0 (completed)", "notes.txt"),
        ("Record build of user-service 1.0 (completed)\n\nAnd more", "registry/notes.txt"),
    ],
)
def test_commits_of_the_users_own_are_counted_named_and_stay(
    desk: Desk, forge: Path, message: str, path: str
) -> None:
    before = tip_of(forge)
    with (desk.top / path).open("a") as file:
        file.write("# mine\n")
    desk.git("add", ".")
    desk.git("commit", "-qm", message)
    mine = desk.git("rev-parse", "--short=9", "HEAD")
    done = deploy(desk, "--push")
    assert done.code == 1
    assert "recorded, but not pushed: 1 of your commits is not pushed: " in done.err
    assert done.err.count("git push") == 1
    assert mine in done.err
    assert message.partition("\n")[0] in done.err
    assert tip_of(forge) == before


def test_a_loser_of_a_race_records_on_what_is_there_now(
    desk: Desk, forge: Path, other: Desk
) -> None:
    assert deploy(other, "--push", "--product", "elsewhere", "--environment", "qa-7").code == 0
    theirs = tip_of(forge)
    done = deploy(desk, "--push", "-o", "json")
    assert done.code == 0, done.err
    result = done.json()
    assert result["commit"] == tip_of(forge) == desk.git("rev-parse", "HEAD")
    assert result["pushed_to"] == "origin"
    assert tip_of(forge, "main^") == theirs
    assert events(desk, "user-service")[-1]["id"] == result["event"]["id"]
    assert (desk.top / "registry/environments/qa-7.yaml").exists()
    assert desk.git("status", "--porcelain", "-b") == "## main...origin/main"
    assert desk.git("fsck", "--strict", "--no-dangling") == ""
    assert desk.run("validate").code == 0


def test_a_loser_of_a_race_may_be_blocked_by_what_is_there_now(
    desk: Desk, forge: Path, other: Desk
) -> None:
    assert deploy(other, "--push", "--scm-sha", "0123456789abcdef").code == 0
    done = deploy(desk, "--push", "--scm-sha", "fedcba9876543210", "--best-effort")
    assert (done.code, done.out) == (5, "")
    assert "0123456789ab" in done.err
    assert desk.git("rev-parse", "HEAD") == tip_of(forge)
    assert desk.git("status", "--porcelain") == ""


def test_the_same_run_in_two_clones_is_one_event(desk: Desk, forge: Path, other: Desk) -> None:
    run = ("--push", "--invoke-id", "run-5")
    assert deploy(other, "--product", "payment-api").code == 0
    assert deploy(other, *run).code == 0
    done = deploy(desk, *run, "-o", "json")
    assert (done.code, done.json()["outcome"]) == (0, "already_recorded")
    assert desk.git("rev-parse", "HEAD") == tip_of(forge)


@pytest.mark.parametrize("what", ["commit", "change", "link"])
def test_what_is_the_users_own_is_not_rewritten_for_a_race(
    desk: Desk, forge: Path, other: Desk, what: str
) -> None:
    notes = "registry/products/payment-api/deployments/2026-11.yaml"
    if what == "commit":
        desk.git("commit", "-q", "--allow-empty", "-m", "Mine")
    elif what == "change":
        with (desk.top / notes).open("a") as log:
            log.write("# mine\n")
    else:
        (other.top / "link").symlink_to("README.md")
        other.git("add", ".")
        other.git("commit", "-qm", "Link")
        other.git("push", "-q")
    assert deploy(other, "--push", "--product", "payment-api").code == 0
    theirs = tip_of(forge)
    done = deploy(desk, "--push")
    assert done.code == 1
    assert "not pushed: the remote branch has moved" in done.err
    assert "git pull --rebase" in done.err
    assert tip_of(forge) == theirs
    assert events(desk, "user-service")[-1]["version"] == "2.0.0"
    if what == "commit":
        assert desk.git("show", "-s", "--format=%s", "HEAD^") == "Mine"
    if what == "change":
        assert (desk.top / notes).read_text().endswith("# mine\n")


def test_pipelines_at_once_in_clones_of_their_own_all_get_through(
    desk: Desk, forge: Path, tmp_path: Path
) -> None:
    before = int(desk.git("rev-list", "--count", "HEAD"))
    jobs, program = [], put_script(tmp_path, os.environ)
    for number in range(4):
        top = tmp_path / f"job-{number}"
        desk.git("clone", "-q", "--depth=1", f"file://{forge}", str(top))
        line = [program, "track", "deployment", *WHERE, "--push"]
        line += ["--version", f"3.0.{number}", "--repo", str(top)]
        jobs.append(subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    for job in jobs:
        _, told = job.communicate()
        assert job.returncode == 0, told.decode()
    desk.git("pull", "-q")
    assert int(desk.git("rev-list", "--count", "HEAD")) == before + 4
    versions = [event["version"] for event in events(desk, "user-service")[-4:]]
    assert sorted(versions) == [f"3.0.{number}" for number in range(4)]
    assert desk.git("log", "--merges", "--oneline") == ""


def test_a_remote_branch_that_went_back_is_not_brought_forward(desk: Desk, forge: Path) -> None:
    assert deploy(desk, "--push").code == 0
    subprocess.run(["git", "update-ref", "refs/heads/main", "main~1"], cwd=forge, check=True)
    there = tip_of(forge)
    done = deploy(desk, "--push", "--version", "2.0.1")
    assert (done.code, "was reset" in done.err) == (1, True)
    assert tip_of(forge) == there


def test_the_first_push_to_an_empty_remote_brings_the_branch(desk: Desk, tmp_path: Path) -> None:
    bare = tmp_path / "empty.git"
    desk.git("init", "-q", "--bare", str(bare))
    desk.git("remote", "add", "origin", str(bare))
    done = deploy(desk, "--push")
    assert done.code == 0, done.err
    assert tip_of(bare) == desk.git("rev-parse", "HEAD") == desk.git("rev-parse", "origin/main")
    assert deploy(desk, "--push", "--version", "2.0.1").code == 0


def test_a_new_branch_brings_no_commits_of_the_users_own(desk: Desk, forge: Path) -> None:
    desk.git("switch", "-qc", "trial")
    assert deploy(desk, "--push").code == 0
    assert tip_of(forge, "trial") == desk.git("rev-parse", "HEAD")
    desk.git("switch", "-qc", "second")
    desk.git("commit", "-q", "--allow-empty", "-m", "Mine")
    done = deploy(desk, "--push", "--version", "2.0.1")
    assert (done.code, '"Mine"' in done.err) == (1, True)


def test_what_is_on_another_branch_of_the_remote_is_not_counted_as_yours(
    desk: Desk, forge: Path, other: Desk
) -> None:
    desk.git("commit", "-q", "--allow-empty", "-m", "Ours")
    desk.git("push", "-q", "origin", "main")
    # The branch it is on moves on, and this clone has not fetched that.
    other.git("pull", "-q")
    other.git("commit", "-q", "--allow-empty", "-m", "Later")
    other.git("push", "-q", "origin", "main")
    desk.git("switch", "-qc", "trial")
    desk.git("commit", "-q", "--allow-empty", "-m", "Mine")
    done = deploy(desk, "--push")
    assert (done.code, "1 of your commits is not pushed" in done.err) == (1, True), done.err
    desk.git("reset", "-q", "--hard", "main")
    assert deploy(desk, "--push").code == 0
    assert tip_of(forge, "trial") == desk.git("rev-parse", "HEAD")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("soft", [True, False])
def test_what_is_recorded_and_not_pushed_is_told_as_both(
    desk: Desk, forge: Path, form: str, soft: bool
) -> None:
    desk.git("remote", "set-url", "origin", GONE)
    done = deploy(desk, "--push", "-o", form, *(["--best-effort"] if soft else []))
    assert done.code == (0 if soft else 1)
    level = "warning" if soft else "error"
    assert done.err.startswith(f"{level}: recorded, but not pushed: the remote has no such")
    head = desk.git("rev-parse", "HEAD")
    if form == "json":
        shown = json.loads(done.out)
        assert (shown["outcome"], shown["pushed_to"], shown["commit"]) == ("recorded", None, head)
    else:
        assert done.out.startswith("recorded: deployment of user-service 2.0.0")
        assert head[:12] in done.out
        assert "pushed to" not in done.out


def test_the_step_summary_tells_that_it_is_not_pushed(
    desk: Desk, forge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.git("remote", "set-url", "origin", GONE)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert deploy(desk, "--push").code == 1
    assert (tmp_path / "summary.md").read_text().startswith("Recorded, but not pushed: deployment")


def test_in_ci_what_reaches_no_remote_is_kept_and_told_as_such(
    desk: Desk, forge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.git("remote", "set-url", "origin", GONE)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "spool"))
    before = desk.commits()
    done = deploy(desk, "-o", "json", "--invoke-id", "run-5")
    assert (done.code, desk.commits()) == (6, before)
    shown = json.loads(done.out)
    assert shown["outcome"] == "kept"
    assert f"versioner spool: {shown['spool_line']}\n" in done.err
    assert (tmp_path / "output").read_text() == (
        f"event_id={shown['event']['id']}\noutcome=kept\nspool_line={shown['spool_line']}\n"
    )
    assert (tmp_path / "summary.md").read_text() == "Not recorded: kept to be sent later\n"
    desk.git("remote", "set-url", "origin", str(forge))
    again = deploy(desk, "-o", "json", "--invoke-id", "run-5", "--version", "2.0.1")
    assert again.json()["outcome"] == "recorded"
    assert "sent" not in again.err  # what waits is for another remote
    late = deploy(desk, "-o", "json", "--invoke-id", "run-5")
    assert late.json()["event"]["id"] == shown["event"]["id"]


def test_a_url_that_cannot_be_pushed_to_is_refused_before_anything_is_recorded(
    desk: Desk, forge: Path
) -> None:
    desk.git("config", "remote.origin.url", "ext::touch x")
    before = desk.commits()
    assert deploy(desk, "--push").code == 2
    assert desk.commits() == before


def test_a_refusal_passes_the_servers_own_words_on(desk: Desk, forge: Path) -> None:
    refuse(
        forge,
        "printf 'fetch first: \\033[31mred\\n' >&2; echo '::error::GH006: Could not resolve' >&2",
    )
    done = deploy(desk, "--push")
    assert done.code == 1
    assert "protected against this push: pre-receive hook declined" in done.err
    assert "remote: fetch first: " in done.err
    assert "GH006: Could not resolve" in done.err
    assert "\x1b" not in done.err
    assert "::error::" not in done.err
    assert "git pull" not in done.err


def test_a_refusal_after_a_lost_race_tells_of_the_commit_that_is_there(
    desk: Desk, forge: Path, other: Desk
) -> None:
    assert deploy(other, "--push", "--product", "payment-api").code == 0
    refuse(forge, "echo no >&2")
    done = deploy(desk, "--push", "-o", "json")
    assert done.code == 1
    shown = json.loads(done.out)
    assert (shown["commit"], shown["pushed_to"]) == (desk.git("rev-parse", "HEAD"), None)
    assert desk.git("rev-parse", "HEAD^") == tip_of(forge)
