"""The report of `status` as rows of a table: one for each product in each environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.times.text import seconds_between
from versioner.reporting.delimited import Listing
from versioner.reporting.query.status import cell_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.query.matrix import CellState, Matrix

__all__ = ["matrix_listing"]

_COLUMNS: Final = (
    "product",
    "environment",
    "instance",
    "version",
    "status",
    "since",
    "age_seconds",
    "deployment",
    "redeployed_at",
    "rollback",
    "mixed",
    "drifting",
)
_OTHERS: Final = ("in_progress", "no_result", "failed_last")
_OF_OTHERS: Final = ("deployment", "version", "status", "at", "changed_at")


def matrix_listing(matrix: Matrix) -> Listing:
    """Return the cells of the matrix where something was deployed, with those beside them.

    A cell with instances has a row for each of them.
    """
    rows = [
        {"product": row.product, "environment": cell.environment, "drifting": row.drifting, **part}
        for row in matrix.rows
        for cell in row.cells
        if cell.versions or cell.status
        for part in _parts(cell, matrix.at)
    ]
    others = [f"{other}.{key}" for other in _OTHERS for key in _OF_OTHERS]
    return Listing([*_COLUMNS, *others, "observed"], rows)


def _parts(cell: CellState, at: str) -> Iterator[dict[str, Any]]:
    document = cell_document(cell)
    if not document["instances"]:
        yield document
    for instance in document["instances"]:
        since = instance["since"]
        age = max(0, seconds_between(since, at)) if since else None
        yield {**document, **instance, "age_seconds": age}
