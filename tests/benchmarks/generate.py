"""Make a registry of any size in the real data's shape, straight through `git fast-import`.

    python -m tests.benchmarks.generate --events 1026399 [--real-data DIR] [--plain] TARGET

TARGET becomes a bare repository; `--clone PLACE` clones it as well. The same seed and rows give
the same commits. The rows and one month of logs are in memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from tests.benchmarks.features import EventMaker
from tests.benchmarks.rows import Row, data_file, made_rows, read_rows, repeated
from versioner.serialization.log import event_line, header

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Made", "make_bare", "make_clone", "source_rows"]

PROJECT = Path(__file__).resolve().parents[2]

# The last rows get a commit each, as recorded events do; those before them one for each month.
_SINGLE = 200
_BRANCH = "refs/heads/main"
_FOLDERS = {"build": "versions", "deployment": "deployments"}
_SCHEMA = "# yaml-language-server: $schema=../../../schemas/product.schema.json\n"


class Made(NamedTuple):
    """What a generated registry has."""

    products: int
    events: int
    builds: int
    logs: int
    commits: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("target", type=Path, metavar="TARGET")
    parser.add_argument("--events", type=int, required=True, metavar="N")
    parser.add_argument("--real-data", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="completed deployments alone")
    parser.add_argument("--clone", type=Path, metavar="PLACE")
    options = parser.parse_args()
    start = time.perf_counter()
    rows = source_rows(options.real_data, options.seed)
    made = make_bare(
        options.target, rows, options.events, seed=options.seed, plain=options.plain, shown=True
    )
    if options.clone:
        make_clone(options.target, options.clone)
    counts = ", ".join(f"{value:,} {name}" for name, value in made._asdict().items())
    print(f"{counts} in {time.perf_counter() - start:.0f} s")


def source_rows(folder: Path | None, seed: int = 1) -> list[Row]:
    """Return the real data's rows, or without a folder rows in their shape."""
    return made_rows(seed) if folder is None else read_rows(data_file(folder))


def make_bare(
    target: Path,
    rows: list[Row],
    events: int,
    *,
    seed: int = 1,
    plain: bool = False,
    shown: bool = False,
) -> Made:
    """Write a bare repository with that many events."""
    git("init", "-q", "--bare", "-b", "main", str(target))
    numbered = list(repeated(rows, events, seed))
    stream = _Stream(numbered, EventMaker(seed, plain=plain), shown=shown)
    # Two runs, for the record of a deletion names a commit.
    fast_import(target, stream.start(plain=plain))
    first = git("rev-parse", "main", folder=target)
    fast_import(target, stream.history(first, plain=plain))
    return stream.made


def make_clone(bare: Path, place: Path) -> Path:
    """Clone a repository as a user does, with files of its own."""
    git("clone", "-q", "--no-hardlinks", str(bare), str(place))
    for setting in ("user.name=Bench", "user.email=bench@example.com", "gc.auto=0"):
        git("config", *setting.split("="), folder=place)
    return place


