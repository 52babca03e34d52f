"""Count the work that operations do, and fail where one does more than its limit.

    python -m tests.benchmarks.bench --work

Time depends on the machine; work does not. Two registries are generated, one with four times the
events of the other. What a question or a record costs may not grow with the registry, and what
follows a change must be bounded by the change. The counts are those of the tool's own process:
files of the registry that it opens, bytes that it hashes, steps of SQLite, and processes that it
starts; of a site or an export, the files that were written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.generate import make_bare, make_clone, source_rows
from tests.benchmarks.measure import ENVIRONMENT, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.rows import Row

__all__ = ["SIZES", "Check", "Limit", "Work", "check_work", "counted", "over"]

SIZES = (1_500, 6_000)
# A count may grow by a tenth and by this much: a tree with more names is longer. Git's own index,
# which is read and hashed as git does it, is told apart by its size.
_SLACK = {"files": 2, "hashed": 4_096, "steps": 20, "processes": 0, "written": 2}
_INDEX_READ = 2


class Work(NamedTuple):
    """What one process did; `steps` are hundreds of instructions of SQLite."""

    files: int
    hashed: int
    steps: int
    processes: int
    written: int = 0


class Limit(NamedTuple):
    """The most of each count; None where none is set."""

    files: int | None = None
    hashed: int | None = None
    steps: int | None = None
    processes: int | None = None
    written: int | None = None


class Check(NamedTuple):
    """One operation; `growth` is how many times a count may be at four times the events.

    The written files of `folder` are counted.
    """

    words: str
    args: tuple[str, ...]
    limit: Limit = Limit()
    growth: float = 1.1
    folder: str = ""


# Run in place of `python -m versioner`, so that all that the process does is seen.
_RUNNER = """\
import hashlib, json, os, sqlite3, sys
out, top = int(sys.argv[1]), os.path.join(os.getcwd(), "registry", "")
done = dict.fromkeys(("files", "hashed", "steps", "processes"), 0)

def step():
    done["steps"] += 1

def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        done["files"] += os.path.join(os.getcwd(), os.fsdecode(args[0])).startswith(top)
    elif event == "subprocess.Popen":
        done["processes"] += 1

def connect(*args, **options):
    connection = connect_to(*args, **options)
    connection.set_progress_handler(step, 100)
    return connection

connect_to, sqlite3.connect = sqlite3.connect, connect

class Counted:
    def __init__(self, made):
        self.made = made
    def update(self, data):
        done["hashed"] += memoryview(data).nbytes
        self.made.update(data)
    def copy(self):
        return Counted(self.made.copy())
    def __getattr__(self, name):
        return getattr(self.made, name)

def counting(function, first):
    def made(*args, **options):
        data = args[first] if len(args) > first else options.get("data", b"")
        done["hashed"] += memoryview(data).nbytes
        return Counted(function(*args, **options))
    return made

def count_hashes():
    for module in ("hashlib", "_sha1", "_sha2", "_sha256"):
        try:
            found = __import__(module)
        except ImportError:
            continue
        for name in ("sha1", "sha256"):
            if hasattr(found, name):
                setattr(found, name, counting(getattr(found, name), 0))
    hashlib.new = counting(hashlib.new, 1)

count_hashes()
sys.argv = ["versioner", *sys.argv[2:]]
sys.addaudithook(hook)
from versioner.__main__ import main
try:
    main()
finally:
    with open(out, "w") as file:
        json.dump(done, file)
"""


def counted(args: list[str], folder: Path, written: Path | None = None) -> Work:
    """Run the tool in a registry's folder, and return what it did; raise Failed for an error."""
    before = _states(written)
    read, write = os.pipe()
    with open(read, encoding="ascii") as told:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-c", _RUNNER, str(write), *args],
            cwd=folder, env=ENVIRONMENT, capture_output=True, check=False, pass_fds=[write],
        )  # fmt: skip
        os.close(write)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()[-500:]
            raise Failed(f"versioner {' '.join(args)} exited with {done.returncode}: {said}")
        counts = json.load(told)
    return Work(**counts, written=len(_states(written).items() - before.items()))


def _states(folder: Path | None) -> dict[str, tuple[int, int]]:
    """Return the files below a folder, each with what changes when it is written."""
    if folder is None:
        return {}
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {str(path): (found.st_ino, found.st_mtime_ns) for path, found in files}


