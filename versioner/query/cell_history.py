"""The course of a cell: what ran in it from when on, as `status --at` says it of each moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.models import Cell, Undeployment
from versioner.registry.event_order import OPENING
from versioner.registry.fold.cell import result_at
from versioner.registry.fold.instances import InstanceFold
from versioner.registry.fold.product import fold_product

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Deployment
    from versioner.registry.records import ProductRecord

__all__ = ["NOTHING", "Running", "course_of", "running_in"]


class Running(NamedTuple):
    """What runs in a cell from a moment on, until the next one of its course.

    `version` is that of a cell without instances, "" for none. `instances` are the names and
    versions of the instances that are known by then; the name "" stands for the others.
    """

    at: str
    version: str
    instances: tuple[tuple[str, str], ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """Return the versions that run, each once."""
        if not self.instances:
            return (self.version,) if self.version else ()
        return tuple(dict.fromkeys(version for _, version in self.instances if version))

    def version_on(self, name: str) -> str:
        """Return the version on an instance; the unnamed one stands for those not named."""
        if not self.instances:
            return self.version
        states = dict(self.instances)
        return states[name] if name in states else states.get("", "")


# What runs before anything was deployed.
NOTHING: Final = Running("", "")


def running_in(cell: Cell, at: str = "") -> Running:
    """Return what runs in a cell now, as it is told from a moment on."""
    instances = tuple((each.name, each.version) for each in cell.instances)
    version = cell.current.version if cell.current is not None and not instances else ""
    return Running(at, version, instances)


def course_of(record: ProductRecord, environment: str) -> list[Running]:
    """Return the course of a cell, oldest first; of each second, only what runs at its end."""
    cell = record.cell(environment)
    several = [each for each in cell.deployments if len(each.events) > 1 and each.void is None]
    if any(_closings(each) > 1 for each in several):
        steps = _by_folding(record, environment)
    elif cell.instances:
        steps = _of_instances(cell, record.listed.get(environment, ()))
    else:
        steps = _of_periods(cell)
    found: list[Running] = []
    for each in steps:
        if found and found[-1].at == each.at:
            found.pop()
        if each[1:] != (found[-1][1:] if found else ("", ())):
            found.append(each)
    return found


def _closings(deployment: Deployment) -> int:
    return sum(each["status"] not in OPENING for each in deployment.events)


def _of_periods(cell: Cell) -> Iterator[Running]:
    for place, period in enumerate(cell.periods, 1):
        begun = cell.periods[place].since if place < len(cell.periods) else ""
        yield Running(period.since, period.version)
        # Where the next period begins, nothing stops to run.
        if period.until and period.until != begun:
            yield Running(period.until, "")


def _of_instances(cell: Cell, listed: Sequence[str]) -> Iterator[Running]:
    """Yield what runs after each step, of which the cell has the results."""
    steps: list[tuple[str, int, Deployment | Undeployment]] = [
        *((result_at(each), 1, each) for each in cell.completed),
        *((each.at, 0, each) for each in cell.undeployments if each.void is None),
    ]
    steps.sort(key=lambda each: each[:2])
    # An instance is known from its first event on, also one that opens a deployment or fails.
    first: dict[str, str] = {}
    rows: list[Deployment | Undeployment] = [*cell.deployments, *cell.undeployments]
    for row in rows:
        if row.instance and row.void is None:
            first[row.instance] = min(row.at, first.get(row.instance, row.at))
    moments = sorted({*(at for at, _, _ in steps), *first.values()})
    again = Cell(cell.product, cell.environment, [])
    fold = InstanceFold(again, listed)
    position = 0
    for moment in moments:
        while position < len(steps) and steps[position][0] <= moment:
            step = steps[position][2]
            if isinstance(step, Undeployment):
                fold.remove(step)
            else:
                fold.place(step)
            position += 1
        fold.finish({name for name, at in first.items() if at <= moment})
        yield running_in(again, moment)
        again.instances = []


def _by_folding(record: ProductRecord, environment: str) -> Iterator[Running]:
    """Yield what runs at each moment by folding the events up to it.

    Where a deployment has several results, the last one counts, but only from then on.
    """
    own = [each for each in record.deployment_events if each.get("environment") == environment]
    voids = [each for each in record.deployment_events if "voids" in each]
    for moment in sorted({str(each["at"]) for each in own}):
        until = [each for each in own if each["at"] <= moment]
        cell = fold_product(record.name, [*until, *voids], record.listed)[1][environment]
        yield running_in(cell, moment)
