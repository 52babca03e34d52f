"""Badges: well-formed pictures of what runs, with the same facts for shields."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from tests.builders import deployment, product, registry, undeployment
from tests.site.machine_files import HOSTILE, files_of
from tests.site.samples import everything
from versioner.site.exports.badges import svg, text_width

S = "{http://www.w3.org/2000/svg}"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG reckons it."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def facts(files: dict[str, bytes], name: str) -> tuple[str, str, str]:
    """Return a badge's facts, once the picture is found to show the same ones."""
    told = json.loads(files[f"badges/{name}.json"])
    picture = ET.fromstring(files[f"badges/{name}.svg"])
    assert picture.get("aria-label") == picture.findtext(f"{S}title")
    assert picture.findtext(f"{S}title") == f"{told['label']}: {told['message']}"
    assert [each.text for each in picture.iter(f"{S}text")] == [told["label"], told["message"]]
    assert told["color"] in files[f"badges/{name}.svg"].decode()
    return told["label"], told["message"], told["color"]


def test_a_badge_says_undeployed_also_beside_what_came_later() -> None:
    events = [
        deployment("1.0", minutes=-60),
        undeployment(minutes=-40),
        deployment("1.1", "started", minutes=-20),
    ]
    files = files_of(registry(product("a", events), product("b", events[2:])))
    assert facts(files, "a/production")[1] == "undeployed (started)"
    assert facts(files, "b/production")[1] == "not deployed (started)"


def test_a_badge_says_what_runs_and_what_is_beside_it() -> None:
    whole = registry(
        product(
            "a",
            [
                deployment("1.4.0", minutes=-90),
                deployment("1.5.0", "failed", minutes=-60),
                deployment("1.5.0", minutes=-80, environment="staging"),
                deployment("1.6.0", "started", minutes=-5, environment="staging"),
            ],
        )
    )
    files = files_of(whole)
    assert facts(files, "a/production")[:2] == ("production", "1.4.0 (failed)")
    assert facts(files, "a/staging")[:2] == ("staging", "1.5.0 (started)")
    assert facts(files, "a/dev")[:2] == ("dev", "not deployed")
    assert facts(files, "a.drift")[:2] == ("a", "drifting")


def test_a_product_in_step_says_so() -> None:
    events = [deployment("1", environment=name) for name in ("staging", "production")]
    files = files_of(registry(product("a", events), product("b")))
    assert facts(files, "a.drift")[:2] == ("a", "in step")
    assert facts(files, "b.drift")[:2] == ("b", "not deployed")


def test_every_badge_can_be_read() -> None:
    files = files_of(everything())
    names = [path.removesuffix(".json") for path in files if re.match(r"badges/.*\.json", path)]
    # Four products, one of them with a former name too.
    assert len(names) == (4 + 1) * 5
    for name in names:
        assert contrast(facts(files, name.removeprefix("badges/"))[2], "#ffffff") >= 4.5


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    plain = ET.fromstring(svg("label", "message", "#1f7a4d"))
    picture = ET.fromstring(svg(text, text, "#1f7a4d"))
    assert [(e.tag, [*e.attrib]) for e in picture.iter()] == [
        (e.tag, [*e.attrib]) for e in plain.iter()
    ]


@pytest.mark.parametrize("text", ["v1", "release-4c7a400235…", "W" * 30, "iiiiii", "日本語"])
def test_the_picture_is_as_wide_as_its_words(text: str) -> None:
    picture = ET.fromstring(svg("production", text, "#1f7a4d"))
    words = [int(each.get("textLength", "0")) for each in picture.iter(f"{S}text")]
    assert words == [text_width("production"), text_width(text)]
    assert int(picture.get("width", "0")) == sum(words) + 4 * 6


def test_wide_letters_take_more_room_than_narrow_ones() -> None:
    assert text_width("WWWW") > text_width("aaaa") > text_width("iiii") > 0


def test_a_version_is_shortened_as_on_the_pages() -> None:
    digest = "4c7a400235b40369232bb50dec552d6f943db662"
    files = files_of(registry(product("a", [deployment(f"release-{digest}")])))
    assert facts(files, "a/production")[1] == "release-4c7a400235…"


def test_badges_and_feeds_are_there_under_each_name_that_was_ever_right() -> None:
    record = product("shop", [deployment("1", id="e1")])
    before = files_of(registry(record))
    whole = registry(
        record,
        aliases={"old-shop": "shop"},
        environments={"production": {"aliases": ["prod"]}},
        environment_aliases={"prod": "production"},
    )
    files = files_of(whole)
    for suffix in ("svg", "json"):
        badge = files[f"badges/shop/production.{suffix}"]
        for name in ("shop/prod", "old-shop/prod", "old-shop/production"):
            assert files[f"badges/{name}.{suffix}"] == badge
        assert files[f"badges/old-shop.drift.{suffix}"] == files[f"badges/shop.drift.{suffix}"]
    for path in ("feeds/products/{}.atom", "feeds/environments/{}.atom"):
        new, old = ("shop", "old-shop") if "products" in path else ("production", "prod")
        assert before[path.format(new)] == files[path.format(new)]
        assert files[path.format(old)] != files[path.format(new)]
        assert b"<id>urn:uuid:" in files[path.format(old)]
    assert not [path for path in before if "old-shop" in path or "/prod." in path]
