"""A proxy in front of a server: counts, records, and fails when told.

It reads each message whole before it passes it on, so that what has reached the server, and
what the client has been told, is known exactly.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from tests.git_server.faults import (
    ANY,
    Cut,
    Delay,
    DropRequest,
    DropResponse,
    Hold,
    HoldResponse,
    Redirect,
    Status,
    StatusAfter,
)
from tests.git_server.http_messages import Message, answer, read_request, read_response
from tests.git_server.tally import Exchange, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.git_server.faults import Fault
    from tests.git_server.served import Served

__all__ = ["Proxy"]

_LIMIT = 1 << 20


@dataclass
class _Rule:
    fault: Fault
    on: str
    first: int
    last: float
    seen: int = 0

    def strikes(self, line: str) -> bool:
        if not re.search(self.on, line):
            return False
        self.seen += 1
        return self.first <= self.seen <= self.last


class Proxy(Tally):
    """Stand between clients and a server, until closed; counts since it was last reset."""

    def __init__(self, upstream: str, *, host: str = "127.0.0.1") -> None:
        super().__init__()
        self.host = host
        self.port = 0
        self._upstream = urlsplit(upstream)
        self._rules: list[_Rule] = []
        self._tallies: list[Tally] = []
        # Requests dropped on a connection that was in use before: libcurl sends them again.
        self._awaited: list[bytes] = []
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://{self.host}:{self.port}"

    def url_of(self, served: Served) -> str:
        """Return where a repository is found through this proxy."""
        return f"{self.url}/{served.name}.git"

    def fail(self, fault: Fault, *, on: str = ANY, nth: int = 1, times: float = 1) -> Fault:
        """Fail the nth request from now on whose line matches, and those after it, `times` in all.

        `times=math.inf` goes on until `heal`. The first rule that strikes is the one that counts.
        """
        self._rules.append(_Rule(fault, on, nth, nth + times - 1))
        return fault

    def heal(self) -> None:
        """Forget all faults, and let go of what is held."""
        for rule in self._rules:
            if isinstance(rule.fault, (Hold, HoldResponse)):
                rule.fault.release.set()
        self._rules.clear()
        self._awaited.clear()

    def reset(self) -> None:
        """Count from nothing."""
        self.exchanges = []

    @property
    def busy(self) -> bool:
        """Tell whether a connection is open, and so the server may be at what a client sent."""
        return bool(self._tasks)

    @contextmanager
    def phase(self) -> Iterator[Tally]:
        """Count what begins within, in a tally of its own that may be read afterwards."""
        tally = Tally()
        self._tallies.append(tally)
        try:
            yield tally
        finally:
            self._tallies.remove(tally)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._accept, self.host, 0, limit=_LIMIT, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._converse(_Line(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, client: _Line) -> None:
        upstream = None
        first = True
        try:
            while request := await read_request(client.reader, client.writer):
                exchange = self._begin(request, first)
                upstream = upstream or await self._connect()
                if not await _exchange(exchange, client, upstream):
                    self._await_again(exchange, first)
                    return
                first = False
        except (OSError, asyncio.IncompleteReadError):
            # The client went away, or the server did: the other one sees it closed, too.
            pass
        finally:
            for line in filter(None, (client, upstream)):
                await line.close()

    def _begin(self, request: Message, first: bool) -> Exchange:
        # Git itself never begins a connection with what it has sent before.
        if first and request.raw in self._awaited:
            self._awaited.remove(request.raw)
            exchange = Exchange(request, DropRequest())
        else:
            struck = (rule.fault for rule in self._rules if rule.strikes(request.line))
            exchange = Exchange(request, next(struck, None))
        for tally in (self, *self._tallies):
            tally.exchanges.append(exchange)
        return exchange

    def _await_again(self, exchange: Exchange, first: bool) -> None:
        fault = exchange.fault
        if isinstance(fault, (DropRequest, DropResponse)) and not (first or fault.resend):
            self._awaited.append(exchange.request.raw)

    async def _connect(self) -> _Line:
        to = self._upstream
        return _Line(*await asyncio.open_connection(to.hostname, to.port, limit=_LIMIT))


@dataclass
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset_at_close(self) -> None:
        linger = struct.pack("ii", 1, 0)
        plain: socket.socket = self.writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


async def _exchange(exchange: Exchange, client: _Line, upstream: _Line) -> bool:
    """Carry one request over and its answer back; False where the connection is to end."""
    match exchange.fault:
        case DropRequest(reset=reset):
            return _drop(client, reset)
        case Status(code, retry_after, body):
            return await _tell(exchange, client, answer(code, body, retry_after=retry_after))
        case Redirect(to, code):
            target = exchange.line.split(" ")[1]
            return await _tell(exchange, client, answer(code, location=to + target))
        case Delay(seconds):
            await asyncio.sleep(seconds)
        case Hold() as hold:
            await _hold(hold)
    await upstream.send(exchange.request.raw)
    served = await read_response(upstream.reader, exchange.line.split(" ")[0])
    exchange.served = served
    match exchange.fault:
        case DropResponse(reset=reset):
            return _drop(client, reset)
        case Cut(after, reset):
            size = len(served.body) // 2 if after is None else after
            await _tell(exchange, client, Message(served.head, served.body[:size]))
            return _drop(client, reset)
        case StatusAfter(code, retry_after, body):
            return await _tell(exchange, client, answer(code, body, retry_after=retry_after))
        case HoldResponse() as held:
            await _hold(held)
    return await _tell(exchange, client, served) and not served.last


async def _tell(exchange: Exchange, client: _Line, message: Message) -> bool:
    exchange.told = message.raw
    await client.send(message.raw)
    return True


def _drop(client: _Line, reset: bool) -> bool:
    if reset:
        client.reset_at_close()
    return False


async def _hold(hold: Hold | HoldResponse) -> None:
    hold.reached.set()
    while not hold.release.is_set():
        await asyncio.sleep(0.005)
