"""The command `serve`: a real process, told and stopped as a service is."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.acceptance.tool import environment
from versioner.cli.errors import run
from versioner.cli.state_dir import SCOPES
from versioner.server.tokens import SCOPES as KNOWN

pytestmark = pytest.mark.slow


class Running(NamedTuple):
    """A server, its address, its state folder, and what it has printed."""

    process: subprocess.Popen[str]
    url: str
    state: Path
    log: Path


def start(repo: Path | str, top: Path, *args: str) -> Running:
    state, log = top / "state", top / "log"
    line = [sys.executable, "-m", "versioner", "serve", "--repo", str(repo), "--port", "0"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [*line, "--state", str(state), *args],
            stdout=subprocess.PIPE, stderr=file, text=True, env=environment(),
        )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.search(r"serving (\S+)/ ", said)
    assert found, f"{said}{log.read_text()}"
    return Running(process, found[1], state, log)


@pytest.fixture(scope="module")
def running(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = start(pattern, tmp_path_factory.mktemp("serve"))
    yield server
    server.process.kill()
    server.process.communicate()


def made_token(state: Path, capsys, *args: str) -> str:
    assert run(["token", "create", *args, "--state", str(state)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    return told.out


def test_a_token_that_the_command_makes_counts_in_a_running_server(running, capsys) -> None:
    printed = made_token(running.state, capsys, "ci", "--scope", "admin")
    token = printed.removesuffix("\n")
    assert re.fullmatch(r"vr_[a-z0-9]{10}_[A-Za-z0-9]{40}", token)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{running.url}/api/v1/tokens", headers=headers).status_code == 200
    assert run(["token", "list", "--state", str(running.state)]) == 0
    listed = capsys.readouterr().out
    assert "ci" in listed
    assert "never" in listed
    assert token.rpartition("_")[2] not in listed
    assert run(["token", "revoke", "ci", "--state", str(running.state)]) == 0
    assert httpx.get(f"{running.url}/api/v1/tokens", headers=headers).status_code == 401
    assert token.rpartition("_")[2] not in running.log.read_text()


def test_the_head_of_a_request_has_a_limit_of_size(running: Running) -> None:
    answer = httpx.get(f"{running.url}/health", headers={"X-Long": "a" * 40_000})
    assert answer.status_code == 431
    assert httpx.get(f"{running.url}/health").status_code == 200


def test_who_sends_too_much_before_reading_gets_the_answer_in_both_shapes(running) -> None:
    host, _, port = running.url.removeprefix("http://").partition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=30)
    client.request("POST", "/deployment-events/", b"a" * 12_000_000)
    answer = client.getresponse()
    told = json.loads(answer.read())
    assert (answer.status, told["code"], told["detail"]) == (413, "TOO_LARGE", told["message"])


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n",
        b"POST /api/v1/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n",
    ],
)
def test_hostile_bytes_are_refused_and_the_server_goes_on(running: Running, sent: bytes) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        got = b""
        with suppress(TimeoutError, ConnectionResetError):
            while chunk := connection.recv(4096):
                got += chunk
    assert b" 200 " not in got.split(b"\r\n")[0]
    assert b"root:" not in got
    assert httpx.get(f"{running.url}/health").status_code == 200


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--repo", "{top}/none"], 2, "is not a folder"),
        (["--repo", "{top}"], 2, "is not in a git repository"),
        (["--repo", "{empty}"], 2, "there is no registry"),
        (["--repo", "file://{top}/none.git"], 1, "the remote"),
        (["--host", "0.0.0.0"], 2, "--behind-proxy"),
        (["--host", "::"], 2, "--tls-cert"),
        (["--port", "{port}"], 1, "--port"),
        (["--host", "203.0.113.1", "--behind-proxy"], 1, "cannot listen on 203.0.113.1"),
        (["--tls-cert", "{cert}"], 2, "belong together"),
        (["--tls-cert", "{cert}", "--tls-key", "{cert}"], 2, "--tls-cert"),
        (["--proxy-header", "X-User"], 2, "need --behind-proxy"),
        (["--behind-proxy", "--proxy-address", "10.0.0.300"], 2, "is no network"),
        (["--behind-proxy", "--proxy-header", "a b"], 2, "the name of a header"),
        (["--base-url", "example.com"], 2, "--base-url"),
        (["--base-url", "https://example.com/x"], 2, "without a path"),
        (["--oidc-issuer", "https://login.example"], 2, "VERSIONER_OIDC_CLIENT_ID"),
        (["--oidc-issuer", "http://login.example"], 2, "https"),
        (["--port", "70000"], 2, "--port"),
        (["--branch", "no-such"], 2, "there is no registry"),
        (["--branch", "--x"], 2, "branch"),
        (["--state", "{cert}/x"], 1, "--state"),
    ],
)
def test_what_keeps_a_server_from_starting_is_told(
    running, pattern, tmp_path, capsys, args, code, said
) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "empty.git")], check=True)
    (tmp_path / "cert.pem").write_text("no certificate")
    port = running.url.rpartition(":")[2]
    places = {"top": tmp_path, "empty": tmp_path / "empty.git", "cert": tmp_path / "cert.pem"}
    line = ["serve", "--repo", str(pattern), "--port", "0", "--state", str(tmp_path / "state")]
    assert run([*line, *(each.format(**places, port=port) for each in args)]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert "Traceback" not in told.err


def test_a_missing_extra_is_named_with_its_remedy(pattern, monkeypatch, capsys) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "fastapi" else found(name)
    )
    assert run(["serve", "--repo", str(pattern)]) == 2
    assert capsys.readouterr().err == (
        "error: `versioner serve` needs fastapi\nhint: pip install 'versioner[server]'\n"
    )


def certificate(path: Path) -> Path:
    """Write a certificate for 127.0.0.1 that signs itself, and its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_https_is_served_and_cookies_are_for_https_alone(pattern, tmp_path, capsys) -> None:
    pem = str(certificate(tmp_path / "cert.pem"))
    server = start(pattern, tmp_path, "--tls-cert", pem, "--tls-key", pem)
    try:
        assert server.url.startswith("https://")
        token = made_token(server.state, capsys, "jane", "--scope", "read").strip()
        context = ssl.create_default_context(cafile=pem)
        with httpx.Client(base_url=server.url, verify=context) as client:
            form = client.get("/login")
            assert form.headers["strict-transport-security"]
            csrf = re.search(r'csrf_token" value="(\w+)"', form.text)
            assert csrf
            answer = client.post("/login", data={"csrf_token": csrf[1], "token": token})
            cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-versioner_session=")
        assert "; Secure" in cookie
    finally:
        server.process.terminate()
        server.process.communicate()
    assert server.process.returncode == 0


def test_the_scopes_of_the_command_are_those_of_the_server() -> None:
    assert SCOPES == KNOWN


def test_a_server_stops_cleanly_when_told(running: Running) -> None:
    with httpx.Client() as client:
        assert client.get(f"{running.url}/health").status_code == 200
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=20) == 0
    assert time.monotonic() - began < 10
    log = running.log.read_text()
    assert "Traceback" not in log
    assert "GET /health 200" in log
