"""The built site: served as it is, nothing beside it, built again after a commit."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.fixtures.bare_registry import Post, commit_on_branch, copy_of
from tests.fixtures.local_registry import Desk
from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.server.app import create_app
from versioner.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def live(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Return a client of a server whose builds run."""
    top = tmp_path_factory.mktemp("live")
    post = copy_of(pattern, top / "bare.git")
    settings = ServerSettings(post.path, top / "state", clock_at())
    with TestClient(create_app(settings), base_url=ADDRESS, follow_redirects=False) as client:
        site = client.app.state.services.site
        assert site.wait_until_built(client.app.state.services.reader.tip, 30)
        client.headers.update(bearer(token_for(settings, "read")))
        yield client


@pytest.fixture
def traps(live: TestClient) -> Iterator[None]:
    """Put what a build would never write into the folder of the site."""
    folder = live.app.state.services.site.folder
    state = live.app.state.services.settings.state_dir
    (folder / "link.txt").symlink_to(state / "session-key")
    (folder / "folder").symlink_to(state)
    os.mkfifo(folder / "pipe.txt")
    yield
    for name in ("link.txt", "folder", "pipe.txt"):
        (folder / name).unlink()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/products/", "text/html; charset=utf-8"),
        ("/build.json", "application/json"),
        ("/api/v1/products/index.json", "application/json"),
        ("/api/v1/deployments/index.json", "application/json"),
        ("/feeds/all.atom", "application/atom+xml"),
    ],
)
def test_a_file_has_its_type_its_tag_and_the_headers_of_a_page(live, path: str, kind: str) -> None:
    answer = live.get(path, headers=PAGE)
    assert answer.status_code == 200, path
    assert answer.headers["content-type"] == kind
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = live.get(path, headers={**PAGE, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert live.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert live.head(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../state/session-key",
        "/%2e%2e/site.lock",
        "/..%2fsite.lock",
        "/products/..%2f..%2f..%2fsite.lock",
        "/%2e%2e%2f%2e%2e%2f%2e%2e%2fsession-key",
        "/.versioner-site.json",
        "/products/.hidden",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/products\\..\\..\\site.lock",
        "/index.html%00.css",
        "/index.html/",
        "/C:/windows/win.ini",
        "/products/%0d%0aSet-Cookie:x=y",
        "/link.txt",
        "/folder/session-key",
        "/pipe.txt",
        "/" + "a" * 5000,
    ],
)
@pytest.mark.usefixtures("traps")
def test_nothing_beside_the_pages_is_served(live: TestClient, path: str) -> None:
    key = live.app.state.services.settings.state_dir / "session-key"
    answer = live.get(f"{ADDRESS}{path}", headers=PAGE)
    assert answer.status_code in (404, 308)
    assert key.read_bytes() not in answer.content
    assert "set-cookie" not in answer.headers
    assert answer.headers.get("location", "/").startswith("/")
    assert not answer.headers.get("location", "/").startswith("//")


def test_a_folder_leads_to_its_page_on_this_host(live: TestClient) -> None:
    answer = live.get("/products", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (308, "/products/")


def test_an_unknown_page_is_a_page_and_an_unknown_file_a_problem(live: TestClient) -> None:
    page = live.get("/products/no-such/", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert live.get("/products/no-such.json").json()["code"] == "not_found"


def test_reading_is_closed_and_leads_a_browser_to_the_login(live: TestClient) -> None:
    nobody = {"Authorization": ""}
    answer = live.get("/", headers=nobody)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    # Another client of the same server, without a token; its lifespan is that of the first one.
    browser = TestClient(live.app, base_url=ADDRESS, follow_redirects=False)
    page = browser.get("/products/?a=b&c=//evil.example", headers=PAGE)
    assert page.status_code == 303
    assert page.headers["location"] == "/login?next=%2Fproducts%2F%3Fa%3Db%26c%3D%2F%2Fevil.example"


def test_a_token_that_may_not_read_reads_nothing(live: TestClient) -> None:
    settings = live.app.state.services.settings
    answer = live.get("/", headers=bearer(token_for(settings, "record")))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_token_for_one_product_reads_the_pages_of_that_product(live: TestClient) -> None:
    settings = live.app.state.services.settings
    own = bearer(token_for(settings, "read", products=["shop"]))
    assert live.get("/products/shop/", headers=own).status_code == 200
    for path in ("/", "/products/index.html", "/products/shop-two/index.html", "/feeds/all.atom"):
        assert live.get(path, headers=own).status_code == 403, path
    folder = live.app.state.services.site.folder
    index = [each.relative_to(folder).as_posix() for each in folder.glob("assets/search/*")]
    assert "assets/search/index.js" in index
    for path in index:
        assert live.get(f"/{path}", headers=own).status_code == 403, path
    assert live.get("/assets/site.css", headers=own).status_code == 200


def test_a_commit_is_told_at_once_and_its_page_follows(live: TestClient) -> None:
    services = live.app.state.services
    assert "out of date" not in live.get("/", headers=PAGE).text
    repository = services.reader.repository()
    before = repository.tip
    Desk(repository.top).record(version="77.0")
    assert services.reader.tip != before
    assert "out of date for some seconds" in live.get("/", headers=PAGE).text
    services.reader.announce()
    assert services.site.wait_until_built(services.reader.tip, 25)
    assert "out of date" not in live.get("/", headers=PAGE).text
    assert "77.0" in live.get("/products/shop/", headers=PAGE).text


def test_a_registry_with_errors_keeps_the_last_site_and_says_so(live: TestClient) -> None:
    services = live.app.state.services
    commit_on_branch(
        Post(services.reader.repository().top), "registry/products/shop/product.yaml", b"a: ["
    )
    services.reader.announce()
    for _ in range(500):
        if services.site.problem:
            break
        services.site.wait_until_built("never", 0.05)
    assert "the registry has errors" in services.site.problem
    assert "could not be built" in live.get("/", headers=PAGE).text


def test_a_notification_that_failed_is_on_the_site_without_a_further_commit(
    pattern: Path, tmp_path: Path
) -> None:
    post = copy_of(pattern, tmp_path / "bare.git")
    channel = b'notify:\n  - {name: "ops", to: "webhook", url_env: "OPS_URL"}\n'
    config = post.git("show", "main:registry/registry.yaml").encode() + b"\n" + channel
    commit_on_branch(post, "registry/registry.yaml", config)
    settings = ServerSettings(
        post.path, tmp_path / "state", clock_at(), variables={"OPS_URL": "http://127.0.0.1:1/"}
    )
    with TestClient(create_app(settings), base_url=ADDRESS) as client:
        client.headers.update(bearer(token_for(settings, "admin")))
        site = client.app.state.services.site
        wait_for(lambda: post.git("for-each-ref", "refs/versioner/notified") != "")
        event = {"product": "shop", "version": "99", "environment": "staging"}
        made = client.post("/api/v1/events", json=event).json()
        wait_for(lambda: site.built == made["commit"])
        wait_for(lambda: "no answer: Connection refused" in client.get("/", headers=PAGE).text)


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 15 seconds")
