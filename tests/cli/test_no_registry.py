"""In the clone of an application, with VERSIONER_REPO forgotten, no command writes anything."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_track import GITHUB
from versioner.cli.errors import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOY = "track deployment --product shop --environment test --version 1.0"
NEEDED = "VERSIONER_REPO"


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone of an application, beside its bare remote."""
    folder = tmp_path_factory.mktemp("application")
    remote, clone = folder / "remote.git", folder / "clone"
    git(folder, "init", "-q", "--bare", "-b", "main", str(remote))
    git(folder, "init", "-q", "-b", "main", str(clone))
    (clone / "rows.csv").write_text("at,product,environment,version\n2026-11-01T00:00:00Z,a,b,1\n")
    (clone / "schemas").mkdir()
    (clone / "schemas/registry.schema.json").write_text("{}\n")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Begin")
    git(clone, "remote", "add", "origin", f"file://{remote}")
    git(clone, "push", "-q", "-u", "origin", "main")
    return clone


def state(clone: Path) -> dict[str, object]:
    """Return everything that a command could have written."""
    remote = clone.with_name("remote.git")
    return {
        "refs": [git(each, "for-each-ref") for each in (clone, remote)],
        "files": git(clone, "status", "--porcelain", "--ignored"),
        "hooks": sorted(path.name for path in (clone / ".git/hooks").iterdir()),
    }


@pytest.fixture
def untouched(application: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in the application's clone, and hold that nothing was written in the end."""
    spool = tmp_path / "spool"
    monkeypatch.chdir(application)
    monkeypatch.setenv("VERSIONER_SPOOL", str(spool))
    monkeypatch.delenv("VERSIONER_REPO", raising=False)
    before = state(application)
    yield application
    assert state(application) == before
    assert not spool.exists()


@pytest.mark.parametrize(
    "command",
    [
        *(DEPLOY, f"{DEPLOY} --push", f"{DEPLOY} --local", f"{DEPLOY} --dry-run"),
        *(f"{DEPLOY} --branch main", f"{DEPLOY} --best-effort", f"{DEPLOY} -- touch ran"),
        "track build --product shop --version 1.0",
        *("collect", "inbox list", "inbox release x", "inbox discard x --yes"),
        *("import rows.csv", "format", "format schemas", "hooks install", "init --add-missing"),
        *("product create a", "product edit a --set title=x", "product rename a b"),
        *("product delete a --yes", "product restore a", "deployment void x --reason y"),
        *("deployment redact x reason", "environment create a", "environment retire a"),
        *("environment edit a --set title=x", "site build", "status", "doctor"),
    ],
)
def test_a_command_says_what_to_set_and_does_nothing(
    untouched: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(shlex.split(command)) == 2
    told = capsys.readouterr()
    assert "there is no registry" in told.err
    assert NEEDED in told.err
    assert not (untouched / "ran").exists()


@pytest.mark.parametrize("via", ["", "auto", "direct", "inbox"])
@pytest.mark.parametrize("more", ["", "--wait", "--best-effort", "-- touch ran"])
@pytest.mark.parametrize("reached", [True, False], ids=["reached", "unreachable"])
def test_a_job_records_nothing_at_the_remote_of_its_application(
    untouched: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    via: str,
    more: str,
    reached: bool,
) -> None:
    for name, value in {**GITHUB, "VERSIONER_VIA": via}.items():
        monkeypatch.setenv(name, value)
    remote = untouched.with_name("remote.git")
    moved = remote if reached else remote.rename(untouched.with_name("moved.git"))
    try:
        code = run(shlex.split(f"{DEPLOY} {more}"))
    finally:
        moved.rename(remote)
    assert code == 2
    assert NEEDED in capsys.readouterr().err
    assert not (untouched / "ran").exists()


def test_outside_of_any_repository_the_variable_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert run(shlex.split(DEPLOY)) == 2
    assert NEEDED in capsys.readouterr().err
