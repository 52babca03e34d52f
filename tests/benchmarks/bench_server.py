"""How many events one server records a second, beside servers that make one `git commit` an event.

    python -m tests.benchmarks.bench_server --clients 64 --seconds 10

The peer is a plain server of the same framework for the same clients. The two take turns, in
rounds: what else the machine does meets both, and the ratio of a round hardly depends on it.
`git commit` alone, without clients and without a server, is told beside them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

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
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".gitconfig").write_text(_CONFIG)
        os.environ.update(HOME=name, XDG_CONFIG_HOME=name, GIT_CONFIG_NOSYSTEM="1")
        measure(folder, options.clients, options.seconds, options.rounds)


def measure(folder: Path, clients: int, seconds: float, rounds: int) -> None:
    """Measure a server on a bare registry, and the plain server in a clone of it, in turns."""
    top, bare = make_registry(folder / "registry"), folder / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(top), str(bare)], check=True)
    ratios, turns = [], []
    for number in range(1, rounds + 1):
        # Who is first changes: the second turn meets a warmer disk.
        plain = plain_a_second(top, number, clients, seconds) if number % 2 == 0 else 0.0
        turn = turn_of(bare, folder / "state", number, clients, seconds)
        plain = plain or plain_a_second(top, number, clients, seconds)
        turns.append(turn)
        ratios.append(turn.rate / plain)
        print(f"round {number}             {turn.rate:.0f} a second, plain server {plain:.0f}: "
              f"{ratios[-1]:.1f} times as many events", flush=True)  # fmt: skip
    acknowledged = {each for turn in turns for each in turn.load.acknowledged}
    there = len(set(ids_on_branch(bare)) & acknowledged)
    waited = [each for turn in turns for each in turn.load.seconds]
    spent = sum(turn.processor for turn in turns)
    single = commits_a_second(top, seconds / 2)
    rate = statistics.median(turn.rate for turn in turns)
    print(f"events              {len(acknowledged)} acknowledged, {there} on the branch")
    print(f"seconds for one     {quantile(waited, 0.5):.3f} median, "
          f"{quantile(waited, 0.99):.3f} of 99 in 100")  # fmt: skip
    print(f"processor           {1000 * spent / len(acknowledged):.1f} ms an event")
    print(f"median              {rate:.0f} a second with {clients} clients, "
          f"{statistics.median(ratios):.1f} times the plain server")  # fmt: skip
    print(f"git commit          {single:.0f} a second: {rate / single:.1f} times as many events")


class Turn(NamedTuple):
    """One turn of our server: events a second, its processor seconds, and what was sent."""

    rate: float
    processor: float
    load: Load


def turn_of(bare: Path, state: Path, number: int, clients: int, seconds: float) -> Turn:
    """Return what our server did in a turn; it starts anew, as the plain one does."""
    server = RunningServer(str(bare), state)
    server.start()
    try:
        Load([server.port], server.token, f"warm{number}").run(clients, events=clients)
        before = _processor_seconds(server)
        load = Load([server.port], server.token, f"turn{number}")
        took = load.run(clients, seconds=seconds)
        spent = _processor_seconds(server) - before
    finally:
        server.stop()
    return Turn(len(load.acknowledged) / took, spent, load)


def plain_a_second(top: Path, number: int, clients: int, seconds: float) -> float:
    """Return how many events the plain server records a second in a work tree."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.plain_server", str(top), str(port)]
    process = subprocess.Popen(command)
    try:
        wait_for(port, process)
        Load([port], "", f"warm{number}").run(clients, events=clients)
        load = Load([port], "", f"turn{number}")
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
