"""The versions of a product, and the environments where each runs and ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from versioner.errors import NotFound
from versioner.query.selectors import last_deployed_at
from versioner.registry.fold import result_at

if TYPE_CHECKING:
    from versioner.models import Deployment, Version
    from versioner.registry.records import ProductRecord

__all__ = [
    "RunningPeriod",
    "VersionDetail",
    "VersionSummary",
    "list_versions",
    "running_periods",
    "show_version",
]


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A version, the environments where it runs, and when it was last deployed ("" for never)."""

    version: Version
    running_in: tuple[str, ...]
    deployed_at: str


@dataclass(frozen=True, slots=True)
class RunningPeriod:
    """A period in which a version was current in an environment (`until` is "" if it still is)."""

    environment: str
    version: str
    since: str
    until: str
    deployment: Deployment


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """A version and the periods in which it ran, newest first."""

    version: Version
    periods: tuple[RunningPeriod, ...]

    @property
    def running_in(self) -> tuple[str, ...]:
        """Return the environments where the version is current."""
        return tuple(period.environment for period in self.periods if not period.until)


def list_versions(record: ProductRecord, limit: int | None = None) -> list[VersionSummary]:
    """Return a product's versions, the one first seen last first."""
    running: dict[str, list[str]] = {}
    for name, cell in record.cells.items():
        if cell.current is not None:
            running.setdefault(cell.current.version, []).append(name)
    versions = list(reversed(record.versions.values()))[:limit]
    return [
        VersionSummary(each, tuple(running.get(each.name, ())), last_deployed_at(each.deployments))
        for each in versions
    ]


def show_version(record: ProductRecord, name: str) -> VersionDetail:
    """Return one version with where it runs and ran; raise NotFound with the nearest names."""
    if name not in record.versions:
        from versioner.names import nearest

        near = nearest(name, record.versions)
        raise NotFound(
            f'{record.name} has no version "{name[:128]}"',
            hint=f"did you mean {', '.join(near)}?"
            if near
            else f"see `versioner version list {record.name}`",
        )
    own = [each for each in running_periods(record) if each.version == name]
    return VersionDetail(record.versions[name], tuple(own))


def running_periods(record: ProductRecord) -> list[RunningPeriod]:
    """Return the periods in which each version was current, newest first.

    A redeployment continues the period of the version.
    """
    found: list[RunningPeriod] = []
    for name, cell in record.cells.items():
        until = ""
        for deployment in reversed(cell.completed):
            if deployment.kind == "redeployment":
                continue
            since = result_at(deployment)
            found.append(RunningPeriod(name, deployment.version, since, until, deployment))
            until = since
    return sorted(found, key=lambda period: period.since, reverse=True)
