"""versioner track at a URL, or in a job's clone: it is on the remote's branch, once."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.registries import NOW, SHA, Desk, Outcome
from tests.cli.test_track import GITHUB, WHERE
from tests.fixtures.spool_entries import entry
from versioner.cli.errors import run
from versioner.serialization.log import read_canonical
from versioner.setup.init import initialise
from versioner.spool.codec import MARK, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

INBOX = "refs/versioner/inbox/user-service/"
RUN = ("--invoke-id", "run-5")


@dataclass(frozen=True)
class Forge:
    """Sit elsewhere: a bare registry, and the command line run against its URL."""

    bare: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    def track(self, *arguments: str, base: tuple[str, ...] = WHERE, repo: str = "") -> Outcome:
        return self.run("track", "deployment", *base, "--repo", repo or self.url, *arguments)

    def outcome(self, *arguments: str, **options: Any) -> dict[str, Any]:
        """Return what a recording that went well came to."""
        return dict(self.track("-o", "json", *arguments, **options).json())

    def run(self, *arguments: str) -> Outcome:
        self.capsys.readouterr()
        code = run(list(arguments))
        told = self.capsys.readouterr()
        return Outcome(code, told.out, told.err)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.bare, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def tip(self, branch: str = "main") -> str:
        return self.git("rev-parse", f"refs/heads/{branch}")

    def waiting(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname)", "refs/versioner/inbox").split()

    def ids(self, branch: str = "main", product: str = "user-service") -> list[str]:
        """Return the ids of a product's deployment events of this month."""
        path = f"registry/products/{product}/deployments/2026-11.yaml"
        lines = read_canonical("deployment", f"{self.git('show', f'{branch}:{path}')}\n".encode())
        assert lines is not None
        return [event["id"] for _, event in lines]


@pytest.fixture
def forge(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forge:
    bare = tmp_path / "forge.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    there = Forge(bare, desk.capsys)
    there.git("config", "uploadpack.allowFilter", "true")
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.chdir(tmp_path)
    return there


# ---- what comes of it ------------------------------------------------------------------------


def test_an_event_is_recorded_on_the_remotes_branch_in_one_commit(forge: Forge) -> None:
    before = forge.tip()
    told = forge.outcome()
    assert told["outcome"] == "recorded"
    assert told["commit"] == forge.tip()
    assert forge.git("rev-parse", "main^") == before
    assert (told["branch"], told["pushed_to"]) == ("main", forge.url)
    assert forge.ids()[-1] == told["event"]["id"]
    subject = "Record deployment of user-service 2.0.0 to production (completed)"
    assert forge.git("show", "-s", "--format=%s", "main") == subject
    assert forge.git("fsck", "--strict") == ""


def test_an_unknown_product_and_environment_come_to_be_in_the_same_commit(forge: Forge) -> None:
    base = ("--product", "brand-new", "--environment", "moon", "--version", "1")
    refused = forge.track("--no-create", base=base)
    assert (refused.code, "product create brand-new" in refused.err) == (5, True)
    assert forge.outcome(base=base)["created"] == [
        "registry/products/brand-new/product.yaml",
        "registry/environments/moon.yaml",
    ]
    assert forge.git("rev-list", "--count", "main~1..main") == "1"


def test_a_dry_run_says_the_line_and_writes_nothing(forge: Forge) -> None:
    before = forge.git("for-each-ref")
    done = forge.track("--dry-run")
    assert (done.code, done.out.startswith("would record")) == (0, True)
    assert forge.git("for-each-ref") == before


def test_by_way_of_the_inbox_it_is_received_and_collected_later(forge: Forge) -> None:
    before = forge.tip()
    told = forge.outcome("--via", "inbox")
    assert told["outcome"] == "received"
    assert forge.waiting() == [told["received_as"]]
    assert forge.tip() == before
    collected = forge.run("collect", "--repo", forge.url)
    assert collected.code == 0, collected.err
    assert forge.waiting() == []
    assert forge.ids().count(told["event"]["id"]) == 1


def test_what_goes_by_the_inbox_is_for_no_branch_of_ones_choice(
    forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = forge.track("--via", "inbox", "--branch", "main")
    assert (refused.code, "--branch does not apply to the inbox" in refused.err) == (2, True)
    monkeypatch.setenv("VERSIONER_VIA", "inbox")
    assert forge.track("--branch", "main").code == 2
    assert forge.waiting() == []
    assert forge.outcome("--branch", "main", "--via", "direct")["outcome"] == "recorded"


def test_a_kept_line_of_the_inbox_and_a_branch_is_sent(
    forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = entry(1, repo=forge.url, via="inbox", branch="main")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(kept.line.encode())))
    sent = forge.run("spool", "send", "-", "--repo", forge.url)
    assert (sent.code, len(forge.waiting())) == (0, 1), sent.err


def test_a_branch_that_takes_no_push_leaves_the_inbox(forge: Forge) -> None:
    hook = forge.bare / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        '#!/bin/sh\ncase $1 in refs/heads/*) echo "GH006: Protected branch"; exit 1; esac'
    )
    hook.chmod(0o755)
    told = forge.outcome()
    assert told["outcome"] == "received"
    assert forge.waiting() == [told["received_as"]]
    direct = forge.track("--via", "direct")
    assert (direct.code, "protected" in direct.err) == (6, True)


