"""versioner doctor: what it prints, and what it ends with."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import NOW
from versioner.cli import clock
from versioner.cli.errors import run
from versioner.doctor.checks import Check, guarded, problem
from versioner.reporting.doctor import checks_json, checks_text
from versioner.reporting.text import TextLayout

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk

CHECKS = [
    Check("git", "ok", "git 2.39.5"),
    Check("site", "note", "whoever reaches it reads it"),
    Check("filters", "warning", "none at all", "git config uploadpack.allowFilter true"),
    Check("inbox-refs", "problem", "not taken, " * 12, "see the administrator"),
]


@pytest.fixture(autouse=True)
def no_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "spool"))


# ---- the report


def test_findings_are_aligned_and_each_remedy_is_below_its_finding():
    lines = checks_text(TextLayout(width=60), CHECKS).splitlines()
    assert lines[:5] == [
        "+ ok       git         git 2.39.5",
        "- note     site        whoever reaches it reads it",
        "! warning  filters     none at all",
        "                       -> git config uploadpack.allowFilter",
        "                       true",
    ]
    assert lines[5].startswith("x problem  inbox-refs  not taken, not taken,")
    assert all(line.startswith(" " * 23) for line in lines[6:-2])
    assert lines[-1] == "1 problem, 1 warning: 4 checks."
    assert max(map(len, lines)) <= 60


def test_a_narrow_page_has_what_is_said_below_the_name():
    lines = checks_text(TextLayout(width=30), CHECKS).splitlines()
    assert lines[0] == "+ ok       git"
    assert lines[1] == "  git 2.39.5"


def test_when_all_is_well_the_last_line_says_so():
    text = checks_text(TextLayout(), CHECKS[:2])
    assert text.splitlines()[-1] == "No problems: 2 checks."


def test_colours_are_for_terminals_and_words_for_all():
    text = checks_text(TextLayout(colour=True), CHECKS)
    assert "\x1b[33m! warning\x1b[0m" in text
    assert "\x1b[31mx problem\x1b[0m" in text
    assert "\x1b" not in checks_text(TextLayout(), CHECKS)


def test_nothing_that_a_server_said_drives_a_terminal_or_tells_a_secret():
    said = "::error::x \x1b[2J\u202e" + "ghp_" + "A1b2C3d4E5" * 4
    text = checks_text(TextLayout(), [problem("push", said, said)])
    assert not {"\x1b", "\u202e"} & set(text)
    assert "::error" not in text
    assert "ghp_" not in text
    assert "ghp_" not in checks_json([problem("push", said)])


def test_a_check_that_cannot_be_made_is_a_finding():
    def look():
        raise PermissionError(13, "Permission denied", "/somewhere")

    (check,) = guarded("hooks", look)
    assert check == Check("hooks", "problem", "/somewhere: Permission denied")


# ---- the command


def test_a_sound_registry_ends_with_0_and_says_so(desk: Desk, forge: Path) -> None:
    subprocess.run(["git", "-C", forge, "config", "uploadpack.allowFilter", "true"], check=True)
    outcome = desk.run("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1].startswith("No problems: ")
    assert desk.git("status", "--porcelain") == ""


def test_a_problem_ends_with_1_and_a_warning_with_0(desk: Desk) -> None:
    outcome = desk.run("doctor")
    assert outcome.code == 0
    assert "! warning  remote" in outcome.out
    (desk.top / "registry/registry.yaml").write_text("schema_version: 2\n")
    outcome = desk.run("doctor")
    assert outcome.code == 1
    assert "x problem  registry" in outcome.out
    assert "versioner validate" in outcome.out


def test_the_json_has_stable_keys(desk: Desk) -> None:
    found = desk.run("doctor", "--output", "json").json()
    assert list(found) == ["checks", "problems", "warnings"]
    assert (found["problems"], found["warnings"]) == (0, 1)
    assert {tuple(check) for check in found["checks"]} == {("name", "verdict", "message", "remedy")}
    assert {check["verdict"] for check in found["checks"]} <= {"ok", "note", "warning", "problem"}


def test_what_is_no_registry_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    subprocess.run(["git", "init", "-q", tmp_path / "plain"], check=True)
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", bare], check=True)
    for place in (tmp_path, tmp_path / "gone", tmp_path / "plain", bare, f"file://{bare}"):
        assert run(["doctor", "--repo", str(place), "--output", "json"]) == 2, place
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("error: ")


@pytest.mark.parametrize(
    "url", ["https://jane:hunter22@forge.test/r.git", "ext::sh -c touch% /tmp/x", "ftp://a.test/b"]
)
def test_a_url_that_will_not_do_ends_with_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--repo", url]) == 2
    assert "hunter22" not in capsys.readouterr().err


def test_a_token_is_not_sent_where_all_can_read_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VERSIONER_TOKEN", "planted-0123456789")
    assert run(["doctor", "--repo", "http://forge.test/r.git"]) == 2
    assert "planted" not in capsys.readouterr().err


def test_a_url_that_leads_nowhere_is_a_problem(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert run(["doctor", "--repo", f"file://{tmp_path}/gone.git"]) == 1
    told = capsys.readouterr()
    assert "x problem  remote" in told.out
    assert told.err == ""


def test_the_probe_leaves_nothing(desk: Desk, forge: Path) -> None:
    outcome = desk.run("doctor", "--probe")
    assert outcome.code == 0
    assert "deleted again" in outcome.out
    listed = ["git", "-C", str(forge), "for-each-ref", "refs/versioner/"]
    assert subprocess.run(listed, capture_output=True, check=True).stdout == b""


def test_a_clock_that_is_behind_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW.replace("2026", "2020"))
    out = desk.run("doctor").out
    assert "! warning  clock" in out
    assert "behind the latest commit" in out
