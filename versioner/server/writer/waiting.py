"""Wait in an event loop for results that the writer's thread has together.

Many callers get their results by one move of the branch: the loop is woken up once for all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["result_of"]

T = TypeVar("T")


async def result_of(future: Future[T]) -> T:
    """Return the result of a write; raise what it raised."""
    loop = asyncio.get_running_loop()
    arrivals = _arrivals.get(loop)
    if arrivals is None:
        arrivals = _arrivals[loop] = _Arrivals(loop)
    own: asyncio.Future[T] = loop.create_future()
    future.add_done_callback(lambda done: arrivals.put(own, done))
    return await own


class _Arrivals:
    """The results that are there, and that the callers in one loop do not have yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._there: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._is_called = False

    def put(self, own: asyncio.Future[Any], done: Future[Any]) -> None:
        """Pass on a result; called in any thread."""
        self._there.append((own, done))
        # Where two threads are here at once, the loop is called twice, which does no harm.
        if not self._is_called and not self._loop.is_closed():
            self._is_called = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        # Before it looks: what comes later calls again.
        self._is_called = False
        while self._there:
            own, done = self._there.popleft()
            if own.done():
                continue
            error = done.exception()
            if error is not None:
                own.set_exception(error)
            else:
                own.set_result(done.result())


_arrivals: WeakKeyDictionary[asyncio.AbstractEventLoop, _Arrivals] = WeakKeyDictionary()
