"""What is at a moment, which the reports of several periods have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.query.lag import lag_policy, lags_of
from versioner.query.today.closed import closed_windows

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.query.lag import Lag
    from versioner.query.matrix import CellState
    from versioner.query.today.closed import ClosedWindow
    from versioner.query.today.model import TodaySource

__all__ = ["CellStates", "Standing", "standing_of"]

# By product and environment.
CellStates = dict[tuple[str, str], "CellState"]


class Standing(NamedTuple):
    """What is at a moment, whatever period is reported: it is found out once for several reports.

    `wanted` are the products that are looked at, `states` those of their cells, `latest_at` when
    something last ended in one.
    """

    wanted: Collection[str]
    states: CellStates
    lags: tuple[Lag, ...]
    closed: tuple[ClosedWindow, ...]
    latest_at: str


def standing_of(
    source: TodaySource, *, now: str, products: Collection[str] | None = None
) -> Standing:
    """Return what is now; `products` are those that are looked at, None for all."""
    registry = source.registry
    wanted = registry.products.keys() if products is None else set(products)
    states = _states(source, wanted)
    lags = lags_of(
        registry, source.matrix, lag_policy(registry), now=now, requests=source.requests(),
        hidden=source.hidden, record_of=source.record,
    )  # fmt: skip
    return Standing(
        wanted,
        states,
        tuple(each for each in lags if each.product in wanted),
        tuple(closed_windows(registry, wanted, now)),
        max(map(_latest_at, states.values()), default=""),
    )


def _states(source: TodaySource, wanted: Collection[str]) -> CellStates:
    return {
        (row.product, cell.environment): cell
        for row in source.matrix.rows
        if row.product in wanted
        for cell in row.cells
    }


def _latest_at(state: CellState) -> str:
    """Return when something last ended in a cell, as far as it says so."""
    found = (each.changed_at for each in (state.deployment, state.failed_last) if each is not None)
    current = (each.current.changed_at for each in state.instances if each.current is not None)
    return max(state.since, *found, *current, "")
