"""The geometry of pictures: the right coordinate and its neighbours, with few digits."""

from __future__ import annotations

import itertools
import re

import pytest

from versioner.query.metrics.summary import Tally
from versioner.site.charts.bars import stacked_bars
from versioner.site.charts.scales import number_text, ticks
from versioner.site.views.insight.weekly import weekly_chart
from versioner.site.weeks import day_before, months_before, week_of, weeks_until


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12, "12"), (12.04, "12"), (12.06, "12.1"), (0.5, ".5"), (-0.5, "-.5"),
     (-0.04, "0"), (99.96, "100"), (-3.14, "-3.1")],
)  # fmt: skip
def test_a_coordinate_has_one_digit_behind_the_point_at_most(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("most", "lines"),
    [(0, [1, 2]), (1, [1, 2]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 3, 4]), (5, [2, 4, 6]),
     (10, [5, 10]), (11, [5, 10, 15]), (543, [200, 400, 600]), (600, [200, 400, 600]),
     (601, [200, 400, 600, 800]), (10_000, [5000, 10_000])],
)  # fmt: skip
def test_an_axis_ends_at_the_next_round_step(most: int, lines: list[int]) -> None:
    assert ticks(most) == lines


def test_parts_of_a_column_stand_on_each_other() -> None:
    bars = stacked_bars([[2, 1], [0, 0], [0, 3]], step=10, bar=8, top=0, bottom=30)
    assert bars.paths == ["M1 30h8v-20h-8z", "M1 10h8v-10h-8zM21 30h8v-30h-8z"]
    assert bars.tops == [0, 30, 0]
    assert [(tick.y, tick.text) for tick in bars.ticks] == [("20", "1"), ("10", "2"), ("0", "3")]


def test_one_failure_among_thousands_is_seen() -> None:
    bars = stacked_bars([[9_999, 1]], step=10, bar=8, top=20, bottom=120)
    assert bars.paths[1] == "M1 20h8v-2h-8z"


def test_no_column_has_an_axis_and_no_path() -> None:
    assert stacked_bars([], step=10, bar=8, top=0, bottom=30).paths == []
    assert stacked_bars([[0, 0]], step=10, bar=8, top=0, bottom=30).paths == ["", ""]


@pytest.mark.parametrize(
    ("at", "monday"),
    [("2026-11-22T23:59:59Z", "2026-11-16"), ("2026-11-23T00:00:00Z", "2026-11-23"),
     ("2027-01-01", "2026-12-28"), ("0001-01-01", "0001-01-01")],
)  # fmt: skip
def test_a_week_begins_on_monday(at: str, monday: str) -> None:
    assert week_of(at) == monday


def test_weeks_and_months_go_back_to_the_first_day_at_most() -> None:
    assert weeks_until("2026-01-07T00:00:00Z", 3) == ["2025-12-22", "2025-12-29", "2026-01-05"]
    assert weeks_until("0001-01-09", 9) == ["0001-01-01", "0001-01-08"]
    assert [months_before("2026-02", number) for number in (0, 1, 2, 14)] == [
        "2026-02", "2026-01", "2025-12", "2024-12",
    ]  # fmt: skip
    assert months_before("0001-02", 9) == "0001-01"
    assert day_before("2026-03-01T10:00:00Z", 1) == "2026-02-28"
    assert day_before("0001-01-03", 9) == "0001-01-01"


def tally(**kinds: int) -> Tally:
    found = Tally()
    found.kinds.update(kinds)
    return found


def test_a_week_has_the_days_of_its_week_and_no_others() -> None:
    days = {
        "2026-11-15": tally(change=100),
        "2026-11-16": tally(change=2, redeployment=1),
        "2026-11-22": tally(rollback=1, failed=1),
        "2026-11-23": tally(change=100),
    }
    chart = weekly_chart(days, "2026-11-22T10:00:00Z", 1)
    assert chart["total"] == "5 deployments"
    assert chart["heads"] == ["Completed", "Rolled back", "Failed"]
    assert chart["rows"] == [{"week": "16 Nov 2026", "numbers": ["3", "1", "1"]}]
    assert chart["hover"] == [
        {"x": 0, "text": "Week of 16 Nov 2026: 3 completed, 1 rolled back, 1 failed"}
    ]
    # The cross of the failure, and above it the triangle of the rollback.
    assert chart["crosses"].count("M") == chart["triangles"].count("M") == 1


def test_weeks_without_deployments_have_no_rows() -> None:
    chart = weekly_chart({"2020-01-01": tally(change=1)}, "2026-11-22T10:00:00Z", 26)
    assert (chart["rows"], chart["series"], chart["legend"]) == ([], [], [])
    assert len(weekly_chart({}, "0001-01-09", 26)["months"]) == 0


def test_names_of_months_have_room() -> None:
    chart = weekly_chart({}, "2026-11-22T10:00:00Z", 52)
    places = [float(month["x"]) for month in chart["months"]]
    assert all(later - earlier >= 39 for earlier, later in itertools.pairwise(places))
    assert places[-1] <= chart["plot"] - 39 + 2
    assert [month["text"] for month in chart["months"]][1:3] == ["2026", "Feb"]
    assert all(re.fullmatch(r"\d+", month["x"]) for month in chart["months"])
