"""What the comparison of environments needs of a product: where its cells differ, and since when.

The summary of a product are made without the other products and without the files of environments,
so they have each pair of cells that differ.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal

from versioner.models import Version
from versioner.query.cell_history import running_in
from versioner.query.compare.environments import (
    VersionStep,
    differs_since,
    instances_apart,
    step_between,
)
from versioner.query.versions.order import VersionOrder, rolled_back_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.query.cell_history import Running
    from versioner.registry.records import ProductRecord

__all__ = ["apart_of", "since_of", "sources_of", "step_of"]

# The versions between two that are kept by name; of the others only the number is.
NAMED_MOST: Final = 20
# The source of a version: what a link to its changes is made from.
_SOURCE: Final = ("source_system", "source_server")
# A product in more environments is compared in those where something happened last.
_CELLS_MOST: Final = 16


def apart_of(record: ProductRecord, courses: Mapping[str, Sequence[Running]]) -> dict[str, Any]:
    """Return where the cells of a product differ, since when, and how their versions do.

    `courses` has those of its cells.

    `since` has by two environments, in order of name, since when they differ, and by one alone
    since when anything runs there, where that began with an earlier version; `steps` has by two
    versions, the older one first, how many are between them and the names of the newest;
    `sources` has the source of each of these; `rolled_back` has by environment those of them that
    were rolled back from. It is empty where all cells run the same.
    """
    newest = sorted(record.cells.values(), key=lambda cell: cell.since, reverse=True)[:_CELLS_MOST]
    cells = {cell.environment: cell for cell in newest}
    running = {name: running_in(cells[name]) for name in sorted(cells)}
    pairs = [(a, b) for a, b in combinations(running, 2) if instances_apart(running[a], running[b])]
    alone = {
        name: at
        for name in running
        if (at := differs_since(courses[name], ())) and at != cells[name].since
    }
    if not pairs and not alone:
        return {}
    versions = {
        version for pair in pairs for name in pair if (version := _only(running[name].versions))
    }
    steps, order = {}, VersionOrder(record)
    for one, other in combinations(sorted(versions), 2):
        step = step_between(order, one, other)
        old, new = (other, one) if step.newer == "a" else (one, other)
        steps[f"{old} {new}"] = [len(step.between), [*step.between[-NAMED_MOST:]]]
    back = {name: sorted(rolled_back_from(cell) & versions) for name, cell in cells.items()}
    return {
        "since": {f"{a} {b}": differs_since(courses[a], courses[b]) for a, b in pairs} | alone,
        "steps": steps,
        "sources": {name: _source(record.versions[name]) for name in sorted(versions)},
        "rolled_back": {name: found for name, found in back.items() if found},
    }


def since_of(apart: Mapping[str, Any], record: ProductRecord, a: str, b: str) -> str:
    """Return since when two environments of a product differ, "" where that is not known."""
    since, cells = apart.get("since", {}), record.cells
    if a in cells and b in cells:
        return str(since.get(" ".join(sorted((a, b))), ""))
    # Nothing ever happened in one of them, so that it differs while anything runs in the other.
    return next((str(since.get(name, cells[name].since)) for name in (a, b) if name in cells), "")


def step_of(apart: Mapping[str, Any], a: str, b: str) -> tuple[VersionStep, int]:
    """Return the step between two versions, with the newest of those between, and their number."""
    steps = apart.get("steps", {})
    ways: tuple[tuple[Literal["a", "b"], str, str], ...] = (("b", a, b), ("a", b, a))
    for newer, old, new in ways:
        if f"{old} {new}" in steps:
            number, names = steps[f"{old} {new}"]
            return VersionStep(newer, tuple(names)), number
    return VersionStep(), 0


def sources_of(product: str, apart: Mapping[str, Any]) -> dict[str, Version]:
    """Return the versions that run where cells differ, with what names their source."""
    return {
        name: Version(
            product, name, "",
            builds=[dict(zip(_SOURCE, (system, server), strict=True))],
            scm_sha=sha, scm_repository=repository,
        )
        for name, (sha, repository, system, server) in apart.get("sources", {}).items()
    }  # fmt: skip


def _only(versions: tuple[str, ...]) -> str:
    return versions[0] if len(versions) == 1 else ""


def _source(version: Version) -> list[str]:
    named = [
        next((str(each[key]) for each in version.source_events if each.get(key)), "")
        for key in _SOURCE
    ]
    return [version.scm_sha, version.scm_repository, *named]
