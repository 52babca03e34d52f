"""Which environments the overview shows at first: those where deployments still happen.

An environment that was left years ago makes every product seem to drift. It is not hidden for
good: the page says what is left out and why, and shows it on demand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.query.times import seconds_between
from versioner.site.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.registry.records import ProductRecord, Registry

__all__ = ["SILENT_AFTER", "LeftOut", "columns_of", "is_silent"]

# In seconds. What saw no deployment for so long is called silent.
SILENT_AFTER: Final = 365 * 24 * 3600
# An environment shows when at least one in so many of the living products was deployed there.
_ONE_IN: Final = 10


class LeftOut(NamedTuple):
    """Name an environment that is not shown at first, and say why."""

    environment: str
    why: str


def columns_of(
    registry: Registry, environments: Sequence[str], now: str
) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
    """Return the environments to show at first, and the others; all where none is alive."""
    latest = {name: _latest(record, now) for name, record in registry.products.items()}
    living = [places for places in latest.values() if places]
    alive = {name: sum(name in places for places in living) for name in environments}
    shown = tuple(name for name in environments if alive[name] * _ONE_IN >= max(1, len(living)))
    if not shown:
        return tuple(environments), ()
    left_out = [name for name in environments if name not in shown]
    return shown, tuple(LeftOut(name, _why(alive[name], len(living))) for name in left_out)


def is_silent(at: str, now: str) -> bool:
    """Tell whether the last deployment was so long ago (or never: `""`) that it is silence."""
    return not at or seconds_between(at, now) > SILENT_AFTER


def _latest(record: ProductRecord, now: str) -> set[str]:
    """Return the environments where a product was deployed to within the last year."""
    return {
        name
        for name, cell in record.cells.items()
        if cell.latest is not None and not is_silent(cell.latest.changed_at, now)
    }


def _why(alive: int, living: int) -> str:
    if not alive:
        return "nothing was deployed there in the last year"
    return f"only {count(alive, 'product')} of {living} deployed there in the last year"
