"""Whole HTTP/1.1 messages from a stream, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

__all__ = ["Message", "answer", "read_request", "read_response"]


@dataclass(frozen=True)
class Message:
    """Hold a request or an answer as it came: its head with the empty line, and its body."""

    head: bytes
    body: bytes = b""
    # An answer that only the end of its connection ends.
    last: bool = False

    @property
    def raw(self) -> bytes:
        return self.head + self.body

    @property
    def line(self) -> str:
        return self.head.partition(b"\r\n")[0].decode("latin-1")

    @property
    def status(self) -> int:
        return int(self.line.split(" ")[1])

    def header(self, name: str) -> str:
        """Return a header's value, or nothing."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Message | None:
    """Return the next request, or None at the end of the connection."""
    head = await _head(reader)
    if not head:
        return None
    if Message(head).header("expect").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"expect:")]
        head = b"\r\n".join(kept)
    return Message(head, await _body(reader, Message(head)))


async def read_response(reader: asyncio.StreamReader, method: str) -> Message:
    """Return the answer to a request of that method."""
    head = await _head(reader)
    if not head:
        raise ConnectionError("the server closed the connection without an answer")
    message = Message(head)
    if method == "HEAD" or message.status in {204, 304}:
        return message
    if message.header("content-length") or message.header("transfer-encoding"):
        return Message(head, await _body(reader, message), message.header("connection") == "close")
    return Message(head, await reader.read(-1), last=True)


async def _head(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readline()) not in {b"\r\n", b""}:
        lines.append(line)
    return b"".join(lines) + line if line else b""


async def _body(reader: asyncio.StreamReader, message: Message) -> bytes:
    if message.header("transfer-encoding").lower() != "chunked":
        return await reader.readexactly(int(message.header("content-length") or 0))
    parts = []
    while True:
        size = await reader.readline()
        chunk = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        parts += [size, chunk]
        if chunk == b"\r\n":
            return b"".join(parts)


def answer(code: int, body: str = "", **headers: str) -> Message:
    """Return an answer of our own; `retry_after="3"` becomes `Retry-After: 3`."""
    text = f"{body}\n".encode() if body else b""
    named = {"content_type": "text/plain", "content_length": str(len(text)), **headers}
    lines = [f"HTTP/1.1 {code} {HTTPStatus(code).phrase}"]
    lines += [
        f"{name.replace('_', '-').title()}: {value}" for name, value in named.items() if value
    ]
    return Message("\r\n".join([*lines, "", ""]).encode("latin-1"), text)
