"""What the script adds, driven as a visitor would: filter, sort, theme, columns, "Try it"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, product, registry
from tests.site.samples import TOOL
from versioner.site.build import build_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visit
    from versioner.models import Event

pytestmark = pytest.mark.slow

MIXED = (("eu", "3.0"), ("us", "2.0"))
ROWS = "#matrix tbody tr:visible"


def names(visit: Visit) -> list[str]:
    """Return the names of the matrix's visible rows."""
    return visit.page.locator(f"{ROWS} th a").all_inner_texts()


def test_the_matrix_is_filtered_by_text_and_says_how_many(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("index.html")
    every = names(visit)
    visit.page.locator("[data-tools=matrix] input[type=search]").fill("payments")
    assert names(visit) == ["Payment API"]
    found = visit.page.locator("[data-tools=matrix] [data-found]")
    assert found.inner_text().startswith(f"1 of {len(every)}")
    assert found.get_attribute("role") == "status"
    visit.page.locator("[data-tools=matrix] input[type=search]").fill("")
    assert names(visit) == every
    visit.assert_quiet()


def test_a_filter_is_in_the_address_to_share(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("index.html")
    visit.page.locator("[data-tools=matrix] select[name=team]").select_option("identity")
    visit.page.get_by_label("Drifting", exact=True).check()
    shown = names(visit)
    assert 0 < len(shown) < 7
    visit.page.wait_for_function("/team=identity/.test(location.href)")
    assert "drifting=1" in visit.page.url
    shared = open_page(sample_url)
    shared.page.goto(visit.page.url)
    assert names(shared) == shown
    assert shared.page.locator("select[name=team]").input_value() == "identity"
    visit.assert_quiet()
    shared.assert_quiet()


def test_a_filter_without_a_match_says_so(sample_url: str, open_page: Callable[..., Visit]) -> None:
    visit = open_page(sample_url).go("index.html")
    visit.page.locator("[data-tools=matrix] input[type=search]").fill("nothing is called this")
    assert names(visit) == []
    assert "0 of" in visit.page.locator("[data-tools=matrix] [data-found]").inner_text()


def test_the_matrix_is_sorted_by_any_column_and_says_which(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("index.html")
    head = visit.page.locator("#matrix thead th").first
    head.locator("button").click()
    first = names(visit)
    assert head.get_attribute("aria-sort") in ("ascending", "descending")
    head.locator("button").click()
    assert names(visit) == first[::-1]
    other = visit.page.locator("#matrix thead th").nth(1)
    other.locator("button").click()
    assert head.get_attribute("aria-sort") is None
    assert other.get_attribute("aria-sort") == "descending"
    visit.assert_quiet()


def test_a_column_can_be_hidden(sample_url: str, open_page: Callable[..., Visit]) -> None:
    visit = open_page(sample_url).go("index.html")
    heads = visit.page.locator("#matrix thead th:visible")
    before = heads.count()
    visit.page.locator("[data-columns] summary").click()
    visit.page.locator("[data-columns] input[type=checkbox]:checked").first.uncheck()
    assert heads.count() == before - 1
    cells = visit.page.locator("#matrix tbody tr").first.locator("th:visible, td:visible")
    assert cells.count() == before - 1


def test_columns_that_are_chosen_are_compared_instance_by_instance(
    open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    def on(instance: str, environment: str, version: str) -> Event:
        return deployment(version, environment=environment, instance=instance)

    same = [on(name, place, version) for place in ("test", "staging") for name, version in MIXED]
    other = [*same[:2], *[on(name, "staging", "1.0") for name, _ in MIXED]]
    products = [
        product(name, [*events, deployment("1.0", environment="production", minutes=-1)])
        for name, events in (("same", same), ("other", other))
    ]
    places = {"test": {}, "staging": {}, "production": {}}
    build_site(
        registry(*products, environments=places), tmp_path / "site", now=NOW, tool_version=TOOL
    )
    visit = open_page((tmp_path / "site").as_uri() + "/").go("index.html")
    assert names(visit) == ["other", "same"]
    marks = visit.page.locator("#matrix .status-drifting")
    assert marks.count() == 2
    visit.page.locator("[data-columns] summary").click()
    visit.page.locator("[data-columns] input[value=production]").uncheck()
    assert marks.count() == 1
    assert "drifting" in visit.page.locator(ROWS).first.inner_text()


def test_the_theme_switch_is_remembered(sample_url: str, open_page: Callable[..., Visit]) -> None:
    visit = open_page(sample_url).go("index.html")

    def colour() -> str:
        return str(visit.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = colour()
    visit.page.locator("[data-theme-switch]").click()
    dark = colour()
    assert dark != light
    visit.go("products/index.html")
    assert colour() == dark
    visit.page.locator("[data-theme-switch]").click()
    assert colour() == light
    visit.assert_quiet()


def test_times_are_in_the_zone_of_whoever_looks(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    path = "products/user-service/index.html"
    utc = open_page(sample_url, timezone_id="UTC").go(path)
    far = open_page(sample_url, timezone_id="Pacific/Auckland").go(path)
    first = "[aria-labelledby=deployments-title] tbody time"
    there, here = (each.page.locator(first).first for each in (far, utc))
    assert there.get_attribute("datetime") == here.get_attribute("datetime")
    assert there.inner_text() != here.inner_text()
    assert "UTC" in (there.get_attribute("title") or "")


def test_an_old_name_leads_on_and_keeps_the_anchor(
    sample: Path, sample_url: str, open_page: Callable[..., Visit]
) -> None:
    page = next((sample / "products" / "reporting-jobs").glob("2026-*.html"))
    anchor = re.search(r'id="(d-[^"]+)"', page.read_text())
    assert anchor
    visit = open_page(sample_url).go(f"products/batch-reports/{page.name}#{anchor[1]}")
    visit.page.wait_for_url(f"**/products/reporting-jobs/{page.name}#{anchor[1]}")


@pytest.mark.thorough
def test_every_try_it_fetches_a_static_file(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("api/index.html")
    boxes = visit.page.locator("[data-try]")
    assert boxes.count() >= 5
    for number in range(boxes.count()):
        box = boxes.nth(number)
        box.locator("button").first.click()
        status = box.locator("[role=status]")
        status.filter(has_text="bytes").wait_for(timeout=5000)
        assert status.inner_text().startswith("200")
        assert box.locator("pre").inner_text().strip()
    visit.assert_quiet()


def test_try_it_tells_what_is_not_there(sample_url: str, open_page: Callable[..., Visit]) -> None:
    visit = open_page(sample_url).go("api/index.html")
    box = visit.page.locator("[data-try]").filter(has=visit.page.locator("input")).first
    box.locator("input").first.fill("no-such-thing")
    box.locator("button").first.click()
    box.locator("[role=status]").filter(has_text="404").wait_for(timeout=5000)


def test_the_menu_of_pages_opens_and_the_escape_key_closes_it(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("index.html")
    about = visit.page.get_by_role("link", name="About", exact=True)
    visit.page.locator("nav summary").press("Enter")
    assert about.is_visible()
    visit.page.keyboard.press("Escape")
    assert not about.is_visible()
    assert visit.page.evaluate("document.activeElement.textContent") == "More"
    visit.page.locator("nav summary").click()
    visit.page.locator("h1").click()
    assert not about.is_visible()


def test_the_rows_of_the_matrix_are_moved_along_and_opened_with_keys(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("index.html")
    every, keyboard = names(visit), visit.page.keyboard
    chosen = "document.activeElement.textContent"
    for key, row in (("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)):
        keyboard.press(key)
        assert visit.page.evaluate(chosen) == every[row], key
    keyboard.press("?")
    keys = visit.page.get_by_role("dialog", name="Keys")
    keys.wait_for()
    keyboard.press("j")
    keyboard.press("Escape")
    assert not keys.is_visible()
    keyboard.press("j")
    assert visit.page.evaluate(chosen) == every[1]
    keyboard.press("Enter")
    visit.page.wait_for_url("**/products/*/index.html")
    visit.assert_quiet()


def test_the_matrix_is_grouped_by_team_and_sorted_in_each_group(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("index.html")
    every = names(visit)
    visit.page.locator("[data-columns] summary").click()
    visit.page.get_by_label("By team").check()
    teams = visit.page.locator("#matrix tr.day th").all_inner_texts()
    assert [text.split()[0] for text in teams] == ["data", "identity", "payments", "storefront"]
    grouped = names(visit)
    assert sorted(grouped) == sorted(every)
    assert grouped != every
    visit.page.keyboard.press("Escape")
    visit.page.locator("#matrix thead th").first.locator("button").click(click_count=2)
    assert names(visit)[:2] == grouped[:2][::-1]
    assert visit.page.locator("#matrix tr.day").count() == len(teams)
    visit.page.locator("[data-tools=matrix] input[type=search]").fill("payments")
    assert visit.page.locator("#matrix tr.day:visible").count() == 1
    again = open_page(visit.page.url.partition("?")[0])
    again.page.goto(visit.page.url.replace("q=payments", "q="))
    assert names(again)[0] in every
    assert again.page.locator("#matrix tr.day").count() == len(teams)
    visit.page.locator("[data-tools=matrix] input[type=search]").fill("")
    visit.page.locator("[data-columns] summary").click()
    visit.page.get_by_label("By team").uncheck()
    assert visit.page.locator("#matrix tr.day").count() == 0
    assert names(visit) == every[::-1]
    visit.assert_quiet()


def test_the_density_of_rows_is_remembered_and_set_before_the_page_is_painted(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url).go("index.html")
    row = visit.page.locator("#matrix tbody tr").nth(2)
    height = "row => row.getBoundingClientRect().height"
    compact = row.evaluate(height)
    assert compact <= 34, "25 rows and the head are on a screen of 900 pixels"
    visit.page.locator("[data-columns] summary").click()
    visit.page.get_by_label("Comfortable").check()
    roomy = row.evaluate(height)
    assert roomy > compact + 10
    # The script that does the rest does not come.
    visit.page.route("**/overview.js", lambda route: route.abort())
    visit.page.goto(f"{sample_url}index.html")
    assert row.evaluate(height) == pytest.approx(roomy, abs=0.5)


def test_on_a_phone_the_matrix_is_cards_with_production_first(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url, width=390).go("index.html")
    cards = visit.page.locator("#matrix tbody tr")
    tops = "card => [...card.querySelectorAll('td[data-place]')].map("
    tops += "cell => [cell.getBoundingClientRect().top, cell.dataset.place])"
    for number in range(cards.count()):
        places = [place for _, place in sorted(cards.nth(number).evaluate(tops))]
        assert places == ["production", "development", "test", "staging"]
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_on_a_phone_the_pages_are_a_menu(
    sample_url: str, open_page: Callable[..., Visit], script: bool
) -> None:
    visit = open_page(sample_url, width=390, java_script_enabled=script).go("about/index.html")
    pages = visit.page.locator("#pages a:visible")
    assert pages.count() == 0
    visit.page.get_by_role("button", name="Menu").click()
    names = pages.all_inner_texts()
    assert {"Overview", "Deployments", "About"} <= set(names)
    current = visit.page.locator("#pages a[aria-current]:visible")
    assert current.all_inner_texts() == ["About"]
    box = visit.page.locator("#pages").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    visit.page.keyboard.press("Escape")
    assert pages.count() == 0


def test_the_keyboard_reaches_the_content(sample_url: str, open_page: Callable[..., Visit]) -> None:
    visit = open_page(sample_url).go("index.html")
    visit.page.keyboard.press("Tab")
    skip = visit.page.locator(":focus")
    assert skip.inner_text() == "Skip to content"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("term", ["payment", "2.10.0", "identity"])
def test_search_finds_products_versions_and_teams(
    sample_url: str, open_page: Callable[..., Visit], term: str
) -> None:
    visit = open_page(sample_url).go("about/index.html")
    visit.page.keyboard.press("/")
    assert visit.page.evaluate("document.activeElement.type") == "search"
    visit.page.keyboard.type(term)
    hit = visit.page.locator("#search-results a").first
    hit.wait_for(timeout=5000)
    assert visit.page.locator("#search-results [role=status]").inner_text()
    where = visit.page.evaluate("link => link.href", hit.element_handle())
    hit.click()
    visit.page.wait_for_url(where)
    assert term in visit.page.locator("main").inner_text().lower()
    visit.assert_quiet()


def test_search_finds_a_commit_and_says_when_nothing_is_found(
    sample: Path, sample_url: str, open_page: Callable[..., Visit]
) -> None:
    pages = (sample / "products" / "payment-api").glob("20*.html")
    commit = next(
        found[0] for page in pages if (found := re.search(r"\b[0-9a-f]{40}\b", page.read_text()))
    )
    visit = open_page(sample_url).go("index.html")
    box = visit.page.locator("[data-search] input")
    box.fill(commit[:12])
    visit.page.locator("#search-results a").first.wait_for(timeout=5000)
    assert "payment-api" in str(visit.page.locator("#search-results a").first.get_attribute("href"))
    box.fill("zzz-nothing-is-called-this")
    visit.page.wait_for_function("!document.querySelector('#search-results a')")
    assert visit.page.locator("#search-results [role=status]").inner_text()
    visit.assert_quiet()


@pytest.mark.parametrize("page", ["index.html", "products/user-service/index.html"])
def test_a_page_of_how_things_stand_says_when_the_site_is_old(
    sample: Path, open_page: Callable[..., Visit], page: str
) -> None:
    # Of a folder too, where nothing can be fetched.
    visit = open_page(sample.as_uri() + "/")
    built = re.search(r"20[0-9T:-]+Z", (sample / "assets/built.js").read_text())
    assert built is not None
    notice = visit.page.locator(".notice")
    for days, told in ((6, ""), (9, "Nothing was recorded for 9 days")):
        at = datetime.fromisoformat(built[0]) + timedelta(days=days)
        visit.page.clock.set_fixed_time(at)
        visit.go(page).page.wait_for_function("window.versionerBuilt && document.readyState")
        visit.page.wait_for_load_state("load")
        assert notice.is_visible() is bool(told)
        assert notice.inner_text().startswith(told)
    visit.go("products/user-service/2026-10.html")
    assert notice.count() == 0
    visit.assert_quiet()


def test_the_last_7_days_are_counted_from_the_clock_of_the_reader(
    sample: Path, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample.as_uri() + "/")
    built = re.search(r"20[0-9T:-]+Z", (sample / "assets/built.js").read_text())
    assert built is not None
    figures = visit.page.locator("[data-times]")
    numbers = []
    for days in (0, 5, 30):
        visit.page.clock.set_fixed_time(datetime.fromisoformat(built[0]) + timedelta(days=days))
        visit.go("index.html").page.wait_for_load_state("load")
        numbers.append([int(text) for text in figures.locator("dd").all_inner_texts()])
        assert visit.page.locator("[data-week]").count() == 0
    static = re.findall(r'data-times="[^"]*"><dt>.*?<dd>(\d+)', (sample / "index.html").read_text())
    assert numbers[0] == [int(text) for text in static]
    assert numbers[0][0] > numbers[1][0] >= numbers[2][0] == 0
    assert figures.first.locator("dt").inner_text() == "deployments in the last 7 days"
    visit.assert_quiet()


def test_a_list_by_day_stays_in_the_zone_that_it_names(
    sample_url: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(sample_url, timezone_id="Pacific/Auckland").go("deployments/index.html")
    foot = visit.page.locator("footer p").first
    assert foot.inner_text().endswith("All times are UTC.")
    as_of = foot.locator("time")
    stated = str(as_of.get_attribute("datetime"))
    assert as_of.inner_text().endswith(stated[11:16])
    visit.go("index.html")
    assert "Pacific/Auckland" in foot.inner_text()


def test_the_deployments_of_a_month_are_filtered_by_place_and_status(
    sample: Path, sample_url: str, open_page: Callable[..., Visit]
) -> None:
    month = sorted(path.name for path in (sample / "deployments").glob("20*.html"))[-1]
    visit = open_page(sample_url).go(f"deployments/{month}")
    rows = visit.page.locator("#deployments tbody tr:not(.day):visible")
    every = rows.count()
    place = visit.page.locator("[data-tools=deployments] select[name=environment]")
    assert "production" in " ".join(place.locator("option").all_inner_texts()).lower()
    names = place.locator("option").all_inner_texts()[1:]
    # No name is offered with a time behind it.
    assert not [name for name in names if re.search(r"\d\d:\d\d", name)]
    for name in names:
        place.select_option(name)
        assert 0 < rows.count() <= every
        assert all(re.search(rf"\b{name} \d\d:\d\d", text) for text in rows.all_inner_texts())
    visit.page.locator("[data-tools=deployments] select[name=status]").select_option("completed")
    for text in rows.all_inner_texts():
        assert "failed" not in text
    assert f"environment={names[-1]}" in visit.page.url.replace("+", " ")
    visit.assert_quiet()
