"""What runs in a cell: the versions on its instances, and when it was last deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.models import Deployment, Instance

__all__ = [
    "RunningVersions",
    "instance_names",
    "last_deployed_at",
    "pending_instances",
    "place_text",
    "version_on",
]


class RunningVersions(Protocol):
    """What runs in a cell, as it is compared with another one."""

    @property
    def instances(self) -> Sequence[Instance]:
        """Return the states of the instances; none where there are none."""

    def version_on(self, instance: str) -> str:
        """Return the version on an instance, "" for none."""


def instance_names(*cells: RunningVersions) -> list[str]:
    """Return the instances by which cells are compared; "" stands for those not named."""
    named = dict.fromkeys(each.name for cell in cells for each in cell.instances)
    return [*named] if named else [""]


def pending_instances(
    lower: RunningVersions, upper: RunningVersions
) -> Iterator[tuple[str, str, str]]:
    """Yield the instances that run another version than the environment before: both versions.

    An environment without an instance of that name is compared by the one version that it runs.
    """
    for name in instance_names(upper) if upper.instances else instance_names(lower):
        here, there = lower.version_on(name), upper.version_on(name)
        if not here and not _has_instance(lower, name):
            here = _only_version(lower)
        if here and here != there:
            yield name, here, there


def _has_instance(cell: RunningVersions, name: str) -> bool:
    return not cell.instances or any(each.name in (name, "") for each in cell.instances)


def _only_version(cell: RunningVersions) -> str:
    versions = {each.version for each in cell.instances if each.version}
    return versions.pop() if len(versions) == 1 else ""


def version_on(instances: Sequence[Instance], name: str, whole: str) -> str:
    """Return the version on an instance of a cell, "" for none.

    The unnamed instance stands for those not named, and `whole` for all where none is.
    """
    if not instances:
        return whole
    states = {each.name: each.version for each in instances}
    return states[name] if name in states else states.get("", "")


def place_text(environment: str, instance: str) -> str:
    """Return an environment with the instance of it, where there is one: `production/eu`."""
    return f"{environment}/{instance}" if instance else environment


def last_deployed_at(deployments: Iterable[Deployment]) -> str:
    """Return when the latest deployment began, void ones left out; "" for never."""
    return max((each.at for each in deployments if each.void is None), default="")
