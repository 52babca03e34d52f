"""A day and a week in sentences, from events whose story is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, deployment, moment, product, registry, undeployment, void
from versioner.query.times.zones import Zone
from versioner.query.today.happenings import previous_stays, ran_since, steps_of
from versioner.query.today.report import latest_report
from versioner.query.today.sentences import Writer, count, joined, span_text, text_of
from versioner.query.today.words import sections_of, summary_of
from versioner.site.context import SiteContext
from versioner.site.views.parts.report_source import SiteSource

if TYPE_CHECKING:
    from versioner.query.today.model import TodayReport
    from versioner.registry.records import Registry

DAY = 24 * 60
ENVIRONMENTS: dict[str, dict[str, Any]] = {"staging": {}, "production": {}}


def told(whole: Registry, *, days: int = 1, zone: str = "UTC") -> dict[str, list[str]]:
    """Return the sentences of a report by section, and its summary."""
    report, writer = report_of(whole, days, zone)
    sections = {
        section.name: [text_of(each) for group in section.groups for each in group.sentences]
        for section in sections_of(report, writer)
    }
    return {"summary": [summary_of(report, writer)], **sections}


def report_of(whole: Registry, days: int = 1, zone: str = "UTC") -> tuple[TodayReport, Writer]:
    found = latest_report(SiteSource(SiteContext(whole, now=NOW)), Zone(zone), now=NOW, days=days)
    period = found.report.period
    return found.report, Writer(Zone(zone), (period.first, period.last), NOW)


def whole_of(*events: Any, name: str = "payment-api", **document: Any) -> Registry:
    return registry(product(name, list(events), **document), environments=ENVIRONMENTS)


def test_what_reached_production_says_when_by_whom_and_what_ran_before_for_how_long() -> None:
    found = told(
        whole_of(
            deployment("2.3.1", minutes=-9 * DAY - 60),
            deployment("2.4.0", minutes=-60, deployed_by="asha"),
        )
    )
    assert found["reached"] == [
        "payment-api 2.4.0 reached production at 09:15, by asha (was 2.3.1 for 9 days)"
    ]
    assert found["summary"] == [
        "1 version reached production, nothing was taken back and nothing failed."
    ]


def test_several_versions_of_one_day_are_one_sentence() -> None:
    found = told(
        whole_of(
            deployment("1", minutes=-2 * DAY),
            deployment("2", minutes=-90),
            deployment("3", minutes=-60),
            deployment("4", minutes=-30),
        )
    )
    assert found["reached"] == [
        "payment-api 4 reached production at 09:45, after 3 and 2 (was 1 for 1 day)"
    ]


def test_the_first_time_and_a_return_say_so() -> None:
    first = told(whole_of(deployment("1", minutes=-5)))["reached"]
    assert first == ["payment-api 1 reached production at 10:10 (for the first time)"]
    events = [
        deployment("1", minutes=-4 * DAY),
        deployment("2", minutes=-3 * DAY),
        deployment("1", minutes=-2 * DAY),
        deployment("2", minutes=-60),
    ]
    (again,) = told(whole_of(*events))["reached"]
    assert "reached production again at 09:15 (was 1 for 1 day)" in again


def test_what_was_taken_back_has_the_reason_and_what_was_taken_away() -> None:
    mistake = deployment("9", minutes=-5 * DAY, environment="staging")
    found = told(
        whole_of(
            deployment("1", minutes=-9 * DAY),
            deployment("2", minutes=-180),
            deployment("1", minutes=-60, deployed_by="omar", reason="Login failed"),
            mistake,
            void(mistake, minutes=-20, reason="wrong place"),
        )
    )
    assert found["taken-back"] == [
        "payment-api was rolled back from 2, which had run for 2 hours, to 1 in production"
        " at 09:15, by omar: Login failed",
        "The deployment of payment-api 9 to staging of Tue 17 Nov 10:15 was declared a mistake at"
        " 09:55: wrong place",
    ]
    assert "2 were taken back" in found["summary"][0]


def test_a_removal_says_what_had_run() -> None:
    events = [deployment("1", minutes=-9 * DAY), undeployment(minutes=-60)]
    assert told(whole_of(*events))["taken-back"] == [
        "payment-api 1 was removed from production at 09:15 (it had run for 8 days)"
    ]


def test_a_failure_says_whether_it_still_stands() -> None:
    events = [
        deployment("1", minutes=-9 * DAY),
        deployment("2", "failed", minutes=-120, reason="no memory"),
        deployment("2", "failed", minutes=-60, environment="staging"),
        deployment("2", minutes=-30, environment="staging"),
    ]
    found = told(whole_of(*events))
    assert found["failed"] == [
        "payment-api 2 failed in production at 08:15: no memory. 1 runs there, and nothing has"
        " completed since.",
        "payment-api 2 failed in staging at 09:15. Fixed since then.",
    ]
    assert "2 deployments failed (1 not fixed yet)" in found["summary"][0]


def test_an_old_failure_that_still_stands_is_told_apart() -> None:
    events = [
        deployment("1", minutes=-9 * DAY),
        deployment("2", "aborted", minutes=-3 * DAY),
        deployment("1", minutes=-30, environment="staging"),
    ]
    assert told(whole_of(*events))["failing"] == [
        "payment-api 2 was cancelled in production 3 days ago. 1 runs there, and nothing has"
        " completed since."
    ]


def test_a_day_with_nothing_shows_the_last_one_with_something() -> None:
    whole = whole_of(deployment("1", minutes=-12 * DAY))
    context = SiteContext(whole, now=NOW)
    found = latest_report(SiteSource(context), Zone("UTC"), now=NOW)
    assert (found.asked.last, found.report.period.last) == ("2026-11-22", "2026-11-10")
    assert len(found.report.reached) == 1
    nothing = latest_report(SiteSource(SiteContext(registry(), now=NOW)), Zone("UTC"), now=NOW)
    assert nothing.report.is_quiet
    assert nothing.asked == nothing.report.period


@pytest.mark.parametrize(
    ("zone", "minutes", "is_today"),
    [
        ("UTC", -10 * 60 - 15, True),
        ("UTC", -10 * 60 - 16, False),
        ("Europe/Berlin", -11 * 60 - 15, True),
        ("Europe/Berlin", -11 * 60 - 16, False),
        ("America/New_York", -5 * 60 - 15, True),
        ("America/New_York", -5 * 60 - 16, False),
    ],
)
def test_a_day_is_one_of_the_zone(zone: str, minutes: int, is_today: bool) -> None:
    context = SiteContext(whole_of(deployment("1", minutes=minutes)), now=NOW)
    found = latest_report(SiteSource(context), Zone(zone), now=NOW)
    assert (found.asked == found.report.period) is is_today


def test_a_week_names_the_days() -> None:
    found = told(whole_of(deployment("1", minutes=-3 * DAY)), days=7)
    assert found["reached"] == [
        "payment-api 1 reached production on Thu 19 Nov at 10:15 (for the first time)"
    ]


def test_other_environments_are_told_in_short() -> None:
    events = [
        deployment("1", minutes=-50, environment="staging"),
        deployment("2", minutes=-40, environment="staging"),
    ]
    assert told(whole_of(*events))["others"] == ["staging: 2 deployments: payment-api 2"]


def test_versions_that_are_stuck_for_over_a_year_are_one_sentence_and_counted_one_by_one() -> None:
    old = -400 * DAY
    staged = {
        name: product(name, [deployment("2", minutes=old, environment="staging")])
        for name in ("api", "web")
    }
    sections = sections_of(*report_of(registry(*staged.values(), environments=ENVIRONMENTS)))
    counted = {each.name: (each.number, each.total) for each in sections}
    assert counted["dormant"] == (1, 2)
    assert all(number == total for name, (number, total) in counted.items() if name != "dormant")


def test_how_long_the_version_before_ran_is_that_of_its_unbroken_stay() -> None:
    events = [
        deployment("1", minutes=-90),
        deployment("2", minutes=-80),
        deployment("2", minutes=-70),
        deployment("3", "failed", minutes=-60),
        deployment("2", minutes=-50),
        last := deployment("3", minutes=-40),
    ]
    cell = product("a", events).cells["production"]
    assert previous_stays(cell)[last["id"]] == moment(-80)
    assert ran_since(steps_of(cell), "2", "", moment(-40)) == moment(-80)


def test_words_are_singular_and_plural() -> None:
    assert [count(n, "day") for n in (0, 1, 2, 1000)] == ["0 days", "1 day", "2 days", "1,000 days"]
    assert [joined(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert span_text("2026-11-16", "2026-11-22") == "16 to 22 November 2026"
    assert span_text("2026-11-28", "2026-12-04") == "28 November to 4 December 2026"
    assert span_text("2026-12-28", "2027-01-03") == "28 December 2026 to 3 January 2027"
