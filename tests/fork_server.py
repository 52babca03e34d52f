"""The server of `tests.forked`: it imports the tool, and forks a process for each request.

Usage: python -m tests.fork_server SOCKET. It ends with its standard input.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import selectors
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What a process imports when it needs it: a fork is the dearer the more there is to copy.
RARE = ("server", "mcp", "notify", "recorder", "sample", "cli.debug", "cli.commands.server")
_NUMBER = 8


@dataclass(frozen=True)
class Request:
    """What to run, where, and the descriptors of its standard streams."""

    args: list[str]
    cwd: str
    env: dict[str, str]
    streams: list[int]


def import_tool() -> None:
    """Import the modules of the tool; run none of its code."""
    import versioner

    rare = tuple(f"versioner.{name}" for name in (*RARE, "__main__"))
    for each in pkgutil.walk_packages(versioner.__path__, "versioner."):
        if not each.name.startswith(rare):
            importlib.import_module(each.name)


def receive(connection: socket.socket) -> Request | None:
    """Return the request on a connection, or nothing if it was closed."""
    head, streams, _, _ = socket.recv_fds(connection, _NUMBER, 3)
    if len(head) < _NUMBER:
        return None
    body, length = b"", int.from_bytes(head, "big")
    while len(body) < length:
        body += connection.recv(length - len(body))
    return Request(*marshal.loads(body), streams)


class Server:
    """The processes that run, each with the connection on which its end is told."""

    def __init__(self, path: str) -> None:
        self._running: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen(64)
        ended, self._wakes = socket.socketpair()
        self._own = (listener, ended, self._wakes)
        for each in (ended, self._wakes):
            each.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(ended, selectors.EVENT_READ, self._reap)
        self._selector.register(sys.stdin, selectors.EVENT_READ, None)

    def run(self) -> Request | None:
        """Serve until standard input ends, and return nothing; in a fork, return its request."""
        signal.set_wakeup_fd(self._wakes.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._kill(*self._running)
                    return None
                request: Request | None = key.data(key.fileobj)
                if request is not None:
                    return request

    def _accept(self, listener: socket.socket) -> Request | None:
        connection, _ = listener.accept()
        request = receive(connection)
        if request is None:
            connection.close()
            return None
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._close(connection)
            return request
        for stream in request.streams:
            os.close(stream)
        self._running[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ, self._lost)
        self._tell(connection, pid)
        return None

    def _close(self, connection: socket.socket) -> None:
        """Close what is the server's in a fork.

        An object that is still open would close its file descriptor when it is freed: by then
        a file of the tool may have the same number.
        """
        self._selector.close()
        for each in (connection, *self._own, *self._running.values()):
            each.close()

    def _lost(self, connection: socket.socket) -> None:
        # Its other end was closed: nothing is ever sent from there.
        self._selector.unregister(connection)
        self._kill(*(pid for pid, each in self._running.items() if each is connection))

    def _reap(self, ended: socket.socket) -> None:
        with suppress(BlockingIOError):
            ended.recv(4096)
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self._running.pop(pid)
            with suppress(KeyError):
                self._selector.unregister(connection)
            self._tell(connection, os.waitstatus_to_exitcode(status))
            connection.close()

    @staticmethod
    def _tell(connection: socket.socket, number: int) -> None:
        with suppress(BrokenPipeError):
            connection.sendall(number.to_bytes(_NUMBER, "big", signed=True))

    @staticmethod
    def _kill(*pids: int) -> None:
        for pid in pids:
            # The first moment of a process is not in a session of its own.
            for kill in (os.killpg, os.kill):
                with suppress(ProcessLookupError):
                    kill(pid, signal.SIGKILL)


def become(request: Request) -> int:
    """Run the tool in this process as `python -m versioner` does, and return its exit code."""
    os.setsid()
    for number, stream in enumerate(request.streams):
        os.dup2(stream, number)
    os.closerange(3, 256)
    _open_streams()
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.env)
    time.tzset()
    sys.path[0] = request.cwd
    sys.argv[1:] = request.args
    try:
        runpy.run_module("versioner", run_name="__main__", alter_sys=True)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _open_streams() -> None:
    """Open the standard streams as Python does at its start, with the encodings that it chose."""
    old: dict[str, Any] = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    for number, (name, stream) in enumerate(old.items()):
        new = open(  # noqa: SIM115
            number,
            "w" if number else "r",
            encoding=stream.encoding,
            errors=stream.errors,
            closefd=False,
        )
        new.reconfigure(line_buffering=name == "stderr" or new.isatty())
        setattr(sys, name, new)


def end(code: int) -> None:
    """End as Python does, without the time that it takes to free each object."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    os._exit(code)


def main() -> None:
    import_tool()
    gc.collect()
    gc.freeze()
    request = Server(sys.argv[1]).run()
    if request is not None:
        end(become(request))
    # A caller that was killed has not removed it.
    shutil.rmtree(Path(sys.argv[1]).parent, ignore_errors=True)


if __name__ == "__main__":
    main()
