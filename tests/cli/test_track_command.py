"""versioner track ... -- COMMAND: real commands, real signals, and both of their events."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.tool import PATIENCE, environment
from tests.cli.registries import NOW, Desk, Outcome
from versioner.cli import clock
from versioner.cli.errors import run
from versioner.serialization.log import read_canonical

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

WHERE = ("--product", "user-service", "--environment", "production", "--version", "2.0.0")
PYTHON = sys.executable


def logged(top: Path, kind: str = "deployment") -> list[dict[str, Any]]:
    """Return the events of this tests' version, at the tip."""
    folder = "versions" if kind == "build" else "deployments"
    path = f"registry/products/user-service/{folder}"
    found: list[dict[str, Any]] = []
    for name in git(top, "ls-tree", "--name-only", f"main:{path}").split():
        lines = read_canonical(kind, git(top, "show", f"main:{path}/{name}").encode())  # type: ignore[arg-type]
        assert lines is not None
        found += [event for _, event in lines if event["version"] == "2.0.0"]
    return found


def git(top: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=top, check=True, capture_output=True, text=True
    ).stdout


def deploy(desk: Desk, *command: str, options: tuple[str, ...] = ()) -> Outcome:
    desk.capsys.readouterr()
    arguments = ["track", "deployment", *WHERE, "--repo", str(desk.top), *options, "--", *command]
    code = run(arguments)
    told = desk.capsys.readouterr()
    return Outcome(code, told.out, told.err)


def statuses(top: Path, kind: str = "deployment") -> list[str]:
    return [event["status"] for event in logged(top, kind)]


# ---- what is recorded --------------------------------------------------------------------


def test_a_command_that_ends_at_once_has_both_events_of_one_deployment(desk: Desk) -> None:
    done = deploy(desk, "true")
    assert (done.code, done.out) == (0, "")
    assert "recorded: deployment of user-service 2.0.0 to production (started)" in done.err
    assert "recorded: deployment of user-service 2.0.0 to production (completed)" in done.err
    started, completed = logged(desk.top)
    assert (started["status"], completed["status"]) == ("started", "completed")
    assert started["at"] == completed["at"]
    assert started["invoke_id"] == completed["invoke_id"] == started["id"] != completed["id"]
    shown = desk.run("deployment", "list", "--product", "user-service", "-o", "json").json()
    newest = [each for each in shown if each["version"] == "2.0.0"]
    assert [(each["status"], each["id"]) for each in newest] == [("completed", started["id"])]


@pytest.mark.parametrize(
    ("command", "code", "status", "reason"),
    [
        (("sh", "-c", "exit 7"), 7, "failed", "the command ended with exit code 7"),
        (("sh", "-c", "kill -KILL $$"), 137, "aborted", "the command was ended by SIGKILL"),
        (("no-such-command",), 127, "failed", "the command was not found"),
        (("/etc/passwd",), 126, "failed", "the command did not start: Permission denied"),
        (("/",), 126, "failed", "the command did not start: Permission denied"),
    ],
    ids=["fails", "killed", "not-found", "not-executable", "folder"],
)
def test_the_exit_code_is_the_commands_own(
    desk: Desk, command: tuple[str, ...], code: int, status: str, reason: str
) -> None:
    done = deploy(desk, *command)
    assert (done.code, done.out) == (code, "")
    assert statuses(desk.top) == ["started", status]
    assert logged(desk.top)[1]["reason"] == reason
    assert f"versioner: {reason}" in done.err


def test_a_reason_that_is_given_stays(desk: Desk) -> None:
    assert deploy(desk, "false", options=("--reason", "CHG-7")).code == 1
    assert [event["reason"] for event in logged(desk.top)] == ["CHG-7", "CHG-7"]


def test_each_call_is_a_deployment_of_its_own_in_one_run_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_RUN_ID", "9001")
    for command in ("false", "true"):
        deploy(desk, command, options=("--local",))
    events = logged(desk.top)
    assert [event["status"] for event in events] == ["started", "failed", "started", "completed"]
    assert {event["invoke_id"] for event in events} == {"9001"}
    assert len({event["id"] for event in events}) == 4


def test_a_build_has_the_times_of_its_command(desk: Desk) -> None:
    artifact = desk.top.parent / "made.txt"
    done = desk.run(
        *("track", "build", "--product", "user-service", "--version", "2.0.0"),
        *("--artifact-file", str(artifact), "--repo", str(desk.top)),
        *("--", "sh", "-c", f"echo made > {shlex.quote(str(artifact))}"),
    )
    assert done.code == 0, done.err
    started, completed = logged(desk.top, "build")
    assert (started["status"], completed["status"]) == ("started", "completed")
    assert completed["started_at"] <= completed["completed_at"]
    # The file is not there before the command has made it.
    assert "artifacts" not in started
    assert list(completed["artifacts"]) == ["made.txt"]


def test_an_artifact_that_the_command_did_not_make_is_told_and_the_end_recorded(
    desk: Desk,
) -> None:
    done = deploy(desk, "true", options=("--artifact-file", str(desk.top / "none.txt")))
    assert done.code == 0
    assert "warning: " in done.err
    assert "none.txt" in done.err
    assert statuses(desk.top) == ["started", "completed"]


