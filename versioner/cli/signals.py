"""End a command on a signal as on an error, so that its temporary files are removed.

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

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
# The default handlers. A caller such as `nohup` may have set others, which are kept.
_DEFAULT_HANDLERS: Final[tuple[Any, ...]] = (signal.default_int_handler, signal.SIG_DFL)

# Removing temporary files takes less, unless a disk or a reader hangs.
_GRACE_SECONDS: Final = 2


class Stopped(BaseException):
    """The exception for SIGTERM and SIGHUP, as KeyboardInterrupt is for SIGINT."""


class Stop:
    """The first signal that was received, if any."""

    came: bool = False
    at: float = 0.0
    number: int = signal.SIGINT

    @property
    def exit_code(self) -> int:
        """Return the exit code that shells give a program that a signal ended."""
        return 128 + self.number


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Raise an exception for the first signal that arrives in the block.

    Signals within two seconds after it (to the process, and to its group) are ignored; a later
    one ends the process at once.
    """
    stop = Stop()
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.getsignal(number) for number in numbers}
    handled = [each for each in numbers if before[each] in _DEFAULT_HANDLERS]

    def receive(number: int, _frame: Any) -> None:
        if stop.came:
            if time.monotonic() > stop.at + _GRACE_SECONDS:
                os._exit(128 + number)
            return
        stop.at = time.monotonic()
        stop.came, stop.number = True, number
        raise KeyboardInterrupt if number == signal.SIGINT else Stopped

    try:
        for number in handled:
            signal.signal(number, receive)
        yield stop
    finally:
        for number in handled:
            signal.signal(number, before[number])
