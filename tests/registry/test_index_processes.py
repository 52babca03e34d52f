"""The index under several processes, kills, full and read-only disks: answers are those of files.

A process is forked from this one, opens the index as a command does, and compares what it gets
with what was folded from the files alone before.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from contextlib import closing, suppress
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.builders import build, deployment, void
from tests.git_server.disks import fill, small_disk
from tests.registry.files import CONFIG, Files, log, product
from versioner.git.snapshot import MemorySnapshot
from versioner.query.deployments import find
from versioner.registry.index import update
from versioner.registry.index.check import index_differences
from versioner.registry.index.seal import Seal
from versioner.registry.index.session import read_index
from versioner.registry.index.store import IndexStore
from versioner.registry.load import load_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are forked and killed"),
]

STATES = 9


class State:
    """One state of the files, and what they say."""

    def __init__(self, files: Files) -> None:
        self.snapshot = MemorySnapshot(files)
        registry = load_registry(self.snapshot)
        self.deployments = find(registry)
        self.problems = registry.problems
        self.versions = {name: [*each.versions] for name, each in registry.products.items()}

    def assert_read(self, store: IndexStore, products: list[str] | None = None) -> None:
        """Read the index for this state, and compare what it says."""
        with read_index(store, self.snapshot, products=products) as index:
            found = [*index.deployments()]
            wanted = [
                each for each in self.deployments if products is None or each.product in products
            ]
            assert found == wanted
            for name in index.product_names:
                assert [*index.product(name).versions] == self.versions[name]
            if products is None:
                assert index.problems() == self.problems
                assert index.product_names == sorted(self.versions)


@pytest.fixture(scope="module")
def states() -> list[State]:
    """Return states that differ by appended events, mistakes, edits and deleted products."""
    files: Files = {CONFIG: b"schema_version: 1\n"}
    files["registry/environments/production.yaml"] = b'name: "production"\n'
    for name in ("api", "shop", "web", "zoo"):
        files |= product(name)
    found = []
    for number in range(STATES):
        name = ("api", "shop", "web")[number % 3]
        events = [
            deployment(f"{number}.{each}", id=f"{name}-{number}-{each}", deployed_by="jane")
            for each in range(1 + 40 * (number % 2))
        ]
        if number % 4 == 3:
            events.append(void(f"{name}-{number}-0", id=f"void-{number}"))
        added = log(name, *events) | log(name, build(f"{number}", id=f"b{number}"), kind="build")
        for path, data in added.items():
            files[path] = files.get(path, b"") + data
        if number % 5 == 4:
            files |= product("web", f'title: "{number}"')
        if number == 6:
            del files["registry/products/zoo/product.yaml"]
        found.append(State(dict(files)))
    return found


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore(tmp_path / "versioner/index.sqlite", "reader")


def start(action: Callable[[], None]) -> int:
    """Run an action in a process of its own, whose exit code is 1 where it raises an error."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setpgid(0, 0)
        action()
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc()[-3000:].encode())
    finally:
        os._exit(code)


