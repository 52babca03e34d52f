"""People: sessions, forms, proxies; and what a page of another site may try."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.server.access import requires
from versioner.server.app import create_app
from versioner.server.callers import Caller
from versioner.server.login import safe_path
from versioner.server.rates import address_of_client
from versioner.server.settings import ProxySettings, ServerSettings
from versioner.server.tokens import TokenStore

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

PAGE = {"Accept": "text/html"}


def with_form(app: FastAPI) -> FastAPI:
    """Add what a page with a form does: it shows the caller, and takes a POST."""

    @app.get("/x/caller")
    def show(caller: Annotated[Caller, requires("read")]) -> dict[str, object]:
        return {"name": caller.name, "by": caller.by, "edit": caller.may("edit")}

    @app.post("/x/edit")
    def edit(caller: Annotated[Caller, requires("edit")]) -> dict[str, str]:
        return {"name": caller.name}

    return app


def browser(app: FastAPI, address: str = ADDRESS, **options) -> TestClient:
    return TestClient(app, base_url=address, follow_redirects=False, **options)


@pytest.fixture(scope="module")
def settings(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    return ServerSettings(pattern, tmp_path_factory.mktemp("people"), clock_at())


@pytest.fixture(scope="module")
def app(settings: ServerSettings) -> FastAPI:
    return with_form(create_app(settings))


def log_in(client: TestClient, token: str, **fields: str):
    form = client.get("/login", headers=PAGE).text
    csrf = re.search(r'name="csrf_token" value="([0-9a-f]+)"', form)
    assert csrf
    return client.post("/login", data={"csrf_token": csrf[1], "token": token, **fields})


def csrf_of(client: TestClient) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', client.get("/login").text)
    assert found
    return found[1]


def test_a_token_is_a_login_and_the_session_has_its_scopes(app, settings) -> None:
    client, token = browser(app), token_for(settings, "edit")
    answer = log_in(client, token, next="/products/?a=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/products/?a=1")
    assert client.get("/x/caller").json()["by"] == "session"
    assert client.get("/x/caller").json()["edit"] is True


def test_the_cookie_cannot_be_read_by_script_nor_sent_by_other_sites(app, settings) -> None:
    token = token_for(settings, "read")
    cookie = log_in(browser(app), token).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    secure = browser(app, "https://127.0.0.1:8080")
    cookie = log_in(secure, token).headers["set-cookie"]
    assert cookie.startswith("__Host-versioner_session=")
    assert "; Secure" in cookie
    secret = token.rpartition("_")[2]
    assert secret not in cookie


def test_a_wrong_token_gives_the_form_again_with_the_reason_and_no_session(app) -> None:
    client = browser(app)
    answer = log_in(client, "vr_aaaaaaaaaa_" + "a" * 40)
    assert answer.status_code == 401
    assert 'role="alert">The token is unknown, revoked or expired.<' in answer.text
    assert "versioner_session" not in client.cookies
    assert "a" * 40 not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "/\t/evil.example",
        "/ok\x00",
        "evil",
        "",
        "/" + "a" * 3000,
    ],
)
def test_a_login_leads_to_no_other_host(app, settings, path: str) -> None:
    assert safe_path(path) == "/"
    answer = log_in(browser(app), token_for(settings, "read"), next=path)
    assert answer.headers["location"] == "/"


def test_a_hostile_path_is_text_in_the_form(app) -> None:
    answer = browser(app).get('/login?next=/"><script>alert(1)</script>', headers=PAGE)
    assert "<script" not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"csrf_token": ""}},
        {"data": {"csrf_token": "0" * 64}},
        {"json": {"csrf_token": "x"}},
        {"headers": {"X-CSRF-Token": b"\xe9"}},
        {"headers": {"Content-Type": "text/plain"}, "content": b"csrf_token=x"},
        {"files": {"csrf_token": b"x"}},
    ],
)
def test_a_session_changes_nothing_without_the_token_of_its_form(app, settings, sent) -> None:
    client = browser(app)
    log_in(client, token_for(settings, "edit"))
    answer = client.post("/x/edit", **sent)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


def test_a_form_of_the_session_is_accepted_by_field_and_by_header(app, settings) -> None:
    client = browser(app)
    log_in(client, token_for(settings, "edit"))
    csrf = csrf_of(client)
    assert client.post("/x/edit", data={"csrf_token": csrf}).status_code == 200
    assert client.post("/x/edit", files={"csrf_token": (None, csrf)}).status_code == 200
    own = {"X-CSRF-Token": csrf, "Origin": ADDRESS}
    assert client.post("/x/edit", json={}, headers=own).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:8081", "https://127.0.0.1:8080"]
)
def test_a_form_of_another_site_is_refused_even_with_the_token(app, settings, origin) -> None:
    client = browser(app)
    log_in(client, token_for(settings, "edit"))
    headers = {"X-CSRF-Token": csrf_of(client), "Origin": origin}
    assert client.post("/x/edit", headers=headers).json()["code"] == "csrf"


def test_the_form_of_one_session_is_none_of_another(app, settings) -> None:
    one, two = browser(app), browser(app)
    log_in(one, token_for(settings, "edit"))
    log_in(two, token_for(settings, "edit"))
    answer = two.post("/x/edit", data={"csrf_token": csrf_of(one)})
    assert answer.json()["code"] == "csrf"


def test_nobody_is_logged_in_by_a_form_of_another_browser(app, settings) -> None:
    attacker, victim = browser(app), browser(app)
    csrf = csrf_of(attacker)
    token = token_for(settings, "edit")
    answer = victim.post("/login", data={"csrf_token": csrf, "token": token})
    assert answer.json()["code"] == "csrf"
    victim.get("/login")
    assert victim.post("/login", data={"csrf_token": csrf, "token": token}).status_code == 403


def test_a_token_of_a_script_needs_no_form(app, settings) -> None:
    headers = bearer(token_for(settings, "edit"))
    assert browser(app).post("/x/edit", headers=headers).status_code == 200


def test_a_stolen_cookie_ends_with_the_logout_and_with_the_token(app, settings) -> None:
    client, token = browser(app), token_for(settings, "edit")
    log_in(client, token)
    thief = browser(app, cookies=dict(client.cookies))
    assert thief.get("/x/caller").status_code == 200
    answer = client.post("/logout", data={"csrf_token": csrf_of(client)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert client.get("/x/caller").status_code == 401
    assert thief.get("/x/caller").status_code == 401
    log_in(client, token)
    thief = browser(app, cookies=dict(client.cookies))
    TokenStore(settings.state_dir).revoke(token.split("_")[1])
    assert thief.get("/x/caller").status_code == 401


def test_a_logout_needs_the_form_too(app, settings) -> None:
    client = browser(app)
    log_in(client, token_for(settings, "edit"))
    assert client.post("/logout").status_code == 403
    assert client.get("/x/caller").status_code == 200


@pytest.mark.parametrize(
    "change",
    [lambda text: text[:-2] + "xx", lambda text: "e30" + text, lambda _: "", lambda _: "é" * 9],
)
def test_a_cookie_that_was_changed_is_none(app, settings, change) -> None:
    client = browser(app)
    log_in(client, token_for(settings, "edit"))
    forged = change(client.cookies["versioner_session"])
    answer = browser(app).get(
        "/x/caller", headers={"Cookie": f"versioner_session={forged}".encode()}
    )
    assert answer.status_code == 401


def test_a_session_ends_by_itself(settings, tmp_path) -> None:
    token = token_for(settings, "edit")
    client = browser(
        with_form(create_app(replace(settings, clock=clock_at("2030-01-01T00:00:00Z"))))
    )
    log_in(client, token)
    cookies = dict(client.cookies)
    for now, status in (("2030-01-01T11:59:59Z", 200), ("2030-01-01T12:00:00Z", 401)):
        app = with_form(create_app(replace(settings, clock=clock_at(now))))
        assert browser(app, cookies=cookies).get("/x/caller").status_code == status


def test_the_sessions_go_on_after_a_restart(app, settings) -> None:
    client = browser(app)
    log_in(client, token_for(settings, "edit"))
    again = browser(with_form(create_app(settings)), cookies=dict(client.cookies))
    assert again.get("/x/caller").status_code == 200


def proxied(settings: ServerSettings, **fields) -> FastAPI:
    proxy = ProxySettings(header="X-Remote-User", scopes=frozenset({"edit"}), **fields)
    return with_form(create_app(replace(settings, proxy=proxy)))


def test_a_trusted_proxy_names_the_person(settings) -> None:
    client = browser(proxied(settings), client=("127.0.0.1", 5))
    told = client.get("/x/caller", headers={"X-Remote-User": "jane"}).json()
    assert told == {"name": "jane", "by": "proxy", "edit": True}
    assert client.post("/x/edit", headers={"X-Remote-User": "jane"}).json()["code"] == "csrf"
    csrf = client.get("/login", headers={"X-Remote-User": "jane"}).text
    headers = {"X-Remote-User": "jane", "X-CSRF-Token": csrf.split('value="')[1].split('"')[0]}
    assert client.post("/x/edit", headers=headers).status_code == 200
    assert client.post("/x/edit", headers={**headers, "X-Remote-User": "bob"}).status_code == 403


@pytest.mark.parametrize("peer", ["10.0.0.1", "128.0.0.1", "::2", "testclient", "127.0.0.1.evil"])
def test_another_peer_names_nobody(settings, peer: str) -> None:
    client = browser(proxied(settings), client=(peer, 5))
    assert client.get("/x/caller", headers={"X-Remote-User": "jane"}).status_code == 401


def test_a_header_means_nothing_without_a_configured_proxy(app, settings) -> None:
    client = browser(app, client=("127.0.0.1", 5))
    assert client.get("/x/caller", headers={"X-Remote-User": "jane"}).status_code == 401
    plain = with_form(create_app(replace(settings, proxy=ProxySettings())))
    client = browser(plain, client=("127.0.0.1", 5))
    assert client.get("/x/caller", headers={"X-Remote-User": "jane"}).status_code == 401


def test_two_persons_in_one_request_are_nobody(settings) -> None:
    client = browser(proxied(settings), client=("127.0.0.1", 5))
    two = [("X-Remote-User", "jane"), ("X-Remote-User", "root")]
    assert client.get("/x/caller", headers=two).status_code == 401


def test_the_clients_address_is_the_last_that_no_proxy_of_ours_has(settings) -> None:
    app = create_app(replace(settings, proxy=ProxySettings()))

    @app.get("/x/client")
    def client_of(request: Request) -> list[str]:
        return [address_of_client(request), request.url.scheme]

    client = browser(app, client=("127.0.0.1", 5))
    told = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 127.0.0.2", "X-Forwarded-Proto": "https"}
    assert client.get("/x/client", headers=told).json() == ["203.0.113.9", "https"]
    foreign = browser(app, client=("198.51.100.1", 5))
    assert foreign.get("/x/client", headers=told).json() == ["198.51.100.1", "http"]


def test_a_secret_is_in_no_log(app, settings, caplog) -> None:
    token = token_for(settings, "edit")
    secret = token.rpartition("_")[2]
    client = browser(app)
    with caplog.at_level("DEBUG", logger="versioner.server"):
        client.get("/x/caller", headers=bearer(token))
        client.get(f"/x/caller?token={token}")
        client.get(f"/{token}")
        client.post("/login", data={"token": token})
        log_in(client, token)
        client.get("/x/caller", headers={"Authorization": f"Basic {token}"})
        client.get("/x/%1b[31m%0aINFO%20forged")
    assert caplog.text
    assert secret not in caplog.text
    assert "\x1b" not in caplog.text
    assert not any("forged" in line and "GET" not in line for line in caplog.text.splitlines())
