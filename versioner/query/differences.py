"""The differences between two environments, or between two moments of one.

Whether a product drifts is decided by `is_drifting` in `derived/drift.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner.errors import InvalidInput
from versioner.query.derived.running_versions import instance_names
from versioner.query.matrix import matrix
from versioner.query.source_links import compare_url
from versioner.query.times import parse_moment
from versioner.query.version_order import is_newer, versions_between

if TYPE_CHECKING:
    from versioner.query.matrix import CellState
    from versioner.registry.records import Registry

__all__ = ["Difference", "EnvironmentAt", "InstanceDifference", "diff", "parse_environment_at"]


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


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a product between two sides.

    `newer` is the side with the newer version, as `version_order` defines it, "" where one side
    has none. `between` are the versions between the two, oldest first, without either;
    `compare_url` shows the changes from the older to the newer, "" where the forge is unknown.
    Where a side is mixed there is no newer one. `instances` are the instances that differ; there
    are none where neither side has instances.
    """

    product: str
    a: CellState
    b: CellState
    newer: Literal["a", "b", ""]
    between: tuple[str, ...]
    compare_url: str
    instances: tuple[InstanceDifference, ...] = ()


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
    pairs = zip(left.rows, right.rows, strict=True)
    return [
        _difference(registry, one.cells[0], other.cells[0], instances)
        for one, other in pairs
        if (instances := _instances(one.cells[0], other.cells[0]))
    ]


def _instances(a: CellState, b: CellState) -> tuple[InstanceDifference, ...]:
    """Return the instances that differ; the one "" for all where neither side has instances."""
    return tuple(
        InstanceDifference(name, a.version_on(name), b.version_on(name))
        for name in instance_names(a, b)
        if not _agrees(name, a, b)
    )


def _agrees(name: str, a: CellState, b: CellState) -> bool:
    one, other = a.version_on(name), b.version_on(name)
    # The sides may have instances of their own, which then compare with any of the other side.
    if not _has(a, name):
        return not other or other in a.versions
    if not _has(b, name):
        return not one or one in b.versions
    return one == other


def _has(cell: CellState, instance: str) -> bool:
    return not cell.instances or any(each.name in (instance, "") for each in cell.instances)


def _difference(
    registry: Registry, a: CellState, b: CellState, found: tuple[InstanceDifference, ...]
) -> Difference:
    instances = found if a.instances or b.instances else ()
    if not a.version or not b.version or a.version == b.version:
        return Difference(a.product, a, b, "", (), "", instances)
    record = registry.products[a.product]
    newer: Literal["a", "b"] = "a" if is_newer(record, a.version, b.version) else "b"
    old, new = (b, a) if newer == "a" else (a, b)
    return Difference(
        product=a.product,
        a=a,
        b=b,
        newer=newer,
        between=tuple(versions_between(record, old.version, new.version)),
        compare_url=compare_url(
            registry, record, record.versions[old.version], record.versions[new.version]
        ),
        instances=instances,
    )
