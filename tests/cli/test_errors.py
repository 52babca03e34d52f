"""The boundary: every error becomes a message, a hint and its exit code, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from versioner import __version__, errors
from versioner.cli import main
from versioner.cli.errors import report_error, report_warning, run
from versioner.errors import (
    Blocked,
    FilesChanged,
    GitFailure,
    InvalidInput,
    NoRegistry,
    NotFound,
    OperationFailed,
    ProductDeleted,
    Spooled,
    UnreadableRules,
    UsageFault,
    ValidationFailed,
    VersionConflict,
    VersionerError,
)

if TYPE_CHECKING:
    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow

CODES = {
    OperationFailed: 1,
    GitFailure: 1,
    FilesChanged: 1,
    UnreadableRules: 1,
    UsageFault: 2,
    NoRegistry: 2,
    NotFound: 2,
    ValidationFailed: 3,
    InvalidInput: 4,
    Blocked: 5,
    ProductDeleted: 5,
    VersionConflict: 5,
    Spooled: 6,
}


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Make a command that fails with what it is given."""
    from versioner.cli.commands import completion

    def fail_with(error: BaseException) -> int:
        @click.command()
        def broken() -> None:
            raise error

        monkeypatch.setattr(completion, "completion", broken)
        return run(["completion"])

    return fail_with


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_each_error_ends_with_its_code(failing, capsys, kind, code):
    assert failing(kind("it went wrong", hint="do this")) == code
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "error: it went wrong\nhint: do this\n")


def test_every_error_has_a_code_that_is_listed_here():
    named = [getattr(errors, name) for name in errors.__all__]
    kinds = {each for each in named if isinstance(each, type)} - {VersionerError}
    # It is a NotFound with candidates, and made from them.
    assert kinds == {*CODES, errors.Ambiguous}
    assert errors.Ambiguous.exit_code == CODES[NotFound]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "stopped"),
        (click.Abort(), 130, "stopped"),
        (PermissionError(13, "Permission denied", "/x/y"), 1, "error: /x/y: Permission denied"),
        (OSError(28, "No space left on device"), 1, "error: No space left on device"),
        (click.UsageError("no such thing"), 2, "error: no such thing"),
        (RecursionError("too deep"), 1, "internal error (RecursionError: too deep)"),
        (KeyError("x\x1b[2J"), 1, "KeyError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_what_is_no_error_of_ours_is_told_without_a_traceback(failing, capsys, error, code, said):
    assert failing(error) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert "\x1b" not in told


def test_a_defect_shows_where_it_is_when_asked(failing, monkeypatch):
    monkeypatch.setenv("VERSIONER_DEBUG", "1")
    with pytest.raises(KeyError):
        failing(KeyError("x"))


def test_an_error_says_nothing_that_a_terminal_or_a_log_obeys(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    nasty = "a\x1b[2J\u202eb\n::warning::c ##vso[task]d 100%"
    assert report_error(Blocked(nasty, hint=nasty)) == 5
    lines = capsys.readouterr().err.splitlines()
    assert not any(mark in line for line in lines for mark in ("\x1b", "\u202e", "##vso["))
    (annotation,) = [line for line in lines if line.startswith("::")]
    assert annotation.startswith("::error::a\\u001b[2J")
    assert "100%25" in annotation


def test_a_warning_names_what_did_not_happen(capsys):
    report_warning(OperationFailed("the disk is full", hint="make room"), "not recorded: ")
    report_warning(OSError(13, "Permission denied", "/x"), "not built: ")
    assert capsys.readouterr().err == (
        "warning: not recorded: the disk is full\nhint: make room\n"
        "warning: not built: /x: Permission denied\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trak"], "Did you mean track?"),
        (["track", "deploymnt"], "deployment"),
        (["status", "--outptu", "json"], "--output"),
        (["track", "deployment", "--product"], "--product"),
        (["import"], "FILE"),
        (["deployment", "list", "--person"], "see `versioner deployment list -h`"),
        (["status", "--env", "staging"], "Did you mean --environment?"),
        (["diff", "--env"], "No such option '--env'.\n"),
        (["inbox", "--repo", "x"], "No such option '--repo'.\n"),
        (["spool", "send", "nokey"], "versioner spool send -`"),
    ],
)
def test_a_mistyped_command_line_is_usage_with_a_way_on(capsys, arguments, said):
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert (told.out, said in told.err, "-h`" in told.err) == ("", True, True)


def test_help_lists_every_command_in_its_section(capsys):
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    places = [told.index(f"\n{section}:") for section in main.COMMANDS]
    assert places == sorted(places)
    listed = [name for commands in main.COMMANDS.values() for name in commands]
    assert all(f"\n  {name} " in told for name in listed)


def _commands(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += _commands(below, (*path, name))
    return found


def test_every_command_has_help_with_an_example(capsys):
    for path in _commands(main.cli, ()):
        assert run([*path, "-h"]) == 0
        told = capsys.readouterr().out
        assert "Usage: versioner" in told, path
        assert "Example" in told, path


def test_every_commands_summary_is_its_own_first_line():
    for commands in main.COMMANDS.values():
        for name, listed in commands.items():
            command = main.cli.get_command(click.Context(main.cli), name)
            assert command is not None
            assert listed.summary.endswith(".")


def test_the_version_is_told_both_ways(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"versioner {__version__}\n"


@pytest.mark.parametrize("command", [["validate"], ["status"], ["product", "list"]])
def test_a_reader_who_has_seen_enough_is_no_failure(desk: Desk, command: list[str]) -> None:
    line = [sys.executable, "-m", "versioner", *command, "--repo", str(desk.top)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
        assert (process.wait(), told) == (0, b"")


@pytest.mark.parametrize("command", ["status", "validate", "--help", "track build --help"])
@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-"])
def test_a_closed_output_is_no_failure(desk: Desk, command: str, redirection: str) -> None:
    done = _shell(desk, command, redirection)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_result_that_cannot_be_written_is_a_failure_and_told_once(desk: Desk) -> None:
    done = _shell(desk, "status", ">/dev/full")
    assert (done.returncode, done.stderr) == (1, b"error: No space left on device\n")


def _shell(desk: Desk, command: str, redirection: str) -> subprocess.CompletedProcess[bytes]:
    line = f"cd '{desk.top}' && exec '{sys.executable}' -m versioner {command} {redirection}"
    place = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(["sh", "-c", line], capture_output=True, check=False, env=place)


def test_outside_of_any_repository_it_says_what_to_do(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in (["status"], ["validate"], ["product", "create", "x"]):
        assert run(command) == 2
        assert "versioner init" in capsys.readouterr().err
