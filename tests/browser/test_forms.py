"""The forms of `serve` in a browser, with and without script, as a reader and as an editor."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import TOP
from tests.server.conftest import bearer, clock_at, token_for
from tests.server.test_serve import Running, start
from versioner.server.settings import ServerSettings
from versioner.server.tokens import TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow

# Every page with a form, with what is there while nothing was written: for looks and for rights.
FORMS = (
    "/edit/products/new",
    "/edit/products/payment-api",
    "/edit/products/payment-api/delete",
    "/edit/products/payment-api/rename",
    "/edit/products/payment-api/deployments",
    "/edit/products/payment-api/decide",
    "/edit/deleted",
    "/edit/freezes",
    "/edit/freezes/new",
    "/edit/rules/year-end-freeze/thaw",
    "/edit/requests/new",
    "/edit/requests/2026-12-tax-rates",
    "/edit/requests/2026-12-tax-rates/draft",
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


@dataclass
class People:
    """The people of one test: each is logged in once, in a browser with or without script."""

    running: Running
    open_page: Callable[..., Visit]
    options: dict[str, object]
    visits: dict[str, Visit]

    def visit(self, name: str, path: str) -> Visit:
        """Return what somebody sees at a path; nobody is "nobody"."""
        if name not in self.visits:
            visit = self.visits[name] = self.open_page(self.running.url, **self.options)
            visit.page.set_default_timeout(5000)
            if name != "nobody":
                visit.go("/login")
                visit.page.get_by_label("Token").fill(self.token(name))
                visit.page.get_by_role("button", name="Log in").click()
        return self.visits[name].go(path)

    def token(self, name: str) -> str:
        store = TokenStore(self.running.state)
        # Who approves is in a group of the sample.
        login = who_of(name, self)
        scope = {"reader": "read", "editor": "edit", "approver": "approve"}.get(name, "admin")
        for each in store.list():
            if each.name == login:
                store.revoke(each.id)
        made = store.create(login, (scope,), now=clock_at().now(), random=os.urandom)
        return made.text

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.running.state.parent / "sample",
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def record(self, product: str, event: str) -> None:
        body = {"product": product, "environment": "test", "version": "1.0", "id": event}
        answer = httpx.post(
            f"{self.running.url}/api/v1/events", json=body, headers=bearer(self.token("pipeline"))
        )
        assert answer.status_code in (200, 201), answer.text


def who_of(name: str, people: People) -> str:
    """Return the login of somebody, as commits name it."""
    is_plain = not people.options["java_script_enabled"]
    return "quality-lead" if name == "approver" else f"{name}-{'plain' if is_plain else 'script'}"


@pytest.fixture
def people(
    running: Running, open_page: Callable[..., Visit], request: pytest.FixtureRequest
) -> People:
    return People(running, open_page, {"java_script_enabled": request.param}, {})


with_and_without_script = pytest.mark.parametrize(
    "people", [False, True], ids=["no-script", "script"], indirect=True
)
HOSTILE = "<b>\"&'`{{7*7}}</b> \u202e \U0001f680"
# Who, where, what is typed, the button, and what git then has: the subject, and a line of the diff.
STEPS = (
    ("editor", "/edit/products/new", {"Name": "NAME-2", "Title": HOSTILE}, "Create the product",
     "Create product NAME-2", "registry/products/NAME-2/product.yaml"),
    ("admin", "/edit/products/NAME-2", {"Lifecycle": "deprecated", "Description": "one\ntwo",
     "Key 1": "port", "Value 1": "8080", "Title 1": "Wiki", "Address 1": "https://wiki.example/"},
     "Save", "Edit product NAME-2", "+  port: 8080"),
    ("approver", "/edit/products/NAME/decide", {"Type of approval": "qa", "Comment": HOSTILE},
     "Record the decision", "Record approval of NAME 1.0", "quality-lead"),
    ("editor", "/edit/freezes/new?environment=test", {"Products": "NAME", "Until": "2h",
     "Reason": "stock"}, "Freeze", "Freeze test (rule freeze-test-NAME", "stock"),
    ("admin", "/edit/rules/RULE/thaw", {}, "End it now", "Thaw (rule freeze-test-NAME",
     "freeze-test"),
    ("editor", "/edit/requests/new", {"Name": "NAME-week", "Product 1": "NAME", "Version 1": "1.0",
     "Deploy to": "test",
     "Type 1": "qa", "People 1": "1", "Steps before": "tell support"}, "Create a draft",
     "Create request NAME-week", "tell support"),
    ("editor", "/edit/requests/NAME-week/draft", {"Title": HOSTILE, "Description": "one\ntwo",
     "Product 2": "NAME-2", "Version 2": "2.0", "Allowed from": "now", "Allowed until": "2h",
     "Title 1": "Wiki", "Address 1": "https://wiki.example/"}, "Save the draft",
     "Edit request NAME-week", "+  NAME-2: "),
    ("editor", "/edit/requests/NAME-week", {}, "Open the request", "Open request NAME-week",
     "open"),
    ("approver", "/edit/requests/NAME-week", {"Comment": "fine"}, "Record the decision",
     "Record approval", "fine"),
    ("admin", "/edit/requests/NAME-week", {}, "Mark as done", "Record", "before.1"),
    ("approver", "/edit/requests/NAME-week", {}, "Mark as not done", "Record", "undone"),
    ("editor", "/edit/requests/NAME-week", {}, "Cancel the request", "Cancel request NAME-week",
     "cancelled"),
    ("editor", "/edit/deployments/NAME/run-NAME/void", {"Reason": "wrong one"},
     "Declare it a mistake", "Void deployment event run-NAME of NAME", "wrong one"),
    ("editor", "/edit/products/NAME-2/rename", {"New name": "NAME-3"}, "Rename",
     "Rename product NAME-2 to NAME-3", "NAME-3"),
    ("admin", "/edit/products/NAME-3/delete", {"Type NAME-3 to confirm": "NAME-3"},
     "Delete the product", "Delete product NAME-3", "NAME-3"),
    ("editor", "/edit/deleted", {}, "Restore NAME-3", "Restore product NAME-3", "port: 8080"),
)  # fmt: skip


@pytest.mark.sampled
@with_and_without_script
def test_each_form_makes_the_commit_that_it_names(people: People) -> None:
    name = "alpha" if people.options["java_script_enabled"] else "beta"
    people.record(name, f"run-{name}")
    found, rule = [], ""
    for who, path, fields, button, subject, line in STEPS:
        before = people.git("rev-list", "--count", "HEAD")
        page = people.visit(who, path.replace("NAME", name).replace("RULE", rule)).page
        for label, text in fields.items():
            box = page.get_by_label(label.replace("NAME", name), exact=True)
            if label in ("Deploy to", "Lifecycle"):
                box.select_option(text)
            else:
                box.fill(text.replace("NAME", name))
        # Two clicks, as of an impatient person, have one effect.
        page.get_by_role("button", name=button.replace("NAME", name), exact=True).dblclick()
        page.locator(".notice, .fault:not(:empty)").last.wait_for()
        page.wait_for_load_state()
        assert "?saved=" in page.url, page.locator(".notice, .fault").all_inner_texts()
        told = page.get_by_role("status").filter(has_text="Saved in the commit").inner_text()
        head, author, said = people.git("log", "-1", "--format=%H%n%an%n%s").splitlines()
        count = people.git("rev-list", "--count", "HEAD")
        rule = said.rpartition(" ")[2].rstrip(")") if said.startswith("Freeze") else rule
        right = (
            head[:12] in told,
            author == who_of(who, people),
            said.startswith(subject.replace("NAME", name)),
            line.replace("NAME", name) in people.git("show", "HEAD"),
            int(count) == int(before) + 1,
        )
        if not all(right):
            found.append((path, right, author, said, told))
    assert found == []


@pytest.mark.thorough
@pytest.mark.parametrize("people", [False], ids=["no-script"], indirect=True)
def test_whoever_may_not_send_a_form_gets_a_page_that_says_so(
    people: People, request: pytest.FixtureRequest
) -> None:
    wrong, strangers = [], FORMS if request.config.getoption("--full") else FORMS[::4]
    for path in FORMS:
        is_of_requests, is_decision = "/requests/" in path, path.endswith("/decide")
        refused = {
            "reader": True,
            "editor": is_decision,
            "approver": not (is_decision or is_of_requests),
        }
        for who, is_refused in {"nobody": False, **refused}.items():
            if not is_refused and (who != "nobody" or path not in strangers):
                continue  # The steps above send these forms.
            page = people.visit(who, path).page
            title = page.locator("h1").inner_text()
            expected = title == "Log in"
            if is_refused:
                told = page.get_by_role("alert").inner_text()
                expected = "does not have the scope" in told and page.locator("form").count() == 0
            if not expected:
                wrong.append((who, path, title))
    assert wrong == []


@pytest.mark.parametrize("people", [True], ids=["script"], indirect=True)
def test_what_was_typed_survives_a_conflict_and_a_refusal(people: People, axe: str) -> None:
    path = "/edit/products/user-service"
    visit = people.visit("editor", path)
    page, title, save = visit.page, visit.page.get_by_label("Title", exact=True), "Save"
    title.fill("Mine")
    answer = httpx.patch(
        f"{people.running.url}/api/v1/products/user-service",
        json={"title": "Theirs"},
        headers=bearer(people.token("pipeline")),
    )
    assert answer.status_code == 200, answer.text
    page.get_by_role("button", name=save).click()
    assert "was changed meanwhile" in page.get_by_role("alert").first.inner_text()
    assert 'title: "Theirs"' in page.locator("pre").inner_text()
    assert title.input_value() == "Mine"
    assert visit.run_axe(axe) == []
    page.get_by_label("Key 3").fill("<b>")
    page.get_by_label("Title 2").fill("half")
    page.get_by_label("Description").fill("x" * 100_000)
    page.get_by_role("button", name=save).click()
    assert "100,000 characters" in page.locator("#d-description .fault").inner_text()
    assert len(page.get_by_label("Description").input_value()) == 100_000
    assert page.get_by_label("Title 2").input_value() == "half"
    assert visit.run_axe(axe) == []
    page.get_by_label("Description").fill("short")
    page.get_by_label("Title 2").fill("")
    page.get_by_label("Key 3").fill("tier")
    page.get_by_label("Value 3").fill("one")
    tip = people.git("rev-parse", "HEAD")
    token = page.locator("[name=csrf_token]").first
    own = token.input_value()
    token.evaluate("each => { each.value = 'forged'; }")
    page.get_by_role("button", name=save).click()
    assert page.locator("h1").inner_text() == "The form has expired"
    assert people.git("rev-parse", "HEAD") == tip
    assert visit.run_axe(axe) == []
    people.visit("editor", path)
    assert token.input_value() == own
    title.fill("Mine")
    page.get_by_role("button", name=save).click()
    page.get_by_text("Saved in the commit").wait_for()
    assert '+title: "Mine"' in people.git("show", "HEAD")


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


class Links(HTMLParser):
    """The addresses in a page that lead somewhere, and the forms that are sent somewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for key, value in attrs if key in ("href", "src") and value}


