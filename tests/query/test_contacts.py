from __future__ import annotations

import pytest

from tests.builders import NOW, deployment, product, registry
from versioner.query.derived.owners import contacts_of
from versioner.query.matrix import matrix
from versioner.reporting.query.attention import attention_text
from versioner.reporting.text import TextLayout
from versioner.site.context import SiteContext
from versioner.site.views.parts.attention import attention
from versioner.site.views.product import product_view

KNOWN = {
    "zone": "eu",
    "runbook": "https://wiki.example.com/run",
    "on_call": ["jane", "omar"],
    "team": "identity",
    "ticket": 4711,
}


def test_the_known_keys_are_in_one_order_and_others_are_none():
    found = contacts_of(product(extra_metadata=KNOWN))
    assert [(each.label, each.text) for each in found] == [
        ("team", "identity"), ("on call", "jane"), ("on call", "omar"),
        ("runbook", "https://wiki.example.com/run"), ("ticket", "4711"),
    ]  # fmt: skip


def test_a_deployment_has_a_ticket_of_its_own():
    event = deployment(extra_metadata={"ticket": "OPS-1", "note": "x"})
    found = contacts_of(product(extra_metadata=KNOWN), [event])
    assert found[-1].text == "OPS-1"


def test_what_the_site_hides_is_left_out():
    keys = {each.key for each in contacts_of(product(extra_metadata=KNOWN), hidden={"on_call"})}
    assert keys == {"team", "runbook", "ticket"}


@pytest.mark.parametrize("value", ["", "  ", None, True, {"a": "b"}, [], [{"a": 1}, None], [""]])
def test_a_value_that_names_nobody_is_no_contact(value):
    assert contacts_of(product(extra_metadata={"owner": value})) == []


def whole(status: str = "failed", **metadata: object):
    return registry(
        product("api", [deployment("1", status, minutes=-5)], extra_metadata=metadata),
        product("web", [deployment("1", minutes=-5)], extra_metadata=metadata),
    )


def report(found) -> str:
    return attention_text(TextLayout(), matrix(found, now=NOW), found)


def test_status_names_whom_to_ask_about_what_failed_and_about_nothing_else():
    text = report(whole(**KNOWN))
    assert "Needs attention" in text
    assert "api" in text and "web" not in text
    assert "on call: jane" in text and "runbook: https://wiki.example.com/run" in text
    assert "zone" not in text
    assert report(whole()) == ""
    assert report(whole("completed", **KNOWN)) == ""


def test_a_contact_cannot_drive_a_terminal():
    text = report(whole(owner="a\x1b[31m\nb", chat="::error ::x"))
    assert "\x1b" not in text
    assert "owner: a" in text
    assert "::error" not in text


def test_the_site_shows_the_contacts_where_something_failed_with_links_to_addresses():
    metadata = {**KNOWN, "chat": "https://me:secret@chat.example.com/x", "owner": "javascript:x"}
    context = SiteContext(whole(**metadata), now=NOW)
    (group, *_) = attention(context)
    (item,) = group["items"]
    links = {each["label"]: each["href"] for each in item["contacts"]}
    assert links["runbook"] == "https://wiki.example.com/run"
    assert links["chat"] == links["owner"] == links["team"] == ""
    places = product_view(context, "api")["places"]
    shown = {place["environment"]: place["contacts"] for place in places}
    assert shown["production"] == item["contacts"]
    assert not any(place["contacts"] for place in product_view(context, "web")["places"])


def test_a_key_that_the_site_hides_is_not_beside_a_failure():
    found = whole(**KNOWN)
    found.config["site"] = {"hidden_fields": ["on_call", "team"]}
    (group, *_) = attention(SiteContext(found, now=NOW))
    assert {each["label"] for each in group["items"][0]["contacts"]} == {"runbook", "ticket"}
