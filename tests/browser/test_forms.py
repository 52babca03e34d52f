"""The forms of `serve` in a browser, with and without script, as a reader and as an editor."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import TOP
from tests.server.conftest import clock_at, token_for
from tests.server.test_serve import Running, start
from versioner.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow

FORMS = (
    "/edit/products/new",
    "/edit/products/payment-api",
    "/edit/products/payment-api/delete",
    "/edit/products/payment-api/deployments",
    "/edit/products/payment-api/decide",
    "/edit/freezes/new",
    "/edit/rules/year-end-freeze/thaw",
    "/edit/requests/new",
    "/edit/requests/2026-12-tax-rates",
    "/edit/products/nothere",
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Serve a copy of the sample registry."""
    top = tmp_path_factory.mktemp("forms")
    repo = top / "sample"
    shutil.copytree(TOP / "registry", repo / "registry")
    for line in (["init", "-q"], ["add", "."], ["commit", "-qm", "Sample"]):
        subprocess.run(["git", *line], cwd=repo, check=True)
    server = start(repo, top)
    # Until the site is built, its scripts and pictures are not there.
    token = token_for(ServerSettings(TOP, server.state, clock_at()), "read")
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{server.url}/assets/icon.svg"
    for _ in range(300):
        if httpx.get(address, headers=headers).status_code == 200:
            break
        time.sleep(0.1)
    yield server
    server.process.kill()
    server.process.communicate()


@pytest.fixture
def enter(running: Running, open_page: Callable[..., Visit]) -> Callable[..., Visit]:
    """Return a function that logs in with a token of some scopes, and opens a page."""

    def entered(path: str, *scopes: str, **options: object) -> Visit:
        settings = ServerSettings(TOP, running.state, clock_at())
        visit = open_page(running.url, **options)
        visit.page.set_default_timeout(5000)
        visit.go(path)
        visit.page.get_by_label("Token").fill(token_for(settings, *scopes))
        visit.page.get_by_role("button", name="Log in").click()
        assert visit.page.url == running.url + path
        return visit

    return entered


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_an_editor_creates_changes_deletes_and_restores_a_product(
    enter: Callable[..., Visit], script: bool
) -> None:
    name = "rates" if script else "fees"
    visit = enter("/edit/products/new", "edit", java_script_enabled=script)
    page = visit.page
    page.get_by_label("Name").fill("payment-api")
    page.get_by_role("button", name="Create the product").click()
    assert "payment-api" in page.get_by_role("alert").first.inner_text()
    visit.faults.clear()  # Chromium reports the status 422 of the refusal.
    page.get_by_label("Name").fill(name)
    page.get_by_label("Title").fill('"<b>" & co')
    page.get_by_role("button", name="Create the product").click()
    assert "Saved in the commit" in page.get_by_role("status").first.inner_text()
    assert page.get_by_label("Title", exact=True).input_value() == '"<b>" & co'
    assert page.get_by_role("link", name="Approve or block a version").count() == 0
    page.get_by_label("Key 1").fill("port")
    page.get_by_label("Value 1").fill("8080")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_label("Key 1").input_value() == "port"
    page.get_by_role("link", name="Delete", exact=True).click()
    page.get_by_label(f"Type {name} to confirm").fill(name)
    page.get_by_role("button", name="Delete the product").click()
    page.get_by_role("button", name=f"Restore {name}").click()
    assert page.get_by_label("Value 1").input_value() == "8080"
    assert visit.faults == []


def test_an_editor_freezes_and_an_approver_ticks_a_step(enter: Callable[..., Visit]) -> None:
    page = enter("/edit/freezes/new?environment=test", "edit").page
    page.get_by_label("Until").fill("2h")
    page.get_by_label("Reason").fill("Stock-taking")
    page.get_by_role("button", name="Freeze").click()
    page.get_by_role("button", name="End it now").click()
    assert "Saved in the commit" in page.locator(".notice").first.inner_text()
    path = "/edit/requests/2026-12-tax-rates"
    assert enter(path, "edit").page.get_by_role("button", name="Mark as done").count() == 0
    page = enter(path, "approve", java_script_enabled=False).page
    page.get_by_role("button", name="Mark as done").first.click()
    assert page.get_by_role("button", name="Mark as not done").count() == 1


def test_a_reader_is_refused_with_a_page_and_a_late_form_leads_to_the_login(
    enter: Callable[..., Visit],
) -> None:
    page = enter("/edit/products/payment-api", "read").page
    assert page.locator("h1").inner_text() == "The caller may not do this"
    assert 'does not have the scope "edit"' in page.get_by_role("alert").inner_text()
    page = enter("/edit/products/payment-api", "edit").page
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    assert page.locator("h1").inner_text() == "Log in"
    assert page.locator("[name=next]").input_value() == "/edit/products/payment-api"


def test_axe_finds_nothing_on_the_forms_and_nothing_scrolls_sideways(
    axe: str, enter: Callable[..., Visit]
) -> None:
    faults = {}
    visit = enter(FORMS[0], "admin", width=390, dark=True)
    for path in FORMS:
        visit.go(path)
        found = visit.run_axe(axe)
        if visit.page.evaluate("document.documentElement.scrollWidth") > 390:
            found.append("it scrolls sideways")
        if found:
            faults[path] = found
    assert faults == {}
