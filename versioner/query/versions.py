"""Versions of a product: what was built, and where each one runs and ran."""

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
    "show_version",
    "stays",
]


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """Say where a version runs now, and when it was last deployed ("" for never)."""

    version: Version
    running_in: tuple[str, ...]
    deployed_at: str


@dataclass(frozen=True, slots=True)
class RunningPeriod:
    """Say that a version was current in an environment from `since` until `until` ("": still)."""

    environment: str
    version: str
    since: str
    until: str
    deployment: Deployment


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """Hold a version and its stays, newest first; those that last have no end."""

    version: Version
    stays: tuple[RunningPeriod, ...]

    @property
    def running_in(self) -> tuple[str, ...]:
        """Return the environments where the version is current."""
        return tuple(stay.environment for stay in self.stays if not stay.until)


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
    own = [each for each in stays(record) if each.version == name]
    return VersionDetail(record.versions[name], tuple(own))


def stays(record: ProductRecord) -> list[RunningPeriod]:
    """Return which version was current where and for how long, newest first.

    A redeployment goes on with the stay of the version that is there.
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
    return sorted(found, key=lambda stay: stay.since, reverse=True)
