"""The index gives the answers of a fold from the files alone, over generated histories."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.builders import build, deployment, moment
from tests.registry.files import CONFIG, Files, log, product
from tests.registry.test_naive_fold import history
from versioner.errors import NotFound
from versioner.git.snapshot import MemorySnapshot
from versioner.query.deployments import find, find_by_id, find_in_index
from versioner.query.derived.relations import dependents
from versioner.query.matrix import matrix
from versioner.query.versions.product_versions import find_versions, list_versions, running_periods
from versioner.registry.index import DeploymentFilter, session
from versioner.registry.index.check import index_differences
from versioner.registry.index.seal import Seal
from versioner.registry.index.session import read_index
from versioner.registry.index.store import IndexStore
from versioner.registry.load import load_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.models import Event
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import Registry

PEOPLE = ("jane", "Otto", "ann@example.org")
PRODUCTS = ("shop", "web", "api")


def store_at(path: Path) -> IndexStore:
    return IndexStore(path / "versioner/index.sqlite", "reader")


def test_every_answer_is_that_of_the_files_after_each_of_many_changes(
    tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    for seed in range(scale(12, 2_000)):
        random = Random(f"index {seed}")
        store = store_at(tmp_path / str(seed % 3))
        files = start(random)
        for _ in range(6):
            change(random, files)
            snapshot = MemorySnapshot(files)
            expected = load_registry(snapshot)
            with read_index(store, snapshot) as index:
                assert_same(index, expected, random, seed)
            name = random.choice([*expected.products, "shop"])
            if name in expected.products:
                with read_index(store, snapshot, products=[name]) as index:
                    assert_same_records(index, load_registry(snapshot, products=[name]), seed)


def start(random: Random) -> Files:
    files: Files = {CONFIG: b"schema_version: 1\n"}
    for name in ("staging", "production"):
        environment(random, files, name)
    for name in PRODUCTS:
        files |= product(name)
    return files


def environment(random: Random, files: Files, name: str) -> None:
    listed = random.choice(([], [], ["eu"], ["eu", "us"]))
    former = random.choice(([], [], ["prod"] if name == "production" else ["stage"]))
    text = f'name: "{name}"\n'
    text += f"instances: {listed}\n".replace("'", '"') if listed else ""
    text += f"aliases: {former}\n".replace("'", '"') if former else ""
    files[f"registry/environments/{name}.yaml"] = text.encode()


def change(random: Random, files: Files) -> None:
    """Change some files: append events, write a product anew, delete, edit an environment."""
    name = random.choice(PRODUCTS)
    folder = f"registry/products/{name}/"
    logs = [path for path in files if path.startswith(folder) and "/product" not in path[9:]]
    action = random.random()
    if action < 0.15:
        environment(random, files, random.choice(("staging", "production")))
    elif action < 0.25:
        for path in [path for path in files if path.startswith(folder)]:
            del files[path]
        if random.random() < 0.6:
            needed = random.choice(PRODUCTS)
            files |= product(name, random.choice(('title: "Again"', f'depends_on: ["{needed}"]')))
    elif action < 0.35 and logs:
        path = random.choice(logs)
        lines = files[path].splitlines(keepends=True)
        random.shuffle(lines)
        files[path] = b"".join(lines[: random.randint(1, len(lines))])
    else:
        if not any(path.startswith(folder) for path in files):
            files |= product(name)
        append(random, files, name)


def append(random: Random, files: Files, name: str) -> None:
    prefix = f"{random.randint(0, 3)}{name[0]}-" if random.random() < 0.9 else "same-"
    for event in events_of(random, prefix):
        kind = "build" if "environment" not in event and "voids" not in event else "deployment"
        month = str(event["at"])[:7]
        added = log(name, event, kind=kind, month=month)
        for path, data in added.items():
            files[path] = files.get(path, b"") + data


def events_of(random: Random, prefix: str) -> list[Event]:
    events, _ = history(random.randint(0, 100_000))
    events = events[: random.randint(1, len(events))]
    back = random.choice((0, 0, 20_000, 45_000))
    found = []
    for event in events:
        changed = {**event, "id": prefix + event["id"], "at": moment(-back, event["at"])}
        for key in ("voids", "deployment"):
            if key in changed:
                changed[key] = prefix + changed[key]
        if "voids" not in changed and random.random() < 0.4:
            changed["deployed_by"] = random.choice(PEOPLE)
        if changed.get("environment") == "production" and random.random() < 0.1:
            changed["environment"] = random.choice(("prod", "nowhere"))
        if "version" in changed and random.random() < 0.2:
            changed["scm_sha"] = str(changed["version"][0]) * random.choice((7, 12, 40))
        found.append(changed)
    if random.random() < 0.5:
        sha = {"scm_sha": "1" * 40, "artifacts": {"image": "sha256:" + "ab" * 32}}
        found.append(build("1.0.0", id=f"{prefix}build", **sha))
    return found


def assert_same(index: RegistryIndex, expected: Registry, random: Random, seed: int) -> None:
    now = moment(50_000)
    environments = random.choice((None, ["production"]))
    registry = index.registry()
    assert matrix(registry, now=now, environments=environments) == matrix(
        expected, now=now, environments=environments
    ), seed
    assert index.product_names == sorted(expected.products)
    for _ in range(4):
        filters = some_filters(random, expected)
        found = [*index.deployments(DeploymentFilter(**filters))]
        if "environment" not in filters or filters["environment"] in expected.environments:
            assert found == find(expected, **filters), (seed, filters)
        assert index.count_deployments(DeploymentFilter(**filters)) == len(found)
        limit = random.randint(1, 5)
        assert [*index.deployments(DeploymentFilter(**filters), limit=limit)] == found[:limit]
        oldest = index.deployments(DeploymentFilter(**filters), newest_first=False)
        assert [*oldest] == found[::-1]
    for digits in ("1111111", "abababab", "2222222222", "1" * 40):
        by_source = [(each.product, each.version) for each in index.find_source(digits)]
        versions = find_versions(expected.products.values(), digits)
        assert by_source == sorted((each.version.product, each.version.name) for each in versions)
    for prefix in ("0s-e", "same-", "1w-", ""):
        ids = sorted(
            (event["id"], record.name)
            for record in expected.products.values()
            for event in (*record.builds, *record.deployment_events, *record.observations)
            if event["id"].startswith(prefix)
        )
        assert [(each.id, each.product) for each in index.find_ids(prefix, 10_000)] == ids
    assert dependents(registry) == dependents(expected)
    for _ in range(6):
        event_id = some_id(random, expected)
        assert outcome(lambda text=event_id: find_in_index(index, registry, text)) == outcome(
            lambda text=event_id: find_by_id(expected, text)
        ), (seed, event_id)
    assert_same_records(index, expected, seed)


def some_id(random: Random, expected: Registry) -> str:
    """Return an id or the beginning of one, of a product or of all; often one of several."""
    ids = [
        (event["id"], name)
        for name, record in expected.products.items()
        for event in (*record.builds, *record.deployment_events)
    ]
    event_id, name = random.choice([*ids, ("missing-1", "shop")])
    text = event_id[: random.choice((len(event_id), 2, 6, 7, 8))]
    return random.choice((text, text, f"{name}/{text}", f"web/{text}"))


def outcome(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except NotFound as error:
        return str(error), error.hint


def some_filters(random: Random, expected: Registry) -> dict[str, str]:
    choices = {
        "product": [*expected.products],
        "environment": ["production", "staging"],
        "version": ["1.0.0", "2.0.0"],
        "status": ["completed", "void", "started", "undeployed"],
        "person": ["JANE", "otto", "nobody"],
        "since": [moment(-20_000), moment(10)],
        "until": [moment(-20_000), moment(10)],
    }
    return {
        key: random.choice(values)
        for key, values in choices.items()
        if values and random.random() < 0.3
    }


def assert_same_records(index: RegistryIndex, expected: Registry, seed: int) -> None:
    registry = index.registry()
    assert registry.problems == expected.problems, seed
    for field in ("config", "environments", "environment_aliases", "aliases", "deleted"):
        assert getattr(registry, field) == getattr(expected, field)
    assert list(registry.products) == list(expected.products)
    for name, record in expected.products.items():
        found = registry.products[name]
        assert list(found.cells) == list(record.cells)
        for environment, cell in record.cells.items():
            for field in cell.__slots__:
                if field != "results":
                    assert getattr(found.cells[environment], field) == getattr(cell, field), (
                        seed,
                        field,
                    )
        for field in (
            *("document", "tree", "builds", "deployment_events", "observations", "listed"),
            *("deployments", "versions", "problems", "environments_named"),
        ):
            assert getattr(found, field) == getattr(record, field), (seed, name, field)
        assert list_versions(found) == list_versions(record)
        assert running_periods(found) == running_periods(record)


@pytest.fixture
def files() -> Files:
    random = Random(5)
    found = start(random)
    for _ in range(9):
        change(random, found)
    return found


def answers(store: IndexStore, files: Files) -> list[object]:
    with read_index(store, MemorySnapshot(files)) as index:
        return [*index.deployments(), index.problems(), [*index.registry().products]]


def rows_of(store: IndexStore) -> dict[str, list[tuple[object, ...]]]:
    connection = store.reading()
    assert connection is not None
    with closing(connection):
        tables = (
            "products",
            "logs",
            "events",
            "deployments",
            "cells",
            "sources",
            "changes",
            "claims",
        )
        return {
            table: connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
            if table in ("products", "events", "deployments", "cells")
            else connection.execute(f"SELECT * FROM {table}").fetchall()
            for table in tables
        }


def test_appended_events_leave_the_rows_that_a_new_index_has(tmp_path: Path) -> None:
    for seed in range(10):
        random = Random(f"append {seed}")
        files = {**start(random)}
        old, new = store_at(tmp_path / f"old{seed}"), store_at(tmp_path / f"new{seed}")
        for number in range(5):
            append(random, files, "shop")
            if number:
                answers(old, files)
            snapshot = MemorySnapshot(files)
            with read_index(old, snapshot):
                pass
            with read_index(new, snapshot):
                pass
            found, expected = rows_of(old), rows_of(new)
            new.remove()
            for table, rows in expected.items():
                if table not in ("claims", "cells"):
                    assert found[table] == rows, (seed, table)
            assert sorted(row[1:] for row in found["cells"]) == sorted(
                row[1:] for row in expected["cells"]
            )


@pytest.mark.parametrize("damage", ["cut", "zeros", "noise", "copy"])
def test_a_file_that_is_cut_or_overwritten_anywhere_is_not_believed(
    tmp_path: Path, files: Files, damage: str
) -> None:
    store = store_at(tmp_path)
    expected = answers(store, files)
    whole, seal = store.path.read_bytes(), store.path.with_suffix(".seal").read_bytes()
    random = Random(damage)
    places = range(0, len(whole), 4096) if damage != "cut" else random.sample(range(len(whole)), 12)
    for place in places:
        page = {
            "cut": b"",
            "zeros": bytes(4096),
            "noise": random.randbytes(4096),
            "copy": whole[(place + 8192) % len(whole) :][:4096],
        }[damage]
        after = whole[place + 4096 :] if damage != "cut" else b""
        store.remove()
        store.path.write_bytes(whole[:place] + page + after)
        store.path.with_suffix(".seal").write_bytes(seal)
        if whole[place : place + 4096] != page:
            assert store.reading() is None
            assert store.copied() is None
        assert answers(store, files) == expected


def test_a_copy_of_an_index_is_used_once_its_blocks_are_compared(
    tmp_path: Path, files: Files
) -> None:
    store, other = store_at(tmp_path / "one"), store_at(tmp_path / "two")
    answers(store, files)
    files |= log("shop", deployment("9.0", id="the-last", at=moment()))
    expected = answers(store, files)
    shutil.copytree(store.path.parent, other.path.parent)
    assert other.reading() is None
    number = other.path.stat().st_ino
    assert answers(other, files) == expected
    assert other.reading() is not None
    assert other.path.stat().st_ino == number


HOSTILE = {
    "trigger": "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM events; END",
    "view": "CREATE VIEW v AS SELECT * FROM events",
    "table": "CREATE TABLE other (a)",
    "column": "ALTER TABLE cells RENAME COLUMN state TO other",
    "index": "DROP INDEX events_by_id",
}


@pytest.mark.parametrize("statement", HOSTILE.values(), ids=HOSTILE)
def test_a_file_with_another_schema_is_made_anew_even_if_it_is_sealed(
    tmp_path: Path, files: Files, statement: str
) -> None:
    store = store_at(tmp_path)
    expected = answers(store, files)
    connection = sqlite3.connect(store.path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    Seal().write(store.path, None, 4096)
    assert store.reading() is None
    files |= log("shop", deployment("9.0", id="the-last", at=moment()))
    found = answers(store, files)
    assert found == answers(store_at(tmp_path / "new"), files)
    assert found != expected


@pytest.mark.parametrize("content", [b"", b"nonsense" * 9999, b"SQLite format 3\0"])
def test_another_file_in_its_place_is_replaced(
    tmp_path: Path, files: Files, content: bytes
) -> None:
    store = store_at(tmp_path)
    expected = answers(store, files)
    for end in ("", "-wal", "-shm"):
        store.path.with_name(store.path.name + end).write_bytes(content)
    assert answers(store, files) == expected
    assert store.reading() is not None


def test_an_index_of_another_reader_is_made_anew(tmp_path: Path, files: Files) -> None:
    store = store_at(tmp_path)
    expected = answers(store, files)
    assert IndexStore(store.path, "older").reading() is None
    assert answers(IndexStore(store.path, "older"), files) == expected
    assert store.reading() is None


def test_an_index_that_cannot_be_written_is_done_without(tmp_path: Path, files: Files) -> None:
    expected = answers(store_at(tmp_path / "right"), files)
    store = store_at(tmp_path)
    store.path.parent.write_text("a file in the place of the folder")
    assert answers(store, files) == expected
    store.path.parent.unlink()
    store.path.mkdir(parents=True)
    assert answers(store, files) == expected


def test_an_index_that_another_process_writes_is_done_without(
    tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(tmp_path)
    answers(store, files)
    monkeypatch.setattr(session, "_WAIT_SECONDS_ALL", 0.01)
    files |= log("shop", deployment("9.0", id="the-last", at=moment()))
    with store.lock(1):
        found = answers(store, files)
    assert found == answers(store_at(tmp_path / "new"), files)


def test_a_reader_keeps_its_state_while_others_write(tmp_path: Path, files: Files) -> None:
    store = store_at(tmp_path)
    expected = answers(store, files)
    with read_index(store, MemorySnapshot(files)) as index:
        for number in range(3):
            event = deployment("9.0", id=f"later-{number}", at=moment())
            answers(store, files | log("web", event))
        assert [*index.deployments()] == expected[:-2]
        assert index.find_ids("later-") == []
    with read_index(store, MemorySnapshot(files)) as index:
        assert [*index.deployments()] == expected[:-2]


def test_a_long_log_is_written_into_the_file_and_sealed(
    tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("versioner.registry.index.store._LONGEST_LOG", 1)
    store = store_at(tmp_path)
    for number in range(4):
        files |= {
            path: files.get(path, b"") + data
            for path, data in log("web", deployment("9", id=f"n{number}", at=moment())).items()
        }
        expected = answers(store, files)
        found = store.reading()
        assert found is not None
        found.close()
        assert not [*index_differences(store, MemorySnapshot(files))]
    with read_index(store, MemorySnapshot(files)):
        # The reader keeps the whole log from being written into the file.
        other = files | log("api", deployment("9", id="api-9", at=moment()))
        answers(store, other)
        assert not [*index_differences(store, MemorySnapshot(other))]
    assert answers(store, files) == expected


def test_the_check_names_the_product_whose_rows_are_wrong(tmp_path: Path, files: Files) -> None:
    store = store_at(tmp_path)
    snapshot = MemorySnapshot(files)
    assert [each.product for each in index_differences(store, snapshot)] == [""]
    answers(store, files)
    assert [*index_differences(store, snapshot)] == []
    name = load_registry(snapshot).products["web"].name
    connection = sqlite3.connect(store.path)
    connection.execute("UPDATE products SET document = '{}' WHERE name = ?", (name,))
    connection.commit()
    connection.close()
    Seal().write(store.path, None, 4096)
    (difference,) = index_differences(store, snapshot)
    assert difference.product == "web"
    changed = files | product("shop", 'title: "New"')
    names = [each.product for each in index_differences(store, MemorySnapshot(changed))]
    assert names == ["shop", "web"]
