"""Links: relative ones resolve wherever the site is; outward ones are chosen with care."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioner.site.urls import month_page, outward, relative
from versioner.site.wording import moment_text, month_text, version_text

PARTS = st.sampled_from(["a", "b", "products", "index.html", "2026-11.html"])
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(PATHS, PATHS)
def test_a_relative_link_resolves_as_a_browser_does(page: str, target: str) -> None:
    for root in ("https://example.test/", "https://example.test/sub/path/", "file:///tmp/site/"):
        assert urljoin(root + page, relative(page, target)) == root + target


@pytest.mark.parametrize(
    "url",
    [
        "https://example.test",
        "http://example.test:8080/a?b=c#d",
        "HTTPS://[::1]/x",
        "https://a/%20",
    ],
)
def test_web_addresses_are_links(url: str) -> None:
    assert outward(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "javascript:alert(1)",
        "https://",
        "https://user@example.test/",
        "https://user:word@example.test/",
        "https://@example.test/",
        "//example.test/",
        "ftp://example.test/",
        "https://example.test/ x",
        'https://example.test/"x',
        "https://example.test/\n",
        "https://[::1/",
        "https://example.test:99999/",
        "https://example.test/\u202e",
        "see https://example.test/",
    ],
)
def test_anything_else_stays_text(text: str) -> None:
    assert outward(text) == ""


def test_a_crowded_month_goes_on_under_a_name_of_its_own() -> None:
    assert month_page("a", "2026-11") == "products/a/2026-11.html"
    assert month_page("a", "2026-11", 2) == "products/a/2026-11-2.html"


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.4.0", "1.4.0"),
        ("cbcdc48083e9c2203e7d475478b1a6d94a39a5e1", "cbcdc48083…"),
        ("release-cbcdc48083e9c2203e7d475478b1a6d94a39a5e1", "release-cbcdc48083…"),
        ("feature/a-very-long-branch-name-indeed", "feature/a-very…e-indeed"),
        ("x" * 24, "x" * 24),
    ],
)
def test_a_version_too_long_for_a_cell_is_shortened(version: str, text: str) -> None:
    assert version_text(version) == text


def test_moments_read_the_same_everywhere() -> None:
    assert moment_text("2026-11-02T09:05:59Z") == "2 Nov 2026 09:05"
    assert month_text("2026-01") == "January 2026"
