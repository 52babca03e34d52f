"""What every request to the server passes, and who may."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import versioner
from tests.server.conftest import bearer, token_for
from tests.server.deliveries import DELIVERIES
from versioner.server.problems import PROBLEMS
from versioner.server.public_texts import PublicTexts

if TYPE_CHECKING:
    from collections.abc import Callable


def test_health_is_open_and_tells_the_version(serving) -> None:
    answer = serving().get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/health", "/health/", "/docs", "/docs/", "/openapi.json"])
def test_what_is_open_answers_monitors_too(serving, path: str) -> None:
    client = serving()
    assert client.get(path).status_code == client.head(path).status_code == 200


def test_head_is_answered_as_get_without_its_content_and_options_with_the_methods(
    serving, settings, scale: Callable[[int, int], int]
) -> None:
    client = serving()
    client.headers.update(bearer(token_for(settings, "admin")))
    forms = ("/edit/products/new", "/edit/products/shop", "/edit/freezes", "/edit/requests/new")
    site = ("/", "/products/index.html", "/no/such", "/login", "/docs", "/openapi.json")
    described = client.get("/openapi.json").json()["paths"]
    paths = [re.sub(r"{\w+}", "shop", path) for path, has in described.items() if "get" in has]
    assert len(paths) > 25
    for path in (*paths, *forms, *site)[:: scale(5, 1)]:
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers["content-type"] == got.headers["content-type"], path
        assert client.options(path).headers["allow"].startswith("GET, HEAD"), path
    asked = client.options("/deployment-events/", headers={"Authorization": ""})
    assert (asked.status_code, asked.headers["allow"]) == (204, "POST, OPTIONS")


def test_each_server_hides_its_own_folders(tmp_path: Path) -> None:
    one = PublicTexts({"STATE": tmp_path / "one", "REPOSITORY": tmp_path / "one/inner"})
    two = PublicTexts({"STATE": tmp_path / "two"})
    text = f"{tmp_path}/one/x and {tmp_path}/one/inner and https://a:b@c.example"
    assert one.of(text).startswith("STATE/x and REPOSITORY and https")
    assert "a:b" not in one.of(text)
    assert f"{tmp_path}/one/x" in two.of(text)


def test_a_branch_that_lost_its_registry_is_unavailable_and_loses_no_event(
    serving, settings, post
) -> None:
    client = serving()
    client.headers.update(bearer(token_for(settings, "admin")))
    event = {"product": "shop", "environment": "staging", "version": "2.0", "id": "kept"}
    sent = {"product_name": "shop", "environment_name": "staging", "version": "2.0"}
    _, told = DELIVERIES["cdevents service.deployed"]
    requests = (
        *(("GET", path, None) for path in ("/health", "/api/v1/status", "/edit/freezes")),
        ("POST", "/api/v1/events", event),
        ("POST", "/deployment-events/", {**sent, "status": "success"}),
        ("POST", "/hooks/cdevents", told),
    )
    tip = post.git("rev-parse", "main")
    tree = post.git("hash-object", "-t", "tree", "-w", "/dev/null")
    other = post.git("commit-tree", "-m", "Something else", tree)
    for change in (["refs/heads/main", other], ["-d", "refs/heads/main"]):
        post.git("update-ref", *change)
        for method, path, body in requests:
            answer = client.request(method, path, json=body)
            assert answer.status_code == 503, (path, answer.text)
    post.git("update-ref", "refs/heads/main", tip)
    assert client.get("/health").status_code == 200
    assert client.post("/api/v1/events", json=event).status_code == 201
    assert client.post("/hooks/cdevents", json=told).json()["events"][0]["outcome"] == "recorded"


def test_an_unknown_path_is_a_problem_with_its_code(serving) -> None:
    answer = serving().post("/no/such/thing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_the_documentation_lists_each_code_of_a_problem_with_its_status() -> None:
    page = (Path(versioner.__file__).parent / "docs" / "serving.md").read_text("utf-8")
    table = page.partition("## Errors")[2].partition("\n## ")[0]
    listed = {}
    for row in re.findall(r"^\| (`.+?) \| ([0-9, ]+) \|", table, re.MULTILINE):
        codes, statuses = re.findall("`(.+?)`", row[0]), row[1].split(", ")
        listed |= dict(zip(codes, statuses, strict=True))
    assert listed == {code: str(kind.status) for code, kind in PROBLEMS.items()}
