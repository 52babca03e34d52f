"""What is not loaded cannot be waited for: the modules that a start may not bring in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.tool import PATIENCE, PROJECT, environment

pytestmark = pytest.mark.slow

# Each costs milliseconds, and none is needed to append a line or to print a page.
HEAVY = {
    *("yaml", "_yaml", "jsonschema", "jsonschema_rs", "git", "gitdb", "jinja2", "ruamel"),
    *("ruamel.yaml", "referencing", "rpds", "sqlite3", "asyncio", "ssl", "socket", "http.client"),
    *("urllib.request", "importlib.metadata", "importlib.resources", "email", "logging"),
    *("multiprocessing", "concurrent.futures", "unittest", "difflib", "tempfile", "shutil"),
    *("random", "secrets", "calendar", "_strptime", "dataclasses", "argparse", "zoneinfo"),
    *("gzip", "csv", "zipfile", "hashlib", "_hashlib"),
}

# What is for other commands, for jobs alone, or for when something is wrong.
ELSEWHERE = {
    *("versioner.ci.systems.order", "versioner.ci.detection", "versioner.models.deployments"),
    *("versioner.models.documents", "versioner.models.problems", "versioner.registry.load"),
    *(
        "versioner.registry.fold.product",
        "versioner.registry.checks.across_products",
        "versioner.git.recovery",
    ),
    *("versioner.remote.push", "versioner.git.history", "versioner.git.snapshot"),
    *("versioner.validation.messages", "versioner.validation.documents", "versioner.site.build"),
    *("versioner.validation.strict_yaml", "versioner.serialization.documents"),
    *("versioner.spool.deliver", "versioner.delivery.direct"),
    *("versioner.remote.partial_clone", "versioner.delivery.wait"),
}

# The command line as it is run, and then the names of all that it has loaded.
TELL = """
import sys
from versioner.cli.errors import run
code = run(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
raise SystemExit(code)
"""


def loaded_by(*args: str, **variables: str) -> set[str]:
    """Return the modules that a command has loaded at its end, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", TELL, *args],
        env={
            **environment(),
            # Without site, whose .pth files bring modules of their own; so the path is told.
            "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, sys.path)]),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    modules = set(done.stderr.splitlines()[-1].split())
    assert "versioner.cli.main" in modules
    return modules


def track(registry: Path, version: str, **variables: str) -> set[str]:
    """Return what recording a deployment of a known product loads."""
    args = ["track", "deployment", "--local", "--repo", str(registry)]
    args += ["--product", "user-service", "--environment", "production"]
    return loaded_by(*args, "--version", version, **variables)


@pytest.fixture
def recording_place(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "registry", symlinks=True))


def test_recording_loads_nothing_heavy(recording_place: Path) -> None:
    track(recording_place, "8.0.0")  # reads registry.yaml, and keeps what it says
    modules = track(recording_place, "8.0.1")
    assert "versioner.recording.record" in modules
    assert not modules & HEAVY
    assert not modules & ELSEWHERE


def test_recording_loads_the_modules_that_are_listed(recording_place: Path) -> None:
    track(recording_place, "8.0.0")
    modules = {name for name in track(recording_place, "8.0.1") if name.startswith("versioner.")}
    listed = Path(__file__).with_name("track_modules.txt")
    # Each module costs a pipeline time: one more in this list wants a reason in its commit.
    assert "\n".join([*sorted(modules), ""]) == listed.read_text("utf-8")


def test_recording_in_a_job_loads_the_tables_of_systems_and_nothing_heavy(
    recording_place: Path,
) -> None:
    track(recording_place, "8.0.0")
    modules = track(
        recording_place, "8.0.1", GITHUB_ACTIONS="true", GITHUB_RUN_ID="1", GITHUB_REPOSITORY="a/b"
    )
    assert "versioner.ci.systems.order" in modules
    assert not modules & HEAVY


def test_the_second_recording_parses_no_yaml_that_the_first_had_to(recording_place: Path) -> None:
    (recording_place / ".git" / "versioner" / "config.json").unlink(missing_ok=True)
    assert "yaml" in track(recording_place, "8.0.0")
    assert "yaml" not in track(recording_place, "8.0.1")


@pytest.mark.parametrize(
    ("via", "needed"), [("inbox", set()), ("direct", {"yaml", "_yaml", "dataclasses"})]
)
def test_recording_at_a_url_loads_what_makes_a_private_folder_and_reads_its_configuration(
    recording_place: Path, tmp_path: Path, via: str, needed: set[str]
) -> None:
    bare = tmp_path / "bare.git"
    clone = ["git", "clone", "-q", "--bare", str(recording_place), str(bare)]
    subprocess.run(clone, check=True)
    args = ["track", "deployment", "--repo", f"file://{bare}", "--via", via, "--version", "8.0.0"]
    modules = loaded_by(*args, "--product", "user-service", "--environment", "production")
    assert "versioner.delivery.direct" in modules
    assert not modules & (HEAVY - {"tempfile", "shutil", "random", "hashlib", "_hashlib"} - needed)
    assert not modules & {"versioner.delivery.wait", "versioner.delivery.collect"}


def test_help_loads_no_command_and_nothing_heavy() -> None:
    modules = loaded_by("--help")
    ours = {name for name in modules if name.startswith("versioner.")}
    assert ours <= {
        "versioner.cli",
        "versioner.cli.errors",
        "versioner.cli.main",
        "versioner.cli.signals",
        "versioner.errors",
        "versioner.reporting",
        "versioner.reporting.terminal",
    }
    # click itself asks shutil for the terminal's width.
    assert not modules & (HEAVY - {"shutil"})


def test_the_help_of_track_opens_no_repository() -> None:
    modules = loaded_by("track", "deployment", "--help")
    assert "versioner.cli.commands.track" in modules
    assert not modules & (HEAVY - {"shutil"})


def test_the_second_recording_at_a_url_parses_no_yaml(
    recording_place: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(recording_place), str(bare)], check=True)
    url = f"file://{bare}"
    place = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    args = ["track", "deployment", "--repo", url, "--product", "user-service", "--via", "direct"]
    args += ["--environment", "production", "--version"]
    parsers = {"yaml", "versioner.validation.documents", "versioner.validation.strict_yaml"}
    assert parsers <= loaded_by(*args, "9.0.0", **place)
    assert not parsers & loaded_by(*args, "9.0.1", **place)
    kept = next((tmp_path / "cache").rglob("*.config.json"))
    kept.write_bytes(b"{")
    assert parsers <= loaded_by(*args, "9.0.2", **place)
    # Another registry.yaml is another blob.
    config = recording_place / "registry/registry.yaml"
    git = partial(subprocess.run, cwd=recording_place, check=True)
    git(["git", "pull", "-q", str(bare), "main"])
    config.write_text(f"{config.read_text()}people: none\n")
    git(["git", "commit", "-qam", "People"])
    git(["git", "push", "-q", str(bare), "main"])
    assert parsers <= loaded_by(*args, "9.0.3", **place)
