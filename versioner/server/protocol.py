"""HTTP/1.1 for uvicorn, with a limit of time for the head of a request.

uvicorn waits without end for a client that sends the head of its request byte by byte, or nothing;
some thousand such clients would take all connections.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["TimedProtocol", "timed_protocol"]


class TimedProtocol(H11Protocol):
    """A connection that is closed where a request's head takes longer than `head_seconds`."""

    head_seconds: ClassVar[float] = 10.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Wait on where the head is not complete; between requests uvicorn has a limit."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._wait_for_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to wait."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        self.transport.close()


def timed_protocol(seconds: float) -> type[TimedProtocol]:
    """Return the protocol with a limit."""
    return type("TimedProtocol", (TimedProtocol,), {"head_seconds": seconds})
