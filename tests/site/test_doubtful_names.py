"""The overview lists names that are probably slips, with the command that merges them."""

from __future__ import annotations

from tests.builders import NOW, deployment, product, registry
from versioner.site.context import SiteContext
from versioner.site.views.overview import overview_view


def site(slip: str) -> SiteContext:
    known = [
        deployment(f"1.{number}", minutes=-60 + number, id=f"e{number}") for number in range(3)
    ]
    records = product("shop", known), product(slip, [deployment("1.0", minutes=-5, id="x")])
    return SiteContext(registry(*records, config={"schema_version": 1}), now=NOW)


def test_a_slip_needs_attention_with_its_command():
    view = overview_view(site("shpo"))
    (group,) = (each for each in view["attention"] if each["commands"])
    assert group["text"] == "1 name similar to another name"
    assert group["commands"] == [
        {
            "text": 'the product "shpo" has a name similar to "shop"',
            "command": "versioner product merge shpo --into shop",
        }
    ]


def test_other_names_do_not():
    view = overview_view(site("billing"))
    assert not any(each["commands"] for each in view["attention"])
