"""Let a signal end a command as an error does: what it made for itself is removed first.

A CI system that cancels a job sends SIGINT or SIGTERM, and SIGKILL some seconds later.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Stop", "stoppable"]

# What they do unless somebody said otherwise: whoever started us may have (`nohup`).
_USUAL: Final[dict[str, Any]] = {
    "SIGINT": signal.default_int_handler,
    "SIGTERM": signal.SIG_DFL,
    "SIGHUP": signal.SIG_DFL,
}


class Stop:
    """Say which signal came, if one did."""

    number: int = signal.SIGINT

    @property
    def exit_code(self) -> int:
        """Return the exit code that shells give a program that a signal ended."""
        return 128 + self.number


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Raise KeyboardInterrupt for the first signal within; the others are left unheard."""
    stop = Stop()
    numbers = [getattr(signal, name) for name in _USUAL if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.getsignal(number) for number in numbers}
    heard = [each for each in numbers if before[each] == _USUAL[signal.Signals(each).name]]

    def receive(number: int, _frame: Any) -> None:
        for each in heard:
            signal.signal(each, signal.SIG_IGN)
        stop.number = number
        raise KeyboardInterrupt

    try:
        for number in heard:
            signal.signal(number, receive)
        yield stop
    finally:
        for number in heard:
            signal.signal(number, before[number])