SHOWN = (
    *("/", "/products/index.html", "/products/payment-api/index.html", "/rules/index.html"),
    *("/environments/production/index.html", "/requests/index.html", "/calendar/index.html"),
    *("/requests/2026-12-tax-rates/index.html", "/glossary/index.html", "/record/index.html"),
)


@pytest.mark.sampled
@pytest.mark.parametrize("scope", ["admin", "edit", "approve", "read"])
def test_no_link_of_a_form_or_of_a_page_leads_nowhere(running: Running, scope: str) -> None:
    settings = ServerSettings(TOP, running.state, clock_at())
    headers = {**bearer(token_for(settings, scope)), "Accept": "text/html"}
    dead, known = [], set()
    with httpx.Client(headers=headers) as client:
        for path in (*SHOWN, *FORMS):
            answer = client.get(running.url + path, follow_redirects=True)
            for link in sorted(Links(answer.text).found):
                address, _, _ = str(answer.url.join(link)).partition("#")
                if not address.startswith(running.url) or address in known:
                    continue
                known.add(address)
                status = client.get(address, follow_redirects=True).status_code
                # What a page offers may not be refused to the one who sees it.
                if status != 200 and not link.startswith("/login"):
                    dead.append((path, link, status))
    assert dead == []
    assert len(known) > 60
    assert any("/thaw" in each for each in known) == (scope in ("admin", "edit"))
