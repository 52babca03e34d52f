"""Time many recordings at once against plain git, on one real server, and print ratios as Markdown.

    python -m tests.benchmarks.bench_remote [--jobs 64] [--writers 16] [--rounds 3] [--loop]

Serves a registry by nginx and git http-backend on loopback (Debian's nginx and fcgiwrap), with a
post-receive hook of 300 ms that stands for a forge. In each round, one after the other: as many
bare `git push` of prepared commits to as many refs; as many fresh `track --via inbox`; as many
`track --via auto`; with --loop, as many fresh clones that commit and run `git pull --rebase &&
git push` until they are through. After each, what is on the branch is counted. Nothing fails on
a stopwatch; a lost or doubled event fails.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.git_server.processes import Job, Ran, many, plain, run, tool
from tests.git_server.registries import registry_on
from tests.git_server.server import GitServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.git_server.served import Served

__all__ = ["main"]

HOOK_SECONDS = 0.3
LOOP = """
git clone -q "$1" clone && cd clone || exit 1
git config user.name job && git config user.email job@localhost
mkdir -p registry/products/user-service/deployments
printf '%s\\n' "# $2" >> registry/products/user-service/deployments/note.txt
git add -A && git commit -qm "Record $2" || exit 1
end=$((SECONDS + 90))
until git pull -q --rebase && git push -q; do
    git rebase --abort
    [ "$SECONDS" -lt "$end" ] || exit 1
done
"""


def main() -> None:
    """Serve, time, count, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=64, metavar="N")
    parser.add_argument("--writers", type=int, default=16, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--loop", action="store_true", help="Run the rebase-and-push loop too.")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="bench-remote-") as folder,
        GitServer(Path(folder, "server")) as server,
    ):
        rounds = [_round(server, options.jobs, loop=options.loop) for _ in range(options.rounds)]
        _print(options.jobs, rounds)
        _writers(server, options.writers)


def _round(server: GitServer, jobs: int, *, loop: bool) -> dict[str, tuple[float, int]]:
    """Return seconds, and how many came through, by the name of the way."""
    found = {"bare git push": _bare(server, jobs)}
    for via in ("inbox", "auto"):
        found[f"track --via {via}"] = _tracked(server, jobs, via)
    if loop:
        found["pull --rebase && push"] = _looped(server, jobs)
    return found


def _bare(server: GitServer, jobs: int) -> tuple[float, int]:
    """Push prepared commits, each from a repository of its own to a ref of its own."""
    forge = registry_on(server)
    with tempfile.TemporaryDirectory(prefix="prepared-") as folder:
        places = [_prepared(Path(folder, str(number)), number) for number in range(jobs)]
        forge.set(hook_seconds=HOOK_SECONDS)
        pushes = [
            plain("git", "push", "-q", forge.url, f"HEAD:refs/prepared/{number}", cwd=place)
            for number, place in enumerate(places)
        ]
        seconds, ran = _timed(pushes)
    return seconds, sum(each.code == 0 for each in ran)


def _prepared(place: Path, number: int) -> Path:
    place.mkdir()
    who = ("-c", "user.name=job", "-c", "user.email=job@localhost")
    for args in (
        ("init", "-q", "."),
        (*who, "commit", "-q", "--allow-empty", "-m", f"Prepared {number}"),
    ):
        done = run(plain("git", *args, cwd=place))
        assert done.code == 0, done.err
    return place


def _tracked(server: GitServer, jobs: int, via: str) -> tuple[float, int]:
    forge = registry_on(server, hook_seconds=HOOK_SECONDS)
    before = len(forge.event_ids())
    seconds, ran = _timed([_track(forge, f"9.0.{number}", via) for number in range(jobs)])
    failed = [each.err for each in ran if each.code != 0]
    assert not failed, failed[0]
    _collect_and_count(forge, before + jobs)
    return seconds, jobs


def _track(forge: Served, version: str, via: str) -> Job:
    what = ("--product", "user-service", "--environment", "production", "--version", version)
    return tool("track", "deployment", *what, "--repo", forge.url, "--via", via)


def _collect_and_count(forge: Served, expected: int) -> None:
    """Hold that after one collect each event is on the branch once, and the history is a line."""
    collected = run(tool("collect", "--repo", forge.url))
    assert collected.code == 0, collected.err
    counted = Counter(forge.event_ids())
    assert len(counted) == expected, (len(counted), expected)
    assert set(counted.values()) == {1}
    assert not forge.refs("refs/versioner/")
    assert not forge.git("log", "--merges", "--format=%H", "main").strip()
    forge.assert_sound()


def _looped(server: GitServer, jobs: int) -> tuple[float, int]:
    forge = registry_on(server, hook_seconds=HOOK_SECONDS)
    loops = [plain("bash", "-c", LOOP, "loop", forge.url, f"9.0.{n}") for n in range(jobs)]
    seconds, ran = _timed(loops)
    return seconds, sum(each.code == 0 for each in ran)


def _timed(jobs: Sequence[Job]) -> tuple[float, list[Ran]]:
    begun = time.perf_counter()
    ran = many(jobs)
    return time.perf_counter() - begun, ran


def _writers(server: GitServer, writers: int) -> None:
    """Let each of some writers record 25 events, one after the other."""
    forge = registry_on(server, hook_seconds=HOOK_SECONDS)
    before = len(forge.event_ids())
    begun = time.perf_counter()
    for turn in range(25):
        ran = many([_track(forge, f"8.{number}.{turn}", "auto") for number in range(writers)])
        assert all(each.code == 0 for each in ran), [each.err for each in ran if each.code][:1]
    seconds = time.perf_counter() - begun
    _collect_and_count(forge, before + 25 * writers)
    print(f"\n{writers} writers of 25 events: {25 * writers} of {25 * writers} in {seconds:.1f} s")


def _print(jobs: int, rounds: Sequence[dict[str, tuple[float, int]]]) -> None:
    print(f"| {jobs} at once | median s | times a bare push | through |\n|---|---|---|---|")
    for name in rounds[0]:
        seconds = statistics.median(each[name][0] for each in rounds)
        ratio = statistics.median(each[name][0] / each["bare git push"][0] for each in rounds)
        through = min(each[name][1] for each in rounds)
        print(f"| {name} | {seconds:.1f} | {ratio:.2f} | {through} of {jobs} |")


if __name__ == "__main__":
    main()
