"""Limits of requests a token, and of wrong tokens an address: 429 with `Retry-After`."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Final

from versioner.server.problems import HttpProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from versioner.server.callers import Caller
    from versioner.server.settings import Limits

__all__ = ["Bucket", "Rates", "address_of_client"]

# Addresses and tokens that are remembered at once; the first ones are forgotten first.
_MOST: Final = 10_000


class Bucket:
    """A token bucket a key: `rate` a second, `burst` at once."""

    def __init__(self, rate: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._rate, self._burst, self._monotonic = rate, burst, monotonic
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Take one if there is one and return 0, else return the seconds until there is one."""
        with self._lock:
            now = self._monotonic()
            level, at = self._levels.pop(key, (float(self._burst), now))
            level = min(self._burst, level + (now - at) * self._rate)
            is_there = level >= 1
            self._levels[key] = (level - 1 if is_there else level, now)
            if len(self._levels) > _MOST:
                self._levels.pop(next(iter(self._levels)))
        return 0.0 if is_there else (1 - level) / self._rate


class Rates:
    """The limits of one server."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._requests = Bucket(limits.rate, limits.burst, monotonic)
        self._failures = Bucket(limits.failures / 60, limits.failures, monotonic)

    def admit(self, request: Request, caller: Caller) -> None:
        """Raise HttpProblem where a token, a person or an address makes too many requests."""
        key = f"{caller.by} {caller.token_id or caller.name}"
        if caller.is_anonymous:
            key = f"address {address_of_client(request)}"
        _refuse(self._requests.wait(key))

    def note_failure(self, request: Request) -> None:
        """Count a wrong token or a failed login; raise HttpProblem where an address has many."""
        _refuse(self._failures.wait(address_of_client(request)))


def address_of_client(request: Request) -> str:
    """Return the address that a request came from; behind a proxy, the one that it tells."""
    return request.client.host if request.client is not None else ""


def _refuse(seconds: float) -> None:
    if seconds > 0:
        whole = max(1, math.ceil(seconds))
        raise HttpProblem(
            "too_many_requests",
            f"too many requests: try again in {whole} s",
            headers={"Retry-After": str(whole)},
        )
