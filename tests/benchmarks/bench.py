"""Measure what questions, records, imports and sites cost, beside their peers, and print a table.

    python -m tests.benchmarks.bench --real-data DIR --sizes 1000,10000,100000,1026399 \\
        [--rounds 7] [--only WORD] [--json FILE] [--plot versioner/docs/cost.svg]

For each size a registry in the data's shape is generated in a folder that is removed again.
Whole processes run in turn, an operation and then the others, so that a machine whose speed
changes harms no ratio. A ratio is taken pair by pair, of the time that passed and of the
processors' (which a busy machine distorts less). Limits are printed, and fail nothing. A peer
that is not installed is named as missing. `--only` may be repeated; a name's part is enough.

`--work` measures nothing: it counts what operations do in two small registries, and fails where one
does more than its limit. CI runs it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.generate import source_rows
from tests.benchmarks.measure import Failed, Taken, median, taken
from tests.benchmarks.operations import OPERATIONS, Operation, Place
from tests.benchmarks.places import make_pages, make_place
from tests.benchmarks.plot import plot
from tests.benchmarks.table import Result, as_json, as_text
from tests.benchmarks.work import check_work

__all__ = ["measure_size"]

_HEAVY_RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real-data", type=Path, metavar="DIR", help="else rows are made up")
    parser.add_argument("--sizes", default="1000,10000,100000,1026399", metavar="N,N")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="WORD")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw cost by size as SVG")
    parser.add_argument("--work", action="store_true", help="count work, and fail on too much")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="draw from an earlier --json")
    options = parser.parse_args()
    if options.work:
        too_much = check_work(options.real_data)
        raise SystemExit("\n".join(f"too much work: {each}" for each in too_much) or 0)
    if options.draw:
        found = json.loads(options.draw.read_text(encoding="utf-8"))
    else:
        found = measured(options)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if options.plot:
        options.plot.write_text(plot(found), encoding="utf-8")


def measured(options: argparse.Namespace) -> list[dict[str, object]]:
    rows = source_rows(options.real_data, options.seed)
    wanted = chosen(options.only)
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for events in map(int, options.sizes.split(",")):
            say(f"{events:,} events: generating")
            top = Path(folder) / str(events)
            with_rows = any(each.key in ("import", "sqlite import") for each in wanted)
            place = make_place(top, rows, events, options.seed, with_rows=with_rows)
            results += measure_size(place, wanted, options.rounds)
    print(as_text(results))
    return as_json(results)


def chosen(words: list[str]) -> list[Operation]:
    """Return the operations whose names have one of the words, with their peers."""
    if not words:
        return list(OPERATIONS)
    keys = {each.key for each in OPERATIONS if any(word in each.key for word in words)}
    keys |= {each.peer for each in OPERATIONS if each.key in keys}
    return [each for each in OPERATIONS if each.key in keys]


def measure_size(place: Place, wanted: list[Operation], rounds: int) -> list[Result]:
    """Measure operations in turn in one place."""
    times: dict[str, list[Taken]] = {each.key: [] for each in wanted}
    missing: dict[str, str] = {
        each.key: f'missing: "{each.needs}" is not installed' for each in wanted if each.is_missing
    }
    pages = 0
    for turn in range(rounds + 1):
        for operation in wanted:
            if operation.key in missing or (operation.heavy and not 0 < turn <= _HEAVY_RUNS):
                continue
            say(f"{place.events:,} events, round {turn} of {rounds}: {operation.key}")
            try:
                took = once(operation, place, turn)
            except Failed as error:
                missing[operation.key] = f"failed: {error}".replace("\n", " ").replace("|", "/")
                continue
            # The first round makes byte code and the file cache warm.
            if turn:
                times[operation.key].append(took)
            if operation.key == "site, cold" and not pages:
                pages = make_pages(place)
    say("")
    return [result_of(each, place.events, times, missing, pages) for each in wanted]


def once(operation: Operation, place: Place, number: int) -> Taken:
    """Prepare one operation, and measure it."""
    try:
        if operation.before:
            operation.before(place, number)
        return taken(operation.command(place, number), place.top / operation.folder)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()[-300:]
        raise Failed(f"{' '.join(error.cmd[2:6])}: {said}") from error
    except OSError as error:
        raise Failed(str(error)) from error


def result_of(
    operation: Operation,
    events: int,
    times: dict[str, list[Taken]],
    missing: dict[str, str],
    pages: int,
) -> Result:
    """Return the medians of one operation, and its ratios to its peer."""
    own, peer = times[operation.key], times.get(operation.peer, [])
    if not own:
        said = missing.get(operation.key, "not measured")
        return Result(operation, events, 0, None, missing=said)
    pairs = list(zip(own, peer, strict=False))
    ratios = [
        statistics.median(first[part] / max(second[part], 1e-9) for first, second in pairs)
        if pairs
        else None
        for part in (0, 1)
    ]
    shown = pages if operation.key in ("site, cold", "hugo", "eleventy") else 0
    return Result(operation, events, len(own), median(own), ratios[0], ratios[1], pages=shown)


_START = time.monotonic()


def say(words: str) -> None:
    """Show how far the run is, on one line of a terminal or on lines of their own."""
    if sys.stderr.isatty():
        print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)
    elif words:
        print(f"[{time.monotonic() - _START:.0f} s] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
