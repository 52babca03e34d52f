"""What is recorded to run in a cell, for a comparison with what was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.query.observed import RecordedState
from versioner.registry.fold import result_at

if TYPE_CHECKING:
    from versioner.models import Cell

__all__ = ["recorded_states"]


def recorded_states(cell: Cell) -> dict[str, RecordedState]:
    """Return what is recorded by instance; "" is the whole environment."""
    current = cell.current
    return {
        "": RecordedState(
            versions=(current.version,) if current is not None else (),
            since=result_at(current) if current is not None else "",
            opening=frozenset(each.version for each in cell.open),
        )
    }
