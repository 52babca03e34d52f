"""Lanes: what ran from when to when, with the moments of rollbacks and failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.site.charts.scales import number_text as n

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Lane", "Moment", "Run", "distinguishable", "lane"]

_TOP = 3
_HEIGHT = 10
# Below this width a run cannot be seen, so that it is drawn as a line of this width.
_LEAST = 1.0


class Moment(NamedTuple):
    """A change of what runs in a lane, or a failure, at a time in seconds.

    `version` runs from then on, "" for nothing; None where what ran goes on: a failure.
    """

    at: int
    version: str | None
    is_rollback: bool = False


class Run(NamedTuple):
    """A version that ran from one time to another, None where that is outside the picture."""

    version: str
    since: int | None
    until: int | None
    d: str
    x: float


class Lane(NamedTuple):
    """The runs of a lane, and where rollbacks and failures are marked."""

    runs: list[Run]
    rollbacks: list[float]
    failures: list[float]


def lane(moments: Sequence[Moment], before: str, start: int, end: int, width: int) -> Lane:
    """Return a lane from one time to another; `before` ran at the start, "" for nothing.

    The moments are in order; those outside the picture are left out.
    """
    scale = width / max(1, end - start)
    found = Lane([], [], [])
    version, since, known = before, start, None

    def close(until: int, told: int | None) -> None:
        if version:
            x = (since - start) * scale
            # A gap of one unit divides runs.
            wide = max((until - since) * scale - (told is not None), _LEAST)
            path = f"M{n(x)} {_TOP}h{n(wide)}v{_HEIGHT}h-{n(wide)}z"
            found.runs.append(Run(version, known, told, path, x))

    for moment in moments:
        if not start <= moment.at <= end:
            continue
        x = (moment.at - start) * scale
        if moment.version is None:
            found.failures.append(x)
            continue
        if moment.is_rollback:
            found.rollbacks.append(x)
        if moment.version != version:
            close(moment.at, moment.at)
            version, since, known = moment.version, moment.at, moment.at
    close(end, None)
    return found


def distinguishable(places: Sequence[float], least: float = 1) -> list[int]:
    """Return the indexes of places that are at least `least` apart; `places` are in order."""
    found: list[int] = []
    for index, place in enumerate(places):
        if not found or place - places[found[-1]] >= least:
            found.append(index)
    return found
