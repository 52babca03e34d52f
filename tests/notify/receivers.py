"""Receivers of notifications: real servers that take, fail, hang, answer late or redirect."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Received(NamedTuple):
    """One request, as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def key(self) -> str:
        return self.headers["x-versioner-delivery"]


class Receiver:
    """A server on loopback.

    `answer` says of each request what to do: a status, or "hang", "close", "drip", or a number of
    seconds to wait before 200. `accepted` are those that got a 2xx, `received` all.
    """

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/hook"
        self.received: list[Received] = []
        self.accepted: list[Received] = []
        self.answer: Callable[[Received], int | float | str] = lambda _: 200
        self.location = ""
        self.released = threading.Event()

    @property
    def keys(self) -> list[str]:
        return [each.key for each in self.accepted]

    @property
    def types(self) -> list[str]:
        return [each.headers["x-versioner-event"] for each in self.accepted]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    receiver = server.receiver = Receiver(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        length = int(self.headers.get("content-length", "0"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(headers, self.rfile.read(length))
        receiver.received.append(received)
        answer = receiver.answer(received)
        self.close_connection = True
        if answer == "hang":
            receiver.released.wait(30)
        elif answer == "drip":
            self._drip(receiver)
        elif answer != "close":
            self._answer(receiver, received, answer)

    def do_GET(self) -> None:
        self.server.receiver.received.append(Received({}, b""))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def _answer(self, receiver: Receiver, received: Received, answer: float | str) -> None:
        if isinstance(answer, float):
            receiver.released.wait(answer)
            answer = 200
        # Before the answer: a sender may look as soon as it has it.
        is_taken = 200 <= int(answer) < 300
        if is_taken:
            receiver.accepted.append(received)
        try:
            self.send_response(int(answer))
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.end_headers()
        except OSError:
            if is_taken:
                receiver.accepted.remove(received)

    def _drip(self, receiver: Receiver) -> None:
        try:
            while not receiver.released.wait(0.05):
                self.wfile.write(b"H")
                self.wfile.flush()
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        pass
