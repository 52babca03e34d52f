"""Several processes read the products of a new index: the rows are those of one process."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import build, deployment, void
from tests.registry.files import CONFIG, Files, log, product
from versioner.git.snapshot import MemorySnapshot
from versioner.registry.head import load_head
from versioner.registry.index import update
from versioner.registry.index.fill import ReadingProcesses
from versioner.registry.index.session import read_index
from versioner.registry.index.store import IndexStore, private_database
from versioner.registry.index.update import fill, source_of
from versioner.registry.index.wanted import Wanted

if TYPE_CHECKING:
    import sqlite3

NAMES = [f"p{number}" for number in range(12)]
TABLES = ("products", "logs", "events", "deployments", "cells", "sources", "changes", "claims")


def registry() -> Files:
    files: Files = {
        CONFIG: b"schema_version: 1\n",
        "registry/environments/production.yaml": (
            b'name: "production"\ninstances: ["eu", "us"]\naliases: ["prod"]\n'
        ),
    }
    for name in NAMES:
        files |= product(name)
        events = [
            deployment(f"1.{number}", id=f"{name}-{number}", environment="prod", instance="eu")
            for number in range(20)
        ]
        files |= log(name, *events, void(f"{name}-3", id=f"{name}-void"))
        files |= log(name, build("1.1", id=f"{name}-build", scm_sha="1" * 40), kind="build")
    files["registry/products/p4/product.yaml"] = b'name: "p4"\ncolour: "red"\n'
    files["registry/products/p5/notes.txt"] = b"nothing of a registry"
    return files


@pytest.fixture(scope="module")
def wanted() -> Wanted:
    snapshot = MemorySnapshot(registry())
    return Wanted.of(snapshot, load_head(snapshot), None)


def rows_of(connection: sqlite3.Connection) -> dict[str, list[object]]:
    return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}


@pytest.fixture(scope="module")
def expected(wanted: Wanted) -> dict[str, list[object]]:
    with closing(private_database("reader", ":memory:")) as connection:
        fill(connection, wanted)
        return rows_of(connection)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_either_kind_read_the_rows_that_one_process_reads(
    wanted: Wanted, expected: dict[str, list[object]], method: str
) -> None:
    sources = [source_of(wanted, name, number) for number, name in enumerate(wanted.trees, 1)]
    with (
        closing(private_database("reader", ":memory:")) as connection,
        ReadingProcesses(wanted.environments, 2, method) as processes,
    ):
        read = []
        for source, statements in processes.read(wanted.snapshot, sources):
            assert statements is not None
            read.append(source.name)
            for statement, rows in statements:
                connection.executemany(statement, rows)
        assert read == sorted(NAMES)
        assert rows_of(connection) == expected


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the processes are in /proc")
def test_products_of_processes_that_are_killed_are_read_by_the_first_process(
    wanted: Wanted, expected: dict[str, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "_SHARED_LEAST", 0)
    ended: list[int] = []

    def end_one(done: int, _: int) -> None:
        if done in (2, 5):
            # One that was ended is a child until it is waited for.
            own = [each for each in children() if each not in before]
            ended.append(own[min(len(ended), len(own) - 1)])
            os.kill(ended[-1], signal.SIGKILL)

    before = children()
    with closing(private_database("reader", ":memory:")) as connection:
        fill(connection, wanted, end_one)
        assert rows_of(connection) == expected
    assert len({*ended}) == min(2, os.cpu_count() or 1)
    assert children() == before


def children() -> list[int]:
    """Return the processes that this one has started."""
    return [*map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())]


def test_an_index_with_few_of_the_products_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = IndexStore(tmp_path / "index.sqlite", "reader")
    snapshot = MemorySnapshot(registry())
    with read_index(store, snapshot, products=["p3"]) as index:
        assert index.product_names == ["p3"]
    small = store.path.stat().st_ino
    with read_index(store, snapshot) as index:
        assert index.product_names == sorted(NAMES)
    assert store.path.stat().st_ino != small
    whole = store.path.stat().st_ino
    changed = MemorySnapshot(registry() | product("p3", 'title: "T"'))
    with read_index(store, changed) as index:
        assert index.product("p3").document["title"] == "T"
    assert store.path.stat().st_ino == whole
