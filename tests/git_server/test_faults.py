"""One command, one fault, and what people do then: no acknowledged event is lost, none is twice.

What is wrong in a run is printed with the command that runs it again.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.git_server.fault_kinds import KINDS
from tests.git_server.fault_runs import WAYS, pair_of, rule_of, run_seeds, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

WORKERS = 6


def test_each_way_meets_each_kind_of_fault() -> None:
    pairs = {pair_of(seed) for seed in range(len(WAYS) * len(KINDS))}
    assert len(pairs) == len(WAYS) * len(KINDS)


def test_whatever_fails_nothing_acknowledged_is_lost_or_twice_or_half(
    server: GitServer, scale: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    count = scale(14, 500)
    # The small tier says the same of the same commit; the full one goes searching.
    first = scale(0, random.randrange(10**6))
    outcomes = run_seeds(server, range(first, first + count), WORKERS)
    with capsys.disabled():
        print(f"\n[faults: {summary(outcomes)}]")
    wrong = [str(each) for each in outcomes if each.wrong]
    assert not wrong, "\n".join(wrong)
    # They do bite: commands fail, and some are killed.
    codes = {each.code for each in outcomes}
    assert {-9, 0, 1, 5, 6} <= codes


def test_each_way_meets_its_faults_without_a_rule_and_under_each() -> None:
    seeds = range(3 * len(WAYS) * len(KINDS))
    assert len({(*pair_of(seed), rule_of(seed)) for seed in seeds}) == len(seeds)
