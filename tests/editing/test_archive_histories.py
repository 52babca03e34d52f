"""Random histories with archives in between: the same registry as without an archive."""

from __future__ import annotations

import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import build, deployment, void
from tests.fixtures.clones import commit, make, status
from tests.registry.files import Files, files, product
from versioner import layout
from versioner.editing.archive import archive_months
from versioner.git.repository import open_repository
from versioner.git.snapshot import MemorySnapshot, snapshot_at
from versioner.models import Cell
from versioner.registry.history.check import check_history
from versioner.registry.index import open_index
from versioner.registry.load import load_registry
from versioner.serialization.log import append

if TYPE_CHECKING:
    from versioner.models import Event, EventKind
    from versioner.registry.records import Registry

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"
MONTHS = ("2024-12", "2025-01", "2025-02", "2025-12", "2026-01", "2026-10", "2026-11")
NAMES = ("shop", "web")
# Few times, environments and versions: many events of one second, one cell and one version.
EVENT = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(("deployment", "deployment", "deployment", "build", "void")),
    st.sampled_from(MONTHS),
    st.sampled_from(("03T10:00:00Z", "03T10:00:00Z", "04T09:00:00Z")),
    st.sampled_from(("staging", "production")),
    st.sampled_from(("1.0", "1.1", "2.0")),
    st.sampled_from(("started", "completed", "completed", "failed")),
)
ARCHIVE = st.tuples(st.sampled_from(MONTHS[1:]), st.sampled_from(((), (), ("shop",))))
STEPS = st.lists(
    st.one_of(st.lists(EVENT, min_size=1, max_size=6), ARCHIVE), min_size=2, max_size=8
)


def event_of(number: int, step: Any, earlier: list[str]) -> tuple[str, EventKind, Event]:
    name, kind, month, day, environment, version, state = step
    fields = {"at": f"{month}-{day}", "id": f"{name}-{number:03}"}
    own = [each for each in earlier if each.startswith(name)]
    if kind == "void" and own:
        return name, "deployment", void(own[number % len(own)], **fields)
    if kind == "build":
        return name, "build", build(version, **fields)
    return name, "deployment", deployment(version, state, environment=environment, **fields)


def appended(there: bytes | None, kind: EventKind, event: Event) -> bytes:
    return append(kind, there, [event])


def facts(cell: Cell) -> dict[str, Any]:
    # The cell of an index is of another class, and has its results summed up beforehand.
    return {each.name: getattr(cell, each.name) for each in fields(Cell) if each.name != "results"}


def described(registry: Registry) -> dict[str, Any]:
    """Return all that readers ask of a registry."""
    return {
        name: (
            record.document, record.builds, record.deployment_events, record.deployments,
            {name: facts(cell) for name, cell in record.cells.items()},
            record.versions, record.observations,
        )
        for name, record in registry.products.items()
    }  # fmt: skip


def told(registry: Registry) -> list[tuple[str, str]]:
    return [(each.code, each.message) for each in registry.problems]


@pytest.mark.thorough
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(STEPS)
def test_an_archive_at_any_time_changes_no_answer(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain: Files = files(product("shop"), product("web"))
        top = make(Path(folder) / "clone", plain)
        start = snapshot_at(open_repository(top), "HEAD")
        known: list[str] = []
        for number, step in enumerate(steps):
            repository = open_repository(top)
            tip = snapshot_at(repository, "HEAD")
            if isinstance(step, tuple):
                before, products = step
                archive_months(repository, before=before, products=products, now=NOW)
                here = snapshot_at(open_repository(top), "HEAD")
                assert check_history([tip], here) == []
                assert not any(
                    place.period < before and not place.is_of_year
                    for place in map(layout.place_of, here.entries())
                    if place and place.log_kind and (not products or place.name in products)
                )
            else:
                changes: dict[str, bytes | None] = {}
                for index, each in enumerate(step):
                    name, kind, event = event_of(100 * number + index, each, known)
                    if "voids" not in event and kind == "deployment":
                        known.append(event["id"])
                    path = layout.log_path(name, kind, layout.month_of(event["at"]))
                    plain[path] = appended(plain.get(path), kind, event)
                    changes[path] = appended(changes.get(path) or tip.read(path), kind, event)
                commit(top, changes, "Record", when=NOW)
            repository = open_repository(top)
            tip = snapshot_at(repository, "HEAD")
            expected = load_registry(MemorySnapshot(plain))
            archived = load_registry(tip)
            assert described(archived) == described(expected)
            assert told(archived) == told(expected)
            with open_index(repository, tip) as index:
                assert described(index.registry()) == described(expected)
                assert told(index.registry()) == told(expected)
        end = snapshot_at(open_repository(top), "HEAD")
        assert check_history([start], end, allow_log_changes=True) == []
        # The other way round, too: as if all archives were reverted.
        assert check_history([end], MemorySnapshot(plain)) == []
        assert status(top) == ""
