"""The lane charts: what ran when, by product in an environment, by environment for a product."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from versioner.layout import month_of
from versioner.registry.event_order import seconds_of
from versioner.site.charts.lanes import Moment, distinguishable, lane
from versioner.site.summaries.codec import RowData, row_data
from versioner.site.urls import environment_page, product_page
from versioner.site.views.charts.marks import cross, triangle
from versioner.site.views.products import title_of
from versioner.site.weeks import weeks_until
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from versioner.models import Deployment, Undeployment
    from versioner.registry.records import ProductRecord
    from versioner.site.charts.lanes import Lane, Run
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = [
    "lane_window",
    "lanes_of_environment",
    "lanes_of_product",
]

LANE_WEEKS: Final = 6
_LANES: Final = 20
_WIDTH: Final = 660
_MIDDLE: Final = 8
# A lane with more runs has no hint for each: they would be narrower than the pointer.
_HINTED: Final = 40


def lane_window(until: str) -> tuple[str, str]:
    """Return the first and the last moment of the picture: whole weeks, the last that of a time."""
    mondays = weeks_until(until, LANE_WEEKS)
    last = date.fromisoformat(mondays[-1])
    end = last + min(timedelta(days=6), date.max - last)
    return f"{mondays[0]}T00:00:00Z", f"{end.isoformat()}T23:59:59Z"


def lanes_of_environment(context: SiteContext, name: str) -> View:
    """Return the lanes of the products that were deployed last to an environment."""
    page = environment_page(name)
    first, last = lane_window(context.now)
    rows: dict[str, list[RowData]] = {}
    for month in context.catalogue.months:
        if month_of(first) <= month <= month_of(last):
            for row in context.catalogue.listed(month, name):
                if first <= row.at <= last:
                    rows.setdefault(row.product, []).append(row.data)
    newest = sorted(rows, key=lambda product: rows[product][-1].at, reverse=True)
    lanes = [
        (title_of(context, product), context.product(page, product), rows[product])
        for product in newest[:_LANES]
    ]
    more = len(newest) - len(lanes)
    return {
        "lanes": lanes_view(lanes, context.now),
        "lanes_note": f"the {len(lanes)} products deployed last, of {len(newest)}" if more else "",
    }


def lanes_of_product(context: SiteContext, record: ProductRecord, until: str) -> View:
    """Return the lanes of the environments of a product, up to the week of a time."""
    page = product_page(record.name)
    first, last = lane_window(until)
    lanes = []
    for name in context.environments:
        if (cell := record.cells.get(name)) is None:
            continue
        whole: list[Deployment | Undeployment] = [*cell.deployments, *cell.undeployments]
        found = [
            RowData._make([*row_data(row), 1, "", ()]) for row in whole if first <= row.at <= last
        ]
        if found:
            found.sort(key=lambda row: row.at)
            lanes.append((context.environment_title(name), context.environment(page, name), found))
    return lanes_view(lanes, until)


def lanes_view(
    lanes: Iterable[tuple[str, str, Sequence[RowData]]], now: str, *, name: str = "lanes"
) -> View:
    """Return the view of the macro `lane_chart`: the weeks up to that of a time.

    Each lane has its name, its link and its rows in the picture, oldest first.
    """
    first, last = lane_window(now)
    start, end = seconds_of(first), seconds_of(last)
    present = min(max(seconds_of(now), start), end)
    drawn = [
        _lane(text, href, rows, start, end, present)
        for text, href, own in lanes
        for text, rows in _by_instance(text, own)
        if any(map(_is_told, rows))
    ]
    marks = (("triangles", "rollback", "rollback"), ("crosses", "failed", "failure"))
    return {
        "name": name,
        "width": _WIDTH,
        "since": day_text(first),
        "until": day_text(last),
        "weeks": [day_text(monday)[:-5] for monday in weeks_until(now, LANE_WEEKS)],
        "lanes": drawn,
        "legend": [
            {"outcome": outcome, "text": text}
            for key, outcome, text in marks
            if any(each[key] for each in drawn)
        ],
    }


def _by_instance(text: str, rows: Sequence[RowData]) -> list[tuple[str, Sequence[RowData]]]:
    """Return the rows of each instance as lanes of their own, where rows name instances."""
    names = sorted({row.instance for row in rows})
    return [
        (f"{text} · {name}" if name else text, [row for row in rows if row.instance == name])
        for name in names
    ]


def _lane(
    text: str, href: str, rows: Sequence[RowData], start: int, end: int, present: int
) -> View:
    moments = sorted(_moment(row) for row in rows if _is_told(row))
    before = rows[0].before if rows else ""
    width = round(_WIDTH * (present - start) / max(1, end - start))
    found = lane(moments, before if isinstance(before, str) else "", start, present, width)
    runs = found.runs
    hinted = runs if len(runs) <= _HINTED else []
    drawn = [] if hinted else [runs[n].d for n in distinguishable([run.x for run in runs])]
    return {
        "text": text,
        "href": href,
        "runs": [
            {"d": run.d, "odd": number % 2 == 1, "hint": _hint(run)}
            for number, run in enumerate(hinted)
        ],
        "even": "".join(drawn[::2]),
        "odd": "".join(drawn[1::2]),
        "crosses": "".join(cross(x, _MIDDLE) for x in _marks(found.failures)),
        "triangles": "".join(triangle(x + 4, _MIDDLE) for x in _marks(found.rollbacks)),
        "words": _words(found),
        "now": version_text(runs[-1].version) if runs and runs[-1].until is None else "nothing",
    }


def _marks(places: list[float]) -> list[float]:
    return [places[index] for index in distinguishable(places, least=3)]


def _is_told(row: RowData) -> bool:
    return row.void is None and row.status in ("completed", "failed", "undeployed")


def _moment(row: RowData) -> Moment:
    at = seconds_of(row.changed_at if row.kind else row.at)
    if row.status == "failed":
        return Moment(at, None)
    return Moment(at, row.version if row.kind else "", row.kind == "rollback")


def _words(found: Lane) -> str:
    parts = [count(len(found.runs), "version")]
    if found.rollbacks:
        parts.append(count(len(found.rollbacks), "rollback"))
    if found.failures:
        parts.append(count(len(found.failures), "failure"))
    return ", ".join(parts)


def _hint(run: Run) -> str:
    since = f" from {_time(run.since)}" if run.since is not None else ""
    until = f" to {_time(run.until)}" if run.until is not None else ""
    return f"{version_text(run.version)}{since}{until}"


def _time(seconds: int) -> str:
    at = date(1970, 1, 1) + timedelta(days=seconds // 86400)
    minutes = seconds % 86400 // 60
    return f"{day_text(at.isoformat())} {minutes // 60:02}:{minutes % 60:02}"
