"""Count the modules that a trip through the code enters, and how deep its calls go.

    python -m tests.benchmarks.trips [--list]

Three trips, each in steady state (what a first run keeps is there already), in a process of its
own with a profile hook: `track deployment` in a clone, `track --repo URL`, and one product to its
page. A module is entered when a function of it is called while the command runs; imports do not
count. The depth is the largest number of frames of `versioner` on the stack at once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

# The command line under a profile hook; prints the modules entered and the depth as JSON.
COUNT = """
import json, sys
from pathlib import Path

package = sys.argv.pop(1)
entered, depth, deepest = set(), 0, 0

def watch(frame, event, _argument):
    global depth, deepest
    name = frame.f_code.co_filename
    if not name.startswith(package) or event not in ("call", "return"):
        return
    # A module's or a class's own body runs while it is imported.
    if frame.f_code.co_name == "<module>" or not frame.f_code.co_flags & 2:
        return
    if event == "call":
        depth += 1
        deepest = max(deepest, depth)
        entered.add(str(Path(name).relative_to(package)))
    else:
        depth -= 1

from versioner.cli.errors import run
sys.setprofile(watch)
code = run(sys.argv[1:])
sys.setprofile(None)
print(json.dumps({"modules": sorted(entered), "depth": deepest}))
raise SystemExit(code)
"""


def main() -> None:
    """Print the figures of each trip; with --list the modules too."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="name the modules")
    names = parser.parse_args().list
    with tempfile.TemporaryDirectory() as folder:
        for title, figures in trips(Path(folder)).items():
            print(f"{title}: {len(figures['modules'])} modules, depth {figures['depth']}")
            if names:
                print("".join(f"    {name}\n" for name in figures["modules"]), end="")


def trips(folder: Path) -> dict[str, dict[str, Any]]:
    """Run the trips in a folder and return the figures of each by its title."""
    (folder / "home").mkdir()
    registry, bare = folder / "registry", folder / "bare.git"
    run(folder, "versioner", "init", str(registry), "--example")
    run(folder, "git", "clone", "-q", "--bare", str(registry), str(bare))
    here = ("--repo", str(registry), "--local")
    there = ("--repo", f"file://{bare}")
    site = ("site", "build", "--repo", str(registry), "--out", str(folder / "site"))
    found = {}
    for title, commands in {
        "track deployment, in a clone": [track("1", *here), track("2", *here)],
        "track deployment --repo URL": [track("1", *there), track("2", *there)],
        "one product to its page": [site, site, track("3", *here), site],
    }.items():
        *before, last = commands
        for command in before:
            run(folder, "versioner", *command)
        found[title] = counted(folder, last)
    return found


def track(version: str, *where: str) -> tuple[str, ...]:
    """Return the command that records one deployment of a known product."""
    event = ("--product", "user-service", "--environment", "production", "--version", version)
    return ("track", "deployment", *event, *where)


def counted(folder: Path, command: tuple[str, ...]) -> dict[str, Any]:
    """Run a command under the hook and return what was counted."""
    package = str(PROJECT / "versioner") + os.sep
    done = run(folder, sys.executable, "-c", COUNT, package, *command)
    figures: dict[str, Any] = json.loads(done.splitlines()[-1])
    return figures


def run(folder: Path, program: str, *arguments: str) -> str:
    """Run a program with an empty home and return its output; raises where it fails."""
    argv = [sys.executable, "-m", "versioner"] if program == "versioner" else [program]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(PROJECT),
        "GIT_AUTHOR_NAME": "Test Engineer",
        "GIT_AUTHOR_EMAIL": "engineer@example.test",
        "GIT_COMMITTER_NAME": "Test Engineer",
        "GIT_COMMITTER_EMAIL": "engineer@example.test",
    }
    done = subprocess.run(
        [*argv, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{program} {' '.join(arguments)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
