"""The main job on real input: import, validate, query and publish, against another's count."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.tool import assert_sound, git, look, versioner

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

COUNTER = Path(__file__).with_name("independent_count.py")
COLUMNS = ("at", "product", "environment", "version", "deployed_by", "invoke_id")
ENVIRONMENTS = ("integration", "staging", "production")


def count(source: Path, until: str = "9999") -> dict[str, Any]:
    """Ask the independent script, in an interpreter that cannot find the tool."""
    done = subprocess.run(
        [sys.executable, "-I", str(COUNTER), str(source), until],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    counted: dict[str, Any] = json.loads(done.stdout)
    return counted


def write_twin(target: Path, number: int) -> Path:
    """Write made-up rows of the real ones' shape: same columns, crowded products, old names.

    Rows stand by day and product as there, several share a second, some are there twice, and
    a version comes back now and then.
    """
    chance = random.Random(number)
    # Seconds: however many the rows, they end before the real ones do.
    pause = min(90_000, 270_000_000 // number)
    at = datetime(2022, 10, 10, 10, 39, 30, tzinfo=UTC)
    digest = (f"{chance.getrandbits(160):040x}" for _ in range(number))
    with gzip.open(target, "wt", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        made: dict[str, list[str]] = {}
        written = 0
        while written < number:
            at += timedelta(seconds=chance.choice((0, 1, 40, 4000, pause)))
            product = f"app-{int(chance.paretovariate(0.7)) % 23}"
            known = made.setdefault(product, ["latest"])
            sha = next(digest)
            fresh = (f"v{len(known)}", sha, f"release-{sha}", f"fix/branch-{len(known)}", "latest")
            version = chance.choice(known[-5:]) if chance.random() < 0.1 else chance.choice(fresh)
            known.append(version)
            reached = ENVIRONMENTS[: chance.choice((1, 1, 2, 3))]
            if chance.random() < 0.01:
                reached = ("test",)
            for environment in (*reached, *reached[: chance.random() < 0.02]):
                row = (f"{at:%Y-%m-%dT%H:%M:%SZ}", product, environment, version, "engineer")
                table.writerow((*row, sha[:12]))
                written += 1
    return target


class Tables(HTMLParser):
    """Read every table row of a page: its id, and of each cell the words, links and times."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.text = page.read_text("utf-8")
        self.rows: list[tuple[str, list[dict[str, Any]]]] = []
        self.tables: dict[str, list[tuple[str, list[dict[str, Any]]]]] = {}
        self._cell: dict[str, Any] | None = None
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self.rows = self.tables.setdefault(given.get("id") or "", [])
        elif tag == "tr":
            self.rows.append((given.get("id") or "", []))
        elif tag in ("th", "td"):
            self._cell = {"words": "", "links": [], "version": None, "time": None}
            self.rows[-1][1].append(self._cell)
        elif self._cell is not None and tag == "a":
            self._cell["links"].append(given.get("href"))
            if given.get("class") == "v" and self._cell["version"] is None:
                self._cell["version"] = given.get("title") or ""
        elif self._cell is not None and tag == "time":
            self._cell["time"] = self._cell["time"] or given.get("datetime")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell["words"] += data


