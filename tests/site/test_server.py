"""Serving: to this machine, under its own names, from this folder alone."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from versioner.errors import OperationFailed
from versioner.site.server import SiteServer, open_server, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(site: Path) -> Iterator[SiteServer]:
    with open_server(site) as running:
        yield running


def ask(
    server: SiteServer, path: str, *, host: str | None = None, method: str = "GET"
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        headers = {} if host is None else {"Host": host}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_page_is_served_as_it_is(server: SiteServer, site: Path) -> None:
    assert ask(server, "/") == (200, (site / "index.html").read_bytes())
    assert ask(server, "/products/index.html")[0] == 200
    assert ask(server, "/index.html", method="HEAD") == (200, b"")


def test_only_the_loopback_address_listens(server: SiteServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_another_host_is_refused(server: SiteServer) -> None:
    port = server.server_port
    for host in ("evil.test", f"evil.test:{port}", "127.0.0.1", f"127.0.0.1.evil.test:{port}", ""):
        assert ask(server, "/", host=host)[0] == 421, host
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert ask(server, "/", host=host)[0] == 200, host


def test_a_request_without_a_host_or_with_two_is_refused(server: SiteServer) -> None:
    own = f"Host: 127.0.0.1:{server.server_port}\r\n"
    for headers in ("", own + own):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as wire:
            wire.sendall(f"GET / HTTP/1.1\r\n{headers}Connection: close\r\n\r\n".encode())
            assert wire.recv(64).split()[1] == b"421"


def test_what_is_not_there_gets_the_sites_own_page(server: SiteServer, site: Path) -> None:
    lost = (site / "404.html").read_bytes()
    assert ask(server, "/products/nothing/index.html") == (404, lost)
    assert ask(server, "/assets/") == (404, lost)


def test_nothing_outside_the_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("here")
    (out / "leak.txt").symlink_to(tmp_path / "secret.txt")
    with open_server(out) as server:
        for path in ("/leak.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
            status, body = ask(server, path)
            assert status == 404, path
            assert b"secret" not in body.replace(b"secret.txt", b"")


def test_other_methods_are_refused(server: SiteServer) -> None:
    assert ask(server, "/", method="POST")[0] == 501


def test_a_taken_port_is_named(server: SiteServer, site: Path) -> None:
    with (
        pytest.raises(OperationFailed, match=str(server.server_port)),
        open_server(site, server.server_port),
    ):
        pass


def test_the_site_is_refreshed_until_it_is_told_to_stop(site: Path) -> None:
    stop = threading.Event()
    calls: list[str] = []

    def refresh() -> None:
        calls.append("refresh")
        if len(calls) > 2:
            stop.set()
        raise OperationFailed("the registry is broken just now")

    serve(
        site,
        refresh=refresh,
        interval=0.01,
        on_ready=lambda url: calls.append(url),
        on_problem=lambda problem: calls.append(problem.message),
        stop=stop,
    )
    assert calls[0].startswith("http://127.0.0.1:")
    assert calls[1:3] == ["refresh", "the registry is broken just now"]


@pytest.fixture
def reloading(site: Path) -> Iterator[SiteServer]:
    with open_server(site, reloads=True) as running:
        yield running


def test_a_page_is_served_with_the_script_that_reloads_it(
    reloading: SiteServer, site: Path
) -> None:
    tag = b'<script defer src="/_versioner/reload.js"></script>\n'
    for path, file in (("/", "index.html"), ("/about/index.html", "about/index.html")):
        status, body = ask(reloading, path)
        assert (status, body.count(tag)) == (200, 1)
        assert body.replace(tag, b"") == (site / file).read_bytes()
    assert tag in ask(reloading, "/nothing")[1]
    assert ask(reloading, "/assets/site.css")[1] == (site / "assets/site.css").read_bytes()
    assert b"EventSource" in ask(reloading, "/_versioner/reload.js")[1]


def test_no_built_page_has_that_script(server: SiteServer, site: Path) -> None:
    assert [path for path in site.rglob("*.html") if b"_versioner" in path.read_bytes()] == []
    assert ask(server, "/_versioner/reload.js")[0] == 404
    assert ask(server, "/_versioner/events")[0] == 404


def test_a_build_is_announced_to_whoever_listens(reloading: SiteServer) -> None:
    assert reloading.builds is not None
    connection = http.client.HTTPConnection("127.0.0.1", reloading.server_port, timeout=10)
    connection.request("GET", "/_versioner/events")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream"
    first = answer.readline()
    answer.readline()
    reloading.builds.announce()
    second = answer.readline()
    connection.close()
    assert first.startswith(b"data: ")
    assert second.startswith(b"data: ")
    assert first != second
    assert ask(reloading, "/_versioner/events", host="evil.test")[0] == 421
