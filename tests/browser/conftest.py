"""A real browser on built sites, and a witness of all that goes on in it.

Needs Debian's Chromium (or another one, on PATH), Playwright (`pip install -e '.[browser]'`) and
axe-core (`npm install --prefix tests/browser`); without one of them these tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.sites import build_real_shape, build_sample
from versioner.site.server import open_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

HERE = Path(__file__).parent
TOP = HERE.parents[1]
NODE_MODULES = HERE / "node_modules"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", function (event) {
  window.violations.push(event.violatedDirective + " " + event.blockedURI);
});
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser once, or say what is missing."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is missing: pip install -e '.[browser]'"
    )
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe-core's source."""
    source = NODE_MODULES / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.skip("axe-core is missing: npm install --ignore-scripts --prefix tests/browser")
    return source.read_text(encoding="utf-8")


@pytest.fixture(scope="session", params=["sample", "real"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample's site, or build one that has the shape of the real registry.

    The second takes long: it is for those who have the browser.
    """
    if request.param == "sample":
        return request.getfixturevalue("sample")  # type: ignore[no-any-return]
    request.getfixturevalue("browser")
    out = tmp_path_factory.mktemp("real") / "site"
    real = "VERSIONER_REAL_DATA" in os.environ
    return build_real_shape(out, request.getfixturevalue("real_rows_file") if real else None)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sample(TOP, tmp_path_factory.mktemp("sample") / "site")


@dataclass
class Visit:
    """A page in the browser, where it is served, and what was said while it was looked at."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.add_init_script(WATCH)

    def go(self, path: str) -> Visit:
        self.page.goto(self.base + path)
        return self

    def run_axe(self, source: str) -> list[str]:
        """Return what axe-core finds against WCAG 2.2 AA."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(source)
        options = json.dumps(AXE_OPTIONS)
        found = self.page.evaluate(f"() => axe.run(document, {options})")
        return [
            f"{rule['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
            for rule in found["violations"]
            for node in rule["nodes"][:3]
        ]

    def assert_quiet(self) -> None:
        """Fail if there was an error, a report of the policy, or a request to elsewhere."""
        assert self.page.evaluate("window.violations || []") == []
        assert self.faults == []

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:")):
            self.faults.append(f"request: {request.url}")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a new page: `open_page(base, width=390, dark=True)`."""
    contexts = []

    def opened(base: str, *, width: int = 1440, dark: bool = False, **options: Any) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            **options,
        )
        contexts.append(context)
        visit = Visit(context.new_page(), base)
        visit.watch()
        return visit

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    with open_server(site) as server:
        yield server.url


@pytest.fixture(scope="session")
def sample_url(sample: Path) -> Iterator[str]:
    with open_server(sample) as server:
        yield server.url
