"""What is recorded to run in a cell, and what was observed there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from versioner.query.observed import RecordedState, observed_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import Event
    from versioner.query.matrix import CellState
    from versioner.query.observed import ObservationKey

__all__ = ["recorded_states", "with_observed"]


def recorded_states(state: CellState) -> dict[str, RecordedState]:
    """Return what is recorded by instance; "" is the whole environment."""
    running = state.in_progress
    return {
        "": RecordedState(
            versions=(state.version,) if state.version else (),
            since=state.since,
            opening=frozenset((running.version,)) if running is not None else frozenset(),
        )
    }


def with_observed(
    state: CellState, seen: Mapping[ObservationKey, Sequence[Event]] | None
) -> CellState:
    """Return the state of a cell with what was observed there."""
    if not seen:
        return state
    found = observed_states(seen, state.environment, recorded_states(state))
    return replace(state, observed=found) if found else state
