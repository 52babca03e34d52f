"""The generator of registries: any size, the same twice, every feature, no problem."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.generate import Made, make_bare, source_rows
from tests.benchmarks.rows import REAL_ROWS, made_rows, repeated
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.registry.load import load_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.rows import Row

EVENTS = 3_000


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return source_rows(None)


@pytest.fixture(scope="module")
def generated(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    target = tmp_path_factory.mktemp("generated") / "bare.git"
    return target, make_bare(target, rows, EVENTS)


def tip(folder: Path) -> str:
    return subprocess.check_output(["git", "-C", str(folder), "rev-parse", "main"], text=True)


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_commit(
    rows: list[Row], generated: tuple[Path, Made], tmp_path: Path
) -> None:
    make_bare(tmp_path / "again.git", rows, EVENTS)
    assert tip(tmp_path / "again.git") == tip(generated[0])
    make_bare(tmp_path / "other.git", source_rows(None, 2), EVENTS, seed=2)
    assert tip(tmp_path / "other.git") != tip(generated[0])


@pytest.mark.thorough
def test_rows_are_repeated_with_other_products_and_the_same_months(rows: list[Row]) -> None:
    assert rows == made_rows(1)
    assert abs(len(rows) - REAL_ROWS) < 200
    many = [row for _, row in repeated(rows, 2 * len(rows) + 50, 1)]
    assert len(many) == 2 * len(rows) + 50
    assert [row.at for row in many] == sorted(row.at for row in many)
    names = Counter(row.product for row in many)
    assert names["app-40"] == names["app-40-001"]
    assert sum(count for name, count in names.items() if name.endswith("-002")) == 50


def test_every_feature_occurs_and_nothing_is_invalid(generated: tuple[Path, Made]) -> None:
    folder, made = generated
    snapshot = snapshot_at(open_repository(folder), "main")
    registry = load_registry(snapshot)
    assert registry.problems == []
    events = [
        each for name in registry.products for each in registry.products[name].deployment_events
    ]
    assert len(events) == made.events == EVENTS
    assert len(registry.products) == made.products
    assert sum(len(each.builds) for each in registry.products.values()) == made.builds > 0
    statuses = {each.get("status") for each in events}
    assert statuses == {"completed", "failed", "aborted", "started", "undeployed", None}
    assert {each.get("instance") for each in events} == {None, "eu-west", "us-east"}
    for key in ("voids", "artifacts", "scm_sha", "reason", "extra_metadata"):
        assert any(key in each for each in events), key
    assert registry.aliases
    assert registry.deleted


def test_plain_rows_are_completed_deployments_alone(rows: list[Row], tmp_path: Path) -> None:
    made = make_bare(tmp_path / "bare.git", rows, 500, plain=True)
    registry = load_registry(snapshot_at(open_repository(tmp_path / "bare.git"), "main"))
    assert registry.problems == []
    assert made.builds == 0
    events = [each for record in registry.products.values() for each in record.deployment_events]
    assert {each["status"] for each in events} == {"completed"}
