"""The report of `status` as rows of a table: one for each product in each environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.delimited import Listing
from versioner.reporting.matrix import cell_document

if TYPE_CHECKING:
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
    "rollback",
    "drifting",
)
_OTHERS: Final = ("in_progress", "no_result", "failed_last")
_OF_OTHERS: Final = ("deployment", "version", "status", "at", "changed_at")


def matrix_listing(matrix: Matrix) -> Listing:
    """Return the cells of the matrix where something was deployed, with those beside them.

    A cell with instances is a row for each of them.
    """
    rows = [
        {
            "product": row.product,
            "environment": cell.environment,
            **document,
            "drifting": row.drifting,
        }
        for row in matrix.rows
        for cell in row.cells
        if cell.versions or cell.status
        for document in _documents(cell)
    ]
    others = [f"{other}.{key}" for other in _OTHERS for key in _OF_OTHERS]
    return Listing([*_COLUMNS, *others], rows)


def _documents(cell: CellState) -> list[dict[str, Any]]:
    whole = cell_document(cell)
    return [{**whole, **each} for each in whole["instances"]] or [whole]
