"""What every answer keeps to: pages for browsers, and no path of the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import bearer, token_for
from versioner.errors import OperationFailed
from versioner.server.settings import Limits, ServerSettings

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
EVENT = {"product": "shop", "environment": "staging", "version": "1", "status": "completed"}
WIRED = {"product_name": "shop", "environment_name": "staging", "version": "1", "status": "success"}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (413, {}, b"a" * 5000),
        (431, {"X-Long": "a" * 40_000}, b""),
        (421, {"Host": "evil.example"}, b""),
        (500, {"X-Defect": "1"}, b""),
    ],
)
def test_a_browser_gets_a_page_for_every_error_and_a_program_a_problem(
    serving: Callable[..., TestClient], status: int, headers: dict[str, str], body: bytes
) -> None:
    client = serving(limits=Limits(body_bytes=4096), public_read=True)
    path = "/no/such"
    if status == 500:
        path = "/x/defect"

        @client.app.get(path)  # type: ignore[attr-defined]
        def defect() -> None:
            raise ZeroDivisionError

    method = "POST" if body else "GET"
    page = client.request(method, path, content=body, headers={**BROWSER, **headers})
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    told = client.request(method, path, content=body, headers=headers)
    assert (told.status_code, told.json()["status"]) == (status, status)


def test_no_answer_names_a_folder_of_the_machine(
    serving: Callable[..., TestClient], settings: ServerSettings, tmp_path: Path
) -> None:
    client = serving()
    admin = bearer(token_for(settings, "admin"))
    assert isinstance(settings.location, Path)
    # The lock of another git, which is not the server's to remove.
    (settings.location / "refs/heads/main.lock").write_text("0" * 40 + "\n")
    for path, sent in (
        ("/api/v1/events", EVENT),
        ("/api/v1/products", {"name": "tea"}),
        ("/deployment-events/", WIRED),
    ):
        answer = client.post(path, json=sent, headers=admin)
        assert "main.lock" in answer.text, path
        assert answer.status_code == 503
        assert str(tmp_path) not in answer.text
        assert "REPOSITORY/refs/heads/main.lock" in answer.text


def test_the_site_tells_why_it_is_not_built_without_a_path(
    serving: Callable[..., TestClient], settings: ServerSettings, tmp_path: Path
) -> None:
    client = serving(public_read=True)
    site = client.app.state.services.site  # type: ignore[attr-defined]
    site.problem = OperationFailed(f"cannot write {settings.state_dir / 'sites'}").message
    for headers in ({}, BROWSER):
        answer = client.get("/", headers=headers)
        assert answer.status_code == 503
        assert "cannot write STATE/sites" in answer.text
