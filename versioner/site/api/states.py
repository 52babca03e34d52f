"""What runs in a cell, as the API's documents hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.api.deployments import Document, deployment_page

if TYPE_CHECKING:
    from versioner.query.matrix import CellState
    from versioner.site.context import Atlas

__all__ = ["state_of"]


def state_of(atlas: Atlas, state: CellState) -> Document:
    """Return what runs in a cell, and what is beside it."""
    current = state.deployment
    return {
        "product": state.product,
        "environment": state.environment,
        "version": state.version,
        "since": state.since,
        "status": state.status,
        "rollback": current is not None and current.kind == "rollback",
        "page": deployment_page(atlas, current) if current is not None else "",
        "beside": _beside(atlas, state),
    }


def _beside(atlas: Atlas, state: CellState) -> list[Document]:
    found = (
        (state.failed_last, ""),
        (state.in_progress, ""),
        (state.no_result, "no result"),
    )
    return [
        {
            "status": word or deployment.status,
            "version": deployment.version,
            "at": deployment.changed_at,
            "page": deployment_page(atlas, deployment),
        }
        for deployment, word in found
        if deployment is not None
    ]
