"""Log in at an OpenID Connect provider that is a real HTTP server, and one that lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from tests.server.conftest import ADDRESS, clock_at
from tests.server.provider import CLIENT, SECRET, Provider
from tests.server.test_login import with_form
from versioner.server.app import create_app
from versioner.server.oidc import person_of_claims
from versioner.server.settings import OidcSettings, ServerSettings


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.shutdown()
    provider.server_close()


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.reset()
    return running


@pytest.fixture(scope="module")
def app(running: Provider, pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    oidc = OidcSettings(
        running.issuer,
        CLIENT,
        SECRET,
        groups=(("releases", frozenset({"edit"})), ("admins", frozenset({"admin"}))),
        domains=frozenset({"example.com"}),
    )
    state = tmp_path_factory.mktemp("oidc")
    return with_form(create_app(ServerSettings(pattern, state, clock_at(), oidc=oidc)))


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=ADDRESS, follow_redirects=False)


def log_in(client: TestClient, path: str = "/products/"):
    """Follow a login to the provider and back, as a browser does."""
    begun = client.get("/login/oidc", params={"next": path})
    assert begun.status_code == 302
    back = httpx.get(begun.headers["location"]).headers["location"]
    return client.get(back)


def test_a_person_of_the_provider_has_a_session_with_the_scopes_of_the_groups(
    client: TestClient, provider: Provider
) -> None:
    assert (
        f'<a href="/login/oidc?next=%2F">Log in with {provider.issuer}' in client.get("/login").text
    )
    answer = log_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/products/")
    assert client.get("/x/caller").json() == {"name": "jane", "by": "session", "edit": True}
    assert SECRET not in str(client.cookies)


def test_a_person_of_no_group_may_only_read(client: TestClient, provider: Provider) -> None:
    provider.person["groups"] = "staff"
    assert log_in(client).status_code == 303
    assert client.get("/x/caller").json()["edit"] is False
    assert client.get("/api/v1/tokens").status_code == 403


def test_groups_of_another_shape_are_none(client: TestClient, provider: Provider) -> None:
    provider.person["groups"] = 7
    assert log_in(client).status_code == 303
    assert client.get("/x/caller").json()["edit"] is False


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_a_login_at_the_provider_leads_to_no_other_host(client, provider, path: str) -> None:
    assert log_in(client, path).headers["location"] == "/"


LIES = {
    "another nonce": lambda claims: claims.update(nonce="other"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "another audience": lambda claims: claims.update(aud="other"),
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "an expired token": lambda claims: claims.update(iat=1, exp=2),
    "no signature": lambda claims: claims.update(unsigned=True),
    "nobody": lambda claims: [claims.pop(each) for each in ("sub", "preferred_username", "email")],
    "another domain": lambda claims: claims.update(email="jane@evil.example"),
    "a longer domain": lambda claims: claims.update(email="jane@notexample.com"),
    "an address not verified": lambda claims: claims.update(email_verified=False),
    "an address of which nothing is said": lambda claims: claims.pop("email_verified"),
    "an address that is verified by a number": lambda claims: claims.update(email_verified=1),
    "an address not verified, as text": lambda claims: claims.update(email_verified="false"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_for_us_logs_nobody_in(client, provider, lie: str) -> None:
    provider.change = LIES[lie]
    answer = log_in(client)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert client.get("/x/caller").status_code == 401


@pytest.mark.parametrize(("told", "email"), [({}, "jane@example.com"), ({"email_verified": 0}, "")])
def test_a_provider_that_says_nothing_of_addresses_may_be_believed(
    app: FastAPI, told: dict[str, object], email: str
) -> None:
    settings = replace(app.state.services.settings.oidc, assumes_verified=True, domains=frozenset())
    claims = {"sub": "1", "email": "jane@example.com", **told}
    assert person_of_claims(claims, settings).email == email
    assert person_of_claims(claims, replace(settings, assumes_verified=False)).email == ""


def test_a_token_that_another_key_signed_logs_nobody_in(client, provider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert log_in(client).status_code == 401
    assert client.get("/x/caller").status_code == 401


def test_a_refusal_of_the_provider_is_said_without_its_words(client, provider) -> None:
    provider.refusal = "<script>alert(1)</script>"
    answer = log_in(client)
    assert answer.status_code == 401
    assert "<script>alert" not in answer.text


def test_the_answer_to_the_login_of_another_browser_is_refused(client, app, provider) -> None:
    begun = client.get("/login/oidc")
    back = httpx.get(begun.headers["location"]).headers["location"]
    victim = TestClient(app, base_url=ADDRESS, follow_redirects=False)
    assert victim.get(back).status_code == 401
    assert victim.get("/x/caller").status_code == 401
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=y", "?error=x"])
def test_a_callback_that_nobody_began_is_refused(client, query: str) -> None:
    assert client.get(f"/login/oidc/callback{query}").status_code == 401


def test_a_provider_that_is_away_is_said(pattern, tmp_path) -> None:
    oidc = OidcSettings("http://127.0.0.1:9", CLIENT, SECRET)
    app = create_app(ServerSettings(pattern, tmp_path, clock_at(), oidc=oidc))
    answer = TestClient(app, base_url=ADDRESS).get("/login/oidc")
    assert answer.status_code == 502
    assert "cannot be reached" in answer.text


def test_without_a_provider_there_is_no_such_login(pattern, tmp_path) -> None:
    client = TestClient(create_app(ServerSettings(pattern, tmp_path, clock_at())), base_url=ADDRESS)
    assert client.get("/login/oidc").status_code == 404
    assert client.get("/login/oidc/callback").status_code == 404
    assert "oidc" not in client.get("/login").text


def test_the_secret_of_the_client_is_not_in_the_settings_as_text() -> None:
    assert SECRET not in repr(OidcSettings("https://x.example", CLIENT, SECRET))
