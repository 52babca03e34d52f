"""Atom feeds: RFC 4287 by a strict parser, stable ids, bounded, and nothing of text as markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from tests.builders import NOW, deployment, moment, product, registry, void
from tests.site.machine_files import HOSTILE, files_of
from tests.site.samples import everything
from versioner.site.exports.feeds import ENTRIES
from versioner.site.exports.xml import xml_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from versioner.registry.records import Registry

A = "{http://www.w3.org/2005/Atom}"
BASE = "https://example.test/registry/"


def feeds(whole: Registry, base_url: str = "") -> dict[str, Element]:
    files = files_of(whole, base_url)
    return {
        path: ET.fromstring(content) for path, content in files.items() if path.endswith(".atom")
    }


def ids(feed: Element) -> list[str]:
    return [found.text or "" for found in feed.iter(f"{A}id")]


def assert_rfc_4287(feed: Element) -> None:
    """Hold a feed to the rules of sections 4.1.1, 4.1.2 and 4.2 that concern what we write."""
    assert feed.tag == f"{A}feed"
    for element in (feed, *feed.findall(f"{A}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(A + name)) == 1
        assert urlsplit(element.findtext(f"{A}id", "")).scheme == "urn"
        assert datetime.fromisoformat(element.findtext(f"{A}updated", "")).tzinfo is not None
        links = element.findall(f"{A}link")
        kinds = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in links]
        assert len(kinds) == len(set(kinds))
        assert all(link.get("href") for link in links)
    assert (feed.findtext(f"{A}author/{A}name") or "").strip()
    for entry in feed.findall(f"{A}entry"):
        assert entry.find(f"{A}link[@rel='alternate']") is not None
        assert len(entry.findall(f"{A}summary")) == 1
        assert all((name.text or "").strip() for name in entry.findall(f"{A}author/{A}name"))
    assert len(ids(feed)) == len(set(ids(feed)))


def test_there_is_a_feed_of_everything_and_of_each_product_environment_and_team() -> None:
    assert set(feeds(everything("Crew One"))) == {
        "feeds/all.atom",
        "feeds/days.atom",
        *(
            f"feeds/products/{name}.atom"
            for name in ("empty-thing", "search-indexer", "user-service", "web-frontend")
        ),
        # A former name of user-service.
        "feeds/products/login-service.atom",
        *(
            f"feeds/environments/{name}.atom"
            for name in ("dev", "test", "staging", "production", "old-live")
        ),
        "feeds/teams/crew-one.atom",
    }


@pytest.mark.parametrize("text", ["Plain words", *HOSTILE])
@pytest.mark.parametrize("base_url", ["", BASE])
def test_every_feed_holds_to_the_rules_whatever_the_text(text: str, base_url: str) -> None:
    plain = feeds(everything(), base_url)["feeds/products/user-service.atom"]
    for feed in feeds(everything(text), base_url).values():
        assert_rfc_4287(feed)
    own = feeds(everything(text), base_url)["feeds/products/user-service.atom"]
    # A space alone names nobody; all else has the same elements, and the text in them.
    if text.strip():
        assert [each.tag for each in own.iter()] == [each.tag for each in plain.iter()]
        title = (own.findtext(f"{A}title") or "").removesuffix(": deployments")
        assert title == xml_text(text)


def test_ids_do_not_depend_on_where_the_site_is() -> None:
    here, there = feeds(everything()), feeds(everything(), BASE)
    assert {path: ids(feed) for path, feed in here.items()} == {
        path: ids(feed) for path, feed in there.items()
    }


def test_an_id_stays_when_the_deployment_goes_on_and_its_date_moves() -> None:
    opened = deployment("1", "started", minutes=-60, id="e1")
    before = feeds(registry(product("a", [opened])))["feeds/all.atom"]
    closed = deployment("1", "completed", minutes=-5, id="e2")
    after = feeds(registry(product("a", [opened, closed])))["feeds/all.atom"]
    assert ids(before) == ids(after)
    dates = [feed.findtext(f"{A}entry/{A}updated") for feed in (before, after)]
    assert dates == [moment(-60), moment(-5)]


def test_a_void_deployment_is_told_again() -> None:
    mistaken = deployment("1", minutes=-60, id="e1")
    voided = void(mistaken, minutes=-5, id="f1", reason="oops")
    feed = feeds(registry(product("a", [mistaken, voided])))["feeds/all.atom"]
    entry = feed.find(f"{A}entry")
    assert entry is not None
    assert (entry.findtext(f"{A}title") or "").endswith(": void")
    assert entry.findtext(f"{A}updated") == moment(-5)
    assert "oops" in (entry.findtext(f"{A}summary") or "")


def test_a_feed_has_the_latest_entries_only_newest_first() -> None:
    events = [deployment(str(n), minutes=-n, id=f"e{n}") for n in range(ENTRIES + 20)]
    feed = feeds(registry(product("a", events)))["feeds/products/a.atom"]
    dates = [entry.findtext(f"{A}published") for entry in feed.findall(f"{A}entry")]
    assert dates == [moment(-n) for n in range(ENTRIES)]
    assert feed.findtext(f"{A}updated") == NOW


def test_links_are_absolute_with_a_base_url_and_relative_without() -> None:
    for path, feed in feeds(everything()).items():
        links = feed.findall(f".//{A}link")
        assert all(not urlsplit(link.get("href", "")).scheme for link in links)
        assert {link.get("rel") for link in links} == {"alternate"}
        first = urljoin(BASE + path, links[-1].get("href", ""))
        assert first.startswith(BASE)
    for path, feed in feeds(everything(), BASE.rstrip("/")).items():
        links = {link.get("rel"): link.get("href", "") for link in feed.findall(f"{A}link")}
        assert links["self"] == BASE + path
        assert links["alternate"].startswith(BASE)


def test_links_lead_to_the_deployments_rows(site: Path) -> None:
    feed = ET.fromstring((site / "feeds/products/user-service.atom").read_bytes())
    for link in feed.findall(f"{A}entry/{A}link"):
        target = (site / "feeds" / "products" / link.get("href", "")).resolve()
        page, _, anchor = str(target).partition("#")
        assert re.search(f'id="{re.escape(anchor)}"', Path(page).read_text(encoding="utf-8"))


def test_an_empty_registry_has_a_valid_feed_of_nothing() -> None:
    feed = feeds(registry())["feeds/all.atom"]
    assert_rfc_4287(feed)
    assert feed.findall(f"{A}entry") == []


def test_teams_whose_names_come_out_the_same_have_feeds_of_their_own() -> None:
    names = ["Data & AI", "Data / AI", "data-ai", "日本", "!!"]
    products = [
        product(f"p{n}", [deployment(id=f"e{n}")], extra_metadata={"team": name})
        for n, name in enumerate(names)
    ]
    found = [path for path in feeds(registry(*products)) if path.startswith("feeds/teams/")]
    assert len(found) == len(names)
    assert "feeds/teams/data-ai.atom" not in found
