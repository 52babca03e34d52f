"""What search engines read: robots.txt always, a sitemap where the site's address is known."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, registry
from tests.site.samples import TOOL, everything
from versioner.site.build import build_site
from versioner.site.context import SiteContext
from versioner.site.exports.files import crawler_files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

S = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
BASE = "https://example.test/sub/"


def places(content: bytes) -> list[str]:
    return [each.text or "" for each in ET.fromstring(content).iter(f"{S}loc")]


def test_without_a_base_url_there_is_no_sitemap(site: Path) -> None:
    assert not (site / "sitemap.xml").exists()
    assert "Sitemap" not in (site / "robots.txt").read_text()


def test_the_sitemap_has_every_page_that_says_something(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_site(everything(), out, now=NOW, tool_version=TOOL, base_url=BASE)
    assert f"Sitemap: {BASE}sitemap.xml" in (out / "robots.txt").read_text()
    found = [each.removeprefix(BASE) for each in places((out / "sitemap.xml").read_bytes())]
    assert all((out / path).is_file() for path in found)
    assert {"index.html", "api/index.html", "products/user-service/index.html"} <= set(found)
    led_on = {"404.html", "products/login-service/index.html", "products/legacy-billing/index.html"}
    assert not led_on & set(found)


def test_a_large_sitemap_is_an_index_of_parts() -> None:
    pages = [f"p{number:03}.html" for number in range(25)]
    files = dict(crawler_files(BASE, pages, limit=10))
    assert ET.fromstring(files["sitemap.xml"]).tag == f"{S}sitemapindex"
    parts = [each.removeprefix(BASE) for each in places(files["sitemap.xml"])]
    assert parts == ["sitemap-1.xml", "sitemap-2.xml", "sitemap-3.xml"]
    assert [place for part in parts for place in places(files[part])] == [BASE + p for p in pages]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://example.test", "https://example.test/"),
        ("https://example.test/sub", BASE),
        ("https://example.test/sub/?q#f", BASE),
        ("https://user:word@example.test/", ""),
        ("https://example.test/a b", ""),
        ("https://example.test/../x", "https://example.test/../x/"),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_only_a_plain_web_address_is_the_sites_own(given: str, expected: str) -> None:
    assert SiteContext(registry(), now=NOW, base_url=given).base_url == expected
