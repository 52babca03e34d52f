"""The page of the past: its slider says of any moment what `versioner status --at` says."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, moment
from tests.site.samples import TOOL
from tests.site.test_as_it_was import real_shape, told
from versioner.registry.event_order import seconds_of
from versioner.site.build import build_site
from versioner.site.server import open_server
from versioner.site.summaries.cell_changes import versions_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow

READ = """() => Object.fromEntries([...document.querySelectorAll("#past tbody tr")].flatMap((row) =>
  [...document.querySelectorAll("#past thead th[data-environment]")].map((head) => [
    `${row.dataset.product} ${head.dataset.environment}`,
    [...row.cells[head.cellIndex].querySelectorAll(".v")].map((each) => each.title).join(","),
  ])).filter(([, text]) => text))"""


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    out = tmp_path_factory.mktemp("past") / "site"
    build_site(real_shape(300), out, now=NOW, tool_version=TOOL)
    with open_server(out) as server:
        yield server.url


def test_random_moments_are_what_the_command_says(
    past: str, open_page: Callable[..., Visit], scale: Callable[[int, int], int]
) -> None:
    chance, whole = random.Random(7), real_shape(300)
    first = min(each["at"] for record in whole.products.values()
                for each in record.deployment_events)  # fmt: skip
    span = seconds_of(NOW) - seconds_of(first)
    visit = open_page(past).go("as-it-was/index.html")
    for _ in range(scale(5, 200)):
        at = moment(chance.randint(0, span) / 60, first)
        visit.page.evaluate("text => { location.hash = `at=${text}`; }", at)
        visit.page.wait_for_function(
            "text => document.getElementById('past').dataset.at === text", arg=at
        )
        assert visit.page.locator("output time").get_attribute("datetime") == at
        assert visit.page.evaluate(READ) == {
            f"{product} {environment}": ",".join(version for _, version in versions_in(text))
            for (product, environment), text in told(whole, at).items()
        }, at
    visit.assert_quiet()


def test_keys_buttons_and_the_field_move_the_moment_and_the_address_has_it(
    past: str, open_page: Callable[..., Visit]
) -> None:
    visit = open_page(past).go("as-it-was/index.html")
    slider, time = visit.page.locator("input[type=range]"), visit.page.locator("output time")
    slider.focus()
    visit.page.keyboard.press("ArrowLeft")
    assert time.get_attribute("datetime") == moment(-24 * 60)
    assert visit.page.url.endswith(f"#at={moment(-24 * 60)}")
    visit.page.locator("input[type=datetime-local]").fill("2026-03-03T12:00:00")
    assert time.get_attribute("datetime") == "2026-03-03T12:00:00Z"
    assert "--at 2026-03-03T12:00:00Z" in visit.page.locator("[data-belief]").inner_text()
    visit.page.get_by_role("button", name="Previous change").click()
    visit.page.wait_for_function("() => !location.hash.includes('2026-03-03T12')")
    assert "at this moment" in visit.page.locator("[data-happened]").inner_text()
    shared = open_page(past)
    shared.page.goto(visit.page.url)
    assert shared.page.locator("output time").get_attribute("datetime") == time.get_attribute(
        "datetime"
    )
    visit.assert_quiet()
