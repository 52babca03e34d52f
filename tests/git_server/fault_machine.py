"""Faults of one machine: its disk, what killed processes left on it, and others that record too."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.git_server.disks import fill, small_disk
from tests.git_server.fault_network import LONGEST, NETWORK, dropped_response, strike, until
from tests.git_server.fault_world import PATIENCE, World
from tests.git_server.faults import FETCH, PUSH, Hold
from versioner.cli.clock import now

if TYPE_CHECKING:
    from random import Random

    from tests.git_server.processes import Job, Ran, Started

__all__ = ["client_disk", "left_over", "raced", "sent_before", "shared", "stopped"]

_PAGE = 4096


def client_disk(world: World, chance: Random, job: Job) -> Ran:
    disk = world.stack.enter_context(small_disk(world.folder / "disk", 1 << 20))
    which = chance.choice(("home", "tmp", "both"))
    for name in ("home", "tmp"):
        if which in (name, "both"):
            (disk / name).mkdir()
            kept = world.home / ".local"
            if name == "home" and kept.exists():
                # What waits in the spool.
                kept.rename(world.folder / "was")
                shutil.copytree(world.folder / "was", disk / "home" / ".local")
            setattr(world, name, disk / name)
    filler = fill(disk, leave=chance.randrange(16) * _PAGE)
    world.later.append(filler.unlink)
    return world.run(world.job(*job.argv[3:], stdin=job.stdin))


def _other(world: World, version: str) -> Job:
    where = ("--product", "user-service", "--environment", "staging", "--repo", world.url)
    # In staging, no rule refuses the start of a deployment.
    status = ("--status", "started") if world.rule else ()
    return world.job("track", "deployment", *where, "--version", version, *status, "-o", "json")


def left_over(world: World, chance: Random, job: Job) -> Ran:
    """After a process that was killed with all it started, and folders of one that left nothing."""
    held = Hold()
    world.proxy.fail(held, on=chance.choice((FETCH, PUSH)))
    started = world.start(_other(world, "left"))
    until(held, started)
    started.kill_all()
    started.wait(PATIENCE)
    world.proxy.heal()
    for number, names in enumerate(((), ("owner",), ("owner", "registry.git"))):
        folder = world.tmp / f"versioner-scratch-left{number}"
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    return world.run(job)


def sent_before(world: World, chance: Random, job: Job) -> Ran:
    """After a process that was killed before it took out of the spool what it had sent."""
    # In the same second as what came after it.
    at = now()
    draft = world.draft("before", at=at, **chance.choice(({}, {"invoke_id": "run-before"})))
    world.record(draft, chance.choice(("direct", "inbox")))
    world.keep(draft)
    if chance.random() < 0.5:
        world.record(world.draft("after", at=at))
    return world.run(job)


def stopped(world: World, chance: Random, job: Job) -> Ran:
    """Beside a process that has the queue's lock and does not go on."""
    held = Hold()
    world.crowded = True
    world.proxy.fail(held, on=chance.choice((FETCH, PUSH)))
    stopped = world.start(_other(world, "stopped"))
    until(held, stopped)
    with suppress(ProcessLookupError):
        os.killpg(stopped.process.pid, signal.SIGSTOP)
    held.release.set()
    ran = world.run(job)

    def go_on() -> None:
        with suppress(ProcessLookupError):
            os.killpg(stopped.process.pid, chance.choice((signal.SIGCONT, signal.SIGKILL)))
        world.note(stopped.wait(PATIENCE))

    (world.later if chance.random() < 0.5 else world.much_later).append(go_on)
    return ran


def shared(world: World, chance: Random, job: Job) -> Ran:
    """Beside others of the same machine that record too, of which one or two are killed."""
    world.crowded = True
    started = [world.start(_other(world, f"mate-{number}")) for number in range(4)]
    acting = world.start(job)
    if chance.random() < 0.5:
        strike(world, chance, chance.choice(NETWORK)(chance))
    time.sleep(chance.uniform(0, LONGEST[0]))
    for each in chance.sample(started, chance.randint(1, 2)):
        chance.choice((each.kill, each.kill_all))()
    for ran in [each.wait(PATIENCE) for each in started]:
        world.note(ran)
        assert ran.code in (-signal.SIGKILL, 0, 6), ran.said
    return acting.wait(PATIENCE)


# ---- others --------------------------------------------------------------------------------------


def raced(world: World, chance: Random, job: Job) -> Ran:
    """While the push waits, others record: in the same place, another, or the very same event."""
    held = Hold()
    world.proxy.fail(held, on=PUSH)
    world.crowded = True
    started = world.start(job)
    others: list[Started] = []
    if until(held, started):
        if chance.random() < 0.5:
            world.record(world.draft("rival", chance.choice(("production", "staging"))))
        argv = [world.forge.url if each == world.url else each for each in job.argv[3:]]
        if "spool" not in argv and chance.random() < 0.5:
            others.append(world.start(world.job(*argv)))
        if chance.random() < 0.3:
            others.append(world.start(world.job("collect", "--repo", world.forge.url, "-o=json")))
        for each in others:
            world.note(each.wait(PATIENCE))
    if chance.random() < 0.5:
        strike(world, chance, dropped_response(chance))
    held.release.set()
    return started.wait(PATIENCE)
