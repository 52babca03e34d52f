"""Let a signal end a command as an error does: what it made for itself is removed first.

A CI system that cancels a job sends SIGINT or SIGTERM, and SIGKILL some seconds later.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Stop", "Stopped", "stoppable"]

_HEARD: Final = ("SIGINT", "SIGTERM", "SIGHUP")
# What they do unless somebody said otherwise: whoever started us may have (`nohup`).
_USUAL: Final[tuple[Any, ...]] = (signal.default_int_handler, signal.SIG_DFL)

# What is left to do then takes less, unless a disk or whoever reads hangs.
_GRACE_SECONDS: Final = 2


class Stopped(BaseException):
    """Say that a signal other than SIGINT came, which is KeyboardInterrupt as ever."""


class Stop:
    """Say whether a signal came, and which."""

    came: bool = False
    at: float = 0.0
    number: int = signal.SIGINT

    @property
    def exit_code(self) -> int:
        """Return the exit code that shells give a program that a signal ended."""
        return 128 + self.number


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Raise an exception for the first signal within.

    Those that come with it (to the process, and to its group) are left unheard; one that comes
    later ends the process at once.
    """
    stop = Stop()
    numbers = [getattr(signal, name) for name in _HEARD if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.getsignal(number) for number in numbers}
    heard = [each for each in numbers if before[each] in _USUAL]

    def receive(number: int, _frame: Any) -> None:
        if stop.came:
            if time.monotonic() > stop.at + _GRACE_SECONDS:
                os._exit(128 + number)
            return
        stop.at = time.monotonic()
        stop.came, stop.number = True, number
        raise KeyboardInterrupt if number == signal.SIGINT else Stopped

    try:
        for number in heard:
            signal.signal(number, receive)
        yield stop
    finally:
        for number in heard:
            signal.signal(number, before[number])