# ---- what does not run -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--version", "${VERSION}"), 4, "a variable that was not replaced"),
        (("--environment", "productoin", "--no-create"), 5, 'there is "production"'),
        (("--status", "failed"), 2, "--status is decided by the command"),
        (("--completed-at", "2026-11-22T10:00:00Z"), 2, "--completed-at is decided"),
        (("--push", "--local"), 2, "contradict"),
    ],
    ids=["invalid", "blocked", "status", "time", "usage"],
)
def test_a_command_whose_event_is_refused_is_not_run(
    desk: Desk, tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    before = desk.commits()
    done = deploy(desk, "touch", str(tmp_path / "ran"), options=options)
    assert done.code == code
    assert said in done.err
    assert not (tmp_path / "ran").exists()
    assert desk.commits() == before


def test_no_command_after_two_hyphens_is_an_error(desk: Desk) -> None:
    done = deploy(desk)
    assert done.code == 2
    assert "give a command after --" in done.err
    assert desk.run("track", "deployment", *WHERE, "true").code == 2


def test_a_dry_run_runs_nothing(desk: Desk, tmp_path: Path) -> None:
    done = deploy(desk, "touch", str(tmp_path / "ran"), options=("--dry-run",))
    assert done.code == 0
    assert 'status: "started"' in done.err
    assert not (tmp_path / "ran").exists()
    assert logged(desk.top) == []


# ---- streams -----------------------------------------------------------------------------


def test_reports_go_to_stderr_as_json_too(desk: Desk) -> None:
    process = subprocess.run(
        tool(desk.top, "echo", "mine", options=("-o", "json")),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert process.stdout == "mine\n"
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(process.stderr)
    second, _ = decoder.raw_decode(process.stderr[end:].lstrip())
    assert [first["event"]["status"], second["event"]["status"]] == ["started", "completed"]


def tool(top: Path, *command: str, options: tuple[str, ...] = (), repo: str = "") -> list[str]:
    track = [PYTHON, "-m", "versioner", "track", "deployment", *WHERE, "--repo", repo or str(top)]
    return [*track, *options, "--", *command]


def test_input_and_large_output_pass_through_unchanged(desk: Desk) -> None:
    data = os.urandom(1 << 20) * 8
    done = subprocess.run(
        tool(desk.top, "cat"), input=data, env=environment(), capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0
    assert done.stdout == data
    assert statuses(desk.top) == ["started", "completed"]


def test_the_command_has_the_terminal_and_its_interrupt_once(desk: Desk) -> None:
    script = (
        "import os, signal, sys, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
        "print('tty', os.isatty(0), os.isatty(1), flush=True)\n"
        "end = time.monotonic() + 30\n"
        "while not seen and time.monotonic() < end: time.sleep(0.05)\n"
        "time.sleep(0.5)\n"
        "print('interrupts', len(seen), flush=True)\n"
        "sys.exit(3)\n"
    )
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        tool(desk.top, PYTHON, "-c", script),
        env=environment(),
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(end)
    shown = read_until(terminal, b"tty True True")
    os.write(terminal, b"\x03")
    shown += read_until(terminal, b"(aborted)")
    code = process.wait(PATIENCE)
    os.close(terminal)
    assert b"interrupts 1" in shown
    assert code == 3
    assert statuses(desk.top) == ["started", "aborted"]
    assert logged(desk.top)[1]["reason"] == "stopped by SIGINT"


def read_until(terminal: int, wanted: bytes) -> bytes:
    shown = b""
    end = time.monotonic() + PATIENCE
    while wanted not in shown:
        assert time.monotonic() < end, shown
        if select.select([terminal], [], [], 1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
    assert wanted in shown, shown
    return shown


# ---- signals -----------------------------------------------------------------------------


@pytest.fixture
def started(desk: Desk, tmp_path: Path) -> Iterator[Started]:
    process = Started(desk.top, tmp_path)
    yield process
    process.end()


class Started:
    """A tool whose command is running, and that a test sends signals to."""

    def __init__(self, top: Path, folder: Path) -> None:
        self.top = top
        self.folder = folder
        self.command = 0
        self.process: subprocess.Popen[str] | None = None

    def start(self, script: str, *options: str, repo: str = "") -> subprocess.Popen[str]:
        """Start a shell script as the command, and wait until it runs."""
        ready = self.folder / "ready"
        whole = f"{script.partition('READY')[0]} echo $$ > {ready}.new; mv {ready}.new {ready};"
        whole += script.partition("READY")[2]
        self.process = subprocess.Popen(
            tool(self.top, "sh", "-c", whole, options=options, repo=repo),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + PATIENCE
        while not ready.exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        self.command = int(ready.read_text())
        return self.process

    def end(self) -> None:
        for number in (self.command, self.process.pid if self.process else 0):
            if number:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        if self.process is not None:
            self.process.communicate()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_is_passed_on_and_the_deployment_aborted(started: Started, name: str) -> None:
    number = signal.Signals[name]
    process = started.start(
        f"trap 'echo cleaned up; exit 9' {number:d}; READY sleep 60 >&- 2>&- & wait $!"
    )
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (9, "cleaned up\n"), err
    assert statuses(started.top) == ["started", "aborted"]
    assert logged(started.top)[1]["reason"] == f"stopped by {name}"


def test_a_command_that_a_signal_ends_gives_the_code_of_a_shell(started: Started) -> None:
    process = started.start("READY exec sleep 60")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM
    assert statuses(started.top) == ["started", "aborted"]


def test_a_signal_that_is_a_message_stops_nothing(started: Started) -> None:
    process = started.start("trap 'echo told; exit 0' USR1; READY sleep 60 >&- 2>&- & wait $!")
    process.send_signal(signal.SIGUSR1)
    out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, "told\n")
    assert statuses(started.top) == ["started", "completed"]


def test_a_tool_that_is_killed_leaves_a_start_and_the_next_run_is_one_of_its_own(
    started: Started,
) -> None:
    process = started.start("READY exec sleep 60")
    process.kill()
    process.wait(PATIENCE)
    # The command lives on: to stop half a deployment would be worse.
    os.kill(started.command, 0)
    assert statuses(started.top) == ["started"]
    assert git(started.top, "status", "--porcelain") == ""
    done = subprocess.run(
        tool(started.top, "true"), env=environment(), capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0
    assert statuses(started.top) == ["started", "started", "completed"]
    first, second, third = logged(started.top)
    assert first["invoke_id"] != second["invoke_id"] == third["invoke_id"]


# ---- records that do not get through -------------------------------------------------------


def test_a_record_that_fails_never_changes_the_code(desk: Desk) -> None:
    log = desk.top / "registry/products/user-service/deployments/2026-11.yaml"
    log.write_text(log.read_text() + "# Not committed.\n")
    done = deploy(desk, "sh", "-c", "exit 3")
    assert done.code == 3
    assert done.err.count("uncommitted changes") == 2
    assert "not recorded that the deployment is failed" in done.err
    assert logged(desk.top) == []
    # The line records it, as soon as that is possible.
    desk.git("checkout", "-q", "--", ".")
    (line,) = (each for each in done.err.splitlines() if "--status=failed" in each)
    again = shlex.split(line.partition("record it later: ")[2])
    assert again[:3] == ["versioner", "track", "deployment"]
    assert desk.run(*again[1:]).code == 0
    assert statuses(desk.top) == ["failed"]


def test_a_record_that_fails_counts_where_that_is_asked_for(desk: Desk, tmp_path: Path) -> None:
    log = desk.top / "registry/products/user-service/deployments/2026-11.yaml"
    spoil = f"echo '# Not committed.' >> {shlex.quote(str(log))}"
    asked = ("--fail-on-api-error",)
    assert deploy(desk, "sh", "-c", spoil, options=asked).code == 1
    assert statuses(desk.top) == ["started"]
    assert deploy(desk, "touch", str(tmp_path / "ran"), options=asked).code == 1
    assert not (tmp_path / "ran").exists()
    assert deploy(desk, "sh", "-c", "exit 3", options=("--fail-on-api-error=false",)).code == 3


def test_at_a_url_both_events_are_on_the_branch(desk: Desk, forge: Path) -> None:
    done = deploy(desk, "true", options=("--repo", f"file://{forge}"))
    assert (done.code, done.out) == (0, "")
    assert statuses(forge) == ["started", "completed"]


def test_an_inbox_takes_both_and_collect_makes_them_one_deployment(desk: Desk, forge: Path) -> None:
    url = f"file://{forge}"
    assert deploy(desk, "true", options=("--repo", url, "--via", "inbox")).code == 0
    assert logged(forge) == []
    desk.run("collect", "--repo", url)
    assert desk.run("collect", "--repo", url).code == 0
    assert statuses(forge) == ["started", "completed"]


def test_without_the_remote_both_are_spooled_and_told_and_sent_later(
    desk: Desk, forge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "spool"))
    gone = forge.rename(forge.with_name("gone.git"))
    url = f"file://{forge}"
    done = deploy(desk, "sh", "-c", "exit 3", options=("--repo", url))
    assert done.code == 3
    assert done.err.count("versioner spool: ") == 2
    asked = ("--repo", url, "--fail-on-api-error")
    assert deploy(desk, "touch", str(tmp_path / "ran"), options=asked).code == 6
    assert not (tmp_path / "ran").exists()
    gone.rename(forge)
    assert run(["spool", "send"]) == 0
    assert statuses(forge) == ["started", "failed", "started", "aborted"]
    assert logged(forge)[-1]["reason"].startswith("the command was not run")


def test_the_clock_is_read_again_for_the_end(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, ran = "2026-11-22T12:30:00Z", tmp_path / "ran"
    monkeypatch.setattr(clock, "now", lambda: later if ran.exists() else NOW)
    assert deploy(desk, "touch", str(ran)).code == 0
    assert [event["at"] for event in logged(desk.top)] == [NOW, later]
