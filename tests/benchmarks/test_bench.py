"""The command that measures: it names what is missing, draws what it found, fails on no time."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks import bench
from tests.benchmarks.measure import Failed, Taken, taken
from tests.benchmarks.operations import OPERATIONS, Operation
from tests.benchmarks.plot import PLOTTED, plot
from tests.benchmarks.table import Result, as_json, as_text
from tests.benchmarks.work import Check, Limit, Work, counted, over

if TYPE_CHECKING:
    from pathlib import Path


def operation(**fields: object) -> Operation:
    return Operation("one", "one thing", lambda _p, _n: ["true"], **fields)  # type: ignore[arg-type]


def test_the_memory_of_a_process_is_its_own_and_of_its_largest_child(tmp_path: Path) -> None:
    mine = b"x" * 150_000_000
    small = taken([sys.executable, "-c", ""], tmp_path)
    child = "b = bytes([1]) * 90_000_000"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{child}'])"
    large = taken([sys.executable, "-c", code], tmp_path)
    assert small.memory < 40_000_000 < 90_000_000 < large.memory < len(mine)
    assert small.worked > 0


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"exited with 3: out of paper"):
        taken(["sh", "-c", "echo out of paper >&2; exit 3"], tmp_path)


def test_a_peer_that_is_not_installed_is_named_as_missing() -> None:
    gone = operation(needs="no-such-program")
    assert gone.is_missing
    assert operation(needs="python:no_such_package").is_missing
    assert not operation(needs="git").is_missing
    line = as_text([Result(gone, 10, 0, None, missing='missing: "no-such-program"')])
    assert 'missing: "no-such-program"' in line


def test_each_operation_has_a_name_of_its_own_and_a_peer_that_exists() -> None:
    keys = [each.key for each in OPERATIONS]
    assert len(keys) == len(set(keys))
    assert {each.peer for each in OPERATIONS} - {""} <= set(keys)
    assert set(PLOTTED) <= set(keys)


def test_limits_that_are_exceeded_are_named_and_neighbours_are_not() -> None:
    most = operation(peer="two", ratio=3, memory=60, seconds=1)
    assert Result(most, 10, 1, Taken(1, 1, 60), 9, 3).over == []
    over = Result(most, 10, 1, Taken(1.1, 1, 61), 1, 3.1)
    assert over.over == ["ratio", "time", "memory"]
    assert as_json([over])[0]["exceeded"] == over.over


def test_the_plot_draws_each_operation_with_its_figures_in_words() -> None:
    found = [
        {"operation": key, "events": events, "processor_seconds": 0.1 * number}
        for number, key in enumerate(PLOTTED, 1)
        for events in (1_000, 10_000, 1_026_399)
    ]
    text = plot(found)
    top = ET.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert len(top.findall(f".//{space}polyline")) == len(PLOTTED)
    assert top.find(f"{space}title") is not None
    assert "0.80 s at 1,026,399 events" in (top.findtext(f"{space}desc") or "")
    assert "prefers-color-scheme:dark" in text
    heights = sorted(float(y) for y in re.findall(r'L\d+ ([\d.]+)"', text))
    assert min(b - a for a, b in pairwise(heights)) > 16


@pytest.mark.thorough
@pytest.mark.slow
def test_a_run_measures_what_is_asked_with_its_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "found.json"
    line = [
        "bench",
        "--sizes",
        "300",
        "--rounds",
        "1",
        "--only",
        "git log",
        "--only",
        "track, bare",
    ]
    monkeypatch.setattr(sys, "argv", [*line, "--json", str(target)])
    bench.main()
    found = {each["operation"]: each for each in json.loads(target.read_text())}
    assert set(found) == {"help", "git log", "track, bare"}
    assert found["track, bare"]["processor_ratio"] > 0
    assert "round 1 of 1: git log" in capsys.readouterr().err


def test_work_beyond_a_limit_or_that_grows_with_the_registry_is_named() -> None:
    check = Check("ask", ("status",), Limit(files=10, processes=2))
    usual = Work(files=10, hashed=100_000, steps=100, processes=2)
    assert over(check, usual, usual) == []
    assert over(check, usual, usual._replace(hashed=114_096, steps=130)) == []
    assert over(check, usual, usual._replace(hashed=114_196), more_index=50) == []
    large = Work(files=11, hashed=114_097, steps=131, processes=3, written=3)
    assert [each.partition(":")[0] for each in over(check, usual, large)] == [
        *("files", "hashed", "steps", "processes", "processes", "written")
    ]
    free = check._replace(growth=4.5, limit=Limit())
    assert over(free, usual, usual._replace(files=45, hashed=450_000, steps=450)) == []


@pytest.mark.slow
def test_the_work_of_a_process_is_counted(tmp_path: Path) -> None:
    place = tmp_path / "registry"
    first = counted(["init", str(place)], tmp_path, tmp_path)
    assert first.written > 10
    found = counted(["validate"], place)
    read = {path for path in (place / "registry").rglob("*") if path.is_file()}
    assert found.files >= len(read) > 2
    assert found.hashed > sum(path.stat().st_size for path in read)
    assert found.processes > 0
    assert counted(["index"], place).steps > 0
    with pytest.raises(Failed, match="exited with 2"):
        counted(["status", "--no-such-option"], place)
