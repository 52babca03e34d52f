"""The versions of a product, and the environments where each runs and ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from versioner.errors import InvalidInput, NotFound
from versioner.query.derived.running_versions import last_deployed_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import RunningPeriod, Version
    from versioner.models.governance import Decision
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import ProductRecord

__all__ = [
    "VersionDetail",
    "VersionSummary",
    "find_in_index",
    "find_versions",
    "list_versions",
    "running_periods",
    "show_version",
]


# As many as the short form of a commit has.
_FEWEST_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A version, the environments where it runs, and when it was last deployed ("" for never)."""

    version: Version
    running_in: tuple[str, ...]
    deployed_at: str


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """A version, the periods in which it ran, newest first, and the decisions about it in order."""

    version: Version
    periods: tuple[RunningPeriod, ...]
    decisions: tuple[Decision, ...] = ()

    @property
    def running_in(self) -> tuple[str, ...]:
        """Return the environments where the version is current."""
        running = (each.environment for each in self.periods if not each.until)
        return tuple(dict.fromkeys(running))


def list_versions(record: ProductRecord, limit: int | None = None) -> list[VersionSummary]:
    """Return a product's versions, the one first seen last first."""
    running: dict[str, list[str]] = {}
    for name, cell in record.cells.items():
        for version in cell.versions:
            running.setdefault(version, []).append(name)
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
    decisions = tuple(each for each in record.decisions if each.version == name)
    return VersionDetail(record.versions[name], tuple(own), decisions)


def find_versions(records: Iterable[ProductRecord], text: str) -> list[VersionSummary]:
    """Return the versions with an artifact or a commit whose digits begin with a text.

    The text may be a digest (`sha256:...`), the end of an image reference, or the digits alone.
    The versions are in order of product, newest first. Raises InvalidInput for another text.
    """
    wanted = _digits(text)
    return [
        summary
        for record in records
        for summary in list_versions(record)
        if _has_digits(summary.version, wanted)
    ]


def find_in_index(index: RegistryIndex, text: str) -> list[VersionSummary]:
    """Return what `find_versions` returns; only products that have such a version are read."""
    names = dict.fromkeys(each.product for each in index.find_source(_digits(text)))
    return find_versions(map(index.product, names), text)


def _digits(text: str) -> str:
    digits = text.strip().lower().rpartition("@")[2].rpartition(":")[2]
    if len(digits) < _FEWEST_DIGITS or set(digits) - set("0123456789abcdef"):
        raise InvalidInput(
            f'"{text[:60]}" is not a digest or commit',
            field="digest",
            hint=f"give at least {_FEWEST_DIGITS} hexadecimal digits, with or without sha256:",
        )
    return digits


def _has_digits(version: Version, digits: str) -> bool:
    sha = version.scm_sha
    known = [digest.partition(":")[2] for digest in version.artifacts.values()]
    # The recorded commit may be the shorter of the two.
    is_short = len(sha) >= _FEWEST_DIGITS and digits.startswith(sha)
    return is_short or any(each.startswith(digits) for each in (*known, sha))


def running_periods(record: ProductRecord) -> list[RunningPeriod]:
    """Return the periods in which each version was current on an instance, newest first.

    A redeployment continues the period of the version.
    """
    found = [period for cell in record.cells.values() for period in reversed(cell.periods)]
    return sorted(found, key=lambda period: period.since, reverse=True)
