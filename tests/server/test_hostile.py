"""Hostile requests, one table for each kind: all are refused, nothing is written or given away."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fixtures.bare_registry import Post, copy_of
from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.server.app import create_app
from versioner.server.settings import Limits, ServerSettings

LONG = "x" * 100_000
WIRED = {"product_name": "shop", "environment_name": "staging", "version": "1", "status": "success"}
EVENT = {"product": "shop", "environment": "staging", "version": "1", "status": "completed"}
REFUSED = ("bad_request", "invalid", "invalid_json", "validation_error")
# Each write with a body that is right.
WRITES: dict[str, dict[str, Any]] = {
    "POST /deployment-events/": WIRED,
    "POST /build-events/": {"product_name": "shop", "version": "1", "status": "success"},
    "POST /api/v1/events": EVENT,
    "POST /api/v1/events/batch": {"events": [EVENT]},
    "POST /api/v1/products": {"name": "tea", "title": "Tea"},
    "PATCH /api/v1/products/shop": {"title": "Shop"},
    "DELETE /api/v1/products/shop": {"name": "shop"},
    "POST /api/v1/products/shop/rename": {"name": "store"},
    "POST /api/v1/products/shop/decisions": {"version": "1", "decision": "blocked"},
    "POST /api/v1/environments": {"name": "qa"},
    "POST /api/v1/rules": {"name": "r", "type": "concurrency"},
    "POST /api/v1/freezes": {"environment": "staging", "until": "2999-01-01", "reason": "x"},
    "POST /api/v1/requests": {"name": "r", "versions": {"shop": "1"}},
    "POST /api/v1/tokens": {"name": "t", "scopes": ["read"]},
}


class Target:
    """One server that all requests of these tests are sent to."""

    def __init__(self, post: Post, state: Path) -> None:
        self.post = post
        limits = Limits(rate=1e6, burst=10**6, failures=10**6)
        self.settings = ServerSettings(post.path, state, clock_at(), limits=limits)
        self.client = TestClient(
            create_app(self.settings), base_url=ADDRESS, follow_redirects=False
        )
        self.admin = bearer(token_for(self.settings, "admin"))
        self.tokens = self.names()

    def names(self) -> list[str]:
        found = self.client.get("/api/v1/tokens", headers=self.admin).json()
        return sorted(each["name"] for each in found)

    def send(self, line: str, body: bytes | None = None, **headers: Any) -> Any:
        method, _, path = line.partition(" ")
        sent = {**self.admin, **({"Content-Type": "application/json"} if body else {}), **headers}
        return self.client.request(method, f"{ADDRESS}{path}", content=body, headers=sent)

    def state(self) -> tuple[str, list[str], list[str]]:
        return self.post.git("rev-parse", "main"), self.post.refs(), self.names()


@pytest.fixture(scope="module")
def target(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> Target:
    top = tmp_path_factory.mktemp("hostile")
    return Target(copy_of(pattern, top / "bare.git"), top / "state")


def hostile_bodies(right: dict[str, Any]) -> dict[str, bytes]:
    """Return bodies that are almost the right one."""
    text = json.dumps(right)
    key, value = next(iter(right.items()))
    head = text[:-1]
    return {
        "a key twice": f'{head}, "{key}": {json.dumps(value)}}}'.encode(),
        "an unknown key twice": f'{head}, "zz": 1, "zz": 2}}'.encode(),
        "a key twice inside": f'{head}, "extra_metadata": {{"a": 1, "\\u0061": 2}}}}'.encode(),
        "no number": f'{head}, "zz": NaN}}'.encode(),
        "infinity": f'{head}, "zz": [-Infinity]}}'.encode(),
        "a number of 5,000 digits": f'{head}, "zz": {"1" * 5000}}}'.encode(),
        "nested 100,000 times": f'{head}, "zz": {"[" * 100_000}}}'.encode(),
        "no UTF-8": text.encode()[:-1] + b', "zz": "\xff\xfe"}',
        "an overlong slash": text.encode()[:-1] + b', "zz": "\xc0\xaf"}',
        "UTF-16": text.encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + text.encode(),
        "two values": (text + text).encode(),
        "half of it": text[: len(text) // 2].encode(),
        "a list": f"[{text}]".encode(),
        "a text": json.dumps(text).encode(),
        "null": b"null",
        "nothing": b" ",
        "a form": b"name=shop&title=x",
        "a comment": b"/* */" + text.encode(),
    }


@pytest.mark.sampled
@pytest.mark.parametrize("line", WRITES)
def test_a_body_that_two_readers_could_take_differently_is_refused(
    target: Target, line: str
) -> None:
    before = target.state()
    for kind, body in hostile_bodies(WRITES[line]).items():
        answer = target.send(line, body)
        assert answer.status_code in (400, 422), f"{kind}: {answer.status_code} {answer.text}"
        assert answer.json()["code"] in (
            "bad_request",
            "invalid",
            "INVALID_JSON",
            "VALIDATION_ERROR",
        )
    assert target.state() == before


WRONG: dict[str, Any] = {
    "a number": 7,
    "a truth": True,
    "a list": ["x"],
    "an object": {"x": 1},
    "100,000 characters": LONG,
    "half a character": "\ud800",
    "a null character": "a\0b",
    "a new line": "a\nb: c",
    "a colored one": "\x1b[31mred",
    "right to left": "a\u202eb",
    "a path": "../../etc/passwd",
    "a template": "{{ 7 * 7 }}",
}


@pytest.mark.sampled
@pytest.mark.parametrize("line", WRITES)
def test_a_value_of_a_wrong_type_or_size_is_refused_in_each_field(
    target: Target, line: str
) -> None:
    before = target.state()
    right = WRITES[line]
    named = [key for key in right if key in ("name", "product", "product_name", "version", "type",
             "environment", "environment_name", "status", "until", "decision")]  # fmt: skip
    for key in named or list(right):
        for kind, value in WRONG.items():
            if key == "title" and kind in ("a path", "a template", "right to left"):
                continue
            sent = json.dumps({**right, key: value}).encode()
            answer = target.send(line, sent)
            assert 400 <= answer.status_code < 500, f"{key} {kind}: {answer.text[:300]}"
            assert len(answer.content) < 20_000, f"{key} {kind}"
    assert target.state() == before


# Names that look like "shop", or like nothing.
LOOKALIKES = (
    "\u0455hop", "sh\u03bfp", "\uff53\uff48\uff4f\uff50", "\U0001d5cchop",
    "sh\u00adop", "shop\u200b", "shop\ufeff", "shop\u0301", "\u017fhop", "shop\u202e",
    "SHOP", "Shop", "shop ", " shop", "shop.", "-shop", "shop-", "sh_op", "shop\n", "..", ".", "",
    "con", "nul", "com1", ".git", "shop/../web", "shop%2e", "shop\\web", "s" * 64, "@",
)  # fmt: skip


@pytest.mark.sampled
@pytest.mark.parametrize("field", ["products", "environments", "rules", "requests", "tokens"])
def test_no_name_looks_like_another_one(target: Target, field: str) -> None:
    line = f"POST /api/v1/{field}"
    before = target.state()
    legal = {"tokens": {"Shop", "SHOP", "con", "nul", "com1", "sh_op", ".git"}}.get(field, set())
    for name in (each for each in LOOKALIKES if each not in legal):
        answer = target.send(line, json.dumps({**WRITES[line], "name": name}).encode())
        assert answer.status_code in (409, 422), f"{name!r}: {answer.status_code} {answer.text}"
    assert target.state() == before


@pytest.mark.parametrize(
    "path",
    [
        f"/{LONG[:20_000]}",
        f"/products/{LONG[:20_000]}/",
        f"/api/v1/products/{LONG[:20_000]}",
        f"/api/v1/deployments?cursor={LONG[:20_000]}",
        f"/login?next=/{LONG[:20_000]}",
        f"/deployments/?product={LONG[:20_000]}",
        "/api/v1/products/%00",
        "/api/v1/products/..%2f..%2fregistry.yaml",
        "/api/v1/products/shop%0d%0aSet-Cookie:%20x=y",
        "/api/v1/products/shop/versions/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/deployments?product=shop%0d%0aSet-Cookie:%20x=y",
        "/api/v1/deployments?limit=1&limit=%0d%0aX:y",
        "/api/v1/deployments?environment[]=staging",
        "/api/v1/check?product=shop&version=%0aX&environment=staging",
        "/manage/deployments?view=//evil.example/%0d%0aSet-Cookie:x=y",
        "/manage/versions?view=@evil.example",
        "/manage/catalog?view=%2f%2fevil.example@1",
        "//evil.example/products",
        "/\\evil.example/products",
        "/%5cevil.example",
        "/products/%2f%2fevil.example",
        "/login?next=//evil.example",
        "/login?next=https:evil.example",
        "/login?next=/%5cevil.example",
        "/edit/products/..%2f..%2fregistry",
        "/_versioner/..%2fapp.py",
        "/hooks/..%2fmetrics",
        "/versions/shop@..%2f..%2fx",
    ],
)
def test_a_hostile_address_leads_nowhere(target: Target, path: str) -> None:
    answer = target.send(f"GET {path}", Accept="text/html")
    assert answer.status_code < 500 or "The site is being built" in answer.text
    assert "root:" not in answer.text
    assert "x" not in answer.cookies
    for name, value in answer.headers.items():
        assert not set("\r\n") & set(value), name
    location = answer.headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_no_answer_may_be_framed_sniffed_or_kept_by_others(target: Target) -> None:
    for path, headers in (
        ("/health", {}),
        ("/login", {"Accept": "text/html"}),
        ("/edit/products/new", {"Accept": "text/html"}),
        ("/docs", {}),
        ("/redoc", {}),
        ("/openapi.json", {}),
        ("/_versioner/site.css", {}),
        ("/api/v1/products", target.admin),
        ("/api/v1/products/none", target.admin),
        ("/api/v1/products", {}),
        ("/manage/versions", target.admin),
        ("/products/", target.admin),
        ("/metrics", target.admin),
        ("/no/such", {"Accept": "text/html"}),
        ("/", {"Host": "evil.example"}),
    ):
        answer = target.client.get(path, headers=headers)
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, path
        assert "default-src 'none'" in policy, path
        assert "unsafe-eval" not in policy, path
        assert "script-src 'unsafe-inline'" not in policy, path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["referrer-policy"] == "same-origin", path
        assert answer.headers["cross-origin-resource-policy"] == "same-origin", path
        assert "access-control-allow-origin" not in answer.headers, path
        assert "server" not in answer.headers, path
        if headers == target.admin:
            cache = answer.headers["cache-control"]
            assert "private" in cache or "no-store" in cache, path


@pytest.mark.sampled
@pytest.mark.parametrize("line", WRITES)
def test_another_site_can_send_nothing_that_is_read(target: Target, line: str) -> None:
    before = target.state()
    body = json.dumps(WRITES[line]).encode()
    page = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    method, _, path = line.partition(" ")
    # A form of another site sends these types without a preflight, and its cookies; a token never.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = target.client.request(
            method, path, content=body, headers={**page, "Content-Type": kind}
        )
        assert answer.status_code in (401, 403, 415, 422), kind
    asked = {**page, "Access-Control-Request-Method": method}
    preflight = target.client.options(path, headers=asked)
    assert not [each for each in preflight.headers if each.startswith("access-control")]
    assert target.state() == before


@pytest.mark.sampled
@pytest.mark.parametrize("line", WRITES)
def test_a_secret_that_is_sent_as_a_value_is_in_no_answer_log_or_commit(
    target: Target, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = target.state()
    token = token_for(target.settings, "read")
    secret = token.rpartition("_")[2]
    made = target.names()
    for key, value in WRITES[line].items():
        if not isinstance(value, str):
            continue
        with caplog.at_level(logging.DEBUG):
            answer = target.send(line, json.dumps({**WRITES[line], key: token}).encode())
        assert answer.status_code >= 400, key
        assert secret not in answer.text, key
    assert secret not in caplog.text
    assert (target.state()[0], target.names()) == (before[0], made)


def test_a_thousand_headers_or_many_cookies_are_refused(target: Target) -> None:
    many = {f"X-{number}": "x" * 30 for number in range(1000)}
    assert target.client.get("/login", headers=many).status_code == 431
    cookies = "; ".join(f"c{number}=x" for number in range(10_000))
    assert target.client.get("/login", headers={"Cookie": cookies}).status_code == 431
