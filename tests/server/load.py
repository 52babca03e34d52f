"""Clients that record on a server as fast as it answers, and a server that can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.server.conftest import clock_at, token_for
from versioner.server.settings import ServerSettings

__all__ = [
    "Load",
    "RunningServer",
    "commits_a_second",
    "free_port",
    "ids_on_branch",
    "quantile",
    "wait_for",
]

_PRODUCTS: Final = 20
_READY_SECONDS: Final = 60


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until something listens on a port; return False where the process ends before."""
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False


class RunningServer:
    """A server in a process of its own, with its git processes in one group with it."""

    def __init__(self, repo: str, state: Path, port: int = 0, **env: str) -> None:
        self.repo, self.state, self.port = repo, state, port or free_port()
        self._env = {**os.environ, **env}
        self._process: subprocess.Popen[bytes] | None = None
        self.token = token_for(ServerSettings(Path(repo), state, clock_at()), "record", "read")

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with (self.state / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "versioner", "serve", "--repo", self.repo,
                 "--port", str(self.port), "--state", str(self.state)],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=self._env,
                start_new_session=True,
            )  # fmt: skip
        if not wait_for(self.port, self._process):
            raise AssertionError((self.state / "log").read_text())

    def kill(self, *, group: bool = True) -> None:
        """End the server by SIGKILL, with or without the git processes that it runs."""
        assert self._process is not None
        if group:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop the server."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(30)


@dataclass
class Load:
    """Clients that each send one event after the other; an event is sent again until it is there.

    `acknowledged` has the event ids of replies in the order in which they came, `seconds` how long
    each reply took that came at the first try, `sent` the runs of all events.
    """

    ports: list[int]
    token: str
    name: str = "run"
    acknowledged: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    sent: int = 0

    def run(self, clients: int, *, seconds: float = 0, events: int = 0) -> float:
        """Send for some seconds, or a number of events; return how many seconds it took."""
        return asyncio.run(self.drive(clients, seconds=seconds, events=events))

    async def drive(self, clients: int, *, seconds: float = 0, events: int = 0) -> float:
        """Send as `run` does."""
        begun = time.monotonic()
        numbers = count(self.sent)
        end = begun + seconds if seconds else float("inf")
        events += self.sent if events else 0

        async def client(own: int) -> None:
            connection = _Connection(self.ports[own % len(self.ports)], self.token)
            while time.monotonic() < end and (number := next(numbers)) < (events or 10**9):
                self.sent += 1
                await self._send(connection, number)
            connection.close()

        await asyncio.gather(*(client(own) for own in range(clients)))
        return time.monotonic() - begun

    async def _send(self, connection: _Connection, number: int) -> None:
        body = {
            "product_name": f"product-{number % _PRODUCTS}",
            "version": f"1.0.{number}",
            "environment_name": "production",
            "status": "started" if number % 2 else "success",
            "source_system": "github",
            "invoke_id": f"{self.name}-{number}",
            "scm_repository": "acme/cart",
            "deployed_by": "ann",
            "extra_metadata": {"vi_gh_run_attempt": "1"},
        }
        begun, first = time.monotonic(), True
        while True:
            try:
                status, answer = await connection.post("/deployment-events/", body)
            except (OSError, EOFError, ValueError, IndexError):
                status, answer = 0, {}
                connection.close()
            if status == 200:
                if first:
                    self.seconds.append(time.monotonic() - begun)
                self.acknowledged.append(answer["event_id"])
                return
            if status and status not in (429, 503):
                self.problems.append(f"{status} {answer}")
                return
            first = False
            await asyncio.sleep(0.05)


class _Connection:
    """A connection that is kept open, with as little HTTP as the answers need."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, document: Any) -> tuple[int, Any]:
        body = json.dumps(document).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/json\r\n"
            f"User-Agent: versioner-cli/1.0.10\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(head.encode() + body)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        length = 0
        while line := (await reader.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, json.loads(await reader.readexactly(length))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


def ids_on_branch(repo: Path) -> list[str]:
    """Return the ids of all deployment events of the load's products on the branch."""
    done = subprocess.run(
        ["git", "grep", "-h", "-o", r'id: "[0-9a-f]\{32\}"', "main", "--", "registry/products"],
        cwd=repo, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [line.split('"')[1] for line in done.stdout.splitlines()]


def commits_a_second(folder: Path, seconds: float) -> float:
    """Return how many commits of one line each `git commit` makes a second in a work tree."""
    log, made, begun = folder / "log.yaml", 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        with log.open("a") as file:
            file.write(f"- {{id: {made}}}\n")
        subprocess.run(["git", "add", "log.yaml"], cwd=folder, check=True)
        subprocess.run(["git", "commit", "-q", "-m", f"Record {made}"], cwd=folder, check=True)
        made += 1
    return made / (time.monotonic() - begun)


def quantile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values is."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
