"""The docs without another host, and the tokens over HTTP."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v31
from starlette.testclient import TestClient

from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.server.app import create_app
from versioner.server.problems import PROBLEMS
from versioner.server.settings import ServerSettings

TOKENS = "/api/v1/tokens"


@pytest.fixture(scope="module")
def settings(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    return ServerSettings(pattern, tmp_path_factory.mktemp("docs"), clock_at())


@pytest.fixture(scope="module")
def client(settings: ServerSettings) -> TestClient:
    return TestClient(create_app(settings), base_url=ADDRESS, follow_redirects=False)


@pytest.fixture(scope="module")
def admin(settings: ServerSettings) -> dict[str, str]:
    return bearer(token_for(settings, "admin"))


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_docs_load_everything_from_this_server(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) >= 3
    assert all(re.match(r"/(?!/)|data:,$", each) for each in loaded)
    for each in loaded:
        if each.startswith("/_versioner/"):
            answer = client.get(each)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))
            assert b"cdn." not in answer.content
            tag = {"If-None-Match": answer.headers["etag"]}
            assert client.get(each, headers=tag).status_code == 304
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", ["..%2fapp.py", "%2e%2e/app.py", "__init__.py", "x", "docs.js/"])
def test_no_other_file_of_the_packages_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/_versioner/{name}").status_code in (401, 404)


def test_the_description_is_openapi_3_1_and_open(client: TestClient, scale) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    schema = jsonschema_rs.validator_for(dict(schema_v31))
    assert [each.message for each in schema.iter_errors(document)] == []
    named = set(re.findall(r"'#/components/schemas/([^']+)'", str(document)))
    assert named <= set(document["components"]["schemas"])
    if scale(0, 1):
        # It also checks what a schema cannot, and takes two hundred times as long.
        OpenAPIV31SpecValidator(document).validate()
    assert "HTTPValidationError" not in str(document)
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == [*PROBLEMS]


def test_tokens_are_made_listed_and_revoked_and_count_at_once(client, admin) -> None:
    wanted = {"name": "pipeline", "scopes": ["read"], "products": ["shop"], "expires": "90d"}
    made = client.post(TOKENS, headers=admin, json=wanted)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    token = made.json()["token"]
    assert made.headers["location"] == f"{TOKENS}/{made.json()['id']}"
    assert client.get(TOKENS, headers=bearer(token)).status_code == 403
    listed = client.get(TOKENS, headers=admin)
    assert "pipeline" in [each["name"] for each in listed.json()]
    assert token.rpartition("_")[2] not in listed.text
    assert client.get(f"{TOKENS}/pipeline", headers=admin).json()["last_used_at"] is not None
    assert client.post(TOKENS, headers=admin, json=wanted).json()["code"] == "conflict"
    assert client.delete(f"{TOKENS}/pipeline", headers=admin).status_code == 204
    assert client.get(TOKENS, headers=bearer(token)).status_code == 401
    assert client.delete(f"{TOKENS}/pipeline", headers=admin).json()["code"] == "not_found"


@pytest.mark.parametrize("scope", ["read", "record", "edit", "approve"])
def test_no_other_scope_sees_or_makes_tokens(client, settings, scope: str) -> None:
    headers = bearer(token_for(settings, scope))
    assert client.get(TOKENS, headers=headers).status_code == 403
    wanted = {"name": "x", "scopes": ["admin"]}
    assert client.post(TOKENS, headers=headers, json=wanted).status_code == 403
    assert client.post(TOKENS, json=wanted).status_code == 401


def test_an_admin_of_one_product_makes_no_token(client, settings) -> None:
    headers = bearer(token_for(settings, "admin", products=["shop"]))
    wanted = {"name": "x", "scopes": ["admin"]}
    assert client.post(TOKENS, headers=headers, json=wanted).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"name": "x"}', 422),
        (b'{"name": 1, "scopes": ["read"]}', 422),
        (b'{"name": "x", "scopes": []}', 422),
        (b'{"name": "x", "scopes": ["root"]}', 422),
        (b'{"name": "x", "scopes": ["read"], "admin": true}', 422),
        (b'{"name": "x\\n", "scopes": ["read"]}', 422),
        (b'{"name": "x", "scopes": ["read"], "expires": ""}', 422),
        (b'{"name": "x", "scopes": ["read"], "expires": "2020-01-01"}', 409),
        (b'{"name": "x", "scopes": ["read"], "products": ["../x"]}', 422),
        (b'{"name": "\\ud800", "scopes": ["read"]}', 422),
        (b'{"name": "' + b"x" * 100_000 + b'", "scopes": ["read"]}', 422),
        (b"[" * 100_000, 400),
    ],
)
def test_a_body_that_is_not_valid_makes_nothing(client, admin, body: bytes, status: int) -> None:
    before = client.get(TOKENS, headers=admin).json()
    headers = {**admin, "Content-Type": "application/json"}
    answer = client.post(TOKENS, headers=headers, content=body)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert len(answer.content) < 2000
    after = client.get(TOKENS, headers=admin).json()
    assert [each["id"] for each in after] == [each["id"] for each in before]


def test_a_wrong_method_is_told_all_the_methods_of_the_path(client, admin) -> None:
    answer = client.patch(f"{TOKENS}/ci", headers=admin)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, DELETE, OPTIONS")
    assert client.put(TOKENS, headers=admin).headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert client.post("/health").headers["allow"] == "GET, HEAD, OPTIONS"


def test_what_a_body_holds_is_not_said_again(client, admin) -> None:
    answer = client.post(TOKENS, headers=admin, json={"name": {"p": "s3cretvalue"}, "scopes": "x"})
    assert answer.status_code == 422
    assert "s3cretvalue" not in answer.text
