"""Faults of the network, and kills: what strikes a command while it talks to the server."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from tests.git_server.fault_world import PATIENCE, World
from tests.git_server.faults import (
    ANY,
    FETCH,
    FETCH_REFS,
    PUSH,
    PUSH_REFS,
    Cut,
    Delay,
    DropRequest,
    DropResponse,
    Hold,
    HoldResponse,
    Status,
    StatusAfter,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.git_server.faults import Fault
    from tests.git_server.processes import Job, Ran, Started

    Kind = Callable[[World, Random, Job], Ran]

__all__ = [
    "LONGEST",
    "NETWORK",
    "cut",
    "delay",
    "dropped_request",
    "dropped_response",
    "killed",
    "killed_at_a_request",
    "network",
    "status",
    "status_after",
    "strike",
    "until",
]

_ON = (ANY, PUSH_REFS, PUSH, PUSH, FETCH_REFS, FETCH)
# Seconds that a whole command takes on this machine, as loaded as it is; set by who runs these.
LONGEST = [2.0]


def strike(world: World, chance: Random, fault: Fault) -> None:
    times = chance.choice((1, 1, 1, 2, 3, math.inf))
    world.proxy.fail(fault, on=chance.choice(_ON), nth=chance.choice((1, 1, 1, 2, 3)), times=times)


def dropped_response(chance: Random) -> Fault:
    return DropResponse(reset=chance.random() < 0.5, resend=chance.random() < 0.5)


def dropped_request(chance: Random) -> Fault:
    return DropRequest(reset=chance.random() < 0.5, resend=chance.random() < 0.5)


def status(chance: Random) -> Fault:
    return Status(chance.choice((500, 502, 503, 504, 429)), chance.choice(("", "1")))


def status_after(chance: Random) -> Fault:
    return StatusAfter(chance.choice((500, 502, 503, 504)))


def cut(chance: Random) -> Fault:
    return Cut(chance.choice((None, 0, 4, chance.randrange(200))), reset=chance.random() < 0.5)


def delay(chance: Random) -> Fault:
    return Delay(chance.uniform(0, 0.5))


NETWORK = (dropped_response, dropped_request, status, status_after, cut, delay)


def network(*makers: Callable[[Random], Fault]) -> Kind:
    def kind(world: World, chance: Random, job: Job) -> Ran:
        for make in makers or chance.sample(NETWORK, 3):
            strike(world, chance, make(chance))
        return world.run(job)

    return kind


# ---- kill -9 -------------------------------------------------------------------------------------


def killed(world: World, chance: Random, job: Job) -> Ran:
    """At a random moment: the process, or all that it started, too."""
    started = world.start(job)
    time.sleep(chance.uniform(0, LONGEST[0]))
    return _kill(started, chance)


def _kill(started: Started, chance: Random) -> Ran:
    if chance.random() < 0.5:
        started.kill()
    else:
        started.kill_all()
    return started.wait(PATIENCE)


def killed_at_a_request(world: World, chance: Random, job: Job) -> Ran:
    """While the server has not heard of a request, or has done it; it may arrive much later."""
    held = _hold(world, chance.choice((Hold, HoldResponse))(), chance)
    started = world.start(job)
    until(held, started)
    ran = _kill(started, chance)
    (world.later if chance.random() < 0.5 else world.much_later).append(held.release.set)
    return ran


def _hold(world: World, held: Hold | HoldResponse, chance: Random) -> Hold | HoldResponse:
    world.proxy.fail(held, on=chance.choice(_ON), nth=chance.choice((1, 1, 2)))
    return held


def until(held: Hold | HoldResponse, started: Started) -> bool:
    """Wait until a request is held; False where the command ended without it."""
    while not held.reached.wait(0.02):
        if started.process.poll() is not None:
            return False
    return True
