"""Fold the results of a cell whose events name no instance, and where nothing was removed.

Nearly all cells are of this kind. The result is that of `fold_instances.py`, in less time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.models import RunningPeriod
from versioner.registry.fold.cell import result_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Cell, Deployment

__all__ = ["fold_whole"]


def fold_whole(cell: Cell, deployments: Sequence[Deployment]) -> None:
    """Set the state of a cell and the kind of each deployment; they are in order of result."""
    firsts: dict[str, int] = {}  # by version: its first completion
    last = ""
    for position, deployment in enumerate(deployments):
        deployment.previous = last
        if deployment.status != "completed":
            continue
        version, at = deployment.version, result_at(deployment)
        cell.completed.append(deployment)
        if version == last:
            deployment.kind = "redeployment"
            cell.redeployed_at = at if at != cell.since else ""
            continue
        first = firsts.setdefault(version, position)
        if first != position:
            deployment.kind = "rollback" if first < firsts[last] else "return"
        if cell.periods:
            cell.periods[-1].until = at
        cell.periods.append(RunningPeriod(cell.environment, version, at, "", deployment))
        cell.since, cell.redeployed_at = at, ""
        last = version
    cell.current = cell.completed[-1] if cell.completed else None
