"""The pictures of the Metrics page beside the weeks: the calendar, lead times; and sparklines."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from versioner.site.charts.bars import stacked_bars
from versioner.site.charts.days import SHADES, cell, shades
from versioner.site.charts.scales import number_text
from versioner.site.charts.spread import BOUNDS, spread_counts
from versioner.site.weeks import weeks_until
from versioner.site.wording import count, day_text, month_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.query.metrics.summary import Tally
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["calendar_chart", "lead_time_chart", "sparkline"]

_WEEKS: Final = 52
_STEP: Final = 13
_SIZE: Final = 11
_TOP: Final = 16
_SPARK_WEEKS: Final = 26


def calendar_chart(days: Mapping[str, Tally], until: str) -> View:
    """Return the view of the macro `day_calendar`: 52 weeks up to that of a time, by day."""
    mondays = weeks_until(until, _WEEKS)
    grid = [(column, row, _day(monday, row)) for column, monday in enumerate(mondays)
            for row in range(7)]  # fmt: skip
    numbers = [days[day].total if day in days else 0 for _, _, day in grid]
    levels = shades(numbers)
    paths = [""] * (SHADES + 1)
    for (column, row, day), level in zip(grid, levels, strict=True):
        if day <= until[:10]:
            paths[level] += cell(column, row, _STEP, _SIZE, _TOP)
    told = [(place, number) for place, number in zip(grid, numbers, strict=True) if number]
    return {
        "width": len(mondays) * _STEP + 30,
        "plot": len(mondays) * _STEP,
        "height": _TOP + 7 * _STEP,
        "step": _STEP,
        "months": [
            {"x": number * _STEP, "text": _month(monday)}
            for number, monday in enumerate(mondays)
            if monday[8:] <= "07" and number <= len(mondays) - 3
        ],
        "shades": [{"level": level, "d": d} for level, d in enumerate(paths) if d],
        "hover": [
            {
                "d": cell(column, row, _STEP, _SIZE, _TOP),
                "text": f"{day_text(day)}: {count(number, 'deployment')}",
            }
            for (column, row, day), number in told
        ],
        "most": f"{max(numbers, default=0):,}",
        "total": count(sum(numbers), "deployment"),
        "rows": [
            {"week": day_text(monday), "numbers": [f"{each:,}" for each in own]}
            for place, monday in reversed([*enumerate(mondays)])
            if any(own := numbers[place * 7 : place * 7 + 7])
        ],
    }


def _day(monday: str, row: int) -> str:
    first = date.fromisoformat(monday)
    return (first + min(timedelta(days=row), date.max - first)).isoformat()


def _month(monday: str) -> str:
    name = month_text(monday)
    return name[-4:] if monday[5:7] == "01" else name[:3]


def lead_time_chart(context: SiteContext, since: str, until: str) -> View:
    """Return the view of the macro `lead_time_spread`: by environment, how many took how long."""
    rows = []
    for name in context.environments:
        days = context.tallies.days(name)
        leads = [each for day, own in days.items() if since <= day <= until for each in own.leads]
        if leads:
            rows.append((context.environment_title(name), spread_counts(leads)))
    return {
        "heads": [*(f"up to {text}" for _, text in BOUNDS), f"over {BOUNDS[-1][1]}"],
        "labels": [*(text for _, text in BOUNDS), "more"],
        "rows": [_spread_row(title, own) for title, own in rows],
    }


def _spread_row(title: str, numbers: list[int]) -> View:
    bars = stacked_bars([[each] for each in numbers], step=38, bar=30, top=0, bottom=40)
    return {
        "week": title,
        "d": bars.paths[0],
        "texts": [
            {"x": place * 38 + 19, "y": number_text(top + 12), "text": f"{each:,}"}
            for place, (each, top) in enumerate(zip(numbers, bars.tops, strict=True))
            if each
        ],
        "numbers": [f"{each:,}" for each in numbers],
        "total": count(sum(numbers), "version"),
    }


def sparkline(weeks: Mapping[str, int], until: str) -> View:
    """Return the view of the macro `spark`: a product's deployments in each of 26 weeks."""
    numbers = [weeks.get(monday, 0) for monday in weeks_until(until, _SPARK_WEEKS)]
    (path,) = stacked_bars([[each] for each in numbers], step=3, bar=2, top=0, bottom=16).paths
    return {
        "d": path,
        "width": 3 * len(numbers),
        "number": f"{sum(numbers):,}",
    }
