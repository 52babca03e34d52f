"""The only reader of the clock and of chance; everything below is told."""

from __future__ import annotations

import os
import time

__all__ = ["entropy", "now"]


def now() -> str:
    """Return the current moment, RFC 3339 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def entropy() -> tuple[int, bytes]:
    """Return the time in milliseconds and ten random bytes: what a time-ordered id is made of."""
    return time.time_ns() // 1_000_000, os.urandom(10)
