"""The index gives the answers of a fold from the files alone, over generated histories."""

from __future__ import annotations

from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.builders import build, moment
from tests.registry.files import CONFIG, Files, log, product
from tests.registry.test_naive_fold import history
from versioner.git.snapshot import MemorySnapshot
from versioner.query.deployments import find
from versioner.query.matrix import matrix
from versioner.query.versions import find_versions, list_versions, running_periods
from versioner.registry.index import DeploymentFilter
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
            files |= product(name, 'title: "Again"')
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
    assert_same_records(index, expected, seed)


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
        tables = ("products", "logs", "events", "deployments", "cells", "sources", "claims")
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