def over(check: Check, small: Work, large: Work, more_index: int = 0) -> list[str]:
    """Return in words what a check does too much of.

    `more_index` are the bytes by which git's index is larger.
    """
    found = []
    slack = {**_SLACK, "hashed": _SLACK["hashed"] + _INDEX_READ * more_index}
    for name, value in large._asdict().items():
        most = getattr(check.limit, name)
        if most is not None and value > most:
            found.append(f"{name}: {value:,}, the limit is {most:,}")
        few = getattr(small, name)
        if value > few * check.growth + slack[name]:
            found.append(f"{name}: {value:,} at four times the events, {few:,} before")
    return found


def checks(product: str, logs: int, version: str) -> Iterator[Check]:
    """Yield what is counted, in order; `logs` is the number of the product's files."""
    few = Limit(files=10, processes=3)
    track = ("track", "deployment", "--local", "--product", product, "--environment", "staging")
    track = (*track, "--deployed-by", "engineer")
    status = ("status", "--product", product)
    site = ("site", "build", "--out", "site")
    export = ("export", "--format", "jsonl", "out")
    yield Check("validate, cold", ("validate",), growth=4.5)
    yield Check("validate, warm", ("validate",), Limit(files=20))
    yield Check("index, from nothing", ("index",), growth=4.5)
    yield Check("status --product X", status, few)
    yield Check("product show X", ("product", "show", product), few)
    yield Check("version show X V", ("version", "show", product, version), few)
    yield Check("diff --product X", ("diff", "staging", "production", "--product", product), few)
    listing = ("deployment", "list", "--limit", "20")
    yield Check("deployment list --limit 20", listing, few)
    yield Check("deployment list --product X", (*listing, "--product", product), few)
    yield Check("site, cold", site, growth=4.5, folder="site")
    yield Check("export, first", export, growth=4.5, folder="out")
    yield Check("track", (*track, "--version", "work-1"), Limit(files=4, processes=8))
    yield Check("status --product X, after an event", status, Limit(files=logs + 10))
    yield Check("validate, after an event", ("validate",), Limit(files=logs + 30))
    # The lists of latest deployments and the summaries are of all products. An event writes 60
    # files at most; this one is the first of its month, which four pages of earlier months link.
    yield Check("site, after an event", site, Limit(written=66), growth=1.5, folder="site")
    yield Check("site, again", site, Limit(written=0), folder="site")
    yield Check("export, again", export, growth=4.5, folder="out")
    yield Check("status --product X, again", status, few)


def check_work(real_data: Path | None, *, sizes: tuple[int, int] = SIZES) -> list[str]:
    """Count all operations in both registries, print a table, and return what is too much."""
    rows = source_rows(real_data, 1)
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="work-") as folder:
        clones = [_clone(Path(folder), rows, events) for events in sizes]
        # Files that are as young as git's index are read: let it be older than that.
        time.sleep(0.1)
        indexes = [clone / ".git" / "index" for clone in clones]
        for index in indexes:
            os.utime(index)
        small, large = (index.stat().st_size for index in indexes)
        print("| operation | files | hashed | steps | processes | written |")
        print("| --- | --- | --- | --- | --- | --- |")
        for check in checks(*same_product(*clones)):
            done = [
                counted(list(check.args), clone, clone / check.folder if check.folder else None)
                for clone in clones
            ]
            pairs = (f"{one:,} : {two:,}" for one, two in zip(*done, strict=True))
            print(f"| {check.words} | {' | '.join(pairs)} |", flush=True)
            found += [f"{check.words}: {each}" for each in over(check, *done, large - small)]
    return found


def _clone(folder: Path, rows: list[Row], events: int) -> Path:
    make_bare(folder / f"{events}.git", rows, events, seed=1)
    return make_clone(folder / f"{events}.git", folder / str(events))


def same_product(small: Path, large: Path) -> tuple[str, int, str]:
    """Return the product with most logs of those that are alike in two registries."""
    found = []
    for folder in (small / "registry" / "products").iterdir():
        other = large / "registry" / "products" / folder.name
        logs = sorted(folder.glob("deployments/*.yaml"))
        if logs and _contents(folder) == _contents(other):
            found.append((len(list(folder.rglob("*.yaml"))), folder.name, logs[-1]))
    number, name, log = max(found)
    line = log.read_text(encoding="utf-8").splitlines()[-1]
    return name, number, line.partition(', version: "')[2].partition('"')[0]


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*.yaml") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
