"""Every kind of page, of the sample and in the real shape, at three widths, light and dark."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tests.browser.conftest import HERE, NODE_MODULES
from tests.browser.sites import largest_of_each_kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow

# The layout depends on the width alone, and the colours on the theme.
LIGHT = (390, 1440)
DARK = (768,)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    axe: str, open_page: Callable[..., Visit], site: Path, served: str, dark: bool
) -> None:
    kinds = largest_of_each_kind(site)
    assert len(kinds) >= 9
    faults = {}
    visit = open_page(served, dark=dark)
    # A page that leads on at once could not be looked at.
    hold_moved_pages(visit)
    for kind, path in kinds.items():
        visit.go(path)
        for width in DARK if dark else LIGHT:
            visit.page.set_viewport_size({"width": width, "height": 900})
            found = visit.run_axe(axe)
            wide = visit.page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{wide} pixels wide")
            if found:
                faults[f"{kind} ({path}) at {width}"] = found
        visit.assert_quiet()
    assert faults == {}


def test_axe_finds_a_planted_fault(
    axe: str, open_page: Callable[..., Visit], sample_url: str
) -> None:
    visit = open_page(sample_url).go("index.html")
    assert visit.run_axe(axe) == []
    visit.page.evaluate(
        "document.querySelector('h1').innerHTML = '<a href=\"#x\"></a><img src=\"data:,\">'"
    )
    found = " ".join(visit.run_axe(axe))
    assert "image-alt" in found
    assert "link-name" in found


def hold_moved_pages(visit: Visit) -> None:
    visit.page.add_init_script(
        "document.addEventListener('DOMContentLoaded', function () {"
        "  var link = document.querySelector('[data-moved]');"
        "  if (link) { link.removeAttribute('data-moved'); }"
        "}, true);"
    )


@pytest.fixture(scope="session")
def validator() -> list[str]:
    """Return the command that validates pages."""
    script = NODE_MODULES / "html-validate" / "bin" / "html-validate.mjs"
    node = shutil.which("node")
    if node is None or not script.is_file():
        pytest.skip("html-validate is missing: npm install --ignore-scripts --prefix tests/browser")
    return [node, str(script), "--config", str(HERE / "htmlvalidate.json"), "--formatter", "json"]


def test_the_html_validator_finds_nothing(validator: list[str], site: Path) -> None:
    pages = sorted(set(largest_of_each_kind(site).values()) | some_of(site))
    done = subprocess.run(
        [*validator, *(str(site / page) for page in pages)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    found = [
        f"{report['filePath']}:{message['line']}: {message['ruleId']}: {message['message']}"
        for report in json.loads(done.stdout)
        for message in report["messages"][:5]
    ]
    assert found == []
    assert done.returncode == 0, done.stderr


def some_of(site: Path, most: int = 150) -> set[str]:
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return set(pages[:: max(1, len(pages) // most)])


def test_every_feed_badge_and_sitemap_is_xml(site: Path) -> None:
    files = [path for ending in ("atom", "svg", "xml") for path in site.rglob(f"*.{ending}")]
    assert len(files) > 3
    for path in files:
        content = path.read_bytes()
        assert b"<!DOCTYPE" not in content
        ElementTree.fromstring(content)
