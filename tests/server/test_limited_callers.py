"""What tokens that are limited to a product or an environment read and write, by each route."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute

from tests.server.conftest import bearer, token_for
from versioner.server import api, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import APIRouter
    from starlette.testclient import TestClient

    from versioner.server.settings import ServerSettings


@pytest.fixture
def client(serving: Callable[..., TestClient], settings: ServerSettings) -> TestClient:
    """Return a client of a server whose products are "shop" and "web", which "mail" needs."""
    made = serving()
    admin = bearer(token_for(settings, "admin"))
    event = {"environment": "staging", "status": "completed", "version": "7.0"}
    events = [{**event, "product": each, "id": f"run-{each}"} for each in ("shop", "web")]
    answer = made.post("/api/v1/events/batch", json={"events": events}, headers=admin)
    assert answer.json()["refused"] == 0
    mail = {"name": "mail", "depends_on": ["web"]}
    assert made.post("/api/v1/products", json=mail, headers=admin).status_code == 201
    old = made.post("/api/v1/products/web/rename", json={"name": "storefront"}, headers=admin)
    assert old.status_code == 200
    return made


def paths_of(router: APIRouter, prefix: str) -> Iterator[str]:
    for each in router.routes:
        if isinstance(each, APIRoute):
            if "GET" in each.methods:
                yield prefix + each.path.removeprefix(prefix).replace(":path", "")
        else:
            yield from paths_of(each.original_router, prefix)  # type: ignore[attr-defined]


def test_a_limited_token_reads_nothing_of_other_products_by_any_route(
    client: TestClient, settings: ServerSettings
) -> None:
    token = bearer(token_for(settings, "edit", "approve", products=["shop"]))
    foreign = dict.fromkeys(("product", "name", "request", "rule"), "storefront")
    foreign |= {"event_id": "run-web", "version": "7.0", "environment": "staging"}
    paths = [*paths_of(api.router, "/api/v1"), *paths_of(pages.router, "/edit")]
    assert len(paths) > 25
    for path in paths:
        answer = client.get(path.format(**foreign), headers=token)
        if answer.status_code == 200:
            assert not re.search(r"mail|\bweb\b|storefront", answer.text), path
        else:
            assert answer.status_code in (303, 403, 404), path


def test_a_limited_token_reads_what_is_its_own(
    client: TestClient, settings: ServerSettings
) -> None:
    token = bearer(token_for(settings, "edit", "record", products=["shop"]))
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
        assert client.get(path, headers=token).status_code == status, path


def test_lists_have_only_the_products_of_a_limited_token(
    client: TestClient, settings: ServerSettings
) -> None:
    own = bearer(token_for(settings, "read", products=["shop", "not-there"]))
    every = bearer(token_for(settings, "read"))
    for path, key, name in (
        ("products", "products", "name"),
        ("deployments", "deployments", "product"),
        ("status", "products", "product"),
    ):
        found = client.get(f"/api/v1/{path}", headers=own).json()[key]
        assert {each[name] for each in found} == {"shop"}
        whole = client.get(f"/api/v1/{path}", headers=every).json()[key]
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
    client: TestClient, settings: ServerSettings
) -> None:
    own = bearer(token_for(settings, "read", products=["shop"]))
    for path, target in (
        ("/manage/deployments?view=run-web", "/deployments/index.html"),
        ("/manage/versions?view=storefront@7.0", "/products/index.html"),
    ):
        assert client.get(path, headers=own).headers["location"] == target
    mine = client.get("/manage/deployments?view=run-shop", headers=own).headers["location"]
    assert mine.startswith("/products/shop/")
