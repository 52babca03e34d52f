"""The reading of many products: several processes read and fold them, and this one writes rows.

This process reads the files and sends them, so that all processes have the state of one snapshot.
Rows are written in the order of the products, because a table that grows at its end stays dense.
Where a process cannot be started, or ends, its products are read by this one.
"""

from __future__ import annotations

import gc
import marshal
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, Self

from versioner.git.files.entries import FileEntry
from versioner.git.snapshot import MemorySnapshot
from versioner.registry.checks.unexpected_files import is_expected
from versioner.registry.index.product_rows import ProductSource, insert_from_files
from versioner.registry.index.wanted import EnvironmentNames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from versioner.git.snapshot import Snapshot

    Statement = tuple[str, list[Sequence[Any]]]

__all__ = ["ReadingProcesses"]

_JOBS_MOST: Final = 4
# Rows that wait for those of an earlier product.
_WAITING_MOST: Final = 32 * 1024 * 1024
_JOIN_SECONDS: Final = 5.0


class ReadingProcesses:
    """Processes that read products; a context that ends them.

    `method` is how Python starts a process: "fork", which is fast, or "spawn", which works on each
    system.
    """

    def __init__(
        self, environments: EnvironmentNames, jobs: int | None = None, method: str | None = None
    ) -> None:
        self._jobs = min(_JOBS_MOST, os.cpu_count() or 1) if jobs is None else jobs
        self._method = method or ("fork" if _can_fork() else "spawn")
        self._environments = environments
        self._processes: list[BaseProcess] = []
        self._idle: list[Connection] = []
        self._busy: dict[Connection, ProductSource] = {}

    def __enter__(self) -> Self:
        context: Any = multiprocessing.get_context(self._method)
        pipes: list[Connection] = []
        with suppress(OSError):
            for _ in range(self._jobs):
                own, other = context.Pipe()
                pipes.append(own)
                # A forked process has all of this one's pipes, and would keep them open.
                surplus = [*pipes] if self._method == "fork" else []
                process = context.Process(
                    target=_serve, args=(other, self._environments.fields, surplus), daemon=True
                )
                process.start()
                other.close()
                self._processes.append(process)
                self._idle.append(own)
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (*self._idle, *self._busy):
            pipe.close()
        for process in self._processes:
            process.join(_JOIN_SECONDS)
            process.kill()
            process.join()

    def read(
        self, snapshot: Snapshot, sources: Sequence[ProductSource]
    ) -> Iterator[tuple[ProductSource, list[Statement] | None]]:
        """Yield products in their order with what inserts their rows.

        That is None for a product that no process has read.
        """
        turns, queue = deque(sources), deque(sources)
        done: dict[int, bytes] = {}
        while turns:
            while self._idle and queue and sum(map(len, done.values())) < _WAITING_MOST:
                self._send(snapshot, queue.popleft())
            if turns[0].number in done or not self._busy:
                source = turns.popleft()
                data = done.pop(source.number, b"")
                yield source, _loaded(data) if data else None
                continue
            ready = wait([*self._busy])
            for pipe in [each for each in self._busy if each in ready]:
                done[self._busy.pop(pipe).number] = self._receive(pipe)

    def _send(self, snapshot: Snapshot, source: ProductSource) -> None:
        entries = source.entries
        contents = snapshot.read_many(
            [path for path in entries if is_expected(path, entries[path])]
        )
        plain = {path: tuple(entry) for path, entry in entries.items()}
        data = marshal.dumps((source.name, source.number, source.tree, plain, dict(contents)))
        pipe = self._idle.pop()
        try:
            pipe.send_bytes(data)
        except OSError:
            pipe.close()
        else:
            self._busy[pipe] = source

    def _receive(self, pipe: Connection) -> bytes:
        try:
            data = pipe.recv_bytes()
        except (EOFError, OSError):
            pipe.close()
            return b""
        self._idle.append(pipe)
        return data


class _Recorder:
    """A writer that keeps the statements that it is given."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def execute(self, statement: str, values: Sequence[Any]) -> None:
        """Keep a statement for one row."""
        self.statements.append((statement, [values]))

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Keep a statement for several rows."""
        self.statements.append((statement, [*rows]))


def _serve(
    pipe: Connection, fields: tuple[dict[str, str], dict[str, Any]], surplus: list[Connection]
) -> None:
    """Read product after product, in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # rows have no cycles
    for other in surplus:
        other.close()
    environments = EnvironmentNames(*fields)
    with suppress(EOFError, OSError):
        while True:
            data = pipe.recv_bytes()
            try:
                answer = marshal.dumps(_statements(data, environments))
            except Exception:
                answer = b""  # The first process meets the same fault, and reports it.
            pipe.send_bytes(answer)


def _statements(data: bytes, environments: EnvironmentNames) -> list[Statement]:
    name, number, tree, plain, contents = _loaded(data)
    entries = {path: FileEntry(*fields) for path, fields in plain.items()}
    recorder = _Recorder()
    source = ProductSource(name, number, tree, entries)
    insert_from_files(recorder, MemorySnapshot(contents), environments, source)
    return recorder.statements


def _loaded(data: bytes) -> Any:
    return marshal.loads(data)  # noqa: S302 -- between two processes of one command


def _can_fork() -> bool:
    # Only Linux forks safely with libraries loaded; and a forked process has no other threads.
    return sys.platform == "linux" and threading.active_count() == 1
