"""Who sends: one process, by which others know whether it is still at work."""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Sender", "this_sender"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Sender(NamedTuple):
    """A process that sends: a digest of its machine, its number, and a random text."""

    machine: str
    process: int
    nonce: str

    @property
    def name(self) -> str:
        """Return its name in the state."""
        return f"{self.machine}-{self.process}-{self.nonce}"

    def is_ended(self, name: str) -> bool:
        """Return whether another sender is of this machine, and its process is there no more."""
        machine, _, rest = name.partition("-")
        process, _, nonce = rest.partition("-")
        if machine != self.machine or nonce == self.nonce or not process.isdigit():
            return False
        return int(process) != self.process and not _is_running(int(process))


def this_sender(entropy: Callable[[], tuple[int, bytes]]) -> Sender:
    """Return this process as a sender; `entropy` gives random bytes."""
    boot = ""
    with suppress(OSError):
        boot = _BOOT.read_text("ascii").strip()
    machine = hashlib.sha256(f"{platform.node()} {boot}".encode()).hexdigest()[:12]
    return Sender(machine, os.getpid(), entropy()[1].hex())


def _is_running(process: int) -> bool:
    if os.name != "posix":  # pragma: no cover
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
