"""What is measured: operations of the tool, and the peers beside which they run."""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.measure import versioner

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OPERATIONS", "Operation", "Place", "tracked"]

Command = list[str]
MB = 1_000_000


class Place(NamedTuple):
    """The registries of one size, and what is asked for in them."""

    top: Path
    product: str
    version: str
    log: str
    events: int

    @property
    def clone(self) -> Path:
        return self.top / "clone"

    @property
    def plain(self) -> Path:
        """Return a clone in which only git writes."""
        return self.top / "plain"

    @property
    def bare(self) -> Path:
        return self.top / "bare.git"

    @property
    def exported(self) -> Path:
        return self.top / "exported"

    @property
    def site(self) -> Path:
        return self.top / "site"

    @property
    def rows(self) -> Path:
        return self.top / "rows.csv"


class Operation(NamedTuple):
    """One line of the table.

    `command` returns what runs, for the number of the round. `before` is done first, and not
    measured. `needs` names a program or Python package without which it is missing. `ratio` and
    `memory` are the limits that the documentation names, of the ratio to `peer` and in bytes;
    `seconds` is a limit of time. A `heavy` one runs three times at most.
    """

    key: str
    words: str
    command: Callable[[Place, int], Command]
    peer: str = ""
    ratio: float | None = None
    memory: int | None = None
    seconds: float | None = None
    before: Callable[[Place, int], None] | None = None
    needs: str = ""
    heavy: bool = False
    folder: str = "clone"

    @property
    def is_missing(self) -> bool:
        """Return whether the program of a peer is not installed."""
        if self.needs.startswith("python:"):
            return importlib.util.find_spec(self.needs.removeprefix("python:")) is None
        return bool(self.needs) and program(self.needs) is None


def program(name: str) -> str | None:
    """Return the path of a program, also of one in the environment of this interpreter."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def tracked(place: Place, number: int, registry: Path | None = None) -> Command:
    """Return the command that records one event."""
    said = ["--product", place.product, "--environment", "production"]
    said += ["--version", f"bench-{number}", "--local", "--repo", str(registry or place.clone)]
    return versioner("track", "deployment", *said)


def _run(command: Command, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _event_first(place: Place, number: int) -> None:
    _run(tracked(place, number), place.clone)


def _forget(place: Place, _number: int) -> None:
    shutil.rmtree(place.clone / ".git" / "versioner", ignore_errors=True)


def _cold_site(place: Place, number: int) -> None:
    _forget(place, number)
    shutil.rmtree(place.site, ignore_errors=True)


def _fresh_registry(place: Place, _number: int) -> None:
    target = place.top / "imported"
    shutil.rmtree(target, ignore_errors=True)
    _run(versioner("init", str(target)), place.top)


def _line_by_hand(place: Place, number: int) -> None:
    with (place.plain / place.log).open("a", encoding="utf-8") as file:
        file.write(
            '- {at: "2026-01-01T00:00:00Z", environment: "production", '
            f'version: "bench-{number}", status: "completed", id: "{number:032x}"}}\n'
        )


def _without_export(place: Place, _number: int) -> None:
    shutil.rmtree(place.exported, ignore_errors=True)


def _exported(place: Place, kind: str) -> Path:
    """Return the folder of an export, made where it is missing."""
    target = place.top / f"exported-{kind}"
    if not target.exists():
        _run(versioner("export", "--format", kind, str(target)), place.clone)
    return target


def _sqlite_first(place: Place, _number: int) -> None:
    target = _exported(place, "sqlite") / "registry.sqlite"
    with sqlite3.connect(target) as connection:
        connection.execute("CREATE INDEX IF NOT EXISTS of_product ON deployments (product, at)")
    connection.close()


def _parquet_first(place: Place, _number: int) -> None:
    _exported(place, "parquet")


def _python(code: str, *args: str) -> Command:
    return [sys.executable, "-c", code, *args]


_SQLITE = """\
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT * FROM deployments WHERE product = ? ORDER BY at DESC LIMIT 20", (sys.argv[2],))
print(rows.fetchall())
"""
_DUCKDB = """\
import duckdb, sys
print(duckdb.sql(f"SELECT * FROM read_parquet('{sys.argv[1]}/deployments/*/*/*.parquet', "
    f"hive_partitioning=true) WHERE product = '{sys.argv[2]}' ORDER BY \\"at\\" DESC LIMIT 20"
).fetchall())
"""
_IN_SQLITE = """\
import csv, pathlib, sqlite3, sys
pathlib.Path(sys.argv[2]).unlink(missing_ok=True)
lines = csv.reader(open(sys.argv[1], encoding="utf-8", newline=""))
names = next(lines)
with sqlite3.connect(sys.argv[2]) as connection:
    connection.execute(f"CREATE TABLE rows ({', '.join(names)})")
    connection.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(names))})", lines)