def finish(children: Sequence[int]) -> list[int]:
    """Return the exit codes of processes (of a killed one, the negative number of the signal)."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def read_states(store: IndexStore, states: list[State], seed: str, rounds: float) -> None:
    """Read states in a random order, sometimes for one product, and sometimes from nothing."""
    random = Random(seed)
    while rounds > 0:
        rounds -= 1
        products = random.choice((None, None, ["shop"], ["api", "web"]))
        random.choice(states).assert_read(store, products)
        if random.random() < 0.1:
            with suppress(OSError):
                store.path.unlink()


def test_processes_that_make_and_change_one_index_each_get_the_state_of_their_files(
    store: IndexStore, states: list[State], scale: Callable[[int, int], int]
) -> None:
    children = [
        start(lambda seed=seed: read_states(store, states, f"{seed}", scale(12, 400)))
        for seed in range(5)
    ]
    assert finish(children) == [0] * 5
    states[-1].assert_read(store)
    assert not [*index_differences(store, states[-1].snapshot)]


@pytest.mark.parametrize("jobs", ["one process", "several"])
def test_an_index_whose_writer_is_killed_at_any_moment_gives_the_answers_of_the_files(
    store: IndexStore,
    states: list[State],
    scale: Callable[[int, int], int],
    monkeypatch: pytest.MonkeyPatch,
    jobs: str,
) -> None:
    if jobs == "several":
        monkeypatch.setattr(update, "_SHARED_LEAST", 0)
    random = Random(jobs)
    for number in range(scale(8, 400)):
        if random.random() < 0.4:
            store.remove()
        child = start(lambda seed=f"{jobs} {number}": read_states(store, states, seed, 1e9))
        time.sleep(random.random() ** 2 * 0.12)
        os.kill(child, signal.SIGKILL)
        assert finish([child]) == [-signal.SIGKILL]
        assert_ended(child)
        state = random.choice(states)
        state.assert_read(store, random.choice((None, ["shop"])))
        state.assert_read(store)
        assert not [*index_differences(store, state.snapshot)]


def assert_ended(group: int) -> None:
    """Assert that the processes which a killed process had started end, too."""
    until = time.monotonic() + 10
    with suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.killpg(group, 0)
            time.sleep(0.01)
        pytest.fail("a process goes on")


def mount_again(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_disk_costs_time_only_while_an_index_is_made_or_changed(
    store: IndexStore, states: list[State]
) -> None:
    folder = store.path.parent
    with small_disk(folder, 40 * 1024):
        states[-1].assert_read(store)
        left = {path.name for path in folder.iterdir()}
        assert left.isdisjoint({"index.sqlite", "index.sqlite-wal", "index.seal"})
        mount_again(folder, "size=4m")
        states[0].assert_read(store)
        filler = fill(folder)
        for state in (*states, states[3]):
            state.assert_read(store)
        filler.unlink()
        states[-1].assert_read(store)
        assert not [*index_differences(store, states[-1].snapshot)]


def test_a_limit_of_the_size_of_files_costs_time_only(
    store: IndexStore, states: list[State]
) -> None:
    def read_with_limit(limit: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        for state in states[:4]:
            state.assert_read(store)

    for limit in (0, 100, 5000, 70_000):
        store.remove()
        assert finish([start(partial(read_with_limit, limit))]) == [0]
    states[2].assert_read(store)
    assert finish([start(partial(read_with_limit, 70_000))]) == [0]
    assert not [*index_differences(store, states[2].snapshot)] or store.reading() is None
    states[2].assert_read(store)
    assert not [*index_differences(store, states[2].snapshot)]


def test_on_a_read_only_disk_an_index_is_used_as_it_is_or_done_without(
    store: IndexStore, states: list[State]
) -> None:
    folder = store.path.parent
    with small_disk(folder, 4 * 1024 * 1024):
        mount_again(folder, "ro")
        states[1].assert_read(store)
        mount_again(folder, "rw")
        states[1].assert_read(store)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        mount_again(folder, "ro")
        for state in states:
            state.assert_read(store)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_a_file_that_another_program_locks_is_done_without(
    store: IndexStore, states: list[State]
) -> None:
    states[0].assert_read(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        states[0].assert_read(store, ["shop"])
        states[1].assert_read(store, ["shop"])
        assert time.monotonic() - begun < 5


def test_files_beside_the_index_that_are_damaged_are_noticed(
    store: IndexStore, states: list[State], scale: Callable[[int, int], int]
) -> None:
    states[0].assert_read(store)
    with read_index(store, states[0].snapshot):
        states[1].assert_read(store)  # The reader keeps its log from being written into the file.
        states[2].assert_read(store)
    kept = {path: path.read_bytes() for path in store.path.parent.iterdir()}
    assert len(kept[store.path.with_name("index.sqlite-wal")]) > 4096
    random = Random(3)
    for number in range(scale(40, 5_000)):
        for path in store.path.parent.iterdir():
            path.unlink()
        damaged = random.choice([*kept])
        for path, data in kept.items():
            path.write_bytes(damage(random, data) if path == damaged else data)
        state = random.choice(states[:3])
        state.assert_read(store, random.choice((None, ["shop"])))
        state.assert_read(store)
        if number % 5 == 0:
            assert not [*index_differences(store, state.snapshot)]


def damage(random: Random, data: bytes) -> bytes:
    """Return some bytes cut, or with one part overwritten."""
    at = random.randrange(len(data) + 1)
    if random.random() < 0.4:
        return data[:at]
    return data[:at] + random.randbytes(random.choice((1, 24, 4096))) + data[at + 1 :]


HOSTILE: dict[str, list[str]] = {
    "a view of the name of a table": [
        "ALTER TABLE deployments RENAME TO other",
        "CREATE VIEW deployments AS SELECT * FROM other WHERE 0",
    ],
    "a view that never ends": [
        "DROP TABLE head",
        "CREATE VIEW head AS WITH RECURSIVE n(name, value) AS (SELECT 'reader', 'x' UNION ALL"
        " SELECT name, value || 'x' FROM n) SELECT * FROM n",
    ],
    "a trigger": [
        "CREATE TRIGGER products BEFORE UPDATE ON products BEGIN DELETE FROM events; END",
    ],
    "a virtual table": ["DROP TABLE claims", "CREATE VIRTUAL TABLE claims USING fts5(product)"],
    "a generated column": [
        "DROP TABLE shared_ids",
        "CREATE TABLE shared_ids (id TEXT PRIMARY KEY, at AS (1)) WITHOUT ROWID",
    ],
}


@pytest.mark.parametrize("statements", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_with_the_names_of_our_tables_is_made_anew(
    store: IndexStore, states: list[State], statements: list[str]
) -> None:
    states[0].assert_read(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    Seal().write(store.path, None, 4096)
    assert store.reading() is None
    states[0].assert_read(store)
    states[1].assert_read(store)
    assert not [*index_differences(store, states[1].snapshot)]


def test_links_in_the_place_of_the_files_lead_nowhere(
    tmp_path: Path, store: IndexStore, states: list[State]
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"of somebody else")
    for name in ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "index.seal"):
        states[0].assert_read(store)
        path = store.path.with_name(name)
        path.unlink(missing_ok=True)
        path.symlink_to(outside)
        states[1].assert_read(store)
        states[2].assert_read(store)
        assert outside.read_bytes() == b"of somebody else"
        path.unlink(missing_ok=True)
