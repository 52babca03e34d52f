"""Free text is text: whatever it holds, the page has the same elements and attributes."""

from __future__ import annotations

import json
import re
import string
from functools import cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import parse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.site.checker import Page, page_of, unless_of_mail
from tests.site.hostile_texts import batches, texts
from tests.site.samples import TOOL, everything
from versioner.resources import site_templates_dir
from versioner.site.build import build_site
from versioner.site.context import SiteContext
from versioner.site.pages import pages_of
from versioner.site.rendering.render import Renderer
from versioner.site.urls import outward

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

RENDERER = Renderer(site_templates_dir())


def skeletons(text: str) -> dict[str, object]:
    """Render every page with a text in every field; return each one's elements."""
    context = SiteContext(everything(text), now=NOW)
    found: dict[str, object] = {}
    for page in pages_of(context, TOOL):
        parsed = Page(RENDERER.render(page.template, page.view).decode())
        assert unless_of_mail(page.path, parsed.faults) == [], (page.path, parsed.faults)
        found[name_of(page.path)] = parsed.skeleton
    return found


def name_of(path: str) -> str:
    """Return the path of a page without what it has from the name of a team or of a person."""
    path = re.sub("^people/(?!ann/)[^/]+/", "people/PERSON/", path)
    return re.sub("^teams/[^/]+/", "teams/TEAM/", path)


@cache
def harmless_skeletons() -> dict[str, object]:
    return skeletons("harmless")


def differing(text: str) -> list[str]:
    harmless = harmless_skeletons()
    hostile = skeletons(text)
    assert set(harmless) == set(hostile)
    return [path for path in harmless if harmless[path] != hostile[path]]


def site_of(text: str, out: Path) -> dict[str, object]:
    """Build a whole site with a text in every field; return each page's elements."""
    build_site(everything(text), out, now=NOW, tool_version=TOOL)
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.suffix == ".html":
            page = page_of(path.read_text(encoding="utf-8"))
            assert unless_of_mail(name, page.faults) == [], (name, page.faults)
            found[name] = page.skeleton
        elif path.suffix in (".atom", ".svg", ".xml"):
            found[name] = [(each.tag, sorted(each.keys())) for each in parse(path).getroot().iter()]
        elif path.suffix == ".json":
            json.loads(path.read_bytes())
    return found


def test_four_hundred_hostile_texts_add_no_element_and_no_attribute(
    tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    # Only a name without an address has a page, to which rows lead.
    made: dict[str, dict[str, object]] = {}
    assert len(texts()) == len(set(texts())) == 400
    for number, text in enumerate(batches(scale(200, 1))):
        found = site_of(text, tmp_path / "hostile")
        plain = "harm@less" if "@" in text else "harmless"
        harmless = made.get(plain) or made.setdefault(plain, site_of(plain, tmp_path / plain))
        # A team's pages and feeds are named after it.
        shared = harmless.keys() & found.keys()
        assert len(shared) > 30
        assert [path for path in shared if found[path] != harmless[path]] == [], (number, text)


def test_generated_texts_add_no_element_and_no_attribute(scale: Callable[[int, int], int]) -> None:
    markup = st.text(st.sampled_from("<>\"'&;=/! {}%-#:`" + string.ascii_letters), min_size=1)

    @settings(max_examples=scale(15, 400), deadline=None, suppress_health_check=list(HealthCheck))
    @given(markup.filter(lambda text: text.strip() and not outward(text)))
    def check(text: str) -> None:
        assert differing(text) == []

    check()


def test_a_hostile_text_is_shown_as_it_is() -> None:
    text = "<b>bold & 'brave'</b>"
    context = SiteContext(everything(text), now=NOW)
    for page in pages_of(context, TOOL):
        parsed = Page(RENDERER.render(page.template, page.view).decode())
        assert text in parsed.shown, page.path


def test_an_unusable_url_stays_text() -> None:
    harmless = skeletons("harmless")
    context = SiteContext(everything("harmless", "https://user:word@example.test/"), now=NOW)
    for page in pages_of(context, TOOL):
        parsed = Page(RENDERER.render(page.template, page.view).decode())
        assert not [link for link in parsed.links if "user:word" in link]
        assert len(parsed.skeleton) <= len(harmless[name_of(page.path)])  # type: ignore[arg-type]


def test_outward_links_tell_the_other_side_nothing() -> None:
    context = SiteContext(everything(), now=NOW)
    seen = 0
    for page in pages_of(context, TOOL):
        parsed = Page(RENDERER.render(page.template, page.view).decode())
        for tag, attrs in parsed.elements:
            given_attrs = dict(attrs)
            if tag == "a" and (given_attrs.get("href") or "").startswith("http"):
                seen += 1
                assert given_attrs["rel"] == "noopener noreferrer nofollow"
    assert seen > 10