def test_what_waits_of_the_same_product_is_taken_along(forge: Forge) -> None:
    first = forge.outcome("--via", "inbox", "--version", "1.9.9", "--environment", "staging")
    other = forge.outcome("--via", "inbox", "--product", "payment-api")
    told = forge.outcome()
    assert forge.ids()[-2:] == [first["event"]["id"], told["event"]["id"]]
    assert forge.waiting() == [other["received_as"]]
    assert forge.git("show", "-s", "--format=%s", "main") == "Record 2 events"


def test_an_event_that_is_refused_is_neither_kept_nor_sent_again(forge: Forge) -> None:
    for via in ("direct", "inbox", "auto"):
        done = forge.track("--via", via, "--version", "../etc")
        assert (done.code, "not a legal version" in done.err) == (4, True)
        assert "versioner spool" not in done.err
    assert forge.track("--event-id", "us-3").code == 5
    assert forge.run("spool", "list").out.startswith("No events are waiting")


# ---- idempotence -----------------------------------------------------------------------------


@pytest.mark.parametrize("second", ["direct", "inbox", "auto"])
def test_a_step_that_runs_again_finds_its_event_recorded(forge: Forge, second: str) -> None:
    first = forge.outcome(*RUN)
    again = forge.outcome(*RUN, "--via", second)
    assert again["event"]["id"] == first["event"]["id"]
    if second == "inbox":
        # That way nobody looks; whoever collects does.
        assert again["outcome"] == "received"
        assert forge.run("collect", "--repo", forge.url).code == 0
    else:
        assert again["outcome"] == "already_recorded"
    assert forge.ids().count(first["event"]["id"]) == 1
    assert forge.tip() == first["commit"]
    assert forge.waiting() == []


def test_after_another_version_in_between_it_is_a_new_deployment(forge: Forge) -> None:
    first = forge.outcome(*RUN, "--completed-at", "2026-11-22T10:00:00Z")
    forge.outcome("--version", "3.0.0", "--completed-at", "2026-11-22T10:05:00Z")
    back = forge.outcome(*RUN)
    assert back["outcome"] == "recorded"
    assert back["event"]["id"] != first["event"]["id"]
    assert forge.outcome(*RUN)["outcome"] == "already_recorded"


def test_a_late_inbox_ref_of_a_recorded_event_adds_nothing(forge: Forge) -> None:
    waits = forge.outcome(*RUN, "--via", "inbox")
    ref, commit = waits["received_as"], forge.git("rev-parse", waits["received_as"])
    told = forge.outcome(*RUN)
    assert (told["outcome"], forge.waiting()) == ("already_recorded", [])
    forge.git("update-ref", ref, commit)
    forge.outcome("--version", "3.0.0", "--environment", "staging")
    assert forge.waiting() == []
    assert forge.ids().count(waits["event"]["id"]) == 1


