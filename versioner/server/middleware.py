"""What every request passes: the proxy's headers, the host name, limits, headers, the log.

Pure ASGI, for each request pays for it. From the outside: `AccessLog`, `SecurityHeaders`,
`DefectBoundary`, `ProxyHeaders`, `HostCheck`, `BodyLimit`, and then the routes. A route whose
response has a header of its own keeps it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from versioner.reporting.terminal import clean
from versioner.secret_scanning import without_secrets
from versioner.server.problems import HttpProblem
from versioner.server.settings import LOOPBACK_HOSTS
from versioner.server.wire.refusals import answer_of_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from versioner.server.settings import Limits, ProxySettings, ServerSettings

__all__ = [
    "AccessLog",
    "BodyLimit",
    "DefectBoundary",
    "HostCheck",
    "ProxyHeaders",
    "SecurityHeaders",
]

_HEALTH: Final = "/health"
_LOG: Final = logging.getLogger("versioner.server")
_ACCESS: Final = logging.getLogger("versioner.server.access")
_STRICT: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
# What is read of a body that is too large, so that its sender gets the answer.
_DISCARDED_BYTES: Final = 32 << 20
_DISCARD_SECONDS: Final = 5.0
_HEADERS: Final = {
    "Content-Security-Policy": _STRICT,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache, private",
}


class AccessLog:
    """One line a request, without its query, its headers and its body: these may have secrets."""

    def __init__(self, app: ASGIApp, *, monotonic: Callable[[], float]) -> None:
        self._app, self._monotonic = app, monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log a request after its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        scope.setdefault("state", {})
        try:
            await self._app(scope, receive, noting)
        finally:
            caller = scope["state"].get("caller")
            _ACCESS.info(
                '%s "%s" %s %s %d %.0fms',
                scope["client"][0] if scope.get("client") else "-",
                clean(caller.name) if caller is not None else "-",
                clean(scope["method"]),
                clean(without_secrets(scope["path"]))[:500],
                status,
                (self._monotonic() - began) * 1000,
            )


class SecurityHeaders:
    """Headers that keep a browser from doing anything that a response does not ask for."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        self._app = app
        headers = dict(_HEADERS)
        if settings.is_encrypted:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        self._headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers that a response does not have."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [*message.get("headers", ())]
                known = {name.lower() for name, _ in given}
                added = [each for each in self._headers if each[0] not in known]
                message["headers"] = [*given, *added]
            await send(message)

        await self._app(scope, receive, adding)


class DefectBoundary:
    """The only place that turns an unexpected exception into a response: 500, and a log entry."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 500 where the response has not begun."""
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if scope["type"] != "http":
                raise
            # What went wrong is for the log of the server, not for who asked.
            _LOG.error("internal error\n%s", without_secrets(traceback.format_exc()))
            if not has_begun:
                problem = HttpProblem("internal", "the server met an internal error")
                await answer_of_problem(Request(scope), problem)(scope, receive, send)


class ProxyHeaders:
    """The client, the scheme and the person that a trusted proxy tells.

    Sets `request.state.proxy_person`. Headers of any other peer are ignored.
    """

    def __init__(self, app: ASGIApp, *, proxy: ProxySettings | None) -> None:
        self._app, self._proxy = app, proxy
        addresses = proxy.addresses if proxy is not None else ()
        self._networks = [ipaddress.ip_network(each, strict=False) for each in addresses]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take over what the proxy tells."""
        if scope["type"] == "http" and self._proxy is not None and scope.get("client"):
            peer, port = scope["client"]
            if self._is_trusted(peer):
                headers = Headers(scope=scope)
                self._take_over(scope, headers, self._proxy, port)
        await self._app(scope, receive, send)

    def _take_over(self, scope: Scope, headers: Headers, proxy: ProxySettings, port: int) -> None:
        told = ",".join(headers.getlist("x-forwarded-for")).split(",")
        # From the right: what a proxy of ours has added, up to the first that is none of them.
        for address in reversed([each.strip() for each in told if each.strip()]):
            scope["client"] = (address[:64], port)
            if not self._is_trusted(address):
                break
        scheme = headers.get("x-forwarded-proto", "").strip().lower()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        persons = headers.getlist(proxy.header) if proxy.header else []
        if len(persons) == 1 and persons[0].isprintable():
            scope.setdefault("state", {})["proxy_person"] = persons[0].strip()[:200]

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


class HostCheck:
    """Refuse a request whose Host header names another host.

    Otherwise a page elsewhere could read from a server on the loopback address by a name that
    resolves to it (DNS rebinding). A server that listens elsewhere, and was not told its public
    address, answers to every name. Load balancers ask for /health by an address.
    """

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        self._app = app
        self._known: frozenset[str] | None = None
        named = urlsplit(settings.base_url).hostname
        if named or settings.host in LOOPBACK_HOSTS:
            self._known = LOOPBACK_HOSTS | ({named.lower()} if named else frozenset())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 to a foreign name."""
        is_checked = scope["type"] == "http" and scope["path"] != _HEALTH
        if is_checked and not self._is_known(Headers(scope=scope).getlist("host")):
            problem = HttpProblem(
                "misdirected", "the server does not answer to that host name",
                hint="name the server's public address with --base-url",
            )  # fmt: skip
            await answer_of_problem(Request(scope), problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_known(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        if self._known is None:
            return True
        try:
            name = urlsplit(f"//{hosts[0]}").hostname
        except ValueError:
            return False
        return (name or "").lower() in self._known


class BodyLimit:
    """Receive the whole body before the routes see it: 413 if too large, 408 if too slow.

    Headers that are too large are 431.
    """

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the body on as one message."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_headers(scope)
            async with asyncio.timeout(self._limits.body_seconds):
                body = await self._body(Headers(scope=scope), receive)
        except TimeoutError:
            seconds = f"{self._limits.body_seconds:g} s"
            refusal = HttpProblem("timeout", f"the body did not arrive within {seconds}")
        except HttpProblem as problem:
            refusal = problem
        else:
            if body is not None:
                await self._app(scope, _Replay(body, receive), send)
            return
        if refusal.code == "too_large":
            await self._discard(receive)
        # What is left of the body is not read: the connection cannot be used again.
        refusal.headers["Connection"] = "close"
        await answer_of_problem(Request(scope), refusal)(scope, receive, send)

    async def _discard(self, receive: Receive) -> None:
        """Receive a body further, up to some size: clients that still send see no answer."""
        left = _DISCARDED_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_SECONDS):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b"")) + 1
                    if not message.get("more_body", False):
                        return

    def _check_headers(self, scope: Scope) -> None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        size += len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
        if size > self._limits.header_bytes:
            most = f"{self._limits.header_bytes // 1024} KiB"
            raise HttpProblem("headers_too_large", f"the headers and the path are over {most}")

    async def _body(self, headers: Headers, receive: Receive) -> bytes | None:
        """Return the body, None where the client is gone."""
        most = self._limits.body_bytes
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            raise _too_large(most)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > most:
                raise _too_large(most)
            if not message.get("more_body", False):
                return bytes(body)


class _Replay:
    """The channel of a body that was received; after it, that of the client."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        """Return the body once, and then what the client does."""
        if self._message is None:
            return await self._receive()
        message, self._message = self._message, None
        return message


def _too_large(most: int) -> HttpProblem:
    return HttpProblem("too_large", f"the body is larger than {most // 1024} KiB")
