"""The comment on a pull request: what it tells, what no text in it can do, and its length."""

from __future__ import annotations

import re

from tests.builders import product, registry
from versioner.models import Problem
from versioner.query.compare.registries import changes_between
from versioner.reporting.review import MARKER, Review, review_markdown

HOSTILE = "a|b`c`<b>@all</b> #1 !2 https://evil.example [l](u) ![i](u) \u202e\n- **x** $y ~z"
MARKS = re.compile(r"[\\`*_\[\]!|~@$<>\n]")


def change_of(title: str):
    old = registry(product("shop", [], title="Shop"))
    return changes_between(old, registry(product("shop", [], title=title)))


def test_text_of_the_registry_is_nothing_but_text() -> None:
    problems = [Problem(f"registry/{HOSTILE}.yaml", 3, 1, "value", HOSTILE, HOSTILE)]
    text = review_markdown(
        Review(f"1 product: {len(problems)} error", problems, change_of(HOSTILE))
    )
    codes = re.findall(r"<code>(.*?)</code>", text)
    assert len(codes) >= 5
    assert all(not MARKS.search(each) for each in codes)
    outside = re.sub(r"<code>.*?</code>", "", text)
    assert "evil.example" not in outside
    assert "@" not in outside
    assert "\u202e" not in text
    # No text has made a cell or a line of its own.
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in rows} == {5, 3}


def test_the_verdict_is_first_and_the_marker_before_it() -> None:
    text = review_markdown(Review("2 products, 6 events: no errors", change=change_of("New")))
    assert text.startswith(f"{MARKER}\n### Registry: This change is valid\n\n2 products, 6 events")
    assert "<code>&quot;Shop&quot;</code> → <code>&quot;New&quot;</code>" in text
    assert "**Metrics:** unchanged." in text
    warned = Problem("registry/registry.yaml", 0, 0, "clock", "late", severity="warning")
    assert "is valid" in review_markdown(Review("x", [warned]))
    wrong = Problem("registry/registry.yaml", 0, 0, "value", "no", "write yes")
    assert "This change has errors" in review_markdown(Review("x", [warned, wrong]))


def test_a_change_of_nothing_says_so() -> None:
    text = review_markdown(Review("1 product: no errors", change=change_of("Shop")))
    assert "has no effect on the content" in text


def test_a_long_report_is_cut_and_says_how_much_is_missing() -> None:
    problems = [
        Problem(f"registry/products/p{number}/product.yaml", 1, 1, "value", "|" * 2000, "`" * 2000)
        for number in range(5000)
    ]
    text = review_markdown(Review("5,000 products: 5,000 errors", problems, change_of("|" * 9000)))
    assert len(text.encode()) < 60_000
    shown = text.count("\n| error |")
    assert 1 <= shown < 50
    assert f"{shown} of 5,000 rows; {5000 - shown:,} more." in text
    assert "**Metrics:**" in text
    # What fits is not cut.
    assert "more." not in review_markdown(Review("x", problems[:20] and [problems[0]]))
