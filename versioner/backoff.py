"""Pauses between tries, with jitter: processes that fail at once must not try again at once.

The only module of the library that sleeps, measures time and draws random numbers for it. Each
caller has its own seconds: for `track` at a URL these are in `delivery/retries.py`.
"""

from __future__ import annotations

import os
import time

__all__ = ["Backoff", "jittered"]

_NO_LIMIT = float("inf")


class Backoff:
    """The pauses between the tries of one operation, each `growth` times as long as the last.

    `first`, `longest` and `limit` are seconds: the first and the longest pause, and how long the
    tries may take in all. `tries` is how many there may be. `pauses` counts those made.
    """

    def __init__(
        self,
        first: float,
        *,
        growth: float = 1.5,
        longest: float = _NO_LIMIT,
        limit: float = _NO_LIMIT,
        tries: float = _NO_LIMIT,
    ) -> None:
        self.pauses = 0
        self._next = first
        self._growth = growth
        self._longest = longest
        self._limit = limit
        self._tries = tries
        self._begun = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Return the seconds since the first try."""
        return time.monotonic() - self._begun

    @property
    def is_over(self) -> bool:
        """Return whether the try that was just made is the last one."""
        return self.pauses + 1 >= self._tries or self.elapsed >= self._limit

    def pause(self, at_most: float = _NO_LIMIT) -> None:
        """Sleep between half and one and a half of the next pause, `at_most` some seconds."""
        time.sleep(max(0.0, min(jittered(self._next), at_most, self._limit - self.elapsed)))
        self.pauses += 1
        self._next = min(self._next * self._growth, self._longest)


def jittered(seconds: float, share: float = 0.5) -> float:
    """Return a random time that differs from `seconds` by no more than a share of it."""
    return seconds * (1 - share + 2 * share * os.urandom(1)[0] / 256)