def agree(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Import, and hold every answer of the tool to the independent count."""
    top = tmp_path / "registry"
    counted = count(source)
    versioner("init", top)
    begun = time.monotonic()
    versioner("import", source, cwd=top)
    took = {"import": time.monotonic() - begun}
    for kept in (top / ".git/versioner").glob("*.sqlite*"):
        kept.unlink()
    begun = time.monotonic()
    said = versioner("validate", "--strict", cwd=top).stdout
    took["cold validate"] = time.monotonic() - begun
    assert f"{counted['rows']:,} events: no errors" in said
    assert_queries_agree(top, counted, source)
    assert_second_import_adds_nothing(top, source)
    begun = time.monotonic()
    out = tmp_path / "site"
    versioner("site", "build", "--out", out, cwd=top)
    took["site build"] = time.monotonic() - begun
    assert_site_agrees(out, counted)
    assert_sound(top)
    with capsys.disabled():
        times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in took.items())
        print(f"\n[{counted['rows']:,} rows of {source.name}: {times}]")


def assert_queries_agree(top: Path, counted: dict[str, Any], source: Path) -> None:
    listed = look("deployment", "list", cwd=top)
    assert [each["at"] for each in listed] == sorted((e["at"] for e in listed), reverse=True)
    keys = ("at", "product", "environment", "version", "kind", "previous", "deployed_by")
    assert sorted([each[key] or "" for key in keys] for each in listed) == counted["deployments"]
    assert_status_agrees(look("status", cwd=top), counted)
    middle = counted["deployments"][len(listed) // 2][0]
    assert_status_agrees(look("status", "--at", middle, cwd=top), count(source, middle))
    by_name = {each["name"]: each for each in look("product", "list", cwd=top)}
    assert by_name.keys() == counted["products"].keys()
    busiest = max(counted["products"], key=lambda name: counted["products"][name]["deployments"])
    names = {busiest, *({"whitehall"} & by_name.keys()), *list(by_name)[:2]}
    for name in names:
        assert_product_agrees(look("product", "show", name, cwd=top), counted["products"][name])
    for name, expected in counted["products"].items():
        shared = {key: expected[key] for key in ("deployments", "versions", "last_deployed_at")}
        assert {key: by_name[name][key] for key in shared} == shared


def assert_status_agrees(status: dict[str, Any], counted: dict[str, Any]) -> None:
    shown = {each["product"]: each for each in status["products"]}
    assert counted["products"].keys() <= shown.keys()
    for name, row in shown.items():
        cells = {k: (v["version"], v["since"]) for k, v in row["cells"].items() if v["version"]}
        expected = counted["products"].get(name, {"running": {}, "since": {}, "drifting": False})
        running, since = expected["running"], expected["since"]
        assert cells == {key: (running[key], since[key]) for key in running}
        assert row["drifting"] == expected["drifting"]


def assert_product_agrees(shown: dict[str, Any], expected: dict[str, Any]) -> None:
    for key in ("deployments", "versions", "last_deployed_at", "running", "drifting"):
        assert shown[key] == expected[key]
    since = {name: cell["since"] for name, cell in shown["cells"].items() if cell["since"]}
    assert since == expected["since"]


def assert_second_import_adds_nothing(top: Path, source: Path) -> None:
    before = git(top, "rev-parse", "HEAD")
    said = versioner("import", source, cwd=top).stdout
    assert "imported 0 deployment events" in said
    assert git(top, "rev-parse", "HEAD") == before


def assert_site_agrees(out: Path, counted: dict[str, Any]) -> None:
    assert_overview_agrees(Tables(out / "index.html"), counted)
    shown = Counter(name for each in out.glob("products/*/[0-9]*.html") for name in rows_of(each))
    keyed = Counter((p, at, environment, version) for at, p, environment, version, *_ in
                    counted["deployments"])  # fmt: skip
    assert shown == keyed
    for name, expected in counted["products"].items():
        text = (out / "products" / name / "index.html").read_text("utf-8")
        assert f"{expected['deployments']:,} deployment" in text
        assert set(re.findall(r'class="v" href="[^"]*" title="([^"]+)"', text)) >= set(
            expected["running"].values()
        )
    for environment, number in counted["environments"].items():
        page = (out / "environments" / environment / "index.html").read_text("utf-8")
        assert re.search(rf"\b{number} products? running", page)


def rows_of(page: Path) -> list[tuple[str, str, str, str]]:
    """Return the deployments of a month's page: product, time, environment and version."""
    found = []
    for table in Tables(page).tables.values():
        titles = [head["words"] for head in table[0][1]]
        for anchor, cells in table[1:]:
            if anchor.startswith("d-"):
                row = dict(zip(titles, cells, strict=True))
                place, version = row["Environment"]["words"], row["Version"]["words"]
                found.append((page.parent.name, time_in(row["When"]), place, version))
    return found


def time_in(cell: dict[str, Any]) -> str:
    """Return the moment that a cell tells to the second, for machines or in its words."""
    told = re.search(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", cell["time"] or cell["words"])
    assert told, cell
    return f"{told[1]}T{told[2]}Z"


def assert_overview_agrees(page: Tables, counted: dict[str, Any]) -> None:
    (_, heads), *rows = page.tables["matrix"]
    environments = [head["words"] for head in heads[1:]]
    shown = {}
    for _, (first, *cells) in rows:
        name = first["links"][0].split("/")[-2]
        placed = zip(environments, cells, strict=True)
        shown[name] = {place: (c["version"], c["time"]) for place, c in placed if c["version"]}
    assert shown == {
        name: {place: (version, each["since"][place]) for place, version in each["running"].items()}
        for name, each in counted["products"].items()
    }


@pytest.mark.thorough
def test_the_tool_agrees_with_a_count_of_made_up_rows_of_the_real_shape(
    tmp_path: Path, scale: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    agree(write_twin(tmp_path / "twin.csv.gz", scale(1000, 90000)), tmp_path, capsys)


def test_the_tool_agrees_with_a_count_of_the_real_deployments(
    real_rows_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agree(real_rows_file, tmp_path, capsys)


def test_the_independent_count_imports_nothing_of_the_tool() -> None:
    imported = set(re.findall(r"^(?:import|from) (\w+)", COUNTER.read_text("utf-8"), re.MULTILINE))
    assert imported == {
        "__future__", "collections", "csv", "datetime", "gzip", "itertools", "json", "sys",
    }  # fmt: skip