def test_the_same_event_at_another_time_is_received_already(
    forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = forge.outcome(*RUN, "--via", "inbox", "--deployed-by", "jane")
    monkeypatch.setattr("versioner.cli.clock.now", lambda: "2026-11-22T10:20:00Z")
    again = forge.outcome(*RUN, "--via", "inbox", "--deployed-by", "omar")
    assert again["outcome"] == "already_received"
    assert again["event"]["id"] == first["event"]["id"]
    assert forge.waiting() == [first["received_as"]]


def test_the_same_event_of_another_commit_is_blocked(forge: Forge) -> None:
    forge.outcome(*RUN, "--via", "inbox", "--scm-sha", SHA)
    for via in ("inbox", "direct", "auto"):
        done = forge.track(*RUN, "--via", via, "--scm-sha", SHA[::-1])
        assert done.code == 5, (via, done.err)
        assert "versioner spool" not in done.err
    assert forge.outcome(*RUN, "--via", "inbox", "--scm-sha", SHA[:8])["event"]


# ---- kept -------------------------------------------------------------------------------------


def test_what_reaches_no_remote_is_kept_and_sent_with_the_next(
    forge: Forge, tmp_path: Path
) -> None:
    forge.bare.rename(tmp_path / "away.git")
    kept = forge.track(*RUN, "-o", "json")
    assert kept.code == 6
    shown = json.loads(kept.out)
    assert shown["outcome"] == "kept"
    softened = forge.track("--best-effort", "--version", "2.0.1")
    assert (softened.code, softened.err.count("warning: ")) == (0, 1)
    (tmp_path / "away.git").rename(forge.bare)
    done = forge.track("--version", "2.0.2")
    assert (done.code, "sent 2 of 2 events that waited" in done.err) == (0, True)
    assert forge.ids().count(shown["event"]["id"]) == 1
    assert len(forge.ids()) == len(set(forge.ids()))


def test_a_kept_line_is_sent_from_another_machine(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge.bare.rename(tmp_path / "away.git")
    kept = json.loads(forge.track("-o", "json").out)
    (tmp_path / "away.git").rename(forge.bare)
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "other"))
    (tmp_path / "line").write_text(f"noise\nversioner spool: {kept['spool_line']}\n")
    with (tmp_path / "line").open() as lines:
        monkeypatch.setattr("sys.stdin", lines)
        done = forge.run("spool", "send", "-", "--repo", forge.url)
    assert done.code == 0, done.err
    assert forge.ids()[-1] == kept["event"]["id"]


# ---- waiting ----------------------------------------------------------------------------------


