"""The glossary: one source, short texts, and an anchor for each link to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.builders import deployment, product, registry
from tests.site.samples import TOOL
from versioner.resources import site_templates_dir
from versioner.site.build import build_site
from versioner.site.views.glossary import glossary_groups

if TYPE_CHECKING:
    from pathlib import Path


def test_each_term_has_one_anchor_and_two_sentences_at_most() -> None:
    terms = [term for group in glossary_groups() for term in group["terms"]]
    assert len(terms) > 35
    anchors = [group["anchor"] for group in glossary_groups()] + [each["anchor"] for each in terms]
    assert len(set(anchors)) == len(anchors)
    for term in terms:
        text = "".join(term["parts"])
        assert text.endswith("."), term["name"]
        assert 1 <= len(re.findall(r"[.](?= [A-Z]|$)", text)) <= 2, term["name"]
        # Code is between two back quotes.
        assert len(term["parts"]) % 2 == 1, term["name"]


def test_each_link_of_a_template_leads_to_a_term() -> None:
    anchors = {term["anchor"] for group in glossary_groups() for term in group["terms"]}
    anchors |= {group["anchor"] for group in glossary_groups()}
    used = [
        anchor
        for path in site_templates_dir().rglob("*.html")
        for anchor in re.findall(r'term\(frame, "([^"]+)"', path.read_text("utf-8"))
    ]
    assert len(used) > 4
    assert set(used) <= anchors


def test_the_page_has_every_term(tmp_path: Path) -> None:
    event = deployment("1.0", id="1".zfill(26), environment="staging", status="completed",
                       at="2026-11-01T10:00:00Z")  # fmt: skip
    whole = registry(product("shop", [event]), environments={"staging": {}})
    build_site(whole, tmp_path / "site", now="2026-11-02T10:00:00Z", tool_version=TOOL)
    page = (tmp_path / "site" / "glossary" / "index.html").read_text("utf-8")
    for group in glossary_groups():
        for term in group["terms"]:
            assert f'<div id="{term["anchor"]}">' in page
    assert "<code>report-only</code>" in page
    assert "`" not in page.partition("<main")[2].partition("</main>")[0]
    assert 'href="../glossary/index.html#what-runs-where"' in (
        tmp_path / "site" / "about" / "index.html"
    ).read_text("utf-8")
