"""Time whole processes in turn, and print medians and ratios as Markdown.

    python -m tests.benchmarks.bench_track --real-data DIR [--runs N]

DIR holds the deployments as one CSV (or .csv.gz) file. The registries are made through the tool
in a folder that is removed again. A ratio is taken pair by pair, so that a machine whose speed
changes meanwhile harms little. Nothing fails on a stopwatch: targets are printed, not asserted.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["main"]

PROJECT = Path(__file__).resolve().parents[2]
FEW = 1_000

Timed = Callable[[int], float]


class Comparison(NamedTuple):
    """Two things to time in turn, and how many times as long the first may take."""

    first_name: str
    first: Timed
    second_name: str
    second: Timed
    target: float


class Places(NamedTuple):
    """The registries: a clone, the same for plain git, and bare ones with few and all events."""

    clone: Path
    plain: Path
    few: Path
    all: Path
    product: str
    environment: str


def main() -> None:
    """Make the registries, time, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--real-data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--runs", type=int, default=15, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-track-") as folder:
        places = make_places(Path(folder), data_file(options.real_data))
        print("| whole process | median | against | median | ratio | target |")
        print("| --- | --- | --- | --- | --- | --- |")
        for comparison in comparisons(places):
            print(line_of(comparison, options.runs), flush=True)
        seconds = [validate_cold(places.clone) for _ in range(3)]
        print(f"\nCold `validate` of all events: {statistics.median(seconds):.2f} s (median of 3).")


def data_file(folder: Path) -> Path:
    """Return the one CSV file of a folder."""
    found = sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])
    if len(found) != 1:
        raise SystemExit(f"{folder} holds {len(found)} CSV files; one is wanted")
    return found[0]


def make_places(folder: Path, data: Path) -> Places:
    """Import the data through the tool; the clones and bare copies are git's own work."""
    head, product, environment = first_rows(data, folder / "few.csv")
    clone = imported(folder / "clone", data)
    few = imported(folder / "few", head)
    git(folder, "clone", "-q", str(clone), "plain")
    git(folder, "clone", "-q", "--bare", str(few), "few.git")
    git(folder, "clone", "-q", "--bare", str(clone), "all.git")
    plain = folder / "plain"
    for setting in ("user.name=Bench", "user.email=bench@example.com"):
        git(plain, "config", *setting.split("="))
    return Places(clone, plain, folder / "few.git", folder / "all.git", product, environment)


def first_rows(data: Path, target: Path) -> tuple[Path, str, str]:
    """Write the first rows to a file of their own; return it, and the last product of them."""
    opened = gzip.open if data.suffix == ".gz" else open
    with (
        opened(data, "rt", encoding="utf-8", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        rows = csv.reader(source)
        writer = csv.writer(copy)
        names = next(rows)
        writer.writerow(names)
        row: list[str] = []
        for _, row in zip(range(FEW), rows, strict=False):
            writer.writerow(row)
    return target, row[names.index("product")], row[names.index("environment")]


def imported(place: Path, data: Path) -> Path:
    """Start a registry, and import a file into it."""
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    run(versioner("init"), place)
    run(versioner("import", str(data)), place)
    return place


def comparisons(places: Places) -> Iterator[Comparison]:
    """Yield what is timed against what."""
    yield Comparison(
        "`track deployment`",
        lambda number: track(places, places.clone, number),
        "`import click, json, subprocess`, `git add`, `git commit`",
        lambda number: by_hand(places, number),
        1.25,
    )
    yield Comparison(
        "`track`, bare, all events",
        lambda number: track(places, places.all, number),
        "`track`, bare, 1,000 events",
        lambda number: track(places, places.few, number),
        1.2,
    )
    yield Comparison(
        "`--help`",
        lambda _: seconds_of(versioner("--help"), places.clone),
        "`import click`",
        lambda _: seconds_of([sys.executable, "-c", "import click"], places.clone),
        1.3,
    )


def line_of(comparison: Comparison, runs: int) -> str:
    """Time both in turn, and return the line of the table."""
    for timed in (comparison.first, comparison.second):
        timed(0)  # byte code and file cache are warm from here on
    pairs = [(comparison.first(number), comparison.second(number)) for number in range(1, runs + 1)]
    ratio = statistics.median(first / second for first, second in pairs)
    first, second = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    return (
        f"| {comparison.first_name} | {first:.0f} ms | {comparison.second_name} | {second:.0f} ms "
        f"| {ratio:.2f} | {comparison.target} |"
    )


def track(places: Places, registry: Path, number: int) -> float:
    """Return the seconds that recording one deployment takes."""
    args = ["track", "deployment", "--local", "--repo", str(registry)]
    args += ["--product", places.product, "--environment", places.environment]
    args += ["--version", f"bench-{number}"]
    return seconds_of(versioner(*args), registry)


def by_hand(places: Places, number: int) -> float:
    """Return the seconds of starting Python with the same libraries, and of git's own two steps."""
    product = places.plain / "registry" / "products" / places.product
    log = max((product / "deployments").iterdir())
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = (
        f'- {{at: "{at}", environment: "{places.environment}", version: "bench-{number}", '
        f'status: "completed", id: "{os.urandom(16).hex()}"}}\n'
    )
    with log.open("a", encoding="utf-8") as file:
        file.write(line)
    spent = seconds_of([sys.executable, "-c", "import click, json, subprocess"], places.plain)
    spent += seconds_of(["git", "add", "--", str(log)], places.plain)
    return spent + seconds_of(["git", "commit", "-qm", "Record deployment"], places.plain)


def validate_cold(registry: Path) -> float:
    """Return the seconds of `validate` without what an earlier one kept."""
    for kept in (registry / ".git" / "versioner").glob("*.sqlite*"):
        kept.unlink()
    return seconds_of(versioner("validate"), registry)


def versioner(*args: str) -> list[str]:
    """Return the command line of the tool, in this project's version."""
    return [sys.executable, "-m", "versioner", *args]


def seconds_of(command: list[str], folder: Path) -> float:
    """Return how long a process takes from start to end."""
    before = time.perf_counter()
    run(command, folder)
    return time.perf_counter() - before


def run(command: list[str], folder: Path) -> None:
    """Run a process to its good end; what it says is shown where it comes to no good."""
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def git(folder: Path, *args: str) -> None:
    """Run git."""
    run(["git", *args], folder)


# As a user's shell has it: byte code is kept, and no CI job is around.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "GITHUB_ACTIONS", "GITLAB_CI")
} | {"PYTHONPATH": str(PROJECT)}


if __name__ == "__main__":
    main()
