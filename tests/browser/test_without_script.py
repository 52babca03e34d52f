"""Without script every fact is there, and a site opened as a file can be read and walked."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.browser.sites import largest_of_each_kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow


class Words(HTMLParser):
    """Collect the text of the main part of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.inside = 0
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside += tag == "td" or self.inside > 0

    def handle_endtag(self, tag: str) -> None:
        self.inside -= self.inside > 0

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.words += data.split()


def test_every_fact_of_every_table_is_shown_without_script(
    sample: Path, sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url, java_script_enabled=False)
    for path in largest_of_each_kind(sample).values():
        words = Words()
        words.feed((sample / path).read_text(encoding="utf-8"))
        visit.go(path)
        # What is folded opens without script too, by a click.
        folds = visit.page.locator("main details:not([open]) > summary:visible")
        while folds.count():
            folds.first.click()
        # Words of neighbouring elements may touch.
        shown = "".join(visit.page.locator("body").inner_text().split())
        missing = [word for word in words.words if word not in shown]
        assert missing == [], path
        assert visit.page.locator(".js:visible").count() == 0, path
    assert visit.faults == []


def test_without_script_no_control_is_left_that_would_do_nothing(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url, java_script_enabled=False)
    for path in ("index.html", "products/index.html", "api/index.html"):
        visit.go(path)
        assert visit.page.locator("button:visible, [data-tools]:visible").count() == 0, path


def test_from_files_the_site_reads_and_leads_on(
    sample: Path, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample.as_uri() + "/").go("index.html")
    visit.page.get_by_role("link", name="Products", exact=True).first.click()
    visit.page.get_by_role("link", name="Payment API", exact=True).first.click()
    assert visit.page.locator("h1").inner_text().startswith("Payment API")
    visit.page.locator("[aria-labelledby=deployments-title] tbody th a").first.click()
    visit.page.wait_for_url("**/products/payment-api/2026-*.html#d-*")
    assert visit.page.locator(":target").count() == 1
    visit.page.get_by_role("link", name="Overview", exact=True).first.click()
    assert visit.page.locator("#matrix tbody tr").count() == 7
    visit.assert_quiet()


def test_from_files_what_needs_fetching_says_so(
    sample: Path, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample.as_uri() + "/").go("api/index.html")
    box = visit.page.locator("[data-try]").first
    box.locator("button").first.click()
    assert "site serve" in box.locator("[role=status]").inner_text()
    visit.assert_quiet()
