"""A long history is cut into pages that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import deployment, moment, product, registry
from tests.site.checker import check_site, read_site
from tests.site.samples import DAY, TOOL
from versioner.site.build import build_site
from versioner.site.pagination import ROWS, history_pages, months_by_year, pager

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.site.checker import Page

pytestmark = pytest.mark.slow

START = "2026-10-01T00:00:00Z"
NOW = "2026-12-01T00:00:00Z"


def history(rows: int, *, every: float) -> list[dict[str, Any]]:
    return [
        deployment(f"v{n // 2}", at=moment(n * every, START), id=f"e{n:031x}") for n in range(rows)
    ]


def test_rows_are_dealt_oldest_first_and_no_page_has_more_than_its_share() -> None:
    pages = history_pages(product("a", history(700, every=60)))
    rows = [len(page.deployments) + len(page.versions) for page in pages]
    assert [page.path for page in pages] == [
        "products/a/2026-10.html",
        "products/a/2026-10-2.html",
        "products/a/2026-10-3.html",
    ]
    assert rows == [ROWS, ROWS, 250]
    ids = [each.id for page in pages for each in page.deployments]
    assert ids == sorted(ids)
    assert len(ids) == 700


def rows_of(page: Page, section: str) -> int:
    """Return the number of rows in a section's table, without its head."""
    text = page.text.partition(f'aria-labelledby="{section}-title"')[2].partition("</section>")[0]
    return text.count("<tr") - 1


def test_a_long_history_shows_its_latest_and_leads_to_the_months(tmp_path: Path) -> None:
    whole = registry(product("a", history(700, every=120)))
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    assert check_site(tmp_path / "out") == []
    pages = read_site(tmp_path / "out")
    page = pages["products/a/index.html"]
    assert "the latest 20 of 700 deployments" in page.shown
    # One link leads to each month: to its last part, which leads to the parts before it.
    months = [link for link in page.links if link.startswith("2026-") and "#" not in link]
    assert months == ["2026-11-2.html", "2026-10-2.html"]
    assert "2026-10.html" in pages["products/a/2026-10-2.html"].links
    assert ">October <span" in page.text
    assert '10-2.html" title="372 deployments"' in page.text
    assert rows_of(page, "deployments") + rows_of(page, "versions") == 40
    anchors = [name for each in pages.values() for name in each.ids if name.startswith("d-")]
    assert len(anchors) == len(set(anchors)) == 700


def test_a_short_history_is_whole_on_the_products_page(tmp_path: Path) -> None:
    whole = registry(product("a", history(200, every=60)))
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    page = read_site(tmp_path / "out")["products/a/index.html"]
    assert rows_of(page, "deployments") + rows_of(page, "versions") == 300


def test_an_address_stays_when_the_history_grows(tmp_path: Path) -> None:
    few = registry(product("a", history(700, every=60)))
    more = registry(product("a", history(900, every=60)))
    build_site(few, tmp_path / "few", now=NOW, tool_version=TOOL)
    build_site(more, tmp_path / "more", now=moment(DAY, NOW), tool_version=TOOL)
    closed = "products/a/2026-10.html"
    assert (tmp_path / "few" / closed).read_bytes() == (tmp_path / "more" / closed).read_bytes()


def test_the_last_part_of_a_month_leads_to_each_part_before_it() -> None:
    pages = history_pages(product("a", history(700, every=60)))
    assert [part["href"] for part in pager(pages, 2, str)["parts"]] == [
        "products/a/2026-10.html",
        "products/a/2026-10-2.html",
    ]
    assert pager(pages, 0, str)["parts"] == []
    (year,) = months_by_year(pages, str)
    assert year["months"] == [
        {
            "text": "October",
            "href": "products/a/2026-10-3.html",
            "count": "700 deployments",
            "number": "700",
        }
    ]