"""


def _ask(key: str, *args: str, **fields: object) -> Operation:
    """Return a question that a clone answers, warm."""
    return Operation(
        key,
        f"`{key}`",
        lambda place, _: versioner(
            *(each.format(product=place.product, version=place.version) for each in args)
        ),
        **{"peer": "help", "ratio": 3, "memory": 60 * MB, **fields},  # type: ignore[arg-type]
    )


_BY_HAND = "git add -- {0} && git commit -qm 'Record deployment'"

OPERATIONS: tuple[Operation, ...] = (
    Operation("help", "`versioner --help`", lambda _p, _n: versioner("--help")),
    _ask("status --product X", "status", "--product", "{product}"),
    _ask("product show X", "product", "show", "{product}"),
    _ask("deployment list --limit 20", "deployment", "list", "--limit", "20"),
    _ask("version show X V", "version", "show", "{product}", "{version}"),
    _ask("diff --product X", "diff", "staging", "production", "--product", "{product}"),
    _ask("status", "status", ratio=10, memory=120 * MB),
    Operation(
        "index after an event",
        "the index after one event",
        lambda place, _: versioner("status", "--product", place.product),
        "status --product X",
        before=_event_first,
    ),
    Operation(
        "index from nothing",
        "the index from nothing",
        lambda _p, _n: versioner("index"),
        seconds=60,
        memory=400 * MB,
        before=_forget,
        heavy=True,
    ),
    Operation(
        "track, bare",
        "`track`, bare repository",
        lambda place, number: tracked(place, number, place.bare),
        "help",
    ),
    Operation("track, clone", "`track`, clone", tracked, "git add, git commit"),
    Operation(
        "git add, git commit",
        "`git add` + `git commit`",
        lambda place, _: ["sh", "-c", _BY_HAND.format(place.log)],
        before=_line_by_hand,
        folder="plain",
    ),
    Operation(
        "git log",
        "`git log -1 -- path`",
        lambda place, _: ["git", "log", "-1", "--", place.log],
        folder="plain",
    ),
    Operation(
        "git grep",
        "`git grep` of a version",
        lambda place, _: ["git", "grep", "-F", f'"{place.version}"', "--", "registry"],
        folder="plain",
    ),
    Operation(
        "sqlite",
        "SQLite, the latest 20 of a product",
        lambda place, _: _python(
            _SQLITE, str(place.top / "exported-sqlite" / "registry.sqlite"), place.product
        ),
        "product show X",
        before=_sqlite_first,
    ),
    Operation(
        "duckdb",
        "DuckDB on Parquet, the latest 20 of a product",
        lambda place, _: _python(_DUCKDB, str(place.top / "exported-parquet"), place.product),
        "product show X",
        before=_parquet_first,
        needs="python:duckdb",
    ),
    Operation(
        "validate, cold",
        "`validate`, cold",
        lambda _p, _n: versioner("validate"),
        "check-jsonschema",
        seconds=30,
        memory=400 * MB,
        before=_forget,
        heavy=True,
    ),
    Operation(
        "validate, warm",
        "`validate`, warm",
        lambda _p, _n: versioner("validate"),
        "help",
        seconds=1,
        memory=400 * MB,
    ),
    Operation(
        "check-jsonschema",
        "check-jsonschema, the logs of one product",
        lambda place, _: [
            program("check-jsonschema") or "",
            *("--schemafile", "schemas/deployments-log.schema.json"),
            *(str(each) for each in sorted((place.clone / place.log).parent.iterdir())),
        ],
        needs="check-jsonschema",
        heavy=True,
    ),
    Operation(
        "import",
        "`import` of everything",
        lambda place, _: versioner(
            "import", str(place.rows), "--repo", str(place.top / "imported")
        ),
        "sqlite import",
        seconds=90,
        memory=400 * MB,
        before=_fresh_registry,
        heavy=True,
    ),
    Operation(
        "sqlite import",
        "SQLite, the same rows into a table",
        lambda place, _: _python(_IN_SQLITE, str(place.rows), str(place.top / "rows.sqlite")),
        heavy=True,
    ),
    Operation(
        "export",
        "`export --format parquet`",
        lambda place, _: versioner("export", "--format", "parquet", str(place.exported)),
        "import",
        before=_without_export,
        needs="python:pyarrow",
        heavy=True,
    ),
    Operation(
        "site, cold",
        "`site build`, cold",
        lambda place, _: versioner("site", "build", "--out", str(place.site)),
        "hugo",
        memory=400 * MB,
        before=_cold_site,
        heavy=True,
    ),
    Operation(
        "site after an event",
        "`site build` after one event",
        lambda place, _: versioner("site", "build", "--out", str(place.site)),
        "site, cold",
        ratio=1 / 60,
        seconds=3,
        memory=200 * MB,
        before=_event_first,
        heavy=True,
    ),
    Operation(
        "hugo",
        "Hugo, as many pages from Markdown",
        lambda _p, _n: ["hugo", "--quiet"],
        needs="hugo",
        heavy=True,
        folder="hugo",
    ),
    Operation(
        "eleventy",
        "Eleventy, as many pages from Markdown",
        lambda _p, _n: ["eleventy", "--quiet", "--input=content", "--output=public"],
        needs="eleventy",
        heavy=True,
        folder="hugo",
    ),
)
