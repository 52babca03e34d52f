"""`versioner export` on a real registry, and the documented questions over its files."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.cli.registries import NOW, Desk
from tests.test_documentation import DOCS
from versioner.cli import clock
from versioner.cli.errors import run
from versioner.export import parquet
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (DOCS / "exporting.md").read_text("utf-8")
VIEWS, *QUESTIONS = re.findall(
    r"^```sql\n(.*?)^```$", PAGE.partition("## Three questions")[2].partition("\n## ")[0],
    re.MULTILINE | re.DOTALL,
)  # fmt: skip

# Products with names that engines take for a number and a date, and texts that spreadsheets run.
ROWS = """\
at,product,environment,instance,version,status,deployed_by,reason,id,voids
2026-10-01T09:00:00Z,123,staging,,1,completed,jane,,n-1,
2026-10-03T21:00:00Z,123,production,eu,1,completed,jane,,n-2,
2026-10-04T09:00:00Z,123,production,us,1,completed,@jane,=1+1,n-3,
2026-10-09T09:00:00Z,2026-01-01,production,,7,completed,,,d-1,
2026-10-10T09:00:00Z,2026-01-01,production,,8,completed,,,d-2,
2026-11-01T09:00:00Z,2026-01-01,,,,,,never happened,d-3,d-2
2026-11-02T09:00:00Z,user-service,test,,1.4.0,completed,,,u-7,
2026-11-03T09:00:00Z,user-service,test,,,undeployed,,,u-8,
"""


@pytest.fixture
def busy(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Add builds and odd events to the registry, and work in an empty folder."""
    rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(io.StringIO(ROWS))]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / "more.jsonl").write_text(lines, encoding="utf-8")
    imported = desk.run("import", str(tmp_path / "more.jsonl"))
    assert imported.code == 0, imported.err
    for at, version in (("2026-09-30T07:00:00Z", "1.4.0"), ("2026-08-30T07:00:00Z", "1.3.9")):
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        commit = ("--version", version, "--scm-sha", version[-1] * 40)
        made = desk.run(
            "track", "build", "--product", "user-service", "--status", "completed", *commit
        )
        assert made.code == 0, made.err
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.chdir(tmp_path)
    return desk


def asked(question: str) -> list[tuple[Any, ...]]:
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute(VIEWS)
    return duck.execute(question).fetchall()


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_documented_questions_have_the_answers_of_the_tool(busy):
    assert busy.run("export", "--format", "parquet", "lake").code == 0
    runs, monthly, lead = map(asked, QUESTIONS)
    deployments = busy.run("deployment", "list", "--limit", "0", "-o", "json").json()
    completed = [
        each for each in deployments if each["status"] == "completed" and each["void"] is None
    ]

    status = csv.DictReader(io.StringIO(busy.run("status", "-o", "csv").out))
    names = ("product", "environment", "instance", "version", "since")
    told = [tuple(row[name] or None for name in names) for row in status if row["version"]]
    assert sorted(map(repr, told)) == sorted(repr((*row[:4], text_of(row[4]))) for row in runs)
    assert ("123", "production", "eu", "1") in [row[:4] for row in runs]

    counted: dict[tuple[str, str], int] = {}
    for each in completed:
        place = (each["at"][:7], each["environment"])
        counted[place] = counted.get(place, 0) + 1
    assert [((month, name), number) for month, name, number in monthly] == sorted(counted.items())

    assert [(name, number, hours) for name, number, hours in lead] == hours_of(busy, completed)
    assert {row[0] for row in lead} == {"123", "payment-api", "user-service"}


def hours_of(desk: Desk, completed: list[dict[str, Any]]) -> list[tuple[str, int, float]]:
    """Return what the third question asks, from the answers of the tool alone."""
    first: dict[tuple[str, str, str], str] = {}
    for each in sorted(completed, key=lambda each: each["changed_at"]):
        key = (each["product"], each["version"], each["environment"])
        first.setdefault(key, each["changed_at"])
    hours: dict[str, list[float]] = {}
    for (product, version, environment), end in first.items():
        if environment != "production":
            continue
        shown = desk.run("version", "show", product, version, "-o", "json").json()
        builds = [each["at"] for each in shown["builds"] if each["status"] == "completed"]
        start = min(builds, default=first.get((product, version, "staging"), ""))
        if start:
            passed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
            hours.setdefault(product, []).append(passed.total_seconds() / 3600)
    return [(name, len(each), statistics.median(each)) for name, each in sorted(hours.items())]


