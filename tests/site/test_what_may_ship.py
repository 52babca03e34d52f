"""The pages of what may ship: rules, requests and the calendar, and what is closed and when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from icalendar import Calendar
from jsonschema import Draft202012Validator

from tests.builders import deployment
from tests.registry.files import load, log, product, told
from tests.site.checker import check_site, read_site
from tests.site.samples import TOOL
from versioner.registry.event_order import seconds_of
from versioner.rules.gate.closed_times import closed_times
from versioner.site.api.openapi import openapi
from versioner.site.build import build_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site.checker import Page

pytestmark = pytest.mark.slow

# A Saturday.
NOW = "2026-11-28T10:00:00Z"


def rule(name: str, *lines: str) -> dict[str, bytes]:
    text = "\n".join([f'name: "{name}"', *lines, ""])
    return {f"registry/rules/{name}.yaml": text.encode()}


def schedule(name: str, word: str, *windows: str, more: tuple[str, ...] = ()) -> dict[str, bytes]:
    listed = [f"    - {each}" for each in windows]
    return rule(name, *more, 'type: "schedule"', "schedule:", f"  {word}:", *listed)


PRODUCTION = 'applies_to: {environment_types: ["production"]}'
WEEKEND = schedule(
    "weekend",
    "blocked",
    'weekly: {from: "fri 15:00", to: "mon 09:00"}',
    more=('title: "No production at the weekend"', 'reason: "Nobody is <there>."', PRODUCTION),
)
NIGHTS = schedule(
    "nights", "allowed", 'daily: {from: "06:00", to: "22:00"}', more=('enforcement: "report-only"',)
)
STAGING_FIRST = rule(
    "staging-first", PRODUCTION, 'type: "flow"', 'flow: {through: ["staging"], soak: "24h"}'
)
REQUEST = {
    "registry/requests/rates/request.yaml": b"""\
name: "rates"
title: "New <rates>"
state: "open"
environments: ["production"]
versions: {shop: "1.1", web: "2.0", stock: "7"}
window: {from: "2026-12-01T06:00:00Z", to: "2026-12-01T10:00:00Z"}
order: [["shop"], ["web"]]
approvals: {qa: 1}
steps:
  before: ["Tell the support desk"]
