"""The file at work: with Python and git alone, from a folder that nobody may write to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import PATIENCE, git, versioner
from versioner import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.local_registry import Desk

pytestmark = pytest.mark.slow

EVENT = ("--product", "user-service", "--environment", "production", "--version")
RULE = """\
name: no-friday-evening
reason: "Nobody is there."
type: schedule
schedule:
  time_zone: Europe/London
  blocked:
    - rrule: {rule: "FREQ=WEEKLY;BYDAY=FR", start: "2026-01-02T16:00", duration: "8h"}
"""


def run(
    pyz: Path,
    *args: str,
    code: int = 0,
    python: str = sys.executable,
    cwd: Path | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run the file in an empty environment, without the packages of this Python."""
    done = subprocess.run(
        [python, "-S", "-E", str(pyz), *args],
        env={"PATH": os.environ["PATH"], **variables},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@cache
def python_of(version: str) -> str:
    """Return a Python of a version, "" where this machine has none."""
    for place in (f"python{version}", *_of_pyenv(version)):
        found = shutil.which(place)
        if found:
            told = subprocess.run([found, "-c", "print(1)"], capture_output=True, check=False)
            if told.returncode == 0:
                return found
    return ""


def _of_pyenv(version: str) -> Iterator[str]:
    tool = shutil.which("pyenv")
    if tool:
        versions = Path(tool).parent.parent / "versions"
        yield from map(str, sorted(versions.glob(f"{version}.*/bin/python")))


@pytest.mark.parametrize("version", ["", "3.10"])
def test_a_job_records_with_python_and_git_alone(pyz: Path, bare: Path, version: str) -> None:
    python = python_of(version) if version else sys.executable
    if not python:
        pytest.skip(f"this machine has no Python {version}")
    url = f"file://{bare}"
    done = run(pyz, "track", "deployment", "--repo", url, *EVENT, "9.1.0", python=python)
    assert "recorded: deployment of user-service 9.1.0 to production (completed)" in done.stdout
    logged = git(bare, "log", "--format=%s", "-1", "main")
    assert logged == "Record deployment of user-service 9.1.0 to production (completed)\n"
    asked = run(pyz, "check", "user-service", "9.1.0", "production", "--repo", url, python=python)
    assert asked.stdout.startswith("ALLOWED  user-service 9.1.0 to production")


def test_the_judge_has_its_zones_and_recurrences(pyz: Path, desk: Desk) -> None:
    rules = desk.top / "registry/rules"
    rules.mkdir(exist_ok=True)
    (rules / "no-friday-evening.yaml").write_text(RULE, "utf-8")
    git(desk.top, "add", "-A")
    git(desk.top, "commit", "-qm", "Add a rule")
    args = ["check", "user-service", "1.4.0", "production", "--allow-unknown-version"]
    # Without the zones of this system, in the summer time of London.
    closed = run(pyz, *args, "--at", "2026-07-03T15:30:00Z", code=5, cwd=desk.top, PYTHONTZPATH="")
    assert "no-friday-evening: inside a closed window" in closed.stdout
    assert "Sat 4 Jul 2026 00:00 Europe/London" in closed.stdout
    run(pyz, *args, "--at", "2026-07-03T14:30:00Z", cwd=desk.top)


def test_what_cannot_be_sent_waits_and_is_sent(pyz: Path, bare: Path, tmp_path: Path) -> None:
    moved = bare.with_name("away.git")
    bare.rename(moved)
    url, spool = f"file://{bare}", {"VERSIONER_SPOOL": str(tmp_path / "spool")}
    run(pyz, "track", "deployment", "--repo", url, *EVENT, "9.2.0", code=6, **spool)
    assert "user-service 9.2.0" in run(pyz, "spool", "list", **spool).stdout
    moved.rename(bare)
    assert "recorded:" in run(pyz, "spool", "send", **spool).stdout


def test_a_wrong_file_has_the_same_words_as_in_the_whole_tool(pyz: Path, desk: Desk) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(f"{config.read_text('utf-8')}people: everybody\n", "utf-8")
    git(desk.top, "commit", "-qam", "Write a wrong value")
    args = ["track", "deployment", "--local", *EVENT, "9.3.0"]
    whole = versioner(*args, cwd=desk.top, code=5)
    recorder = run(pyz, *args, code=5, cwd=desk.top)
    assert recorder.stderr == whole.stderr


def test_it_lists_its_commands_and_says_where_the_others_are(pyz: Path) -> None:
    listed = run(pyz, "--help").stdout
    assert all(f"  {name} " in listed for name in ("track", "check", "spool"))
    assert "status" not in listed
    assert run(pyz, "--version").stdout == f"versioner {__version__} (versioner.pyz)\n"
    other = run(pyz, "status", code=2).stderr
    assert 'versioner.pyz has no command "status"' in other
    assert "The tool that pip installs has them all" in other


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.9"])
def test_an_older_python_gets_one_error(pyz: Path, version: str) -> None:
    python = python_of(version)
    if not python:
        pytest.skip(f"this machine has no Python {version}")
    done = subprocess.run(
        [python, str(pyz), "--help"], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error == (
        f"error: versioner.pyz needs Python 3.10 or newer, and this is Python {version}"
    )
    assert hint.startswith("hint: ")


def test_the_packages_of_the_machine_do_not_count(pyz: Path, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    for name in ("yaml", "jsonschema_rs", "jsonschema"):
        (site / f"{name}.py").write_text("raise SystemExit('of the machine')\n", "utf-8")
    done = subprocess.run(
        [sys.executable, str(pyz), "spool", "list"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("size", [0.3, 0.9])
def test_a_part_of_it_runs_nothing(pyz: Path, tmp_path: Path, size: float) -> None:
    data = pyz.read_bytes()
    part = tmp_path / "versioner.pyz"
    part.write_bytes(data[: int(len(data) * size)])
    done = subprocess.run(
        [sys.executable, str(part), "spool", "list"], capture_output=True, check=False
    )
    assert done.returncode != 0
    assert done.stdout == b""


def test_a_damaged_module_is_named_as_damage(pyz: Path, tmp_path: Path) -> None:
    data = bytearray(pyz.read_bytes())
    at = data.index(b"versioner/__main__.py") + len(b"versioner/__main__.py")
    data[at : at + 200] = bytes(200)
    part = tmp_path / "versioner.pyz"
    part.write_bytes(data)
    assert "versioner.pyz is damaged" in run(part, "spool", "list", code=1).stderr
