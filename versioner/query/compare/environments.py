"""The differences between two environments, or between two moments of one.

Whether a product drifts is decided by `is_drifting` in `derived/drift.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner.errors import InvalidInput
from versioner.query.cell_history import NOTHING, Running, course_of
from versioner.query.commits.between import exact_difference
from versioner.query.matrix import matrix
from versioner.query.source_links import compare_url
from versioner.query.times.text import parse_moment
from versioner.query.versions.order import VersionOrder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models.events import RecordedChanges
    from versioner.query.commits.between import CommitDifference
    from versioner.query.matrix import CellState
    from versioner.registry.records import ProductRecord, Registry

__all__ = [
    "Difference",
    "EnvironmentAt",
    "InstanceDifference",
    "VersionStep",
    "commits_of_step",
    "diff",
    "difference_of",
    "differs_since",
    "instances_apart",
    "parse_environment_at",
    "step_between",
]


@dataclass(frozen=True, slots=True)
class EnvironmentAt:
    """One side of a comparison: an environment, now or at a moment (UTC text)."""

    environment: str
    at: str | None = None


class InstanceDifference(NamedTuple):
    """The versions that one instance runs on two sides, "" for none."""

    instance: str
    a: str
    b: str


class VersionStep(NamedTuple):
    """The step between the versions of two sides: the side with the newer one, and those between.

    `newer` is "" where a side has no version, or several. `between` are the versions between the
    two, oldest first, without either.
    """

    newer: Literal["a", "b", ""] = ""
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a product between two sides.

    `newer` is the side with the newer version, as `version_order` defines it, "" where one side
    has none. `between` are the versions between the two, oldest first, without either;
    `compare_url` shows the changes from the older to the newer, "" where the forge is unknown.
    Where a side is mixed there is no newer one. `instances` are the instances that differ; there
    are none where neither side has instances. `differs_since` is when the two environments began
    to differ without a break; it is "" where the sides are of different moments. `commits` are
    those by which the newer version differs from the older, None where they are not known.
    """

    product: str
    a: CellState
    b: CellState
    newer: Literal["a", "b", ""]
    between: tuple[str, ...]
    compare_url: str
    instances: tuple[InstanceDifference, ...] = ()
    differs_since: str = ""
    commits: CommitDifference | None = None


def parse_environment_at(text: str, now: str) -> EnvironmentAt:
    """Parse `production` or `production@2026-11-01` (a date, a time, or how long ago: `7d`)."""
    environment, at_sign, moment = text.partition("@")
    if not environment or (at_sign and not moment):
        raise InvalidInput(
            f'"{text[:80]}" names no environment and moment',
            field="environment",
            hint="write production, or production@2026-11-01",
        )
    return EnvironmentAt(environment, parse_moment(moment, now) if at_sign else None)


def diff(
    registry: Registry, a: EnvironmentAt, b: EnvironmentAt, *, now: str, product: str | None = None
) -> list[Difference]:
    """Return the products that run different versions on the two sides, by name.

    Raises NotFound for an unknown product or environment.
    """
    products = None if product is None else [product]
    left, right = (
        matrix(registry, now=now, at=side.at, products=products, environments=[side.environment])
        for side in (a, b)
    )
    found = []
    for one, other in zip(left.rows, right.rows, strict=True):
        cells = one.cells[0], other.cells[0]
        instances = instances_apart(*cells)
        if instances:
            record = registry.products[one.product]
            order = VersionOrder(record)
            step = step_between(order, cells[0].version, cells[1].version)
            since = _since(record, *cells, a.at) if a.at == b.at else ""
            url = _compare_url(registry, record, *cells, step.newer)
            commits = commits_of_step(record.recorded_changes, step, *cells)
            found.append(difference_of(*cells, instances, step, url, since, commits))
    return found


def difference_of(
    a: CellState,
    b: CellState,
    instances: tuple[InstanceDifference, ...],
    step: VersionStep,
    url: str,
    since: str,
    commits: CommitDifference | None = None,
) -> Difference:
    """Return the difference of two cells that do not agree on some instances."""
    return Difference(
        product=a.product,
        a=a,
        b=b,
        newer=step.newer,
        between=step.between,
        compare_url=url,
        instances=instances if a.instances or b.instances else (),
        differs_since=since,
        commits=commits,
    )


def commits_of_step(
    changes: Mapping[str, RecordedChanges], step: VersionStep, a: CellState, b: CellState
) -> CommitDifference | None:
    """Return the commits that would ship from the side with the newer version to the other one.

    `changes` are the lists of the product's versions. The result is None where the commits are not
    all known.
    """
    if not changes or not step.newer:
        return None
    old, new = (b, a) if step.newer == "a" else (a, b)
    return exact_difference(changes, old.version, new.version)


def step_between(order: VersionOrder, a: str, b: str) -> VersionStep:
    """Return the step between the versions of two sides, "" for none."""
    if not a or not b or a == b:
        return VersionStep()
    return VersionStep("a" if order.is_newer(a, b) else "b", tuple(order.between(a, b)))


def instances_apart(
    a: CellState | Running, b: CellState | Running
) -> tuple[InstanceDifference, ...]:
    """Return the instances that differ; the one "" for all where neither side has instances."""
    named = dict.fromkeys((*_names(a), *_names(b))) or {"": None}
    return tuple(
        InstanceDifference(name, a.version_on(name), b.version_on(name))
        for name in named
        if not _agrees(name, a, b)
    )


def differs_since(a: Sequence[Running], b: Sequence[Running]) -> str:
    """Return since when two courses differ without a break, "" where they agree at their end."""
    one, other, found = len(a), len(b), ""
    while one or other:
        mine, theirs = a[one - 1] if one else NOTHING, b[other - 1] if other else NOTHING
        if mine.instances or theirs.instances:
            is_apart = bool(instances_apart(mine, theirs))
        else:
            # Courses are long, and most cells have no instances.
            is_apart = mine.version != theirs.version
        if not is_apart:
            return found
        found = max(mine.at, theirs.at)
        one -= bool(one) and mine.at == found
        other -= bool(other) and theirs.at == found
    return found


def _since(record: ProductRecord, a: CellState, b: CellState, at: str | None) -> str:
    courses = [course_of(record, each.environment) for each in (a, b)]
    if at is not None:
        courses = [[each for each in course if each.at <= at] for course in courses]
    return differs_since(*courses)


def _compare_url(
    registry: Registry, record: ProductRecord, a: CellState, b: CellState, newer: str
) -> str:
    if not newer:
        return ""
    old, new = (b, a) if newer == "a" else (a, b)
    versions = record.versions
    return compare_url(registry, record, versions[old.version], versions[new.version])


def _agrees(name: str, a: CellState | Running, b: CellState | Running) -> bool:
    one, other = a.version_on(name), b.version_on(name)
    # The sides may have instances of their own, which then compare with any of the other side.
    if not _has(a, name):
        return not other or other in a.versions
    if not _has(b, name):
        return not one or one in b.versions
    return one == other


def _has(cell: CellState | Running, instance: str) -> bool:
    names = _names(cell)
    return not names or instance in names or "" in names


def _names(cell: CellState | Running) -> list[str]:
    return [each[0] if isinstance(each, tuple) else each.name for each in cell.instances]
