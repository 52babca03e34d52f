"""What the results in a cell say of now: when each instance was settled, and what failed last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.models import CellResults
from versioner.registry.fold.cell import result_at

if TYPE_CHECKING:
    from versioner.models import Cell, Deployment

__all__ = ["is_later", "results_of"]


def results_of(cell: Cell) -> CellResults:
    """Return the results of a cell: those that the index has of it, or those of its deployments."""
    return cell.results if cell.results is not None else _results(cell)


def is_later(deployment: Deployment, settled: dict[str, str]) -> bool:
    """Return whether nothing completed after a deployment where it was."""
    at = deployment.changed_at if deployment.is_open else result_at(deployment)
    return all(at >= settled.get(name, "") for name in {"", deployment.instance})


def _results(cell: Cell) -> CellResults:
    settled: dict[str, str] = {}
    times = [(each.instance, result_at(each)) for each in cell.completed]
    times += [(each.instance, each.at) for each in cell.undeployments if each.has_effect]
    for instance, at in times:
        settled[instance] = max(at, settled.get(instance, ""))
    failed = [
        each
        for each in cell.deployments
        if each.void is None and each.status in ("failed", "aborted") and is_later(each, settled)
    ]
    return CellResults(settled, max(failed, key=result_at, default=None))
