"""What validation found is kept: a product that did not change is not read."""

from __future__ import annotations

import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from versioner import layout
from versioner.editing.products import create_product
from versioner.editing.session import read_tip
from versioner.editing.validate import validate_change, validate_registry
from versioner.git.objects import ObjectReader
from versioner.git.repository import open_repository
from versioner.git.snapshot import MemorySnapshot, snapshot_at
from versioner.registry.checks.results_file import ValidatedProducts
from versioner.registry.checks.warnings import clock_problems
from versioner.registry.load import load_registry
from versioner.serialization import log
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from versioner.git.objects import GitObject
    from versioner.models import Problem

NOW = "2026-11-22T10:15:00Z"
MONTH = "2026-11"


class Counted(MemorySnapshot):
    """Files in memory; `asked` are the paths that were read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self.asked: set[str] = set()

    def read(self, path: str) -> bytes | None:
        self.asked.add(path)
        return super().read(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        wanted = list(paths)
        self.asked.update(wanted)
        return super().read_many(wanted)

    def products_read(self) -> set[str]:
        return {path.split("/")[2] for path in self.asked if path.startswith("registry/products/")}


def event(number: int, **fields: str) -> dict[str, str]:
    values = {"at": f"{MONTH}-01T00:00:00Z", "environment": "qa", "version": "1"}
    return {**values, "status": "completed", "id": f"e{number}", **fields}


def registry(products: int = 5) -> dict[str, bytes]:
    files = {layout.CONFIG: b"schema_version: 1\n", layout.environment_path("qa"): b'name: "qa"\n'}
    for number in range(products):
        name = f"p{number}"
        files[layout.product_path(name)] = f'name: "{name}"\n'.encode()
        path = layout.log_path(name, "deployment", MONTH)
        files[path] = log.append("deployment", None, [event(number)])
    return files


def faulty() -> dict[str, bytes]:
    """Return a registry with an error within a product, and each problem between products."""
    files = registry()
    paths = [layout.log_path(f"p{number}", "deployment", MONTH) for number in range(5)]
    files[paths[0]] = log.append("deployment", files[paths[0]], [event(1), event(1)])
    files[paths[2]] = log.append("deployment", files[paths[2]], [event(7, environment="prod")])
    files[paths[3]] = log.append(
        "deployment", files[paths[3]], [event(8, at=f"{MONTH}-29T00:00:00Z")]
    )
    files[layout.product_path("p1")] += b'depends_on: ["p5"]\n'
    files[layout.product_path("p4")] += b'colour: "red"\n'
    return files


def problems_of(files: Mapping[str, bytes], place: Path) -> list[Problem]:
    with ValidatedProducts(place) as kept:
        return validate_registry(MemorySnapshot(files), now=NOW, kept=kept).problems


def test_a_product_that_did_not_change_is_not_read(tmp_path: Path) -> None:
    place = tmp_path / "validated.sqlite"
    files = registry()
    for changed, expected in ((None, {f"p{n}" for n in range(5)}), (None, set()), ("p3", {"p3"})):
        if changed is not None:
            files[layout.product_path(changed)] += b'title: "Three"\n'
        snapshot = Counted(files)
        with ValidatedProducts(place) as kept:
            checked = validate_registry(snapshot, now=NOW, kept=kept)
        assert snapshot.products_read() == expected
        assert (checked.problems, checked.events) == ([], 5)


def test_another_former_name_of_an_environment_has_every_product_read(tmp_path: Path) -> None:
    place = tmp_path / "validated.sqlite"
    files = registry()
    path = layout.log_path("p0", "deployment", MONTH)
    files[path] = log.append("deployment", files[path], [event(9, environment="test")])
    assert [each.code for each in problems_of(files, place)] == ["environment"]
    files[layout.environment_path("qa")] = b'name: "qa"\naliases: ["test"]\n'
    assert problems_of(files, place) == []


def test_problems_are_the_same_whether_they_were_kept_or_not(tmp_path: Path) -> None:
    place = tmp_path / "validated.sqlite"
    files = faulty()
    snapshot = MemorySnapshot(files)
    loaded = load_registry(snapshot)
    expected = sorted([*loaded.problems, *clock_problems(loaded, snapshot, NOW)])
    assert {each.code for each in expected} == {
        *("clock", "depends-on", "duplicate-id", "environment", "unknown-key")
    }
    for _ in range(2):
        assert problems_of(files, place) == expected
    # One product is mended: the others' problems stay.
    files[layout.product_path("p4")] = b'name: "p4"\n'
    assert problems_of(files, place) == [
        each for each in expected if "/p4/product.yaml" not in each.path
    ]


def test_an_id_that_two_products_share_is_found_whichever_of_them_changed(tmp_path: Path) -> None:
    place = tmp_path / "validated.sqlite"
    files = registry()
    paths = [layout.log_path(f"p{number}", "deployment", MONTH) for number in range(5)]

    def with_event(product: int, number: int) -> None:
        files[paths[product]] = log.append("deployment", files[paths[product]], [event(number)])

    def found() -> list[tuple[str, str]]:
        problems = problems_of(files, place)
        assert problems == validate_registry(MemorySnapshot(files), now=NOW).problems
        return [(each.code, each.path) for each in problems]

    assert found() == []
    with_event(4, 10)
    assert found() == []
    before = dict(files)
    with_event(3, 1)
    assert found() == [("duplicate-id", paths[3])]
    with_event(0, 12)
    assert found() == [("duplicate-id", paths[3])]
    files = before
    assert found() == []
    with_event(0, 11)
    with_event(2, 11)
    assert found() == [("duplicate-id", paths[2])]
    del files[paths[0]], files[layout.product_path("p0")]
    assert found() == []


def test_logs_of_years_are_validated_alike_whether_what_was_found_was_kept_or_not(
    tmp_path: Path,
) -> None:
    place = tmp_path / "validated.sqlite"
    files = registry()
    year = layout.log_path("p1", "deployment", "2025")
    events = [event(n, at=f"2025-{n:02}-01T00:00:00Z") for n in range(10, 13)]
    files[year] = log.append("deployment", None, events)

    def found() -> list[tuple[str, str, int]]:
        problems = problems_of(files, place)
        assert problems == problems_of(files, place)
        assert problems == validate_registry(MemorySnapshot(files), now=NOW).problems
        return [(each.code, each.path, each.line) for each in problems]

    assert found() == []
    snapshot = Counted(files)
    with ValidatedProducts(place) as kept:
        assert validate_registry(snapshot, now=NOW, kept=kept).events == 8
    assert snapshot.products_read() == set()
    whole = dict(files)
    # A month beside the year that it is in, an unknown environment, an id of another product, and
    # an event of another year.
    beside = layout.log_path("p1", "deployment", "2025-10")
    files[beside] = log.append("deployment", None, [event(10, at="2025-10-01T00:00:00Z")])
    assert ("duplicate-id", beside, 4) in found()
    files = dict(whole)
    more = [event(20, at="2025-12-02T00:00:00Z", environment="prod"), event(0, at=events[2]["at"])]
    files[year] = log.append("deployment", files[year], more)
    assert found() == [("environment", year, 7), ("duplicate-id", year, 8)]
    files[year] = log.append("deployment", whole[year], [event(21, at="2024-12-02T00:00:00Z")])
    assert found() == [("month", year, 7)]
    files = dict(whole)
    assert found() == []


def test_a_file_of_another_form_is_replaced(tmp_path: Path) -> None:
    place = tmp_path / "validated.sqlite"
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE checked (name TEXT, colour TEXT)")
        connection.execute("CREATE TABLE products (name TEXT)")
    connection.close()
    for expected in ({f"p{n}" for n in range(5)}, {f"p{n}" for n in range(5)}, set()):
        snapshot = Counted(registry())
        with ValidatedProducts(place) as kept:
            validate_registry(snapshot, now=NOW, kept=kept)
        assert snapshot.products_read() == expected


def test_a_file_that_was_cut_or_overwritten_is_not_believed(tmp_path: Path) -> None:
    place = tmp_path / "validated.sqlite"
    files = faulty()
    expected = problems_of(files, place)
    whole = place.read_bytes()
    chance = random.Random(1)
    for _ in range(60):
        at = chance.randrange(len(whole))
        damaged = bytearray(whole)
        if chance.random() < 0.5:
            del damaged[at:]
        else:
            end = at + chance.choice((1, 40, 4096))
            damaged[at:end] = bytes(chance.randrange(256) for _ in damaged[at:end])
        for each in place.parent.glob("validated.sqlite*"):
            each.unlink()
        place.write_bytes(damaged)
        assert problems_of(files, place) == expected, at


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert problems_of(registry(), tmp_path / "file" / "validated.sqlite") == []


@pytest.mark.slow
def test_a_comparison_with_a_base_reads_only_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialise(tmp_path / "registry", now=NOW)
    repository = open_repository(tmp_path / "registry")
    for number in range(8):
        create_product(repository, f"p{number}", now=NOW)
    base = open_repository(repository.top).tip
    create_product(repository, "shop", now=NOW)
    snapshot, _ = read_tip(open_repository(repository.top))
    checked = validate_registry(snapshot, now=NOW)
    asked: list[str] = []
    find = ObjectReader.find

    def counted(self: ObjectReader, names: Sequence[str]) -> Iterator[GitObject | None]:
        asked.extend(names)
        return find(self, names)

    monkeypatch.setattr(ObjectReader, "find", counted)
    now = snapshot_at(repository, snapshot.revision or "")
    validate_change(repository, checked, now, base or "")
    assert checked.change is not None
    assert [each.product for each in checked.change.products] == ["shop"]
    assert not [each for each in asked if "registry/products/p" in each]
    # Commits, trees down to the products, and the head of the base.
    assert len(asked) < 20, asked
