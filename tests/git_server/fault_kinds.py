"""What goes wrong in a run: each kind is done to a command, and says how it ends in the world.

A kind is a function of the world, chance and the command's job, which it starts and waits for.
What takes the fault away again is left in `world.later`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tests.git_server import fault_machine as machine
from tests.git_server import fault_network as net

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.git_server.fault_network import Kind
    from tests.git_server.fault_world import World
    from tests.git_server.processes import Job, Ran

__all__ = ["KINDS", "TOKEN", "WORDS", "options_of"]

TOKEN = "planted-t0ken-0f-this-job"
_PAGE = 4096


def _locked(world: World, chance: Random, job: Job) -> Ran:
    refs = [f"refs/versioner/inbox/user-service/id-{each}" for each in ("act", "waits-0")]
    lock = world.forge.plant_lock(chance.choice(["refs/heads/main", "packed-refs", "HEAD", *refs]))

    def unlock() -> None:
        lock.unlink(missing_ok=True)

    if chance.random() < 0.4:
        timer = threading.Timer(chance.uniform(0, 3), unlock)
        timer.start()
        world.later.append(timer.join)
    world.later.append(unlock)
    return world.run(job)


def _server_disk(world: World, chance: Random, job: Job) -> Ran:
    filler = world.forge.fill_disk(leave=chance.randrange(8) * _PAGE)
    world.later.append(filler.unlink)
    return world.run(job)


def _set(during: Callable[[Random], dict[str, Any]], **after: Any) -> Kind:
    def kind(world: World, chance: Random, job: Job) -> Ran:
        world.forge.set(**during(chance))
        world.later.append(lambda: world.forge.set(**after))
        return world.run(job)

    return kind


def _protected(chance: Random) -> dict[str, Any]:
    return {"protected": chance.choice(("github", "gitlab"))}


def _signature(chance: Random) -> dict[str, Any]:
    return {"protected": chance.choice(("github-signed", "gitlab-signed"))}


def _no_inbox(chance: Random) -> dict[str, Any]:
    how = ("update", "pre-receive", "receive.hideRefs", "transfer.hideRefs")
    return {"custom_refs": chance.choice(how)}


def _neither(chance: Random) -> dict[str, Any]:
    return {**_protected(chance), **_no_inbox(chance)}


def _token(chance: Random) -> dict[str, Any]:
    return {"tokens": {TOKEN: chance.choice(("expired", "expired", "read", "hidden"))}}


def _gone(world: World, chance: Random, job: Job) -> Ran:
    away = world.forge.path.with_suffix(".away")
    world.forge.path.rename(away)
    try:
        return world.run(job)
    finally:
        away.rename(world.forge.path)


KINDS: dict[str, Kind] = {
    "killed": net.killed,
    "killed at a request": net.killed_at_a_request,
    "killed, again": net.killed,
    "killed at a request, again": net.killed_at_a_request,
    "response dropped": net.network(net.dropped_response),
    "request dropped": net.network(net.dropped_request),
    "status": net.network(net.status),
    "status after": net.network(net.status_after),
    "cut": net.network(net.cut),
    "slow": net.network(net.delay, net.delay),
    "several": net.network(),
    "locked": _locked,
    "server's disk full": _server_disk,
    "protected": _set(_protected, protected=""),
    "signature": _set(_signature, protected=""),
    "no inbox": _set(_no_inbox, custom_refs=""),
    "neither": _set(_neither, protected="", custom_refs=""),
    "token": _set(_token, tokens={TOKEN: "write"}),
    "gone": _gone,
    "disk full": machine.client_disk,
    "left over": machine.left_over,
    "sent before": machine.sent_before,
    "stopped": machine.stopped,
    "shared": machine.shared,
    "raced": machine.raced,
}

# What a message has to say, where a command fails by a kind that lasts.
WORDS: dict[str, str] = {
    "locked": "holds a lock",
    # A server that can write nothing at all ends before it says why.
    "server's disk full": "disk is full|server failed|did not report whether",
    "protected": "protected against this push",
    "signature": "signed commits only",
    "no inbox": "refs named refs/versioner/|hook of the remote refused",
    "neither": "protected against|refs named|hook of the remote",
    "token": "VERSIONER_TOKEN|write access|may read",
    "gone": "no such repository",
    "disk full": "No space left|disk is full|no temporary folder",
}


def options_of(kind: str, chance: Random) -> dict[str, Any]:
    """Return the server's options for a kind: now and then those of another kind of server."""
    options: dict[str, Any] = {}
    if kind == "server's disk full":
        options["disk"] = 3 << 20
    if kind == "token":
        options["tokens"] = {TOKEN: "write"}
    others = ({"limited": True}, {"filters": False}, {"protocol": 0}, {"atomic": False})
    if chance.random() < 0.25:
        options |= chance.choice(others)
    return options
