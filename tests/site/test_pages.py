"""Every page: well-formed, linked, and showing what the registry says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, moment, product, registry
from tests.site.checker import Page, check_site, read_site
from tests.site.samples import ARTIFACTS, DAY, DIGEST, TOOL, everything
from versioner.registry.event_order import seconds_of
from versioner.site.build import build_site

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_every_page_is_well_formed_and_every_link_and_anchor_resolves(site: Path) -> None:
    assert check_site(site) == []


def test_an_empty_registry_has_a_site_that_says_what_to_do(tmp_path: Path) -> None:
    whole = registry()
    whole.environments = {}
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    assert check_site(tmp_path / "out") == []
    shown = read_site(tmp_path / "out")["index.html"].shown
    assert "There are no products yet" in shown
    assert "versioner track deployment" in shown


def test_the_pages_are_those_that_the_design_names(pages: dict[str, Page]) -> None:
    assert {
        "index.html",
        "404.html",
        "about/index.html",
        "products/index.html",
        "products/user-service/index.html",
        "products/user-service/2026-11.html",
        "products/login-service/index.html",
        "products/login-service/2026-11.html",
        "products/legacy-billing/index.html",
        "environments/index.html",
        "environments/production/index.html",
        "environments/old-live/index.html",
    } <= set(pages)


def row_of(page: Page, first: str) -> str:
    """Return the text of the table row that begins with a word."""
    head = re.compile(rf'<th scope="row"><a href="[^"]*">{first}</a>')
    found = next(part for part in page.text.split("<tr") if head.search(part))
    return Page("<tr" + found.partition("</tr>")[0] + "</tr>").shown


def test_the_overview_says_version_status_and_age_of_each_cell(pages: dict[str, Page]) -> None:
    row = row_of(pages["index.html"], "Plain words")
    # It was deployed again three days ago; the stay began with the rollback.
    assert "1.0.0 completed 4 days ago" in row
    assert "1.1.0 completed 1 hour ago" in row
    assert row.count("not deployed") == 2


def test_the_overview_shows_beside_what_runs_what_is_open_or_went_wrong(
    pages: dict[str, Page],
) -> None:
    row = row_of(pages["index.html"], "web-frontend")
    assert "2026.11.1 completed 3 days ago failed 2026.11.2 2 days ago" in row
    assert "no result 2026.11.3 1 day ago" in row
    assert "aborted 2026.11.3 20 minutes ago" in row
    assert "pending 2026.11.3 10 minutes ago" in row


def test_the_overview_marks_drift_and_leaves_retired_environments_out(
    pages: dict[str, Page],
) -> None:
    page = pages["index.html"]
    assert "drifting" in row_of(page, "Plain words")
    assert "drifting" not in row_of(page, "empty-thing")
    assert "old-live" not in page.shown
    assert "old-live" in pages["environments/index.html"].shown


def test_the_figures_count_the_last_week_and_what_is_under_way(pages: dict[str, Page]) -> None:
    shown = pages["index.html"].shown
    for figure in (
        "products 4",
        "deployments in the last 7 days 9",
        "failure in the last 7 days 1",
        "in progress 1",
        "drifting 1",
    ):
        assert figure in shown


def test_without_a_script_the_week_is_that_before_the_last_commit_and_the_page_says_so(
    pages: dict[str, Page],
) -> None:
    shown = pages["index.html"].shown
    assert "The last 7 days are those before 22 Nov 2026 10:15 UTC" in shown
    figures = [dict(attrs) for tag, attrs in pages["index.html"].elements if tag == "div"]
    times = {each["data-noun"]: each["data-times"] or "" for each in figures if "data-noun" in each}
    assert {noun: len(text.split()) for noun, text in times.items()} == {
        "deployment": 9, "failure": 1,
    }  # fmt: skip
    newest = sum(int(part, 36) for part in times["deployment"].split())
    assert 0 <= seconds_of(NOW) - newest < 7 * 86400


def test_status_is_told_by_word_and_by_shape(pages: dict[str, Page]) -> None:
    text = pages["index.html"].text
    for name, word in (("completed", "completed"), ("failed", "failed"), ("stale", "no result")):
        assert f'<span class="status status-{name}">{word}</span>' in text


def test_a_rollback_a_redeployment_and_a_mistake_are_marked(pages: dict[str, Page]) -> None:
    text = pages["products/user-service/index.html"].text
    assert '<span class="status status-rollback">rollback</span>' in text
    assert '<span class="status status-redeployment">redeployment</span>' in text
    assert text.count('<tr class="void">') == 1
    assert "void: Plain words" in text


def test_a_long_version_is_short_where_it_is_a_link_and_whole_at_its_place(
    pages: dict[str, Page],
) -> None:
    assert "73b3cef9df…" in pages["index.html"].shown
    assert DIGEST not in pages["index.html"].shown
    assert any(DIGEST in page.shown for path, page in pages.items() if "search-indexer/20" in path)


def test_a_month_has_everything_recorded(pages: dict[str, Page]) -> None:
    shown = pages["products/user-service/2026-10.html"].shown
    for fact in ("run Plain words", "deployed at https://example.test/page", '{"inner": ["Plain'):
        assert fact in shown
    assert DIGEST in shown


def test_a_month_shows_the_artifacts_of_a_version(pages: dict[str, Page]) -> None:
    shown = pages["products/user-service/2026-11.html"].shown
    assert all(f"artifact {name} {digest}" in shown for name, digest in ARTIFACTS.items())


def test_an_old_name_leads_to_the_same_page_of_the_new_one(pages: dict[str, Page]) -> None:
    assert '<a href="../user-service/2026-11.html" data-moved>' in (
        pages["products/login-service/2026-11.html"].text
    )


def test_a_deleted_product_has_a_plain_page(pages: dict[str, Page]) -> None:
    shown = pages["products/legacy-billing/index.html"].shown
    assert "versioner product restore legacy-billing" in shown
    assert "c" * 40 in shown


def test_the_lost_page_links_from_the_base_url(tmp_path: Path, site: Path) -> None:
    assert 'href="/products/index.html"' in (site / "404.html").read_text()
    build_site(
        registry(), tmp_path / "out", now=NOW, tool_version=TOOL, base_url="https://x.test/a/b"
    )
    assert 'href="/a/b/products/index.html"' in (tmp_path / "out" / "404.html").read_text()


def test_commit_and_time_of_the_build_stand_on_the_about_page_only(
    site: Path, pages: dict[str, Page]
) -> None:
    revision = everything().revision
    assert [path for path, page in pages.items() if str(revision) in page.text] == [
        "about/index.html"
    ]
    facts = json.loads((site / "build.json").read_text())
    assert facts["revision"] == revision
    assert facts["commit_time"] == NOW
    assert facts["counts"]["products"] == 4


def test_hidden_fields_are_nowhere(tmp_path: Path) -> None:
    whole = everything("secret-word")
    whole.config = {"site": {"hidden_fields": ["deployed_by", "owner"]}}
    whole.products = {
        "a": product(
            "a",
            [deployment("1", deployed_by="hidden-jane", extra_metadata={"owner": "hidden-sam"})],
            extra_metadata={"owner": "hidden-sam"},
        )
    }
    whole.aliases = {}
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    for page in read_site(tmp_path / "out").values():
        assert "hidden-" not in page.text


def test_an_old_name_of_a_deleted_product_leads_to_its_plain_page(tmp_path: Path) -> None:
    whole = registry(product("a", [deployment("1")]))
    whole.deleted = {"gone": {"deleted_at": NOW, "last_commit": "0" * 40}}
    whole.aliases = {"older": "gone"}
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    assert check_site(tmp_path / "out") == []
    assert 'href="../gone/index.html"' in (tmp_path / "out/products/older/index.html").read_text()


def test_an_environment_that_only_events_name_has_a_page(tmp_path: Path) -> None:
    whole = registry(product("a", [deployment("1", environment="mars")]))
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    assert check_site(tmp_path / "out") == []
    assert (tmp_path / "out/environments/mars/index.html").is_file()


@pytest.mark.parametrize("fault", ["link", "anchor", "id", "tag", "style", "h1"])
def test_the_checker_of_these_tests_finds_a_planted_fault(tmp_path: Path, fault: str) -> None:
    whole = registry(product("a", [deployment("1", minutes=-DAY)]))
    build_site(whole, tmp_path, now=moment(), tool_version=TOOL)
    page = tmp_path / "index.html"
    text = page.read_text()
    planted = {
        "link": text.replace("products/a/index.html", "products/b/index.html"),
        "anchor": text.replace("#d-", "#d-x"),
        "id": text.replace("<h1>", '<h1 id="content">'),
        "tag": text.replace("</main>", "</div></main>"),
        "style": text.replace("<h1>", '<h1 style="color:red">'),
        "h1": text.replace("h1>", "h2>"),
    }[fault]
    assert planted != text
    page.write_text(planted)
    assert check_site(tmp_path)


def test_old_pages_of_an_environment_lead_to_the_same_pages_of_the_new_one(tmp_path: Path) -> None:
    whole = everything()
    whole.environments["production"]["aliases"] = ["prod", "live-2"]
    whole.environment_aliases = {"prod": "production", "live-2": "production"}
    build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)
    assert check_site(tmp_path / "out") == []
    found = read_site(tmp_path / "out")
    for old in ("prod", "live-2"):
        for page in ("index.html", "2026-11.html"):
            moved = found[f"environments/{old}/{page}"]
            assert f'href="../production/{page}" data-moved' in moved.text
            assert "This environment is now called production" in moved.shown
    names = (tmp_path / "out/assets/search/index.js").read_text()
    assert '"environments/production/index.html","live-2","prod"]' in names