class _Stream:
    """The commands for `git fast-import`."""

    def __init__(self, rows: list[tuple[int, Row]], maker: EventMaker, *, shown: bool) -> None:
        self.rows = rows
        self.maker = maker
        self.shown = shown
        self.products = sorted({row.product for _, row in rows})
        self.logs: dict[str, list[str]] = {}
        self.counts = {"build": 0, "deployment": 0}
        self.paths = 0
        self.commits = 0

    @property
    def made(self) -> Made:
        return Made(
            len(self.products),
            self.counts["deployment"],
            self.counts["build"],
            self.paths,
            self.commits,
        )

    def start(self, *, plain: bool) -> Iterator[bytes]:
        """Yield the first commit: what `init` writes, and the products without events."""
        yield self._commit("Start the deployment registry", self.rows[0][1].at, "")
        for path, data in starter_files().items():
            yield _file(path, data)
        for number, name in enumerate(self.products):
            yield _file(f"registry/products/{name}/product.yaml", _product(name, number, plain))
        for name in sorted({row.environment for _, row in self.rows} - STARTER_ENVIRONMENTS):
            yield _file(f"registry/environments/{name}.yaml", f'name: "{name}"\n'.encode())
        if not plain:
            yield _file("registry/environments/production.yaml", _PRODUCTION)
            for name in self._gone():
                yield _file(f"registry/products/{name}/product.yaml", _product(name, 0, plain=True))

    def history(self, first: str, *, plain: bool) -> Iterator[bytes]:
        """Yield a commit for each month, and one for each of the last rows."""
        before, last = self.rows[:-_SINGLE], self.rows[-_SINGLE:]
        if not before:
            before, last = last, []
        origin = f"from {first}\n"
        for month, rows in groupby(before, key=lambda each: each[1].at[:7]):
            many = [row for _, row in rows]
            yield self._commit(f"Import {len(many)} deployment events", many[-1].at, origin)
            if origin and not plain:
                yield from self._left_behind(first, many[-1].at)
            origin = ""
            yield from self._write(many)
            if self.shown:
                print(f"\r{month}: {self.counts['deployment']:,} events", end="", file=sys.stderr)
        for _, row in last:
            subject = f"Record deployment of {row.product} {row.version} to {row.environment}"
            yield self._commit(f"{subject} (completed)", row.at, "")
            yield from self._write([row])
        if self.shown:
            print(file=sys.stderr)

    def _gone(self) -> list[str]:
        return [f"{name}-gone" for name in self.products[::200]]

    def _left_behind(self, first: str, at: str) -> Iterator[bytes]:
        """Yield what renamed and deleted products leave."""
        for name in self.products[::100]:
            yield _file(f"registry/aliases/{name}-old.yaml", f'to: "{name}"\n'.encode())
        for name in self._gone():
            yield f"D registry/products/{name}\n".encode()
            said = f'deleted_at: "{at}"\ndeleted_by: "engineer"\nlast_commit: "{first}"\n'
            yield _file(f"registry/deleted/{name}.yaml", said.encode())

    def _write(self, rows: list[Row]) -> Iterator[bytes]:
        touched = {}
        for row in rows:
            for kind, event in self.maker.events(row):
                path = f"registry/products/{row.product}/{_FOLDERS[kind]}/{event['at'][:7]}.yaml"
                if path not in self.logs:
                    self.logs[path] = [header(kind)]
                    self.paths += 1
                self.logs[path].append(event_line(kind, event))
                self.counts[kind] += 1
                touched[path] = event["at"][:7]
        for path in sorted(touched):
            yield _file(path, "".join(self.logs[path]).encode())
        month = rows[-1].at[:7]
        # Rows come in the order of time: the logs of earlier months get no line any more.
        for path in [each for each in self.logs if not each.endswith(f"/{month}.yaml")]:
            del self.logs[path]

    def _commit(self, subject: str, at: str, origin: str) -> bytes:
        self.commits += 1
        seconds = int(time.mktime(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone)
        who = f"Bench <bench@example.com> {seconds} +0000"
        text = (
            f"commit {_BRANCH}\nauthor {who}\ncommitter {who}\n"
            f"data {len(subject) + 1}\n{subject}\n\n{origin}"
        )
        return text.encode()


STARTER_ENVIRONMENTS = {"development", "production", "staging", "test"}
_PRODUCTION = (
    b"# yaml-language-server: $schema=../../schemas/environment.schema.json\n"
    b'name: "production"\naliases: ["prod", "live"]\n'
)


def _product(name: str, number: int, plain: bool) -> bytes:
    text = f'{_SCHEMA}name: "{name}"\n'
    if not plain and number % 3 == 0:
        text += f'title: "{name.replace("-", " ").capitalize()}"\n'
        text += 'description: "A service that people use."\n'
    if not plain and number % 9 == 0:
        text += f'extra_metadata:\n  team: "team-{number % 17}"\n'
    return text.encode()


def _file(path: str, data: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)


def starter_files() -> dict[str, bytes]:
    """Return the files that `init` writes."""
    with tempfile.TemporaryDirectory(prefix="bench-generate-") as folder:
        top = Path(folder) / "registry"
        args = [sys.executable, "-m", "versioner", "init", str(top)]
        subprocess.run(args, check=True, capture_output=True, cwd=PROJECT)
        names = git("ls-files", folder=top).splitlines()
        return {name: (top / name).read_bytes() for name in names}


def fast_import(target: Path, parts: Iterator[bytes]) -> None:
    """Give the commands to `git fast-import` as they are made."""
    args = ["git", "-C", str(target), "fast-import", "--quiet", "--done"]
    with subprocess.Popen(args, stdin=subprocess.PIPE) as process:
        pipe: IO[bytes] = process.stdin  # type: ignore[assignment]
        for part in parts:
            pipe.write(part)
        pipe.write(b"done\n")
        pipe.close()
        if process.wait() != 0:
            raise SystemExit("git fast-import could not write the registry")


def git(*args: str, folder: Path = PROJECT) -> str:
    """Run git, and return what it prints."""
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"git {args[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
