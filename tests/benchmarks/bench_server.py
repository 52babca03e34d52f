"""How many events one server records a second, beside servers that make one `git commit` an event.

    python -m tests.benchmarks.bench_server --clients 64 --seconds 10

The peer is a plain server of the same framework for the same clients, one after the other on the
same machine; `git commit` alone, without clients and without a server, is told beside it. The
figures depend on what else the machine does; the processor time of an event hardly does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fixtures.local_registry import make_registry
from tests.server.load import (
    Load,
    RunningServer,
    commits_a_second,
    free_port,
    ids_on_branch,
    quantile,
    wait_for,
)

__all__ = ["main"]

_CONFIG = "[user]\n\tname = Bench\n\temail = bench@example.test\n[init]\n\tdefaultBranch = main\n"


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".gitconfig").write_text(_CONFIG)
        os.environ.update(HOME=name, XDG_CONFIG_HOME=name, GIT_CONFIG_NOSYSTEM="1")
        measure(folder, options.clients, options.seconds)


def measure(folder: Path, clients: int, seconds: float) -> None:
    """Measure a server on a bare registry, and commits in a clone of it."""
    top, bare = make_registry(folder / "registry"), folder / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(top), str(bare)], check=True)
    server = RunningServer(str(bare), folder / "state")
    server.start()
    try:
        Load([server.port], server.token, "warm").run(clients, events=clients)
        before = _processor_seconds(server)
        load = Load([server.port], server.token)
        took = load.run(clients, seconds=seconds)
        spent = _processor_seconds(server) - before
    finally:
        server.stop()
    made = len(load.acknowledged)
    there = len(set(ids_on_branch(bare)) & set(load.acknowledged))
    print(f"events              {made} acknowledged, {there} on the branch")
    print(f"events a second     {made / took:.0f} with {clients} clients")
    print(f"seconds for one     {quantile(load.seconds, 0.5):.3f} median, "
          f"{quantile(load.seconds, 0.99):.3f} of 99 in 100")  # fmt: skip
    print(f"processor           {1000 * spent / made:.1f} ms an event")
    plain, single = plain_a_second(top, clients, seconds), commits_a_second(top, seconds / 2)
    for name, rate in (("plain server", plain), ("git commit", single)):
        print(f"{name:<19} {rate:.0f} a second: {made / took / rate:.1f} times as many events")


def plain_a_second(top: Path, clients: int, seconds: float) -> float:
    """Return how many events the plain server records a second in a work tree."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.plain_server", str(top), str(port)]
    process = subprocess.Popen(command)
    try:
        wait_for(port, process)
        Load([port], "", "warm").run(clients, events=clients)
        load = Load([port], "")
        took = load.run(clients, seconds=seconds)
    finally:
        process.terminate()
        process.wait()
    return len(load.acknowledged) / took


def _processor_seconds(server: RunningServer) -> float:
    """Return the processor time of the server and of the git processes that have ended."""
    text = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, text[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
