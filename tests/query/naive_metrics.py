"""The metrics counted a second time, slowly, from the words of their definitions alone.

A row is a deployment that ended: its cell, when it ended (seconds), what became of it, its version.
Rows are in the order in which they ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Row", "naive_metrics"]

SEVEN_DAYS = 7 * 24 * 3600
ONE_DAY = 24 * 3600


@dataclass(frozen=True)
class Row:
    cell: tuple[str, str]
    ended: int
    status: str
    version: str


def naive_metrics(
    rows: Sequence[Row],
    known_since: Mapping[tuple[str, str], tuple[int, str]],
    *,
    since: int,
    until: int,
    production: Sequence[str] = ("production",),
) -> dict[str, Any]:
    """Return the figures of the rows that ended in a period.

    `known_since` says of a product's version when it was first known, and by `build` or
    `deployment`.
    """
    by_cell: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_cell.setdefault(row.cell, []).append(row)
    count = rollbacks = redeployments = changes = failed = rework = 0
    leads: list[int] = []
    restored: list[int] = []
    for cell, rows_here in by_cell.items():
        here = History(rows_here)
        for place, row in enumerate(rows_here):
            if not since <= row.ended <= until:
                continue
            kind = here.kinds[place]
            count += kind in ("change", "rollback")
            rollbacks += kind == "rollback"
            redeployments += kind == "redeployment"
            changes += kind in ("change", "failed")
            if here.failures[place]:
                failed += 1
                restored += here.restoration(place)
            rework += kind == "change" and any(
                here.failures[earlier] and row.ended - rows_here[earlier].ended <= ONE_DAY
                for earlier in range(place)
            )
            if row.status == "completed" and cell[1] in production:
                leads += here.lead_time(place, known_since)
    return {
        "frequency": {"count": count, "rollbacks": rollbacks, "redeployments": redeployments},
        "lead_time": spread(leads),
        "change_failure_rate": {
            "failed": failed,
            "changes": changes,
            "rate": failed / changes if changes else None,
        },
        "time_to_restore": spread(restored),
        "rework": {"count": rework, "changes": changes},
    }


class History:
    """The rows of one cell; each answer is looked for among all of them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def completed_before(self, end: int) -> list[Row]:
        return [row for row in self.rows[:end] if row.status == "completed"]

    @cached_property
    def kinds(self) -> list[str]:
        return [self._kind(place) for place in range(len(self.rows))]

    def _kind(self, place: int) -> str:
        row = self.rows[place]
        if row.status != "completed":
            return row.status
        before = [each.version for each in self.completed_before(place)]
        if not before:
            return "change"
        ran = before[-1]
        if row.version == ran:
            return "redeployment"
        if row.version in before and before.index(row.version) < before.index(ran):
            return "rollback"
        return "change"

    @cached_property
    def rolled_back_from(self) -> list[bool]:
        """Return of each row whether its version was rolled back from within seven days."""
        return [self._rolled_back_from(place) for place in range(len(self.rows))]

    def _rolled_back_from(self, place: int) -> bool:
        row = self.rows[place]
        for later in range(place + 1, len(self.rows)):
            other = self.rows[later]
            if other.status == "completed" and other.version != row.version:
                soon = other.ended - row.ended <= SEVEN_DAYS
                return self.kinds[later] == "rollback" and soon
        return False

    @cached_property
    def failures(self) -> list[bool]:
        return [
            kind == "failed" or (kind == "change" and taken_back)
            for kind, taken_back in zip(self.kinds, self.rolled_back_from, strict=True)
        ]

    def restoration(self, place: int) -> list[int]:
        for later in range(place + 1, len(self.rows)):
            other = self.rows[later]
            if other.status == "completed" and not self.rolled_back_from[later]:
                return [other.ended - self.rows[place].ended]
        return []

    def lead_time(
        self, place: int, known_since: Mapping[tuple[str, str], tuple[int, str]]
    ) -> list[int]:
        row = self.rows[place]
        if any(each.version == row.version for each in self.completed_before(place)):
            return []
        known, by = known_since[row.cell[0], row.version]
        seconds = row.ended - known
        return [] if seconds < 0 or (seconds == 0 and by == "deployment") else [seconds]


def spread(values: list[int]) -> dict[str, Any]:
    values = sorted(values)
    parts = (("q1_seconds", 1), ("median_seconds", 2), ("q3_seconds", 3))
    found = {name: quartile(values, part) for name, part in parts}
    return {"n": len(values), **found}


def quartile(values: list[int], part: int) -> float | None:
    if not values:
        return None
    # In quarters of a step, so that all but the last division is of whole numbers.
    whole, quarters = divmod(part * (len(values) - 1), 4)
    if not quarters:
        return values[whole]
    exact = 4 * values[whole] + quarters * (values[whole + 1] - values[whole])
    return exact // 4 if exact % 4 == 0 else exact / 4
