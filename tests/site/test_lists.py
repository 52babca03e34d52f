"""Lists of deployments by day and month, of all and of each environment; and what is beside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, build, deployment, moment, product, registry, void
from tests.site.checker import Page, check_site, read_site
from tests.site.samples import DAY, TOOL, everything
from versioner.git.event_commits import RecordedBy
from versioner.query.times.zones import Zone
from versioner.site.build import build_site

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import Registry

pytestmark = pytest.mark.slow

FORGE = {"type": "github", "url": "https://github.com/acme/deployments"}


def built(whole: Registry, out: Path, **more: object) -> dict[str, Page]:
    build_site(whole, out, now=NOW, tool_version=TOOL, **more)  # type: ignore[arg-type]
    assert check_site(out) == []
    return read_site(out)


def test_every_deployment_is_listed_in_its_month_of_all_and_of_its_environment(
    pages: dict[str, Page],
) -> None:
    anchors = {
        link.partition("#")[2]
        for path, page in pages.items()
        if re.fullmatch(r"deployments/\d.*", path)
        for link in page.links
        if "#d-" in link
    }
    placed = {
        name
        for path, page in pages.items()
        if re.fullmatch(r"products/[^/]+/\d.*", path)
        for name in page.ids
        if name.startswith("d-")
    }
    assert anchors == placed
    shown = pages["environments/production/2026-11.html"].shown
    assert "2026.11.2" in shown
    assert "failed" in shown


def test_a_crowded_month_of_all_goes_on_on_another_page(tmp_path: Path) -> None:
    products = [
        product(
            f"p{n}",
            [deployment("1", at=moment(m * 60, "2026-10-01T00:00:00Z")) for m in range(300)],
        )
        for n in range(3)
    ]
    pages = built(registry(*products), tmp_path / "out")
    rows = [
        pages[f"deployments/2026-10{part}.html"].text.count("<li>production ")
        for part in ("", "-2", "-3")
    ]
    assert rows == [400, 400, 100]
    assert "the latest 100 of 900 deployments" in pages["deployments/index.html"].shown


def test_a_version_on_its_way_through_the_environments_is_one_row_a_day(tmp_path: Path) -> None:
    said = {"deployed_by": "jane"}
    events = [
        deployment("1", minutes=-3 * DAY, environment="dev", **said),
        deployment("2", minutes=-9, environment="dev", **said),
        deployment("2", minutes=-8, environment="staging", **said),
        deployment("2", "failed", minutes=-7, environment="production", **said),
        deployment("2", minutes=-6, environment="production", **said),
        deployment("3", minutes=-5, environment="dev", **said),
        deployment("2", minutes=-4, environment="test", deployed_by="joe"),
    ]
    pages = built(registry(product("a", events), product("b", [])), tmp_path / "out")
    text = pages["deployments/2026-11.html"].text
    row = re.compile(r"<tr><th[^\n]*?</th><td>(.*?)</td><td><ul>(.*?)</ul></td><td>(.*?)</td>")
    rows = row.findall(text)
    found = [(v, re.findall("<li>(.*?)</li>", p), re.sub("<.*?>", "", s)) for v, p, s in rows]
    assert found == [
        ("2", ["test 10:11"], "completed"),
        ("3", ["dev 10:10"], "completed"),
        ("2", ["production 10:09", "staging 10:07", "dev 10:06"], "completed"),
        ("2", ["production 10:08"], "failed"),
        ("1", ["dev 10:15"], "completed"),
    ]


def test_days_are_those_of_the_registrys_zone(tmp_path: Path) -> None:
    whole = registry(product("a", [deployment("1", at="2026-11-21T23:30:00Z")]))
    whole.config["site"] = {"time_zone": "Europe/Berlin"}
    shown = built(whole, tmp_path / "out")["deployments/2026-11.html"].shown
    assert "22 Nov 2026" in shown
    assert "00:30" in shown
    assert "time (Europe/Berlin)" in shown


def test_a_page_by_day_is_in_one_zone_throughout(tmp_path: Path) -> None:
    whole = registry(product("a", [deployment("1", at="2026-11-21T23:30:00Z")]))
    whole.config["site"] = {"time_zone": "Europe/Berlin"}
    pages = built(whole, tmp_path / "out")
    for path in ("deployments/index.html", "deployments/2026-11.html",
                 "environments/production/2026-11.html"):  # fmt: skip
        assert "All times are in Europe/Berlin." in pages[path].shown
        assert "All times are UTC" not in pages[path].shown
    assert "As of 22 Nov 2026 11:15 ." in pages["deployments/index.html"].shown
    assert "All times are UTC." in pages["index.html"].shown


@pytest.mark.parametrize("name", ["", "UTC", "Atlantis/Capital", "../../etc/passwd"])
def test_a_zone_that_nobody_knows_is_utc(name: str) -> None:
    zone = Zone(name)
    assert (zone.name, zone.day(NOW), zone.clock(NOW)) == ("UTC", "2026-11-22", "10:15")


def test_a_mistake_is_struck_through_in_every_list(tmp_path: Path) -> None:
    mistaken = deployment("1", minutes=-5)
    whole = registry(product("a", [mistaken, void(mistaken, minutes=-1)]))
    pages = built(whole, tmp_path / "out")
    assert '<tr class="void">' in pages["deployments/index.html"].text
    assert "<del>1</del> void" in pages["environments/production/2026-11.html"].text


def test_the_commit_that_recorded_an_event_stands_with_it(tmp_path: Path) -> None:
    events = [deployment("1", minutes=-2 * DAY, id="e1"), deployment("2", minutes=-DAY, id="e2")]
    whole = registry(product("a", events, [build("1", minutes=-2 * DAY, id="b1")]))
    whole.config["forge"] = FORGE
    recorded = {
        "e1": RecordedBy("1" * 40, "Record one", NOW),
        "e2": RecordedBy("2" * 40, "Record two", NOW),
        "b1": RecordedBy("1" * 40, "Record one", NOW),
    }
    page = built(whole, tmp_path / "out", recorded=recorded)["products/a/2026-11.html"]
    assert f"https://github.com/acme/deployments/commit/{'2' * 40}" in page.links
    assert page.text.count("recorded by") == 3


def test_one_commit_that_recorded_all_of_a_page_is_said_once(tmp_path: Path) -> None:
    events = [deployment("1", minutes=-n * DAY, id=f"e{n}") for n in range(1, 9)]
    recorded = {event["id"]: RecordedBy("1" * 40, "Import 8 events", NOW) for event in events}
    whole = registry(product("a", events))
    page = built(whole, tmp_path / "out", recorded=recorded)["products/a/2026-11.html"]
    assert "All rows were recorded by commit 1111111111 (Import 8 events" in page.shown
    assert page.text.count("recorded by") == 1


def test_without_a_history_the_files_log_is_linked(tmp_path: Path) -> None:
    whole = registry(product("a", [deployment("1", minutes=-DAY)]))
    whole.config["forge"] = FORGE
    page = built(whole, tmp_path / "out")["products/a/2026-11.html"]
    log = "commits/main/registry/products/a/deployments/2026-11.yaml"
    assert f"https://github.com/acme/deployments/{log}" in page.links


def test_a_product_can_be_edited_and_its_history_read_on_the_forge(tmp_path: Path) -> None:
    whole = everything()
    whole.config["forge"] = FORGE
    links = built(whole, tmp_path / "out")["products/user-service/index.html"].links
    base = "https://github.com/acme/deployments"
    assert f"{base}/edit/main/registry/products/user-service/product.yaml" in links
    assert f"{base}/commits/main/registry/products/user-service" in links


def test_deleting_says_what_goes_with_it_and_who_needs_it(pages: dict[str, Page]) -> None:
    shown = pages["products/user-service/index.html"].shown
    assert "versioner product delete user-service" in shown
    assert "refused while 1 product need" in shown


def test_a_new_product_is_proposed_on_the_forge_or_made_by_a_command(
    tmp_path: Path, pages: dict[str, Page]
) -> None:
    page = pages["products/new.html"]
    assert "versioner product create new-service" in page.shown
    whole = registry()
    whole.config["forge"] = FORGE
    page = built(whole, tmp_path / "out")["products/new.html"]
    assert "https://github.com/acme/deployments/new/main" in page.links
    assert "data-path-key" in page.text


def test_what_needs_attention_is_said_first(pages: dict[str, Page]) -> None:
    shown = pages["index.html"].shown
    attention = shown.partition("Needs attention")[2].partition("Products by environment")[0]
    assert "1 deployment without a result" in attention
    assert "web-frontend in production: 2026.11.2 failed" in attention
    assert "2 products without an owner" in attention


def test_hidden_reasons_notes_and_commits_are_in_no_list(tmp_path: Path) -> None:
    whole = everything("secret-word")
    whole.config = {"site": {"hidden_fields": ["reason", "notes", "scm_sha", "scm_branch"]}}
    events = [deployment("1", minutes=-9, reason="hidden-why", scm_branch="hidden-branch")]
    mistaken = deployment("2", minutes=-8)
    events += [mistaken, void(mistaken, minutes=-7, reason="hidden-void")]
    builds = [build("1", minutes=-99, notes="hidden-notes", scm_sha="abcdef0123")]
    whole.products = {"a": product("a", events, builds)}
    whole.aliases = {}
    for page in built(whole, tmp_path / "out").values():
        assert "hidden-" not in page.text
        assert "abcdef0123" not in page.text
