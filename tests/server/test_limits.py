"""Limits: large and slow bodies, many requests, guessed tokens, foreign hosts, wrong types."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient
from uvicorn.server import ServerState

from tests.server.conftest import ADDRESS, bearer, clock_at, run_async, token_for
from versioner.server.access import requires
from versioner.server.app import create_app
from versioner.server.callers import Caller
from versioner.server.middleware import BodyLimit
from versioner.server.protocol import timed_protocol
from versioner.server.rates import Bucket
from versioner.server.settings import Limits, ServerSettings
from versioner.server.tokens import TokenStore


@pytest.fixture(scope="module")
def settings(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    return ServerSettings(pattern, tmp_path_factory.mktemp("limits"), clock_at())


def client_of(settings: ServerSettings, address: str = ADDRESS, **options) -> TestClient:
    key = repr(settings)
    if key not in APPS:
        APPS[key] = app_of(settings)
    return TestClient(APPS[key], base_url=address, follow_redirects=False, **options)


# Making one takes longer than most of these tests.
APPS: dict[str, FastAPI] = {}


def app_of(settings: ServerSettings) -> FastAPI:
    app = create_app(settings)

    @app.post("/x/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    @app.get("/x/read")
    def read(caller: Annotated[Caller, requires("read")]) -> str:
        return caller.name

    @app.get("/x/defect")
    def defect() -> None:
        raise ZeroDivisionError("vr_" + "a" * 10 + "_" + "b" * 40)

    return app


def test_a_body_up_to_the_limit_is_read_and_a_larger_one_refused(settings) -> None:
    client = client_of(replace(settings, limits=Limits(body_bytes=4096)))
    assert client.post("/x/body", content=b"a" * 4096).json() == 4096
    answer = client.post("/x/body", content=b"a" * 4097)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.headers["connection"] == "close"


def test_a_body_without_a_length_is_counted_as_it_comes(settings) -> None:
    client = client_of(replace(settings, limits=Limits(body_bytes=4096)))
    chunks = (b"a" * 1000 for _ in range(1000))
    assert client.post("/x/body", content=chunks).status_code == 413


@pytest.mark.parametrize("told", [b"-1", b"1e9", b"99999999999999999999", "٣".encode(), b""])
def test_a_told_length_that_is_no_number_or_a_lie_is_survived(settings, told: bytes) -> None:
    client = client_of(replace(settings, limits=Limits(body_bytes=4096)))
    answer = client.post("/x/body", content=b"abc", headers={"Content-Length": told})
    assert answer.status_code in (200, 413)


def test_a_body_that_trickles_in_is_given_up(settings) -> None:
    sent = []

    async def never(_scope, _receive, _send) -> None:
        raise AssertionError("the routes saw an incomplete body")

    async def receive():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def send(message) -> None:
        sent.append(message)

    limit = BodyLimit(never, limits=Limits(body_seconds=0.1))
    scope = {"type": "http", "method": "POST", "headers": [], "path": "/"}
    scope["app"] = create_app(settings)
    run_async(limit(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_client_that_goes_away_in_its_body_reaches_no_route() -> None:
    async def never(_scope, _receive, _send) -> None:
        raise AssertionError("the routes saw an incomplete body")

    async def receive():
        return {"type": "http.disconnect"}

    limit = BodyLimit(never, limits=Limits())
    run_async(limit({"type": "http", "headers": []}, receive, never))


def test_a_token_that_asks_too_often_waits_and_no_other_does(settings) -> None:
    client = client_of(replace(settings, limits=Limits(rate=0.5, burst=3)))
    busy, other = bearer(token_for(settings, "read")), bearer(token_for(settings, "read"))
    codes = [client.get("/x/read", headers=busy).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    answer = client.get("/x/read", headers=busy)
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert answer.json()["code"] == "too_many_requests"
    assert client.get("/x/read", headers=other).status_code == 200


def test_a_bucket_fills_again_with_time_and_forgets_the_oldest() -> None:
    moment = [0.0]
    bucket = Bucket(2.0, 2, lambda: moment[0])
    assert [bucket.wait("a"), bucket.wait("a"), bucket.wait("a")] == [0, 0, 0.5]
    moment[0] = 0.5
    assert [bucket.wait("a"), bucket.wait("a")] == [0, 0.5]
    for number in range(10_100):
        bucket.wait(str(number))
    assert len(bucket._levels) <= 10_001


def test_guessing_tokens_is_slowed_down_for_the_address_alone(settings) -> None:
    few = replace(settings, limits=Limits(failures=3))
    client = client_of(few, client=("203.0.113.1", 1))
    right = bearer(token_for(settings, "read"))
    wrong = bearer("vr_aaaaaaaaaa_" + "b" * 40)
    codes = [client.get("/x/read", headers=wrong).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    # One pipeline with an old token does not stop those that share its address.
    assert client.get("/x/read", headers=right).status_code == 200
    other = TestClient(client.app, base_url=ADDRESS, client=("203.0.113.2", 1))
    assert other.get("/x/read", headers=right).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        "Bearer",
        "Bearer ",
        "bearer x",
        "Basic dXNlcjpwYXNz",
        "Token vr_a_b",
        "é",
        "Bearer a b",
        "\t",
    ],
)
def test_another_authorization_is_refused_and_never_taken_for_nobody(settings, sent: str) -> None:
    client = client_of(replace(settings, public_read=True))
    assert client.get("/x/read").status_code == 200
    answer = client.get("/x/read", headers={"Authorization": sent.encode()})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1@evil.example", "[::1", "a b"]
)
def test_a_foreign_host_name_is_answered_with_421(settings, host: str) -> None:
    client = client_of(settings)
    for path in ("/", "/login", "/openapi.json", "//health"):
        answer = client.get(f"{ADDRESS}{path}", headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "misdirected")
    # A load balancer asks by an address.
    assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "[::1]:8080", "LOCALHOST:1"])
def test_the_names_of_this_machine_are_known(settings, host: str) -> None:
    assert client_of(settings).get("/login", headers={"Host": host}).status_code == 200


def test_the_public_name_is_known_where_it_was_told(settings) -> None:
    client = client_of(replace(settings, base_url="https://releases.example.com"))
    assert client.get("/login", headers={"Host": "releases.example.com"}).status_code == 200
    assert client.get("/login", headers={"Host": "other.example.com"}).status_code == 421


def test_a_defect_tells_the_log_and_not_the_caller(settings, caplog) -> None:
    answer = client_of(settings).get("/x/defect")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "ZeroDivision" not in answer.text
    assert "bbbb" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    assert "bbbb" not in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "TRACE", "BREW"])
def test_a_wrong_method_is_405_where_the_path_is_known_and_404_elsewhere(settings, method) -> None:
    client = client_of(settings)
    assert client.request(method, "/health").status_code == 405
    assert client.request(method, "/no/such").status_code == 404


@pytest.mark.parametrize(
    "path", ["/products/", "//deployments", "/versions/shop@1", "/environments/x"]
)
@pytest.mark.parametrize("method", ["TRACE", "POST", "PATCH", "BREW"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_wrong_method_of_a_read_endpoint_is_405_also_for_a_browser(
    settings, path: str, method: str, accept: str
) -> None:
    client = client_of(replace(settings, public_read=True))
    answer = client.request(method, f"{ADDRESS}{path}", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_comparing_a_token_takes_as_long_whatever_of_it_is_wrong(settings) -> None:
    store = TokenStore(settings.state_dir)
    token = token_for(settings, "read")
    head, secret = token[:14], token[14:]
    near = head + secret[:-1] + ("a" if secret[-1] != "a" else "b")
    far = head + "".join("b" if each == "a" else "a" for each in secret)

    def seconds(text: str) -> float:
        began = time.perf_counter()
        assert store.check(text, now="2026-11-29T12:00:00Z") is None
        return time.perf_counter() - began

    taken = [(seconds(near), seconds(far)) for _ in range(400)]
    medians = [statistics.median(each) for each in zip(*taken, strict=True)]
    # The secrets are hashed before they are compared, so that a prefix tells nothing.
    assert 0.7 < medians[0] / medians[1] < 1.4


async def answer_to(sent: list[bytes], pause: float, head_seconds: float) -> tuple[bytes, float]:
    """Send parts of a request with pauses, and return what came back, and after how long."""

    async def app(_scope, _receive, send) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, http=timed_protocol(head_seconds), log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    made = config.http_protocol_class
    server = await loop.create_server(lambda: made(config, ServerState(), {}, loop), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began = time.perf_counter()
        got = b""
        # The server may close the connection while the client still sends.
        with suppress(ConnectionError):
            for part in sent:
                writer.write(part)
                await asyncio.sleep(pause)
            got = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    return got, time.perf_counter() - began


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b"GET / HTTP/1.1\r\nHost: a\r\n"],
        [b"GET / HTTP/1.1\r\n", *[b"X: a\r\n"] * 8],
        [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", *[b"G"] * 2],
    ],
)
def test_a_head_that_trickles_in_ends_the_connection(sent: list[bytes]) -> None:
    got, seconds = run_async(answer_to(sent, 0.03, 0.15))
    assert seconds < 2
    assert got.count(b"200 OK") == (len(sent) == 3)


def test_a_connection_between_requests_is_kept() -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    got, _ = run_async(answer_to([request, request, last], 0.2, 0.1))
    assert got.count(b"200 OK") == 3
