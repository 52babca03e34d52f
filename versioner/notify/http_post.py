"""One POST: no redirect is followed, and the whole answer must be there within a time limit."""

from __future__ import annotations

import base64
import socket
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TIMEOUT_SECONDS", "Answer", "post"]

# The issue of a slow receiver: at least ten seconds are waited for an answer.
TIMEOUT_SECONDS: Final = 15.0
_DETAIL: Final = 200


class Answer(NamedTuple):
    """The outcome of one try; `error` is "" where the receiver took it, `is_final` if not again."""

    error: str = ""
    is_final: bool = False


def post(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float = TIMEOUT_SECONDS
) -> Answer:
    """Send a request once. A 4xx is final, but for 408, 425 and 429, and so is a redirect."""
    fault = _url_fault(url)
    if fault:
        return Answer(fault, is_final=True)
    url, login = _without_login(url)
    # The scheme was checked: http or https.
    request = urllib.request.Request(url, body, {**headers, **login}, method="POST")  # noqa: S310
    limit = _Limit(seconds)
    opener = urllib.request.build_opener(_NoRedirect, _Http(limit), _Https(limit))
    try:
        with opener.open(request, timeout=seconds) as answer:
            return _of_status(answer.status, "")
    except urllib.error.HTTPError as error:
        with error:
            return _of_status(error.code, error.headers.get("Location", ""))
    except (OSError, HTTPException, ValueError) as error:
        if limit.is_over or _is_timeout(error):
            return Answer(f"no answer within {seconds:.0f} seconds")
        return Answer(f"no answer: {_reason(error)}")
    finally:
        limit.cancel()


def _url_fault(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        return "the address is not a URL that begins with https:// or http://"
    return ""


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """Return an address without its login, and the header that has it.

    In the address it would be taken for a part of the host, which error messages name.
    """
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    coded = base64.b64encode(unquote(login).encode("utf-8")).decode("ascii")
    return urlunsplit(parts._replace(netloc=place)), {"Authorization": f"Basic {coded}"}


def _of_status(status: int, location: str) -> Answer:
    if 200 <= status < 300:
        return Answer()
    if 300 <= status < 400:
        where = urlsplit(location).hostname or "" if location else ""
        leads = f" to {where}" if where else ""
        return Answer(
            f"HTTP {status}: the receiver redirects{leads}, which is not followed; give the "
            "address that it leads to",
            is_final=True,
        )
    return Answer(f"HTTP {status}", is_final=status < 500 and status not in (408, 425, 429))


def _is_timeout(error: BaseException) -> bool:
    reason = getattr(error, "reason", error)
    return isinstance(reason, TimeoutError)


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return " ".join(str(text).split())[:_DETAIL] or type(error).__name__


class _Limit:
    """A limit in seconds for a whole exchange: then its connection is shut down.

    The timeout of a socket is for each read, so a receiver that sends a byte now and then would
    never reach it.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: socket.socket) -> None:
        self._sockets.append(connection)

    def cancel(self) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.is_over = True
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A handler by which a redirect is an error: the request is signed for one receiver."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """Return no request."""


class _Http(urllib.request.HTTPHandler):
    """A handler whose connections are watched by a limit."""

    def __init__(self, limit: _Limit) -> None:
        super().__init__()
        self._limit = limit

    def http_open(self, req: urllib.request.Request) -> Any:
        """Open a connection."""
        return self.do_open(_watched(HTTPConnection, self._limit), req)


class _Https(urllib.request.HTTPSHandler):
    """The same over TLS."""

    def __init__(self, limit: _Limit) -> None:
        super().__init__()
        self._limit = limit

    def https_open(self, req: urllib.request.Request) -> Any:
        """Open a connection."""
        return self.do_open(_watched(HTTPSConnection, self._limit), req)


def _watched(kind: type[HTTPConnection], limit: _Limit) -> Any:
    class Watched(kind):  # type: ignore[misc, valid-type]
        def connect(self) -> None:
            super().connect()
            limit.watch(self.sock)

    return Watched
