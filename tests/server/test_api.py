"""Our own API: reads with ETags and cursors, and writes that are commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.server.conftest import bearer, token_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    from versioner.server.settings import ServerSettings


@pytest.fixture
def api(serving: Callable[..., TestClient], settings: ServerSettings) -> TestClient:
    """Return a client with all scopes."""
    client = serving()
    client.headers.update(bearer(token_for(settings, "admin")))
    return client


def event(version: str, status: str = "completed", **more: Any) -> dict[str, Any]:
    fields = {"product": "shop", "environment": "staging", "version": version, "status": status}
    return {**fields, **more}


def test_an_event_is_recorded_once_and_is_in_the_list(api: TestClient) -> None:
    first = api.post("/api/v1/events", json=event("9.0", id="run-1"))
    assert (first.status_code, first.json()["outcome"]) == (201, "recorded")
    again = api.post("/api/v1/events", json=event("9.0", id="run-1"))
    assert (again.status_code, again.json()["outcome"]) == (200, "already_recorded")
    found = api.get("/api/v1/deployments", params={"product": "shop", "version": "9.0"}).json()
    assert [each["id"] for each in found["deployments"]] == ["run-1"]
    shown = api.get("/api/v1/deployments/run-1").json()
    assert shown["version"] == "9.0"
