"""Processes of the tool that are forked from one which has imported it.

Such a process is a real one: with an environment, a folder, standard streams, a session and an exit
code of its own. It takes a fifth of the processor time of `python -m versioner`, most of which goes
into the start of Python, into imports and into the end of Python. What is proven of these takes a
process of `python -m versioner`; so does everything on systems other than Linux.
"""

from __future__ import annotations

import atexit
import contextlib
import marshal
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TOOL", "ForkedProcess", "can_fork", "put_script", "script_of_tool", "start_forked"]

PROJECT = Path(__file__).resolve().parents[1]
TOOL = [sys.executable, "-m", "versioner"]
# Seconds in which a server has started, on a machine that does much else.
_PATIENCE = 120
# Variables that Python reads when it starts.
_OF_THE_START = ("PYTHON", "LC_", "LANG", "LD_")
# What a server is asked, and what it answers: a process number, then an exit code.
_NUMBER = 8

_SCRIPT = """\
#!{python} -IS
import _socket, marshal, os, sys

start = {{name: text for name, text in os.environ.items() if name.startswith({of_the_start})}}
if start != {start}:
    os.execv({python!r}, [*{tool}, *sys.argv[1:]])
connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
connection.connect({address!r})
request = marshal.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)])
streams = b"".join(each.to_bytes(4, sys.byteorder) for each in range(3))
rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
connection.sendmsg([len(request).to_bytes({number}, "big")], rights)
connection.sendall(request)
connection.recv({number})
code = int.from_bytes(connection.recv({number}), "big", signed=True)
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""


def can_fork(line: Sequence[str]) -> bool:
    """Return whether a command line starts the tool in a way that a fork can stand in for."""
    return sys.platform == "linux" and list(line[:3]) == TOOL


class ForkedProcess:
    """A process of the tool; its methods are those of `subprocess.Popen`."""

    def __init__(self, connection: socket.socket, args: Sequence[str]) -> None:
        self.args, self._connection = list(args), connection
        self.pid = self._answer()
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, or the negative number of the signal that ended the process.

        Raises `subprocess.TimeoutExpired`.
        """
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = self._answer()
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self._connection.close()
        return self.returncode

    def kill(self) -> None:
        """Kill the process; what it started lives on."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _answer(self) -> int:
        said = self._connection.recv(_NUMBER)
        assert len(said) == _NUMBER, "the fork server ended"
        return int.from_bytes(said, "big", signed=True)


def start_forked(
    args: Sequence[str],
    *,
    cwd: str | Path,
    env: Mapping[str, str],
    stdin: int,
    stdout: int,
    stderr: int,
) -> ForkedProcess:
    """Start the tool with arguments, in a new session; the streams are file descriptors.

    The end of the caller kills the process with all that it started.
    """
    connection = _server_for(env).connect()
    request = marshal.dumps([list(args), os.fspath(cwd), dict(env)])
    socket.send_fds(connection, [len(request).to_bytes(_NUMBER, "big")], [stdin, stdout, stderr])
    connection.sendall(request)
    return ForkedProcess(connection, args)


def put_script(folder: Path, env: Mapping[str, str]) -> str:
    """Write `script_of_tool` into a folder, and return the path of the program."""
    program = folder / "versioner"
    program.write_text(script_of_tool(env))
    program.chmod(0o755)
    return str(program)


def script_of_tool(env: Mapping[str, str]) -> str:
    """Return a program that is the tool, for those who start it with an environment."""
    if sys.platform != "linux":
        return f"#!{sys.executable}\nfrom versioner.__main__ import main\nmain()\n"
    server = _server_for(env)
    server.connect().close()
    return _SCRIPT.format(
        python=sys.executable,
        tool=TOOL,
        start=_start_of(env),
        of_the_start=_OF_THE_START,
        address=str(server.address),
        number=_NUMBER,
    )


class _Server:
    """A server of this process, which ends with it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        # The path of a socket has 107 characters at most: TMPDIR may be longer.
        self._folder = Path(tempfile.mkdtemp(prefix="fork-", dir="/tmp"))
        self.address = self._folder / "socket"
        # The server ends when its standard input does.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(self.address)],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.PIPE,
        )

    def connect(self) -> socket.socket:
        until = time.monotonic() + _PATIENCE
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(self.address))
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                assert self._process.poll() is None, "the fork server ended"
                assert time.monotonic() < until, "the fork server did not start"
                time.sleep(0.02)
            else:
                return connection

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)


_servers: dict[tuple[tuple[str, str], ...], _Server] = {}


def _start_of(env: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in env.items() if name.startswith(_OF_THE_START)}


def _server_for(env: Mapping[str, str]) -> _Server:
    """Return the server whose Python was started with what these variables say of Python."""
    key = tuple(sorted(_start_of(env).items()))
    if key not in _servers:
        _servers[key] = _Server(env)
        atexit.register(_servers[key].stop)
    return _servers[key]
