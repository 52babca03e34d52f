"""Nothing on a page moves when its script arrives late: the layout shift is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.sites import largest_of_each_kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Route

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const moved = entry.sources.map(({ node }) => node?.outerHTML ?? node?.textContent ?? "");
    window.shifts.push([entry.value, moved.map((text) => text.slice(0, 80))]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
# A page that is painted before all of it has arrived moves on its own, whatever its script does.
PAINTED_WHOLE = """
new Promise((done) => {
  const painted = () => requestAnimationFrame(() => setTimeout(() => {
    window.shifts.length = 0;
    done();
  }, 50));
  if (document.readyState !== "loading") { painted(); return; }
  document.addEventListener("readystatechange", painted, { once: true });
})
"""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"


class LateScripts:
    """The scripts of a page, which are held until it is painted without them."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.held, self.is_open = visit, list["Route"](), False
        visit.page.route("**/assets/scripts/*.js", self._asked)

    def _asked(self, route: Route) -> None:
        if self.is_open or route.request.url.endswith("/early.js"):
            route.continue_()
        else:
            self.held.append(route)

    def shifts(self, path: str) -> list[Any]:
        """Return what moved on a page."""
        self.is_open = False
        page = self.visit.page
        page.goto(self.visit.base + path, wait_until="commit")
        page.evaluate(PAINTED_WHOLE)
        self.is_open = True
        while self.held:
            self.held.pop().continue_()
        page.wait_for_load_state("load")
        page.evaluate(TWO_FRAMES)
        found: list[Any] = page.evaluate("window.shifts")
        return found


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves_when_the_script_of_a_page_comes_late(
    sample: Path, sample_url: str, open_page: Callable[..., Visit], width: int
) -> None:
    # In another time zone than that of the page, a script writes all times anew.
    visit = open_page(sample_url, width=width, timezone_id="Pacific/Auckland")
    visit.page.add_init_script(WATCH_SHIFTS)
    late = LateScripts(visit)
    moved = {
        kind: shifts
        for kind, path in largest_of_each_kind(sample).items()
        if "moved" not in kind and (shifts := late.shifts(path))
    }
    assert moved == {}
    # A planted shift is seen.
    visit.page.evaluate("document.querySelector('main').style.marginTop = '99px'")
    visit.page.evaluate(TWO_FRAMES)
    assert visit.page.evaluate("window.shifts.length") > 0
