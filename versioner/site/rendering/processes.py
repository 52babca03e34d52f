"""Work that several processes share: each takes the number of a part after another.

The processes are forked, so that they have all that was read before. Results that this process
does not make itself come to it through a file of each process, which has no name.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SHARES_MOST", "can_fork", "done_beside", "made_by_processes", "next_shares", "queue_of"]

# A pipe has room for 64 KiB, or 16 KiB where memory is short; the numbers of all parts must fit.
SHARES_MOST: Final = 4000
_NUMBER: Final = 4


def can_fork() -> bool:
    """Return whether processes may be forked."""
    # Only Linux forks safely with libraries loaded; and a forked process has no other threads.
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def done_beside(work: Callable[[], object]) -> Iterator[None]:
    """Do work while a block runs, whose results are files; what fails is left to a later try.

    A thread does it only where no process can be forked: while there is one, none can be.
    """
    if not can_fork():
        with ThreadPoolExecutor(1) as thread:
            thread.submit(work)
            yield
        return
    process = os.fork()
    if not process:
        # The new process runs from here, and must never return.
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    try:
        yield
    finally:
        os.waitpid(process, 0)


def queue_of(number: int) -> int:
    """Return a pipe that processes share, with the numbers of at most SHARES_MOST parts."""
    reading, writing = os.pipe()
    os.write(writing, b"".join(each.to_bytes(_NUMBER, "big") for each in range(number)))
    os.close(writing)
    return reading


def next_shares(queue: int) -> Iterator[int]:
    """Yield the numbers that this process takes from a queue."""
    while number := os.read(queue, _NUMBER):
        yield int.from_bytes(number, "big")


def made_by_processes(
    number: int, jobs: int, make: Callable[[int], bytes]
) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the result of each part, in no order, made by at most `jobs` processes.

    `make` returns the result of a part. What it raises, it raises in this process.
    """
    if jobs <= 1 or not can_fork():
        yield from ((each, make(each)) for each in range(number))
        return
    size = max(1, -(-number // SHARES_MOST))
    shares = [range(first, min(number, first + size)) for first in range(0, number, size)]
    done = set[int]()
    with ExitStack() as stack:
        queue = queue_of(len(shares))
        stack.callback(os.close, queue)
        results = [stack.enter_context(TemporaryFile()) for _ in range(jobs - 1)]
        children = [_start(file, shares, queue, make) for file in results]
        try:
            for share in next_shares(queue):
                for each in shares[share]:
                    done.add(each)
                    yield each, make(each)
        finally:
            # Where an error was raised, nobody waits for the other parts.
            for _ in next_shares(queue):
                pass
            for child in children:
                os.waitpid(child, 0)
        for file in results:
            for each, result in _results(file):
                done.add(each)
                yield each, result
    # Those of a process that failed are made here, where an error is raised as usual.
    yield from ((each, make(each)) for each in range(number) if each not in done)


def _start(file: IO[bytes], shares: list[range], queue: int, make: Callable[[int], bytes]) -> int:
    process = os.fork()
    if process:
        return process
    # The new process runs from here, and must never return.
    try:
        for share in next_shares(queue):
            for each in shares[share]:
                result = make(each)
                head = each.to_bytes(_NUMBER, "big") + len(result).to_bytes(8, "big")
                file.write(head + result)
        file.flush()
    except BaseException:
        os._exit(1)
    os._exit(0)


def _results(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the numbers and results in the file of a process, those that are whole."""
    file.seek(0)
    while len(head := file.read(_NUMBER + 8)) == _NUMBER + 8:
        size = int.from_bytes(head[_NUMBER:], "big")
        result = file.read(size)
        if len(result) < size:
            return
        yield int.from_bytes(head[:_NUMBER], "big"), result
