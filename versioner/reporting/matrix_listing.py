"""The report of `status` as rows of a table: one for each product in each environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.reporting.delimited import Listing
from versioner.reporting.matrix import cell_document

if TYPE_CHECKING:
    from versioner.query.matrix import Matrix

__all__ = ["matrix_listing"]

_COLUMNS: Final = (
    "product",
    "environment",
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
    """Return the cells of the matrix where something was deployed, with those beside them."""
    rows = [
        {
            "product": row.product,
            "environment": cell.environment,
            **cell_document(cell),
            "drifting": row.drifting,
        }
        for row in matrix.rows
        for cell in row.cells
        if cell.version or cell.status
    ]
    others = [f"{other}.{key}" for other in _OTHERS for key in _OF_OTHERS]
    return Listing([*_COLUMNS, *others], rows)
