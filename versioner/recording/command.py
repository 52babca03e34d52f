"""Run the command of a build or a deployment, with its input, output and signals passed through.

The command stays in the process group of this process, so that the terminal treats both alike.
Signals are not handled but waited for (`sigtimedwait`): one that the terminal sends has reached the
command already, and a second interrupt makes some programs stop without cleaning up.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.models import Status

__all__ = ["CommandEnd", "run_command"]

# The exit codes of shells.
_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126
_KILLED: Final = 128

# After so many seconds without a signal, look whether the command has ended.
_LONGEST_WAIT: Final = 1.0

# With these a person or a CI system stops a command; the others are messages to it.
_STOPPING: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_PASSED_ON: Final = (*_STOPPING, "SIGUSR1", "SIGUSR2")
# Python ignores these two, and a child would inherit that.
_IGNORED_BY_PYTHON: Final = ("SIGPIPE", "SIGXFSZ")


class CommandEnd(NamedTuple):
    """How a command ended; `exit_code` is what a shell would return, `reason` why it failed."""

    status: Status
    exit_code: int
    reason: str = ""


def run_command(command: Sequence[str], environment: Mapping[str, str]) -> CommandEnd:
    """Run a command until it ends.

    A signal that this process gets is passed on; the command then counts as aborted, whatever its
    exit code is.
    """
    try:
        if hasattr(os, "posix_spawnp"):
            return _run_with_signals(command, environment)
        return _run_plainly(command, environment)
    except FileNotFoundError:
        return CommandEnd("failed", _NOT_FOUND, "the command was not found")
    except OSError as error:
        why = error.strerror or "it cannot be run"
        return CommandEnd("failed", _NOT_EXECUTABLE, f"the command did not start: {why}")


def _run_with_signals(command: Sequence[str], environment: Mapping[str, str]) -> CommandEnd:
    numbers = [number for number in _numbers(_PASSED_ON) if not _is_ignored(number)]
    with _blocked(numbers) as mask:
        process = os.posix_spawnp(
            command[0],
            list(command),
            environment,
            setsigmask=mask,
            setsigdef=_numbers(_IGNORED_BY_PYTHON),
        )
        stopping = _numbers(_STOPPING)
        stopped = 0
        while True:
            number, is_from_terminal = _next_signal([*numbers, signal.SIGCHLD])
            if number == signal.SIGCHLD:
                ended, status = os.waitpid(process, os.WNOHANG)
                if ended:
                    break
                continue
            stopped = stopped or (number if number in stopping else 0)
            if not is_from_terminal:
                os.kill(process, number)
        stopped = stopped or _pending(numbers, stopping)
    return _end_of(os.waitstatus_to_exitcode(status), stopped)


def _run_plainly(command: Sequence[str], environment: Mapping[str, str]) -> CommandEnd:
    """Run a command on a system without POSIX signals."""
    process = subprocess.Popen(list(command), env=dict(environment))
    stopped = 0
    while True:
        try:
            return _end_of(process.wait(), stopped)
        except KeyboardInterrupt:
            # The console sends it to both.
            stopped = signal.SIGINT


def _end_of(code: int, stopped: int) -> CommandEnd:
    """Return the end of a command by Python's exit code, which is negative for a signal."""
    exit_code = code if code >= 0 else _KILLED - code
    if stopped:
        return CommandEnd("aborted", exit_code, f"stopped by {_name_of(stopped)}")
    if code < 0:
        return CommandEnd("aborted", exit_code, f"the command was ended by {_name_of(-code)}")
    if code:
        return CommandEnd("failed", exit_code, f"the command ended with exit code {code}")
    return CommandEnd("completed", 0)


@contextmanager
def _blocked(numbers: Sequence[int]) -> Iterator[Any]:
    """Block signals, so that they can be waited for; yield the mask as it was before."""
    # Where the signal of a child's end is ignored, the system forgets the exit code.
    before = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [*numbers, signal.SIGCHLD])
    try:
        yield mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGCHLD, before)


def _next_signal(numbers: Sequence[int]) -> tuple[int, bool]:
    """Wait for a signal; return it, and whether the terminal has sent it to the command too."""
    if hasattr(signal, "sigtimedwait"):
        found = signal.sigtimedwait(numbers, _LONGEST_WAIT)
        # Another thread of this process may have taken the signal of the command's end.
        return (found.si_signo, found.si_code > 0) if found else (signal.SIGCHLD, False)
    # Only the foreground of a terminal gets its interrupts.
    number = signal.sigwait(numbers)
    return number, number in (signal.SIGINT, signal.SIGQUIT) and _is_in_foreground()


def _is_in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _pending(numbers: Sequence[int], stopping: Sequence[int]) -> int:
    """Take the signals that arrived while the command ended; return one that stops, else 0."""
    found = 0
    while waiting := signal.sigpending() & set(numbers):
        number = signal.sigwait(waiting)
        found = found or (number if number in stopping else 0)
    return found


def _is_ignored(number: int) -> bool:
    # As `nohup` does; then the command ignores it too.
    return signal.getsignal(number) is signal.SIG_IGN


def _numbers(names: Sequence[str]) -> list[int]:
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
