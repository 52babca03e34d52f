"""What a question reads: a bounded part of the index, and no file, whatever others recorded."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import build, deployment
from tests.fixtures.clones import make
from tests.registry.files import CONFIG, log, product
from versioner.cli import clock
from versioner.cli.errors import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.registry.files import Files

# One product is the same in all three registries; the third has more events of the others.
PRODUCTS = {"few": 4, "many": 16, "busy": 16}
EVENTS = {"few": 10, "many": 10, "busy": 120}
OF_ONE_PRODUCT = {
    "diff": ["diff", "staging", "production", "--product", "shop"],
    "version show": ["version", "show", "shop", "1.0.0"],
}
# With the number of files of the sixteen products that are compared: those of two products that
# were deployed to both environments, and for the second each product's own file.
OF_SOME = {
    "status --product": (["status", "--product", "shop"], 3 * 3),
    "product show": (["product", "show", "shop"], 3 * 3 + 16),
}
OF_ALL = {
    "deployment show": ["deployment", "show", "shop-staging-1"],
    "deployment list": ["deployment", "list", "--limit", "3"],
}
# A row of a product, its names and environments, in steps of SQLite's machine.
STEPS_OF_A_PRODUCT = 150

HOOKS: list[Callable[[str, tuple[Any, ...]], None]] = []
sys.addaudithook(lambda event, args: [hook(event, args) for hook in HOOKS] and None)


def registry(name: str) -> Files:
    files: Files = {CONFIG: b"schema_version: 1\n"}
    for environment in ("staging", "production"):
        files[f"registry/environments/{environment}.yaml"] = f'name: "{environment}"\n'.encode()
    for number in range(PRODUCTS[name]):
        own = "shop" if not number else f"p{number}"
        files |= product(own)
        files |= log(own, build("1.0.0", id=f"{own}-build"), kind="build")
        events = [
            deployment("1.0.0", environment=environment, at=at, id=f"{own}-{environment}-{count}")
            for count in range(10 if own == "shop" else EVENTS[name])
            for environment in ("staging", "production")
            for at in [f"2026-11-{1 + count // 24:02d}T{count % 24:02d}:00:00Z"]
        ]
        files |= log(own, *events)
    return files


@pytest.fixture(scope="module")
def tops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make the registries, of which everything is known."""
    folder = tmp_path_factory.mktemp("work")
    found = {name: make(folder / name, registry(name)) for name in PRODUCTS}
    time.sleep(0.06)
    for _ in range(2):
        for top in found.values():
            assert run(["status", "--repo", str(top), "--output", "json"]) == 0
    return found


@contextmanager
def counted(top: Path) -> Iterator[Counter[str]]:
    work: Counter[str] = Counter()

    def step() -> int:
        work["steps"] += 1
        return 0

    def seen(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and str(args[0]).startswith(f"{top}/registry"):
            work["files opened"] += 1
        elif event == "subprocess.Popen":
            work["processes"] += 1

    lstat, connect = os.lstat, sqlite3.connect

    def connected(*args: Any, **more: Any) -> sqlite3.Connection:
        connection = connect(*args, **more)
        connection.set_progress_handler(step, 1)
        connection.set_trace_callback(lambda _: work.update(statements=1))
        return connection

    def compare(path: Any, **more: Any) -> os.stat_result:
        work["files compared"] += str(path).endswith(".yaml")
        return lstat(path, **more)

    HOOKS.append(seen)
    os.lstat, sqlite3.connect = compare, connected
    try:
        yield work
    finally:
        os.lstat, sqlite3.connect = lstat, connect
        HOOKS.remove(seen)


def work_of(top: Path, command: list[str]) -> Counter[str]:
    with counted(top) as work:
        assert run([*command, "--repo", str(top)]) == 0
    return work


COMMANDS = [*OF_ONE_PRODUCT.values(), *(each for each, _ in OF_SOME.values()), *OF_ALL.values()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_question_opens_no_file_and_reads_rows_of_its_answer(
    tops: dict[str, Path], command: list[str]
) -> None:
    few, many, busy = (work_of(top, command) for top in tops.values())
    for work in (few, many, busy):
        assert (work["files opened"], work["processes"]) == (0, 1)
        assert work["statements"] == few["statements"] <= 20
    more = PRODUCTS["many"] - PRODUCTS["few"]
    assert many["steps"] - few["steps"] <= more * STEPS_OF_A_PRODUCT
    # Twelve times the events of others are nothing to the question.
    assert busy["steps"] - many["steps"] <= 50


@pytest.mark.parametrize("command", OF_ONE_PRODUCT.values(), ids=" ".join)
def test_a_question_about_one_product_compares_its_files_alone(
    tops: dict[str, Path], command: list[str]
) -> None:
    assert work_of(tops["busy"], command)["files compared"] == 3 + 3


@pytest.mark.parametrize(("command", "files"), OF_SOME.values(), ids=OF_SOME)
def test_a_question_about_one_product_and_its_place_among_others_compares_few_files(
    tops: dict[str, Path], monkeypatch: pytest.MonkeyPatch, command: list[str], files: int
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-29T12:00:00Z")
    assert work_of(tops["busy"], command)["files compared"] == 3 + files


@pytest.mark.parametrize("command", OF_ALL.values(), ids=" ".join)
def test_a_question_that_others_bear_on_compares_each_file_once(
    tops: dict[str, Path], command: list[str]
) -> None:
    assert work_of(tops["busy"], command)["files compared"] == 3 * PRODUCTS["busy"] + 3
