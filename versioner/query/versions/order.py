"""The order of a product's versions: by their numbers where both have some, else by time.

The numbers of two versions decide where both are written in the same way; a pre-release comes
before its release, as in Semantic Versioning. Any other two versions are in the order of their
times: when each was first built, or completed in any environment.
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, Final

from versioner.query.versions.numbers import version_number
from versioner.registry.fold.cell import result_at

if TYPE_CHECKING:
    from versioner.models import Cell, Version
    from versioner.query.versions.numbers import VersionNumber
    from versioner.registry.records import ProductRecord, Registry

__all__ = [
    "VersionOrder",
    "is_newer",
    "rolled_back_from",
    "rolled_back_near",
    "stage_of",
    "versions_between",
]

# The fewest digits that git shortens the id of a commit to.
_SHORT_COMMIT: Final = 7


class VersionOrder:
    """The order of a product's versions; the number and the time of each are found out once."""

    def __init__(self, record: ProductRecord) -> None:
        self._record = record
        self._numbers: dict[str, VersionNumber | None] = {}
        self._times: dict[str, tuple[str, str, str]] = {}

    def is_newer(self, one: str, other: str) -> bool:
        """Return whether one version is newer than another one."""
        return self._compare(one, other) > 0

    def between(self, one: str, other: str) -> list[str]:
        """Return the versions between two, oldest first, without either."""
        old, new = (other, one) if self._compare(one, other) > 0 else (one, other)
        compare = self._compare
        names = self._record.versions
        found = [each for each in names if compare(old, each) < 0 < compare(new, each)]
        numbers = [self._number(each) for each in found]
        if all(numbers) and len({each.way for each in numbers if each}) < 2:
            found.sort(key=cmp_to_key(compare))
        else:
            # Numbers that cannot all be compared give no order that holds for each pair.
            found.sort(key=self._time_key)
        return found

    def _compare(self, one: str, other: str) -> int:
        """Return -1, 0 or 1: one version is older than, the same as, or newer than another one."""
        mine = self._number(one)
        theirs = self._number(other) if mine else None
        if mine and theirs and mine.way == theirs.way:
            if mine.order != theirs.order:
                return -1 if mine.order < theirs.order else 1
            if mine.build_way == theirs.build_way and mine.build != theirs.build:
                return -1 if mine.build < theirs.build else 1
        first, second = self._time_key(one), self._time_key(other)
        return (first > second) - (first < second)

    def _number(self, name: str) -> VersionNumber | None:
        if name not in self._numbers:
            self._numbers[name] = _number(self._record.versions[name])
        return self._numbers[name]

    def _time_key(self, name: str) -> tuple[str, str, str]:
        found = self._times.get(name)
        if found is None:
            version = self._record.versions[name]
            found = self._times[name] = first_ready_at(version), version.at, name
        return found


def is_newer(record: ProductRecord, one: str, other: str) -> bool:
    """Return whether one version of a product is newer than another one."""
    return VersionOrder(record).is_newer(one, other)


def versions_between(record: ProductRecord, one: str, other: str) -> list[str]:
    """Return the versions between two of a product, oldest first, without either."""
    return VersionOrder(record).between(one, other)


def first_ready_at(version: Version) -> str:
    """Return when a version was first built or completed in any environment.

    It is the time of the first event of the version where neither ever happened.
    """
    built = [str(event["at"]) for event in version.builds if event["status"] == "completed"]
    completed = [
        result_at(each)
        for each in version.deployments
        if each.void is None and each.status == "completed"
    ]
    return min([*built, *completed], default=version.at)


def rolled_back_from(cell: Cell) -> set[str]:
    """Return the versions that were rolled back from in a cell, and did not return there since."""
    found: dict[str, set[str]] = {}  # by version: the instances
    for deployment in cell.completed:
        # Going forward again to a version that was rolled back from is a return.
        if deployment.instance:
            found.get(deployment.version, set()).discard(deployment.instance)
        else:
            found.pop(deployment.version, None)
        if deployment.kind == "rollback":
            found.setdefault(deployment.previous, set()).add(deployment.instance)
    return {version for version, instances in found.items() if instances}


def rolled_back_near(registry: Registry, record: ProductRecord, environment: str) -> dict[str, str]:
    """Return the versions that should not be deployed to an environment: why not, by version.

    Each was rolled back from in the environment, or in one of the same or a later stage; the
    value is the name of that environment.
    """
    stage = stage_of(registry, environment)
    names = [name for name in record.cells if stage_of(registry, name) >= stage]
    names.sort(key=lambda name: name != environment)
    found: dict[str, str] = {}
    for name in names:
        for version in rolled_back_from(record.cells[name]):
            found.setdefault(version, name)
    return found


def stage_of(registry: Registry, environment: str) -> int:
    """Return the place of an environment in the order of promotion."""
    return int(registry.environments.get(environment, {}).get("order", 0))


def _number(version: Version) -> VersionNumber | None:
    # A short commit id may consist of digits alone.
    if len(version.name) >= _SHORT_COMMIT and version.scm_sha.startswith(version.name):
        return None
    return version_number(version.name)
