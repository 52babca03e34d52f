"""Schemathesis finds nothing in the API: all checks, generated requests, and sequences of them.

The environment variable FUZZ_CASES is the number of cases of each operation with `--full`, and of
sequences; without it, 5,000, which take hours on two cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.bare_registry import copy_of

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("FUZZ_CASES", "5000"))


@pytest.fixture(scope="module")
def report(
    pattern: Path, tmp_path_factory: pytest.TempPathFactory, scale: Callable[[int, int], int]
) -> dict[str, Any]:
    """Return what Schemathesis tried and found."""
    top = tmp_path_factory.mktemp("fuzz")
    bare = copy_of(pattern, top / "bare.git").path
    counts = (scale(1, CASES), scale(1, CASES), scale(30, 1))
    line = [sys.executable, "-m", "tests.server.fuzzing", str(bare), str(top / "state")]
    done = subprocess.run([*line, *map(str, counts)], capture_output=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_examples_and_sequences_of_operations_break_no_promise(report: dict[str, Any]) -> None:
    assert report["sequences"]["found"] == []
    # The links lead from what was made to what is done with it.
    assert len(report["sequences"]["tried"]) > 25


def test_generated_requests_break_no_promise(report: dict[str, Any]) -> None:
    assert report["cases"]["found"] == []
    assert {*report["cases"]["tried"]} >= {*report["cases"]["meant"]}
    assert report["cases"]["requests"] > 100