def test_the_events_imported_into_an_empty_registry_are_the_same_deployments(busy, tmp_path):
    assert busy.run("export", "--format", "jsonl", "lines").code == 0
    initialise(tmp_path / "empty", now=NOW)
    other = Desk(tmp_path / "empty", busy.capsys)
    imported = other.run("import", "lines/deployments.jsonl", "-o", "json").json()
    assert imported["refused"] == []
    everything = ("deployment", "list", "--limit", "0", "-o", "json")
    assert other.run(*everything).json() == busy.run(*everything).json()
    # The registry itself has another title and other commits.
    assert (
        other.run("status", "-o", "json").json()["products"]
        == (busy.run("status", "-o", "json").json()["products"])
    )
    again = other.run("import", "lines/deployments.jsonl", "-o", "json").json()
    assert (again["added"], again["commit"]) == (0, None)


def test_the_report_tells_what_was_written_and_what_is_there(busy):
    first = busy.run("export", "--format", "csv", "tables", "-o", "json").json()
    assert {key: first[key] for key in ("format", "folder", "since", "written", "removed")} == {
        "format": "csv", "folder": "tables", "since": None, "written": 7, "removed": 0,
    }  # fmt: skip
    listed = busy.run("deployment", "list", "--limit", "0", "-o", "json").json()
    assert first["rows"]["deployments"] == len(listed)
    assert first["revision"] == busy.git("rev-parse", "HEAD")
    text = busy.run("export", "--format", "csv", "tables").out
    assert f"exported {len(listed)} deployments to tables (csv, 0.0 MB)" in text
    assert "0 files written, 7 unchanged, 0 removed" in text


def test_a_revision_and_a_bare_clone_are_exported(busy, tmp_path):
    busy.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    old = busy.git("rev-list", "--max-parents=0", "HEAD")
    assert busy.run("export", "--format", "csv", "now").code == 0
    before = busy.run("export", "--format", "csv", "--rev", old, "then", "-o", "json").json()
    assert (before["revision"], before["rows"]["deployments"]) == (old, 0)
    assert run(["export", "--format", "csv", "bare", "--repo", str(tmp_path / "bare.git")]) == 0
    for path in (tmp_path / "now").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "bare" / path.name).read_bytes()


def test_a_url_is_exported_without_a_clone(busy, tmp_path):
    busy.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    busy.run("export", "--format", "jsonl", "here")
    url = (tmp_path / "bare.git").as_uri()
    assert run(["export", "--format", "jsonl", "there", "--repo", url]) == 0
    assert (tmp_path / "here" / "deployments.jsonl").read_bytes() == (
        tmp_path / "there" / "deployments.jsonl"
    ).read_bytes()
    assert run(["export", "--format", "jsonl", "there", "--repo", url, "--rev", "main"]) == 2


@pytest.mark.parametrize("month", ["2026-13", "2026-11-05", "2026", "last month", "-"])
def test_since_takes_a_month(desk, month):
    refused = desk.run("export", "--format", "csv", "--since", month, "out")
    assert refused.code == 2
    assert "is not a month: for example, --since 2026-01" in refused.err


def test_a_format_is_needed(desk):
    refused = desk.run("export", "out")
    assert refused.code == 2
    assert "give a format: --format parquet or --format csv" in refused.err


@pytest.mark.parametrize("inside", ["registry", "registry/products/lake", ".git/lake"])
def test_a_folder_in_the_registry_is_refused(desk, inside):
    folder = desk.top / inside
    refused = desk.run("export", "--format", "csv", str(folder))
    assert refused.code == 2
    assert "give a folder outside of it" in refused.err
    assert desk.git("status", "--porcelain") == ""


def test_without_pyarrow_the_error_has_the_line_that_installs_it(busy, monkeypatch):
    parquet._arrow.cache_clear()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused = busy.run("export", "--format", "parquet", "lake")
    parquet._arrow.cache_clear()
    assert refused.code == 1
    assert "pip install 'versioner[parquet]'" in refused.err
    assert busy.run("export", "--format", "csv", "lake").code == 0


def test_a_folder_with_odd_characters_in_its_name_works(busy, tmp_path):
    name = "a [b] * 'c' \u00fc\n\x1b[31m"
    done = busy.run("export", "--format", "parquet", name)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert [*(tmp_path / name).glob("deployments/*/*/*.parquet")]