"""
}
PRODUCTS = (
    product("shop", 'title: "The shop"'),
    product("web"),
    log(
        "shop",
        deployment("1.0", id="a", at="2026-11-20T10:00:00Z", environment="production"),
        deployment("1.1", id="b", at="2026-11-21T10:00:00Z", environment="production"),
    ),
    log("web", deployment("1.0", id="c", at="2026-11-20T10:00:00Z", environment="production")),
)


def built(out: Path, *parts: dict[str, bytes], now: str = NOW) -> dict[str, Page]:
    registry = load(*PRODUCTS, *parts)
    assert [each for each in registry.problems if each.severity == "error"] == [], told(registry)
    build_site(registry, out, now=now, tool_version=TOOL)
    assert check_site(out) == []
    return read_site(out)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate") / "out"


@pytest.fixture(scope="module")
def pages(out: Path) -> dict[str, Page]:
    return built(out, WEEKEND, NIGHTS, STAGING_FIRST, REQUEST, product("stock"))


def test_a_registry_without_rules_has_none_of_these_pages(tmp_path: Path) -> None:
    found = built(tmp_path / "out")
    assert not {"rules/index.html", "requests/index.html", "calendar/index.html"} & set(found)
    assert not (tmp_path / "out/freezes.ics").exists()
    assert "Rules" not in found["index.html"].shown.split()


def test_the_page_of_rules_says_what_each_asks_for(pages: dict[str, Page]) -> None:
    shown = pages["rules/index.html"].shown
    for text in (
        "3 rules",
        "No production at the weekend",
        "production environments",
        "Nothing ships each week from Fri 15:00 to Mon 09:00 (UTC)",
        "Nobody is <there>.",
        "report only",
        "Only after staging, for 1 day in staging",
    ):
        assert text in shown, text


@pytest.mark.parametrize("page", ["index.html", "environments/production/index.html"])
def test_what_is_closed_stands_as_times(pages: dict[str, Page], page: str) -> None:
    weekend = "closed from Fri 27 Nov 2026 15:00 to Mon 30 Nov 2026 09:00 UTC"
    assert weekend in pages[page].shown
    assert "closed from Sat 28 Nov 2026 22:00 to Sun 29 Nov 2026 06:00 UTC" in pages[page].shown
    times = f"{seconds_of('2026-11-27T15:00:00Z')} {seconds_of('2026-11-30T09:00:00Z')}"
    assert f'data-closed="{times}' in pages[page].text


def test_a_rule_of_other_environments_closes_nothing_on_a_page(pages: dict[str, Page]) -> None:
    shown = pages["environments/staging/index.html"].shown
    assert "weekend" not in shown
    assert "nights" in shown


def test_the_calendar_has_each_day_in_the_zone_of_the_site(pages: dict[str, Page]) -> None:
    text = pages["calendar/index.html"].text
    days = text.split('<time datetime="')[1:]
    assert days[0].startswith("2026-11-28")
    assert len([each for each in days if each[:4] in ("2026", "2027")]) >= 60
    saturday, sunday, monday = days[:3]
    assert "all day" in saturday
    assert "22:00 to 24:00" in saturday
    assert "all day" in sunday
    assert "00:00 to 09:00" in monday
    (tuesday,) = (each for each in days if each.startswith("2026-12-01"))
    assert "06:00 to 10:00" in tuesday
    assert "New &lt;rates&gt;" in tuesday


def test_a_calendar_program_reads_the_file(pages: dict[str, Page], out: Path) -> None:
    calendar = Calendar.from_ical((out / "freezes.ics").read_bytes())
    events = list(calendar.walk("VEVENT"))
    assert {str(each["summary"]).partition(":")[0] for each in events} == {
        "No production at the weekend"
    }
    first = min(events, key=lambda each: each["dtstart"].dt)
    assert first["dtstart"].dt.isoformat() == "2026-11-27T15:00:00+00:00"
    assert first["dtend"].dt.isoformat() == "2026-11-30T09:00:00+00:00"
    assert "Nobody is <there>." in str(first["description"])
    assert len({str(each["uid"]) for each in events}) == len(events) == 9


def test_the_page_of_a_request_says_what_it_waits_for(pages: dict[str, Page]) -> None:
    shown = pages["requests/rates/index.html"].shown
    for text in (
        "New <rates>",
        "(coming)",
        "Stage 1",
        "now 1.0",
        "nothing runs there",
        "0 of 1",
        "versioner request approve rates --type qa",
        "Tell the support desk",
    ):
        assert text in shown, text
    # The shop has its version, so what comes after it does not wait for it.
    assert "after shop" not in shown
    assert "Open" in pages["requests/index.html"].shown


def test_a_later_stage_waits_for_an_earlier_one(tmp_path: Path) -> None:
    text = REQUEST["registry/requests/rates/request.yaml"].replace(b'shop: "1.1"', b'shop: "1.2"')
    request = {"registry/requests/rates/request.yaml": text}
    found = built(tmp_path / "out", request, product("stock"))
    assert "after shop" in found["requests/rates/index.html"].shown


def test_the_same_registry_gives_the_same_bytes(out: Path, tmp_path: Path, pages: object) -> None:
    built(tmp_path / "again", WEEKEND, NIGHTS, STAGING_FIRST, REQUEST, product("stock"))
    for path in ("freezes.ics", "calendar/index.html", "index.html"):
        assert (tmp_path / "again" / path).read_bytes() == (out / path).read_bytes()


AT = seconds_of(NOW)


@pytest.mark.parametrize(
    ("word", "windows", "expected"),
    [
        ("blocked", ['daily: {from: "00:00", to: "24:00"}'], [("2026-10-24T00:00:00Z", "")]),
        ("allowed", ['daily: {from: "00:00", to: "24:00"}'], []),
        (
            "blocked",
            ['once: {from: "2026-11-28T09:00", to: "2027-06-01T00:00"}'],
            [("2026-11-28T09:00:00Z", "2027-06-01T00:00:00Z")],
        ),
        ("allowed", ['once: {from: "2020-01-01T00:00", to: "2020-01-02T00:00"}'], [("", "")]),
        (
            "allowed",
            ['once: {from: "2026-11-30T00:00", to: "2026-12-01T00:00"}'],
            [("", "2026-11-30T00:00:00Z")],
        ),
        (
            "blocked",
            ['daily: {from: "22:00", to: "02:00"}', 'daily: {from: "02:00", to: "06:00"}'],
            [
                ("2026-11-28T22:00:00Z", "2026-11-29T06:00:00Z"),
                ("2026-11-29T22:00:00Z", "2026-11-30T06:00:00Z"),
            ],
        ),
    ],
)
def test_closed_times(word: str, windows: list[str], expected: list[tuple[str, str]]) -> None:
    (found,) = load(schedule("r", word, *windows)).governance.rules
    times = closed_times(found.block, AT, AT + 2 * 86_400)
    given = [tuple(seconds_of(each) if each else None for each in pair) for pair in expected]
    assert [tuple(each) for each in times] == given


def document(out: Path, path: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((out / "api/v1" / path).read_text(encoding="utf-8"))
    return found


def test_the_api_has_what_the_pages_show(out: Path, pages: object) -> None:
    rules = document(out, "rules.json")["rules"]
    assert [each["name"] for each in rules] == ["nights", "staging-first", "weekend"]
    weekend = rules[2]
    assert (weekend["applies_to"], weekend["except"]) == (
        [{"key": "environment_types", "names": ["production"]}],
        [],
    )
    assert weekend["page"] == "rules/index.html#r-weekend"
    closed = document(out, "calendar.json")["closed"]
    first = next(each for each in closed if each["rule"] == "weekend")
    assert (first["from"], first["to"]) == ("2026-11-27T15:00:00Z", "2026-11-30T09:00:00Z")
    (summary,) = document(out, "requests/index.json")["requests"]
    whole = document(out, "requests/rates/index.json")
    assert {key: whole[key] for key in summary} == summary
    assert summary["state"] == "open"
    states = {each["product"]: each for each in whole["deployments"]}
    assert (states["shop"]["completed"], states["shop"]["running"]) == (True, ["1.1"])
    assert (states["web"]["completed"], states["web"]["running"]) == (False, ["1.0"])
    assert whole["approvals"] == [{"type": "qa", "needed": 1, "approved_by": [], "rejected_by": []}]


def test_the_documents_are_as_the_schema_says(out: Path, pages: object) -> None:
    schemas = {"$defs": json.loads(json.dumps(openapi("x")["components"]["schemas"]).replace(
        "#/components/schemas/", "#/$defs/"))}  # fmt: skip
    for path, name in {
        "rules.json": "Rules",
        "calendar.json": "Calendar",
        "requests/index.json": "Requests",
        "requests/rates/index.json": "Request",
        "index.json": "Index",
    }.items():
        schema = {**schemas, "$ref": f"#/$defs/{name}"}
        Draft202012Validator(schema).validate(document(out, path))


def test_an_override_needs_attention_until_it_is_reviewed(tmp_path: Path) -> None:
    start = deployment(
        "1.2", "started", id="o", at="2026-11-27T10:00:00Z", environment="production",
        overrides=[{"rule": "weekend", "reason": "The shop is <down>"}],
    )  # fmt: skip
    other = product("other"), log("other", start)
    shown = built(tmp_path / "out", WEEKEND, *other)["index.html"].shown
    assert "1 deployment in spite of a rule, not reviewed" in shown
    assert "1.2 overrides weekend: The shop is <down>" in shown
    review = (
        b'- {at: "2026-11-27T12:00:00Z", version: "1.2", decision: "override-reviewed", '
        b'by: "ann", event: "o", id: "d"}\n'
    )
    decisions = {"registry/products/other/decisions/2026-11.yaml": b"# log\n" + review}
    shown = built(tmp_path / "again", WEEKEND, *other, decisions)["index.html"].shown
    assert "in spite of a rule" not in shown


BUTTON = (
    "buttons:",
    '  - title: "Deploy"',
    '    url: "https://ci.test/?v={vi_version}&to={vi_environment_name}"',
    '    only_when: "allowed"',
)
QA = rule("qa", PRODUCTION, 'type: "version-approval"', "version-approval: {types: {qa: 1}}")


def test_a_product_says_what_its_next_version_waits_for(tmp_path: Path) -> None:
    moved = log(
        "moved",
        deployment("1.0", id="m1", at="2026-11-20T10:00:00Z", environment="staging"),
        deployment("1.0", id="m2", at="2026-11-21T10:00:00Z", environment="production"),
        deployment("1.1", id="m3", at="2026-11-28T09:00:00Z", environment="staging"),
    )
    parts = (product("moved", *BUTTON), moved, WEEKEND, STAGING_FIRST)
    page = built(tmp_path / "out", *parts)["products/moved/index.html"]
    assert "What 1.1 must meet in production:" in page.shown
    assert "No production at the weekend Nothing ships each week" in page.shown
    assert "for 1 day in staging: from 29 Nov 2026 09:00 UTC on" in page.shown
    assert "https://ci.test/?v=1.1&amp;to=production" in page.text
    page = built(tmp_path / "blocked", *parts, QA)["products/moved/index.html"]
    assert "qa: 0 of 1" in page.shown
    assert "https://ci.test/?v=1.1" not in page.text
    assert "Deploy 1.1: not allowed yet (qa)" in page.shown
    decisions = b'- {at: "2026-11-28T09:30:00Z", version: "1.1", decision: "approved", '
    decisions += b'approval_type: "qa", by: "ann", id: "q"}\n'
    approved = {"registry/products/moved/decisions/2026-11.yaml": b"# log\n" + decisions}
    page = built(tmp_path / "approved", *parts, QA, approved)["products/moved/index.html"]
    assert "https://ci.test/?v=1.1&amp;to=production" in page.text


ROLLED = (
    deployment("1.0", id="r1", at="2026-11-20T10:00:00Z", environment="production"),
    deployment("1.1", id="r2", at="2026-11-24T10:00:00Z", environment="production"),
)


def test_a_place_leads_back_to_the_version_before(tmp_path: Path) -> None:
    parts = (product("rolled", *BUTTON), log("rolled", *ROLLED))
    page = built(tmp_path / "free", *parts)["products/rolled/index.html"]
    assert "Roll back to 1.0" in page.shown
    assert "https://ci.test/?v=1.0&amp;to=production" in page.text
    page = built(tmp_path / "held", *parts, QA, WEEKEND)["products/rolled/index.html"]
    assert "Deploy: not allowed yet (qa)" in page.shown
    assert "https://ci.test/?v=1.0" not in page.text
    exempt = {path: text + b'rollbacks: "exempt"\n' for path, text in QA.items()}
    page = built(tmp_path / "exempt", *parts, exempt, WEEKEND)["products/rolled/index.html"]
    assert "https://ci.test/?v=1.0&amp;to=production" in page.text
    assert 'data-held-by="weekend"' in page.text
    back = deployment("1.0", id="r3", at="2026-11-25T10:00:00Z", environment="production")
    again = (product("rolled", *BUTTON), log("rolled", *ROLLED, back))
    page = built(tmp_path / "back", *again)["products/rolled/index.html"]
    assert "Roll back" not in page.shown


def test_a_product_says_what_is_closed_in_words_and_by_the_name_of_the_rule(
    pages: dict[str, Page], out: Path
) -> None:
    page = pages["products/shop/index.html"]
    assert "Nothing ships each week from Fri 15:00 to Mon 09:00 (UTC)" in page.shown
    assert 'data-closed-rule="weekend"' in page.text
    assert 'data-closed-rule="nights" data-report-only' in page.text
    script = (out / "assets/closed_times.js").read_text("utf-8")
    times = json.loads(script.removeprefix("versionerClosed(").removesuffix(");\n"))
    assert set(times) == {"weekend", "nights"}
    start, end = seconds_of("2026-11-27T15:00:00Z"), seconds_of("2026-11-30T09:00:00Z")
    assert times["weekend"].startswith(f"{start} {end} ")


WAITING = REQUEST["registry/requests/rates/request.yaml"].replace(b'shop: "1.1"', b'shop: "1.2"')
STAGED = log(
    "shop",
    deployment("1.2", id="s", at="2026-11-27T10:00:00Z", environment="staging"),
    deployment("1.0", id="a", at="2026-11-20T10:00:00Z", environment="production"),
)
ASKS = rule("asks", PRODUCTION, 'type: "request-approval"', "request-approval: {}")


def test_a_product_says_what_its_request_lacks(tmp_path: Path) -> None:
    request = {"registry/requests/rates/request.yaml": WAITING}
    page = built(tmp_path / "open", STAGED, request, product("stock"), ASKS)
    shown = page["products/shop/index.html"].shown
    assert "New <rates> not approved: qa 0 of 1, step before.1" in shown
    assert "its window is from 1 Dec 2026 06:00 to 1 Dec 2026 10:00 UTC" in shown
    assert "no approved request has 1.2" in shown
