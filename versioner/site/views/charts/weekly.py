"""The picture of deployments a week by outcome, with its numbers as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.charts.bars import stacked_bars
from versioner.site.charts.scales import number_text
from versioner.site.views.charts.marks import cross, triangle
from versioner.site.weeks import week_of, weeks_until
from versioner.site.wording import count, day_text, month_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.query.metrics.summary import Tally
    from versioner.site.views.parts.layout import View

__all__ = ["weekly_chart"]

_STEP: Final = 13
_BAR: Final = 9
_TOP: Final = 22
_BOTTOM: Final = 140
_HEIGHT: Final = 160
# The room for the numbers of the axis, on the right: where a narrow screen shows the latest weeks.
_AXIS: Final = 38
# The outcomes from the bottom of a column to its top: class, words, and the kinds that they count.
_OUTCOMES: Final = (
    ("completed", "completed", ("change", "redeployment")),
    ("rollback", "rolled back", ("rollback",)),
    ("aborted", "aborted", ("aborted",)),
    ("failed", "failed", ("failed",)),
)


def weekly_chart(
    days: Mapping[str, Tally], until: str, weeks: int, *, name: str = "weekly"
) -> View:
    """Return the view of the macro `weekly_bars`: the weeks up to that of a time.

    `days` has by day what ended. `name` begins the ids of the picture on its page.
    """
    mondays = weeks_until(until, weeks)
    columns = _columns(days, mondays)
    totals = [sum(column[part] for column in columns) for part in range(len(_OUTCOMES))]
    bars = stacked_bars(columns, step=_STEP, bar=_BAR, top=_TOP, bottom=_BOTTOM)
    shown = [part for part, total in enumerate(totals) if total]
    marked = [(bars.tops[n], n, column) for n, column in enumerate(columns)]
    width = len(mondays) * _STEP
    return {
        "name": name,
        "width": width + _AXIS,
        "height": _HEIGHT,
        "plot": width,
        "bottom": _BOTTOM,
        "grid": [tick._asdict() for tick in bars.ticks],
        "months": _months(mondays),
        "series": [{"outcome": _OUTCOMES[part][0], "d": bars.paths[part]} for part in shown],
        "crosses": "".join(cross(_middle(n), y - 6) for y, n, column in marked if column[3]),
        "triangles": "".join(
            triangle(_middle(n), y - (15 if column[3] else 6))
            for y, n, column in marked
            if column[1]
        ),
        "hover": [
            {"x": number * _STEP, "text": _told(monday, columns[number])}
            for number, monday in enumerate(mondays)
            if any(columns[number])
        ],
        "step": _STEP,
        "legend": [
            {"outcome": _OUTCOMES[part][0], "text": f"{totals[part]:,} {_OUTCOMES[part][1]}"}
            for part in shown
        ],
        "weeks": len(mondays),
        "total": count(sum(totals), "deployment"),
        "since": day_text(mondays[0]) if mondays else "",
        "until": day_text(mondays[-1]) if mondays else "",
        "heads": [_OUTCOMES[part][1].capitalize() for part in shown],
        "rows": [
            {"week": day_text(monday), "numbers": [f"{column[part]:,}" for part in shown]}
            for monday, column in zip(reversed(mondays), reversed(columns), strict=True)
            if any(column)
        ],
    }


def _columns(days: Mapping[str, Tally], mondays: Sequence[str]) -> list[list[int]]:
    weeks = {monday: [0] * len(_OUTCOMES) for monday in mondays}
    for day, tally in days.items():
        column = weeks.get(week_of(day))
        if column is not None:
            for part, (_, _, kinds) in enumerate(_OUTCOMES):
                column[part] += sum(tally.kinds[kind] for kind in kinds)
    return list(weeks.values())


def _middle(number: int) -> float:
    return number * _STEP + _STEP / 2


def _months(mondays: Sequence[str]) -> list[View]:
    """Return the names of months below their first weeks; the first of a year has the year."""
    found = []
    for number, monday in enumerate(mondays):
        is_first = monday[8:] <= "07"
        # A name needs the room of three weeks.
        if is_first and number <= len(mondays) - 3:
            name = month_text(monday)
            text = name[-4:] if monday[5:7] == "01" else name[:3]
            found.append({"x": number_text(number * _STEP + 2), "text": text})
    return found


def _told(monday: str, column: Sequence[int]) -> str:
    parts = [
        f"{number:,} {words}"
        for number, (_, words, _) in zip(column, _OUTCOMES, strict=True)
        if number
    ]
    return f"Week of {day_text(monday)}: {', '.join(parts)}"
