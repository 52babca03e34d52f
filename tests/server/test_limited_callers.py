"""What tokens that are limited to a product or an environment read and write, by each route."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from tests.fixtures.bare_registry import copy_of
from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.server import api, pages
from versioner.server.app import create_app
from versioner.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import APIRouter


def fill(made: TestClient, settings: ServerSettings) -> None:
    """Record products "shop" and "web", which "mail" needs, and rename "web" to "storefront"."""
    admin = bearer(token_for(settings, "admin"))
    event = {"environment": "staging", "status": "completed", "version": "7.0"}
    events = [{**event, "product": each, "id": f"run-{each}"} for each in ("shop", "web")]
    answer = made.post("/api/v1/events/batch", json={"events": events}, headers=admin)
    assert answer.json()["refused"] == 0
    mail = {"name": "mail", "depends_on": ["web"]}
    assert made.post("/api/v1/products", json=mail, headers=admin).status_code == 201
    old = made.post("/api/v1/products/web/rename", json={"name": "storefront"}, headers=admin)
    assert old.status_code == 200


@pytest.fixture
def client(serving: Callable[..., TestClient], settings: ServerSettings) -> TestClient:
    """Return a client of a server of the test's own, with products."""
    made = serving()
    fill(made, settings)
    return made


@pytest.fixture(scope="module")
def shared(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    """Return the settings of one server for the tests that only read."""
    top = tmp_path_factory.mktemp("limited")
    return ServerSettings(copy_of(pattern, top / "bare.git").path, top / "state", clock_at())


@pytest.fixture(scope="module")
def live(shared: ServerSettings) -> TestClient:
    """Return its client, with products, and a deployment to production that only "shop" has."""
    made = TestClient(create_app(shared), base_url=ADDRESS, follow_redirects=False)
    fill(made, shared)
    event = {"product": "shop", "environment": "production", "version": "8.8.8", "id": "run-live"}
    answer = made.post("/api/v1/events", json=event, headers=bearer(token_for(shared, "admin")))
    assert answer.status_code == 201, answer.text
    return made


def paths_of(router: APIRouter, prefix: str) -> Iterator[str]:
    for each in router.routes:
        if isinstance(each, APIRoute):
            if "GET" in each.methods:
                yield prefix + each.path.removeprefix(prefix).replace(":path", "")
        else:
            yield from paths_of(each.original_router, prefix)  # type: ignore[attr-defined]


def test_a_limited_token_reads_nothing_of_other_products_by_any_route(
    live: TestClient, shared: ServerSettings
) -> None:
    token = bearer(token_for(shared, "edit", "approve", products=["shop"]))
    foreign = dict.fromkeys(("product", "name", "request", "rule"), "storefront")
    foreign |= {"event_id": "run-web", "version": "7.0", "environment": "staging"}
    paths = [*paths_of(api.router, "/api/v1"), *paths_of(pages.router, "/edit")]
    assert len(paths) > 25
    for path in paths:
        answer = live.get(path.format(**foreign), headers=token)
        if answer.status_code == 200:
            assert not re.search(r"mail|\bweb\b|storefront", answer.text), path
        else:
            assert answer.status_code in (303, 403, 404), path


def test_a_limited_token_reads_what_is_its_own(live: TestClient, shared: ServerSettings) -> None:
    token = bearer(token_for(shared, "edit", "record", products=["shop"]))
    for path, status in (
        ("/api/v1/products/shop", 200),
        ("/api/v1/products/storefront", 403),
        ("/api/v1/products/web", 403),
        ("/api/v1/products/storefront/versions/7.0", 403),
        ("/api/v1/status?product=shop&product=web", 403),
        ("/api/v1/metrics", 403),
        ("/api/v1/metrics?product=shop", 200),
        ("/api/v1/check?product=shop&version=7.0&environment=staging", 200),
        ("/api/v1/check?product=web&version=7.0&environment=staging", 403),
        ("/api/v1/deployments?product=storefront", 403),
        ("/api/v1/deployments/run-web", 404),
        ("/api/v1/deployments/run-shop", 200),
        ("/edit/products/web", 403),
        ("/edit/products/shop", 200),
        ("/edit/deployments/web/run-web/void", 403),
        ("/edit/products/shop/deployments", 200),
    ):
        assert live.get(path, headers=token).status_code == status, path


def test_lists_have_only_the_products_of_a_limited_token(
    live: TestClient, shared: ServerSettings
) -> None:
    own = bearer(token_for(shared, "read", products=["shop", "not-there"]))
    every = bearer(token_for(shared, "read"))
    for path, key, name in (
        ("products", "products", "name"),
        ("deployments", "deployments", "product"),
        ("status", "products", "product"),
    ):
        found = live.get(f"/api/v1/{path}", headers=own).json()[key]
        assert {each[name] for each in found} == {"shop"}
        whole = live.get(f"/api/v1/{path}", headers=every).json()[key]
        assert {each[name] for each in whole} > {"shop"}


def test_what_counts_beyond_the_limits_of_a_token_is_not_written(
    client: TestClient, settings: ServerSettings
) -> None:
    shop, staging = {"products": ["shop"]}, {"environments": ["staging"]}
    frozen = {"environment": "staging", "until": "2030-01-01T00:00:00Z", "reason": "x"}
    approved = {"version": "7.0", "decision": "approved", "approval_type": "qa"}
    for limits, path, body in (
        (shop, "environments", {"name": "qa"}),
        (shop, "environments/staging/rename", {"name": "qa"}),
        ({"products": ["web"]}, "freezes", {**frozen, "products": ["web"]}),
        ({"products": ["web"]}, "requests/r/versions", {"versions": {"web": "7.0"}}),
        (shop, "requests", {"name": "r", "opened": True}),
        (shop, "requests", {"name": "r", "versions": {"storefront": "7.0"}}),
        (staging, "requests", {"name": "r", "versions": {"shop": "7.0"}}),
        (staging, "products/shop/rename", {"name": "store"}),
        (staging, "products/shop/merge", {"into": "storefront"}),
        (staging, "products/shop/decisions", approved),
    ):
        token = bearer(token_for(settings, "edit", "approve", **limits))
        answer = client.post(f"/api/v1/{path}", json=body, headers=token)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path


def test_a_deletion_edits_no_dependent_product_of_others(
    client: TestClient, settings: ServerSettings
) -> None:
    sent = {"name": "storefront", "force": True}
    own = bearer(token_for(settings, "edit", products=["storefront"]))
    assert (
        client.request("DELETE", "/api/v1/products/storefront", json=sent, headers=own).status_code
        == 403
    )
    both = bearer(token_for(settings, "edit", products=["storefront", "mail"]))
    assert (
        client.request("DELETE", "/api/v1/products/storefront", json=sent, headers=both).status_code
        == 200
    )


def test_links_of_other_clients_lead_a_limited_token_to_no_product_of_others(
    live: TestClient, shared: ServerSettings
) -> None:
    own = bearer(token_for(shared, "read", products=["shop"]))
    for path, target in (
        ("/manage/deployments?view=run-web", "/deployments/index.html"),
        ("/manage/versions?view=storefront@7.0", "/products/index.html"),
    ):
        assert live.get(path, headers=own).headers["location"] == target
    mine = live.get("/manage/deployments?view=run-shop", headers=own).headers["location"]
    assert mine.startswith("/products/shop/")


def test_a_token_for_an_environment_reads_nothing_of_others_by_any_route(
    live: TestClient, shared: ServerSettings
) -> None:
    token = bearer(token_for(shared, "edit", "approve", environments=["staging"]))
    foreign = dict.fromkeys(("product", "name"), "shop")
    foreign |= {"event_id": "run-live", "version": "8.8.8", "environment": "production"}
    foreign |= {"request": "r", "rule": "r"}
    paths = [*paths_of(api.router, "/api/v1"), *paths_of(pages.router, "/edit")]
    for path in paths:
        answer = live.get(path.format(**foreign), headers=token)
        if answer.status_code == 200:
            assert not re.search(r"8\.8\.8|run-live", answer.text), path
        else:
            assert answer.status_code in (303, 403, 404), path


def test_a_token_for_an_environment_reads_what_is_its_own(
    live: TestClient, shared: ServerSettings
) -> None:
    token = bearer(token_for(shared, "edit", environments=["staging"]))
    for path, status in (
        ("/api/v1/products", 200),
        ("/api/v1/products/shop", 200),
        ("/api/v1/products/shop/versions", 403),
        ("/api/v1/environments/staging", 200),
        ("/api/v1/environments/production", 403),
        ("/api/v1/status?environment=staging", 200),
        ("/api/v1/status?environment=staging&environment=production", 403),
        ("/api/v1/deployments?environment=production", 403),
        ("/api/v1/deployments/run-live", 404),
        ("/api/v1/deployments/run-shop", 200),
        ("/api/v1/metrics", 403),
        ("/api/v1/metrics?environment=staging", 200),
        ("/api/v1/check?product=shop&version=7.0&environment=staging", 200),
        ("/api/v1/check?product=shop&version=7.0&environment=production", 403),
        ("/api/v1/rules", 403),
        ("/api/v1/requests", 403),
        ("/metrics", 403),
        ("/edit/products/shop", 200),
        ("/edit/products/shop/deployments", 403),
        ("/edit/freezes", 403),
        ("/edit/deployments/shop/run-live/void", 403),
        ("/edit/deployments/shop/run-shop/void", 200),
        ("/manage/deployments?view=run-live", 302),
        ("/", 403),
        ("/products/shop/", 403),
        ("/environments/staging/", 403),
        ("/assets/closed_times.js", 403),
        ("/assets/search/index.js", 403),
        ("/api/v1/matrix.json", 403),
        ("/badges/shop/production.svg", 403),
    ):
        answer = live.get(path, headers=token)
        assert answer.status_code == status, path
        assert "run-live" not in answer.headers.get("location", "")


def test_lists_have_only_the_environments_of_a_limited_token(
    live: TestClient, shared: ServerSettings
) -> None:
    own = bearer(token_for(shared, "read", environments=["staging", "not-there"]))
    every = bearer(token_for(shared, "read"))

    def found(path: str, token: dict[str, str]) -> dict[str, Any]:
        answer = live.get(f"/api/v1/{path}", headers=token)
        assert answer.status_code == 200
        return answer.json()

    assert found("status", own)["environments"] == ["staging"]
    assert "production" in found("status", every)["environments"]
    cells = {name for row in found("status", own)["products"] for name in row["cells"]}
    assert cells == {"staging"}
    deployed = {each["environment"] for each in found("deployments", own)["deployments"]}
    assert deployed == {"staging"}
    assert len(found("deployments?limit=1", own)["deployments"]) == 1
    assert [each["name"] for each in found("environments", own)["environments"]] == ["staging"]
    (shop,) = [each for each in found("products", own)["products"] if each["name"] == "shop"]
    (whole,) = [each for each in found("products", every)["products"] if each["name"] == "shop"]
    assert shop["running"].keys() == {"staging"}
    assert shop["deployments"] < whole["deployments"]
    assert shop["last_deployed_at"] <= whole["last_deployed_at"]
    none = bearer(token_for(shared, "read", environments=["not-there"]))
    assert found("status", none)["products"] == []
    assert live.get("/deployments/", headers=own).json()
    assert "run-live" not in live.get("/deployments/", headers=own).text


@pytest.mark.parametrize("limits", [{"products": ["shop"]}, {"environments": ["staging"]}])
def test_a_limited_token_gets_no_data_beside_the_pages(
    live: TestClient, shared: ServerSettings, limits: dict[str, list[str]]
) -> None:
    token = bearer(token_for(shared, "read", **limits))
    refused = ("closed_times.js", "search/index.js", "search/312e.js", "other.js", "a/b.json")
    for name in refused:
        assert live.get(f"/assets/{name}", headers=token).status_code == 403, name
    for name in ("site.css", "scripts/product.js", "built.js", "icon.svg", "a/picture.png"):
        # The site of these tests is not built.
        assert live.get(f"/assets/{name}", headers=token).status_code == 503, name
