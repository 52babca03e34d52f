"""The geometry of pictures: the right coordinate and its neighbours, with few digits."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.builders import NOW, build, deployment, product, registry, undeployment
from tests.site.samples import DAY
from versioner.query.metrics.summary import Tally
from versioner.site.charts.bars import stacked_bars
from versioner.site.charts.days import cell, shades
from versioner.site.charts.lanes import Moment, distinguishable, lane
from versioner.site.charts.scales import number_text, ticks
from versioner.site.charts.spread import BOUNDS, spread_counts
from versioner.site.context import SiteContext
from versioner.site.views.charts.activity import calendar_chart, lead_time_chart, sparkline
from versioner.site.views.charts.lanes import (
    lane_window,
    lanes_of_environment,
    lanes_of_product,
)
from versioner.site.views.charts.weekly import weekly_chart
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


def test_a_lane_has_a_run_from_each_completion_to_the_next() -> None:
    found = lane([Moment(10, "2"), Moment(30, None), Moment(50, "1", True)], "1", 0, 100, 200)
    assert [(run.version, run.since, run.until, run.d) for run in found.runs] == [
        ("1", None, 10, "M0 3h19v10h-19z"),
        ("2", 10, 50, "M20 3h79v10h-79z"),
        ("1", 50, None, "M100 3h100v10h-100z"),
    ]
    assert (found.rollbacks, found.failures) == ([100], [60])


def test_a_lane_without_a_version_is_empty_and_a_redeployment_begins_no_run() -> None:
    assert lane([], "", 0, 100, 200).runs == []
    assert len(lane([Moment(10, "1"), Moment(20, "1")], "1", 0, 100, 200).runs) == 1
    stopped = lane([Moment(10, "")], "1", 0, 100, 200)
    assert [(run.version, run.until) for run in stopped.runs] == [("1", 10)]


def test_what_is_outside_a_lane_is_left_out_and_a_short_run_is_seen() -> None:
    found = lane([Moment(-1, "2"), Moment(100, "3"), Moment(101, "4")], "1", 0, 100, 200)
    assert [run.version for run in found.runs] == ["1", "3"]
    assert found.runs[-1].d.startswith("M200 3h1v")


def test_shades_are_equal_parts_of_the_most() -> None:
    assert shades([0, 1, 2, 3, 4]) == [0, 1, 2, 3, 4]
    assert shades([0, 1, 25, 26, 100]) == [0, 1, 1, 2, 4]
    assert (shades([]), shades([0])) == ([], [0])
    assert cell(2, 3, 13, 11, 16) == "M26 55h11v11h-11z"


def test_a_duration_is_in_the_group_of_its_bound() -> None:
    first = BOUNDS[0][0]
    assert spread_counts([0, first]) == [2, *[0] * len(BOUNDS)]
    assert spread_counts([first + 1])[1] == 1
    assert spread_counts([BOUNDS[-1][0] + 1])[-1] == 1
    assert sum(spread_counts(range(0, 10**7, 9999))) == len(range(0, 10**7, 9999))


def test_the_calendar_ends_with_the_day_and_has_all_numbers() -> None:
    days = {
        "2026-11-22": tally(change=3),
        "2026-11-16": tally(failed=1),
        "2024-01-01": tally(change=9),
    }
    chart = calendar_chart(days, "2026-11-22T10:00:00Z")
    assert chart["rows"] == [
        {"week": "16 Nov 2026", "numbers": ["1", "0", "0", "0", "0", "0", "3"]}
    ]
    assert [each["text"] for each in chart["hover"]] == [
        "16 Nov 2026: 1 deployment", "22 Nov 2026: 3 deployments",
    ]  # fmt: skip
    drawn = "".join(each["d"] for each in chart["shades"])
    assert drawn.count("M") == 52 * 7
    earlier = calendar_chart(days, "2026-11-20T10:00:00Z")
    assert "".join(each["d"] for each in earlier["shades"]).count("M") == 52 * 7 - 2
    assert calendar_chart({}, "2026-11-22")["rows"] == []


def test_a_sparkline_tells_its_sum() -> None:
    chart = sparkline({"2026-11-16": 2, "2026-11-09": 1, "2020-01-06": 9}, NOW)
    assert chart["number"] == "3"
    assert chart["d"].count("M") == 2
    assert sparkline({}, NOW)["d"] == ""


def test_lead_times_are_told_by_environment() -> None:
    events = [deployment("1", minutes=-60, environment="staging"), deployment("1", minutes=-10)]
    context = SiteContext(registry(product("p", events, [build("1", minutes=-70)])), now=NOW)
    chart = lead_time_chart(context, "2026-01-01", "2026-12-31")
    assert [(row["week"], row["numbers"][:4]) for row in chart["rows"]] == [
        ("staging", ["0", "1", "0", "0"]),
        ("production", ["0", "0", "1", "0"]),
    ]


def test_lanes_of_an_environment_are_its_products_those_deployed_last_first() -> None:
    busy = [
        deployment("1", minutes=-50 * DAY),
        deployment("2", minutes=-9 * DAY),
        deployment("3", "failed", minutes=-5 * DAY),
        deployment("1", minutes=-4 * DAY),
        deployment("4", "started", minutes=-1),
    ]
    many = [product(f"p{n}", [deployment("1", minutes=-n - 1)]) for n in range(60)]
    gone = [deployment("1", minutes=-3 * DAY), undeployment("1", minutes=-2 * DAY)]
    records = [product("busy", busy), product("gone", gone)]
    context = SiteContext(registry(*records), now=NOW)
    view = lanes_of_environment(context, "production")
    lanes = {each["text"]: each for each in view["lanes"]["lanes"]}
    assert list(lanes) == ["busy", "gone"]
    assert lanes["busy"]["words"] == "3 versions, 1 rollback, 1 failure"
    assert [run["hint"].partition(" from")[0] for run in lanes["busy"]["runs"]] == [
        "1 to 13 Nov 2026 10:15", "2", "1",
    ]  # fmt: skip
    assert lanes["gone"]["now"] == "nothing"
    crowd = lanes_of_environment(SiteContext(registry(*many), now=NOW), "production")
    assert len(crowd["lanes"]["lanes"]) == 20
    assert crowd["lanes_note"] == "the 20 products deployed last, of 60"
    assert lanes_of_environment(context, "staging")["lanes"]["lanes"] == []


def test_lanes_of_a_product_are_its_environments_with_an_instance_each() -> None:
    events = [
        deployment("1", minutes=-9, environment="staging"),
        deployment("1", minutes=-8, instance="us"),
        deployment("2", minutes=-7, instance="eu"),
    ]
    whole = registry(product("p", events))
    context = SiteContext(whole, now=NOW)
    view = lanes_of_product(context, whole.products["p"], NOW)
    assert [each["text"] for each in view["lanes"]] == [
        "staging", "production · eu", "production · us",
    ]  # fmt: skip


def test_the_window_of_lanes_is_whole_weeks() -> None:
    window = lane_window("2026-11-22T10:00:00Z")
    assert window == ("2026-10-12T00:00:00Z", "2026-11-22T23:59:59Z")
    assert lane_window("2026-11-16T00:00:00Z") == window
    assert lane_window("2026-11-15T23:59:59Z")[1] == "2026-11-15T23:59:59Z"


def test_a_lane_of_thousands_of_deployments_has_few_parts() -> None:
    events = [deployment(f"v{n % 97}", minutes=-n, id=f"{n:032x}") for n in reversed(range(1_500))]
    context = SiteContext(registry(product("p", events)), now=NOW)
    (each,) = lanes_of_environment(context, "production")["lanes"]["lanes"]
    assert each["runs"] == []
    assert each["words"].startswith("1,500 versions")
    # A day has 16 units of the picture.
    assert 10 <= each["even"].count("M") + each["odd"].count("M") <= 20


def test_places_that_cannot_be_told_apart_are_one() -> None:
    assert distinguishable([0, 0.5, 0.9, 1, 1.9, 2.1]) == [0, 3, 5]
    assert (distinguishable([]), distinguishable([5.0])) == ([], [0])
