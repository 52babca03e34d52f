"""Runs of one command with one fault each, chosen by a seed; and what has to be so afterwards.

    python -m tests.git_server.fault_runs 17 20-39 [--workers 3]      # to see some seeds again

A run records a few events or sends or collects them, meets its fault, has the fault taken away,
and does what a CI system and its people do then: `spool send`, the same command again, `collect`.
Of three runs, one is in a registry without rules, one in a registry whose rule allows, and one in a
registry whose rule refuses every start in production; then the command starts a deployment there.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.git_server import fault_network
from tests.git_server.fault_kinds import KINDS, TOKEN, WORDS, options_of
from tests.git_server.fault_world import World, litter
from tests.git_server.processes import run_versioner
from tests.git_server.proxy import Proxy
from tests.git_server.registries import RULES, registry_on
from tests.git_server.server import GitServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from tests.git_server.processes import Job, Ran

__all__ = ["WAYS", "Outcome", "pair_of", "rule_of", "run_seeds", "summary"]

WAYS = ("auto", "direct", "inbox", "collect", "spool send")
_PAIRS = [(way, kind) for kind in KINDS for way in WAYS]
random.Random("pairs").shuffle(_PAIRS)
_RULES = ("", *RULES)
_KILLED = -9
_REFUSED = 5


class Outcome(NamedTuple):
    """Say what became of a run: `wrong` is empty where all was as it has to be."""

    seed: int
    way: str
    kind: str
    code: int
    wrong: str = ""
    skipped: str = ""

    def __str__(self) -> str:
        again = f"python -m tests.git_server.fault_runs {self.seed}"
        rule = rule_of(self.seed) or "no rule"
        return f"{again}  # {self.way}, {self.kind}, {rule}, exit {self.code}\n{self.wrong}"


def pair_of(seed: int) -> tuple[str, str]:
    """Return the way and the kind of fault of a seed: all in turn."""
    return _PAIRS[seed % len(_PAIRS)]


def rule_of(seed: int) -> str:
    """Return the rule of a seed, "" for none: all in turn, each with every pair."""
    return _RULES[seed % len(_RULES)]


def run_seeds(server: GitServer, seeds: Iterable[int], workers: int) -> list[Outcome]:
    """Run each seed once, so many at the same time."""
    _warm_up(server)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda seed: _run(server, seed), seeds))


def _warm_up(server: GitServer) -> None:
    """Make what all of them copy, and see how long a command takes."""
    forge, *_ = [registry_on(server, rule=rule) for rule in _RULES]
    what = ("--product", "user-service", "--environment", "staging", "--version", "1")
    begun = time.monotonic()
    assert run_versioner(["track", "deployment", *what, "--repo", forge.url]).code == 0
    # Half as long again: some kills come too late.
    fault_network.LONGEST[0] = 1.5 * (time.monotonic() - begun)


def _run(server: GitServer, seed: int) -> Outcome:
    way, kind = pair_of(seed)
    chance = random.Random(seed)
    code = 0
    with tempfile.TemporaryDirectory(prefix="fault-") as folder, Proxy(server.url) as proxy:
        try:
            options = options_of(kind, chance)
            world = World(server, proxy, Path(folder), seed, rule_of(seed), **options)
            try:
                ran = _meet(world, way, kind, chance)
                code = ran.code
            finally:
                world.close()
        except pytest.skip.Exception as reason:
            return Outcome(seed, way, kind, code, skipped=str(reason))
        except Exception:
            return Outcome(seed, way, kind, code, wrong=traceback.format_exc())
    return Outcome(seed, way, kind, code)


def _meet(world: World, way: str, kind: str, chance: Random) -> Ran:
    if kind == "token":
        world.env["VERSIONER_TOKEN"] = TOKEN
    job = _command(world, way, chance)
    ran = KINDS[kind](world, chance, job)
    _hold_told(world, way, kind, ran)
    world.mend()
    _go_on(world, job, chance)
    _judge(world)
    return ran


def _command(world: World, way: str, chance: Random) -> Job:
    """Prepare what a command works on, and return it."""
    if way == "collect":
        for number in range(chance.randint(1, 4)):
            # The rule that refuses is not about staging, whose starts may wait in the inbox.
            status = "started" if world.rule == "closed" else "completed"
            world.record(world.draft(f"waits-{number}", status=status), "inbox")
        if chance.random() < 0.3:
            world.record(world.draft("future", at="2099-01-01T00:00:00Z"), "inbox")
            world.promised.discard("future")
            world.refused.add("future")
        return world.job("collect", "--repo", world.url, "-o", "json")
    if way == "spool send":
        for number in range(chance.randint(1, 4)):
            # What was kept has happened, and no rule refuses it.
            started = ("production", "started") if world.rule else ("staging", "completed")
            draft = world.draft(f"kept-{number}", started[0], status=started[1])
            world.keep(draft, chance.choice(("auto", "direct", "inbox")))
        return world.job("spool", "send", "-o", "json")
    what = ("--product", "user-service", "--environment", "production", "--version", "act")
    known = chance.choice((("--invoke-id", f"run-{chance.randrange(10**6)}"), _ID))
    args = ("track", "deployment", *what, *known, "--repo", world.url, "--via", way)
    if world.rule and (way != "inbox" or chance.random() < 0.3):
        args = (*args, "--status", "started")
        # Nobody judges the inbox, so that no start under a rule is sent there.
        world.is_refused = world.rule == "closed" or way == "inbox"
    return world.job(*args, "-o", "json")


_ID = ("--event-id", "id-act")


def _hold_told(world: World, way: str, kind: str, ran: Ran) -> None:
    """Hold a command that met a fault to its exit code, its words, and what it leaves behind."""
    world.note(ran)
    assert TOKEN not in ran.said
    if ran.code == _KILLED:
        return
    codes = {"collect": (0, 1), "spool send": (0, 1, 6)}.get(way, (0, 6))
    if world.is_refused:
        # A fault before the rules were read: the event is kept as of one that has happened.
        codes = (_REFUSED, 6)
    assert ran.code in codes, (ran.code, ran.said)
    if ran.code == _REFUSED:
        there = {*world.waiting(), *world.recorded(), *world.kept()}
        assert "act" not in there, ran.said
    if ran.code == 6 and way not in ("collect", "spool send"):
        assert "\nhint: " in ran.err, ran.err
        assert "act" in world.promised, ran.said
    if ran.code not in (0, _REFUSED) and kind in WORDS:
        assert re.search(WORDS[kind], ran.said), ran.said
    if not world.crowded:
        assert ran.left == [], ran.left


def _go_on(world: World, job: Job, chance: Random) -> None:
    """Do what is done after a fault, in any order; all of it has to work now."""
    again = world.job(*job.argv[3:], stdin=job.stdin)
    steps = [world.job("spool", "send", "-o", "json"), again, _collect(world)]
    steps += [_paste(world, line) for line in world.lines]
    chance.shuffle(steps)
    for step in steps:
        _has_to_work(world, step)
    world.settle()
    if world.kept():
        _has_to_work(world, world.job("spool", "send", "-o", "json"))
    _has_to_work(world, _collect(world))


def _collect(world: World) -> Job:
    return world.job("collect", "--repo", world.url, "-o", "json")


def _paste(world: World, line: str) -> Job:
    return world.job("spool", "send", "-", "--repo", world.url, stdin=f"12:00 {line}\n")


def _has_to_work(world: World, job: Job) -> None:
    ran = world.run(job)
    world.note(ran)
    # Where it was kept, or killed after it was recorded, it is recorded already.
    codes = (0, _REFUSED) if world.is_refused else (0,)
    assert ran.code in codes, (job.argv[3:], ran.code, ran.said)


def _judge(world: World) -> None:
    """Hold that all that was promised is on the branch, once, and that nothing else is left."""
    found = world.recorded()
    assert len(found) == len(set(found)), found
    ids = world.forge.event_ids()
    assert len(ids) == len(set(ids)), ids
    assert world.promised <= set(found), (world.promised - set(found), found)
    if world.is_refused:
        assert "act" in world.promised or "act" not in found, found
    assert set(world.waiting("refused")) == world.refused, world.forge.refs()
    assert set(world.forge.refs()) == {
        "refs/heads/main",
        *world.forge.refs("refs/versioner/refused/"),
    }
    world.forge.assert_sound()
    world.forge.git("merge-base", "--is-ancestor", world.first, "main")
    checked = _validated(world)
    assert checked == [], checked
    assert world.kept() == [], world.kept()
    assert litter(world.tmp) == [], litter(world.tmp)
    # What was left for a killed process to read goes when somebody comes an hour later.
    spooled = [each for each in litter(world.spool) if each.endswith((".json", ".refused", ".new"))]
    assert spooled == [], spooled


def _validated(world: World) -> list[Any]:
    from versioner.cli.clock import now
    from versioner.editing.validate import validate_registry
    from versioner.git.repository import open_repository
    from versioner.git.snapshot import snapshot_at

    snapshot = snapshot_at(open_repository(world.forge.path), "main")
    problems = validate_registry(snapshot, now=now()).problems
    return [each for each in problems if each.severity == "error"]


def main() -> None:
    """Run the seeds that are named, and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("seeds", nargs="+", metavar="SEED[-SEED]")
    parser.add_argument("--workers", type=int, default=3, metavar="N")
    options = parser.parse_args()
    ranges = [each.partition("-") for each in options.seeds]
    seeds = [each for low, _, high in ranges for each in range(int(low), int(high or low) + 1)]
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="fault-runs-") as folder,
        GitServer(Path(folder, "server")) as server,
    ):
        outcomes = run_seeds(server, seeds, options.workers)
    for each in outcomes:
        if each.wrong or each.skipped:
            print(each, each.skipped)
    for kind in KINDS:
        print(f"{kind:28}", *sorted(each.code for each in outcomes if each.kind == kind))
    print(summary(outcomes), f"in {time.monotonic() - begun:.0f} s")


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return how many runs there were, and by which exit code the commands ended."""
    wrong = sum(bool(each.wrong) for each in outcomes)
    skipped = sum(bool(each.skipped) for each in outcomes)
    codes = dict(sorted(Counter(each.code for each in outcomes).items()))
    return f"{len(outcomes)} runs, {wrong} wrong, {skipped} skipped, exit codes {codes}"


if __name__ == "__main__":
    main()
