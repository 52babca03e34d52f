"""The report of a time: one file for offline use, the same bytes for the same commit."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]


def test_a_report_is_one_file_that_says_what_happened_and_what_runs(desk: Desk) -> None:
    page = desk.run("site", "report", "--since", "2026-10-01").out
    found = Tags(page)
    assert found.addresses == [] and not {"script", "link", "img"} & found.tags
    assert {"style", "main", "svg"} <= found.tags and "@import" not in page
    for heading in ("How it goes", "What changed", "What runs at the end"):
        assert f"<h2>{heading}</h2>" in page
    runs = page[page.index("What runs at the end") :]
    status = desk.run("status", "-o", "json").json()
    for product in status["products"]:
        assert product["product"] in runs
    assert desk.run("site", "report", "--since", "2026-10-01").out == page


def test_a_report_ends_where_it_is_told_to(desk: Desk) -> None:
    page = desk.run("site", "report", "--since", "2026-10-01", "--until", "2026-10-02").out
    assert "2 Oct 2026 23:59" in page
    texts = re.sub(r"<[^>]+>", " ", page[page.index("What runs at the end") :])
    state = desk.run("status", "--at", "2026-10-02T23:59:59Z", "-o", "json").json()
    for product in state["products"]:
        for cell in product["cells"].values():
            if cell["version"] and len(cell["version"]) < 20:
                assert cell["version"] in texts


def test_times_and_teams_that_do_not_fit_are_refused(desk: Desk) -> None:
    refused = desk.run("site", "report", "--since", "2026-10-05", "--until", "2026-10-01")
    assert (refused.code, refused.out) == (2, "")
    assert "before it begins" in refused.err
    unknown = desk.run("site", "report", "--since", "9d", "--team", "nobody-at-all")
    assert (unknown.code, unknown.out) != (0, "") and "has the team" in unknown.err
    assert desk.run("site", "report").code == 2
