"""The real deployments: what the pages say equals a count made straight from the CSV."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.builders import deployment, product, registry
from tests.site.checker import Page, check_site
from tests.site.samples import TOOL
from versioner.site.build import build_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

Rows = list[dict[str, str]]

ENVIRONMENTS = ("integration", "test", "staging", "production")


def rows_in(source: Path) -> Rows:
    with gzip.open(source, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def twin_rows(number: int) -> Rows:
    """Make rows of the real ones' shape: many products, long versions, crowded months."""
    rows = []
    for n in range(number):
        digest = f"{n // 3:040x}"
        versions = (f"v{n // 3}", digest, f"release-{digest}", "latest")
        rows.append(
            {
                "at": f"2024-{1 + n * 12 // number:02}-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:00Z",
                "product": f"product-{n % 7 if n % 3 else 0}",
                "environment": ENVIRONMENTS[(n // 7) % 4],
                "version": versions[n % 4],
                "deployed_by": "engineer",
                "invoke_id": digest[-12:],
            }
        )
    return rows


def agree(rows: Rows, out: Path) -> None:
    """Build a site from rows, and compare its pages with the rows themselves."""
    events: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(rows):
        said = {key: value for key, value in row.items() if key != "product"}
        event = deployment(said.pop("version"), id=f"{number:026d}", **said)
        events.setdefault(row["product"], []).append(event)
    whole = registry(
        *(product(name, events[name]) for name in sorted(events)),
        environments={name: {} for name in ENVIRONMENTS},
    )
    now = max(row["at"] for row in rows)
    report = build_site(whole, out, now=now, tool_version=TOOL)
    assert report.pages == len(list(out.rglob("*.html")))
    assert_every_deployment_has_its_place(rows, out)
    assert_the_matrix_shows_the_latest(rows, out)


def assert_every_deployment_has_its_place(rows: Rows, out: Path) -> None:
    for name, number in Counter(row["product"] for row in rows).items():
        months = (out / "products" / name).glob("[0-9]*.html")
        anchors = [a for page in months for a in re.findall(r'id="(d-[^"]+)"', page.read_text())]
        assert len(anchors) == len(set(anchors)) == number
        shown = Page((out / "products" / name / "index.html").read_text()).shown
        assert f"{number:,} deployment" in shown


def assert_the_matrix_shows_the_latest(rows: Rows, out: Path) -> None:
    latest = {}
    for row in sorted(rows, key=lambda row: row["at"]):
        latest[row["product"], row["environment"]] = row["version"]
    page = Page((out / "index.html").read_text())
    matrix = page.text.partition('id="matrix"')[2].partition("</table>")[0]
    for part in matrix.split("<tr data-words=")[1:]:
        name = re.search(r'products/([^/]+)/index\.html">', part)
        assert name
        columns = part.split("<td ")[1:]
        running = [re.search(r'title="([^"]+)"', column) for column in columns]
        expected = [latest.get((name[1], environment)) for environment in ENVIRONMENTS]
        assert [found and found[1] for found in running] == expected


def test_pages_equal_a_count_from_rows_of_the_real_shape(
    tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    agree(twin_rows(scale(3000, 90000)), tmp_path / "out")
    assert check_site(tmp_path / "out") == []


def test_pages_equal_a_count_from_the_real_rows(real_rows_file: Path, tmp_path: Path) -> None:
    agree(rows_in(real_rows_file), tmp_path / "out")
