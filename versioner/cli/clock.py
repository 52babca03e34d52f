"""The only module that reads the clock and the random source; others get them as arguments."""

from __future__ import annotations

import os
import time

__all__ = ["entropy", "monotonic", "now", "random_bytes"]


def now() -> str:
    """Return the current moment, RFC 3339 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def entropy() -> tuple[int, bytes]:
    """Return the time in milliseconds and ten random bytes, for a time-ordered id."""
    return time.time_ns() // 1_000_000, os.urandom(10)


def monotonic() -> float:
    """Return seconds that never go back, from an arbitrary start."""
    return time.monotonic()


def random_bytes(count: int) -> bytes:
    """Return random bytes that nobody can guess."""
    return os.urandom(count)