@contextmanager
def hanging(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that records at a server which takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/acme/registry.git"
        command = [sys.executable, "-m", "versioner", "track", "deployment", *WHERE, *arguments]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        process = subprocess.Popen(
            [*command, "--repo", url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
        )
        listener.settimeout(60)
        connection, _ = listener.accept()
        try:
            with connection:
                yield process
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_is_stopped_while_the_remote_hangs_is_kept(
    forge: Forge, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    with hanging("--event-id", "stop-1") as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, b"")
    line, *rest = filter(None, err.decode().splitlines())
    assert line.startswith(MARK)
    assert "may have arrived" in rest[0]
    assert "`versioner spool send`" in rest[1]
    assert rest[2:] == ["versioner: stopped; no partial change is left behind"]
    (waiting,) = forge.run("spool", "list", "-o", "json").json()["waiting"]
    assert waiting["line"] == parse_line(line).line
    for outcome in ("recorded", "already_recorded"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(err)))
        (sent,) = forge.run("spool", "send", "-", "--repo", forge.url, "-o", "json").json()
        assert sent["outcome"] == outcome
    assert forge.git("grep", "-h", 'id: "stop-1"', "main").count("stop-1") == 1
    assert waiting["event"]["at"] in forge.git("grep", "-h", 'id: "stop-1"', "main")


def test_a_later_signal_ends_at_once_what_nobody_reads_the_line_of(forge: Forge) -> None:
    more_than_a_pipe_holds = json.dumps({"note": "long " * 18_000})
    with hanging("--extra-metadata", more_than_a_pipe_holds) as process:
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
    assert process.returncode == 128 + signal.SIGTERM
    assert len(forge.run("spool", "list", "-o", "json").json()["waiting"]) == 1


def test_a_wait_that_runs_out_says_that_nothing_is_lost(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody may push to the branch: the waiter itself cannot help.
    forge.git("config", "receive.denyNonFastForwards", "true")
    hook = forge.bare / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        '#!/bin/sh\ncase $1 in refs/heads/*) echo "GH006: Protected branch"; exit 1; esac'
    )
    hook.chmod(0o755)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = forge.track("--wait", "0.2", "-o", "json")
    assert done.code == 6, done.err
    shown = json.loads(done.out)
    assert shown["outcome"] == "received"
    assert "received, and after 0.2 seconds not on the branch yet" in done.err
    assert "it is not lost" in done.err
    assert "versioner spool" not in done.err
    assert "outcome=received\n" in (tmp_path / "output").read_text()
    assert forge.waiting() == [shown["received_as"]]
    soft = forge.track("--wait", "0.1", "--best-effort")
    assert (soft.code, soft.out.startswith("received")) == (0, True)


def test_a_waiter_whom_nobody_helps_collects(forge: Forge) -> None:
    told = forge.outcome("--via", "inbox", "--wait", "0.5")
    assert told["outcome"] == "recorded"
    assert told["pushed_to"] == forge.url
    assert forge.waiting() == []
    assert forge.ids().count(told["event"]["id"]) == 1


def test_a_waiter_is_told_that_its_event_was_refused(forge: Forge) -> None:
    assert forge.track("--scm-sha", SHA).code == 0
    done = forge.track("--via", "inbox", "--scm-sha", SHA[::-1], "--wait", "0.5")
    assert done.code == 5, done.err
    assert "received, and refused: " in done.err
    assert SHA[:12] in done.err
    assert "versioner inbox release" in done.err


def test_a_wait_for_what_is_recorded_at_once_is_none(forge: Forge) -> None:
    assert forge.outcome("--wait")["outcome"] == "recorded"


# ---- which branch, and which remote ------------------------------------------------------------


def registry_beside(forge: Forge, branch: str) -> None:
    """Let the registry stand on another branch than the remote's own, which holds none."""
    forge.git("branch", "-m", "main", branch)
    tree = forge.git("mktree", "--missing")
    identity = ["-c", "user.name=Jane", "-c", "user.email=jane@example.test"]
    empty = forge.git(*identity, "commit-tree", "-m", "Code", tree)
    forge.git("update-ref", "refs/heads/main", empty)
    forge.git("symbolic-ref", "HEAD", "refs/heads/main")


def test_a_remote_whose_own_branch_holds_no_registry_says_what_to_add(forge: Forge) -> None:
    registry_beside(forge, "registry")
    done = forge.track()
    assert (done.code, "--branch" in done.err) == (2, True)
    assert "versioner spool" not in done.err
    assert forge.outcome("--branch", "registry")["branch"] == "registry"
    none = forge.track("--branch", "none")
    assert (none.code, '"none"' in none.err) == (2, True)


@pytest.mark.parametrize("name", ["a b", "-x", "a..b", "main:other", "*", "x.lock", "a/", "@"])
@pytest.mark.parametrize("command", ["track", "collect", "doctor"])
def test_a_name_that_no_branch_can_have_is_a_slip_and_not_kept(
    forge: Forge, command: str, name: str
) -> None:
    at = (f"--branch={name}", "--repo", forge.url)
    done = forge.track(f"--branch={name}") if command == "track" else forge.run(command, *at)
    assert (done.code, "is not a branch name" in done.err) == (2, True), done.err
    assert "versioner spool" not in done.err


@pytest.mark.parametrize("name", ["release/1.4", "müller", "a@b", "x-y_z.w"])
def test_any_other_name_is_asked_for_at_the_remote(forge: Forge, name: str) -> None:
    forge.git("branch", name, "main")
    assert forge.outcome("--branch", name)["branch"] == name


def test_doctor_tells_an_empty_remote_from_one_without_the_branch(
    forge: Forge, tmp_path: Path
) -> None:
    forge.git("init", "-q", "--bare", str(tmp_path / "empty.git"))
    empty = forge.run("doctor", "--repo", f"file://{tmp_path}/empty.git")
    assert (empty.code, "no commit yet" in empty.err) == (2, True)
    other = forge.run("doctor", "--repo", forge.url, "--branch", "none")
    assert (other.code, 'the remote has no branch "none"' in other.err) == (2, True)


def test_the_branch_that_the_registry_names_is_the_one(forge: Forge, desk: Desk) -> None:
    desk.git("remote", "add", "origin", forge.url)
    with (desk.top / "registry/registry.yaml").open("a") as config:
        config.write('branch: "trunk"\n')
    desk.git("commit", "-qam", "Name the branch")
    desk.git("push", "-q", "origin", "main", "main:trunk")
    before = forge.tip()
    told = forge.outcome(*RUN)
    assert (told["branch"], told["outcome"]) == ("trunk", "recorded")
    assert (forge.tip("trunk"), forge.tip()) == (told["commit"], before)
    assert forge.outcome(*RUN)["outcome"] == "already_recorded"
    assert forge.outcome("--via", "inbox", "--version", "3")["outcome"] == "received"
    assert forge.run("collect", "--repo", forge.url).code == 0
    assert (forge.tip(), forge.waiting()) == (before, [])


@pytest.mark.parametrize("what", ["empty", "none", "other"])
def test_where_no_registry_is_it_says_so(forge: Forge, tmp_path: Path, what: str) -> None:
    bare = tmp_path / "other.git"
    if what != "none":
        forge.git("init", "-q", "--bare", str(bare))
    if what == "other":
        registry_beside(forge, "registry")
        forge.git("push", "-q", str(bare), "main")
    done = forge.track(repo=f"file://{bare}")
    said = {"empty": "no commit yet", "none": "no such repository", "other": "no registry"}
    assert said[what] in done.err
    assert done.code == (6 if what == "none" else 2)
    assert "hint: " in done.err


@pytest.mark.parametrize("kind", ["limited", "blobs", "plain", "sha256", "v0"])
def test_every_server_is_good_enough(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from tests.fixtures.remotes import LIMITED, ONLY_BLOBS

    if kind == "sha256":
        top = tmp_path / "sha256"
        forge.git("init", "-q", "--object-format=sha256", "-b", "main", str(top))
        initialise(top, now=NOW)
        forge.bare.rename(tmp_path / "old.git")
        subprocess.run(["git", "clone", "-q", "--bare", str(top), str(forge.bare)], check=True)
    settings = {"limited": LIMITED, "blobs": ONLY_BLOBS}.get(kind, {})
    settings |= {"uploadpack.allowFilter": str(kind != "plain").lower()}
    for key, value in settings.items():
        forge.git("config", key, value)
    if kind == "v0":
        forge.git("config", "uploadpack.allowAnySHA1InWant", "true")
        for key, value in {"COUNT": "1", "KEY_0": "protocol.version", "VALUE_0": "0"}.items():
            monkeypatch.setenv(f"GIT_CONFIG_{key}", value)
    told = forge.outcome(*RUN)
    assert (told["outcome"], told["commit"]) == ("recorded", forge.tip())
    assert forge.outcome(*RUN)["outcome"] == "already_recorded"
    assert forge.outcome("--via", "inbox", "--version", "3")["outcome"] == "received"
    assert forge.outcome("--version", "4")["outcome"] == "recorded"
    assert forge.waiting() == []


def test_ssh_is_another_way_to_the_same(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "ssh"
    command.write_text(
        '#!/bin/sh\nwhile [ "$1" != host ]; do shift; done\nshift\nexec sh -c "$*"\n'
    )
    command.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(command))
    assert forge.outcome(repo=f"ssh://host{forge.bare}")["commit"] == forge.tip()
    assert forge.outcome("--via", "inbox", repo=f"host:{forge.bare}")["outcome"] == "received"


# ---- in a job's clone --------------------------------------------------------------------------


@pytest.fixture
def job(forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a shallow clone, as a job of GitHub Actions does."""
    clone = tmp_path / "clone"
    forge.git("clone", "-q", "--depth=1", forge.url, str(clone))
    for name, value in GITHUB.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(clone)
    return clone


def in_job(forge: Forge, *arguments: str) -> Outcome:
    return forge.run("track", "deployment", *WHERE, "-o", "json", *arguments)


def sh(clone: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True)


@pytest.mark.parametrize("state", ["branch", "detached", "pull request", "feature", "ahead"])
def test_what_a_job_has_checked_out_is_not_where_it_records(
    forge: Forge, job: Path, state: str
) -> None:
    if state == "detached":
        sh(job, "checkout", "-q", "--detach")
        sh(job, "branch", "-qD", "main")
    elif state == "pull request":
        forge.git("update-ref", "refs/pull/1/merge", "main")
        sh(job, "fetch", "-q", "origin", "+refs/pull/1/merge:refs/remotes/pull/1/merge")
        sh(job, "checkout", "-q", "--force", "refs/remotes/pull/1/merge")
    elif state == "feature":
        forge.git("branch", "feature", "main")
        sh(job, "checkout", "-qb", "feature")
    elif state == "ahead":
        sh(
            job,
            "-c",
            "user.name=Jane",
            "-c",
            "user.email=j@x.test",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "Mine",
        )
    before = forge.git("for-each-ref", "refs/heads/feature")
    told = in_job(forge).json()
    assert (told["outcome"], told["branch"], told["commit"]) == ("recorded", "main", forge.tip())
    assert forge.git("for-each-ref", "refs/heads/feature") == before
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=job, check=True, capture_output=True, text=True
    )
    assert done.stdout == ""


def test_the_branch_that_the_clones_registry_names_is_the_one(forge: Forge, job: Path) -> None:
    registry_beside(forge, "registry")
    forge.git("symbolic-ref", "HEAD", "refs/heads/main")
    done = in_job(forge)
    assert (done.code, "--branch" in done.err) == (2, True)
    assert in_job(forge, "--branch", "registry").json()["branch"] == "registry"
    with (job / "registry/registry.yaml").open("a") as config:
        config.write('branch: "registry"\n')
    sh(job, "-c", "user.name=Jane", "-c", "user.email=j@x.test", "commit", "-qam", "Name it")
    assert in_job(forge, "--version", "3").json()["branch"] == "registry"


def test_a_run_records_once_from_however_many_clones(forge: Forge, job: Path) -> None:
    first = in_job(forge).json()
    again = in_job(forge).json()
    assert (again["outcome"], again["event"]["id"]) == ("already_recorded", first["event"]["id"])
    assert forge.ids().count(first["event"]["id"]) == 1


def test_of_several_remotes_none_is_guessed(forge: Forge, job: Path) -> None:
    sh(job, "remote", "rename", "origin", "one")
    sh(job, "remote", "add", "two", forge.url)
    assert in_job(forge).json()["commit"] == forge.tip()  # main follows `one`
    sh(job, "checkout", "-q", "--detach")
    done = in_job(forge, "--version", "3")
    assert (done.code, "--repo" in done.err) == (2, True)
    assert in_job(forge, "--version", "3", "--local", "--branch", "main").code == 0


def test_of_a_clone_without_a_remote_a_job_is_warned(forge: Forge, job: Path) -> None:
    sh(job, "remote", "remove", "origin")
    done = in_job(forge, "--version", "3")
    assert done.code == 0
    assert "is lost with the job" in done.err
    assert "--repo" in done.err
    for meant in (["--local"], ["--repo", str(job)], ["--dry-run"]):
        assert "is lost with the job" not in in_job(forge, "--version", "4", *meant).err


def test_an_application_whose_remote_holds_no_registry_is_told_to_name_it(
    forge: Forge, job: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "application.git"
    forge.git("init", "-q", "--bare", "-b", "main", str(bare))
    registry_beside(forge, "registry")
    forge.git("push", "-q", str(bare), "main")
    sh(job, "remote", "set-url", "origin", str(bare))
    done = in_job(forge)
    assert (done.code, "--repo" in done.err) == (2, True)


@pytest.mark.parametrize("kind", ["deployment", "build"])
def test_the_help_names_every_key_of_the_json(forge: Forge, tmp_path: Path, kind: str) -> None:
    told = forge.outcome()
    kept = forge.track("-o", "json", "--best-effort", repo=f"file://{tmp_path}/none.git").json()
    text = " ".join(forge.run("track", kind, "-h").out.split())
    named = text.partition("JSON keys (stable): ")[2]
    assert [key for key in {**told, **kept} if key not in named] == []
    assert told["outcome"] in named
