from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from versioner.errors import InvalidInput
from versioner.query.times.text import (
    age_text,
    parse_duration,
    parse_moment,
    parse_zone,
    seconds_between,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("90m", 5400), ("24h", 86400), ("7d", 604800), ("2W", 1209600), (" 1 h ", 3600)],
)
def test_durations_have_a_number_and_a_unit(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "24", "1.5h", "-1h", "3 months", "1h30m", "٣h"])
def test_other_durations_are_refused_with_examples(text):
    with pytest.raises(InvalidInput) as caught:
        parse_duration(text, field="stale_after")
    assert "24h" in caught.value.hint
    assert caught.value.field == "stale_after"


@pytest.mark.parametrize(
    ("text", "end", "moment"),
    [
        ("2026-11-01", False, "2026-11-01T00:00:00Z"),
        ("2026-11-01", True, "2026-11-01T23:59:59Z"),
        ("2026-11-01T12:00:00+02:00", True, "2026-11-01T10:00:00Z"),
        ("7d", False, "2026-11-15T10:15:00Z"),
        ("90m", True, "2026-11-22T08:45:00Z"),
    ],
)
def test_moments_are_dates_times_or_how_long_ago(text, end, moment):
    assert parse_moment(text, NOW, end=end) == moment


# NOW is a Sunday.
@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("today", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z"),
        ("Yesterday", "2026-11-21T00:00:00Z", "2026-11-21T23:59:59Z"),
        ("monday", "2026-11-16T00:00:00Z", "2026-11-16T23:59:59Z"),
        ("Mon", "2026-11-16T00:00:00Z", "2026-11-16T23:59:59Z"),
        ("saturday", "2026-11-21T00:00:00Z", "2026-11-21T23:59:59Z"),
        ("sunday", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z"),
        ("last sunday", "2026-11-15T00:00:00Z", "2026-11-15T23:59:59Z"),
        ("last-monday", "2026-11-16T00:00:00Z", "2026-11-16T23:59:59Z"),
        ("this week", "2026-11-16T00:00:00Z", "2026-11-22T23:59:59Z"),
        ("last_week", "2026-11-09T00:00:00Z", "2026-11-15T23:59:59Z"),
        ("this month", "2026-11-01T00:00:00Z", "2026-11-22T23:59:59Z"),
        ("last month", "2026-10-01T00:00:00Z", "2026-10-31T23:59:59Z"),
        ("last year", "2025-01-01T00:00:00Z", "2025-12-31T23:59:59Z"),
        ("2026-02", "2026-02-01T00:00:00Z", "2026-02-28T23:59:59Z"),
        ("9999-12", "9999-12-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_words_for_days_mean_their_first_second_or_their_last(text, since, until):
    assert parse_moment(text, NOW) == since
    assert parse_moment(text, NOW, end=True) == until


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("3 days ago", "2026-11-19T10:15:00Z"),
        ("3days", "2026-11-19T10:15:00Z"),
        ("1 week ago", "2026-11-15T10:15:00Z"),
        ("90 minutes ago", "2026-11-22T08:45:00Z"),
        ("1 month ago", "2026-10-22T10:15:00Z"),
        ("2 years ago", "2024-11-22T10:15:00Z"),
    ],
)
def test_words_for_an_age_mean_that_long_ago_since_and_until(text, moment):
    assert parse_moment(text, NOW) == parse_moment(text, NOW, end=True) == moment


def test_a_month_ago_of_a_day_that_the_month_lacks_is_its_last_day():
    assert parse_moment("1 month ago", "2026-03-31T10:00:00Z") == "2026-02-28T10:00:00Z"
    assert parse_moment("1 year ago", "2024-02-29T10:00:00Z") == "2023-02-28T10:00:00Z"


@pytest.mark.parametrize("text", ["next monday", "last blue", "0000-05", "3000 years ago", "mo"])
def test_other_words_are_refused_with_the_words_that_are_known(text):
    with pytest.raises(InvalidInput) as caught:
        parse_moment(text, NOW)
    assert "2026-11-01" in caught.value.hint


@pytest.mark.parametrize("text", ["november", "2026-13-01", "2026-11-01T12:00:00", "999999d", ""])
def test_other_moments_are_refused(text):
    with pytest.raises(InvalidInput) as caught:
        parse_moment(text, NOW)
    assert caught.value.hint


# NOW is Sunday, 10:15.
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", "2026-11-22T12:15:00Z"),
        ("in 90 minutes", "2026-11-22T11:45:00Z"),
        ("+3d", "2026-11-25T10:15:00Z"),
        ("1 month", "2026-12-22T10:15:00Z"),
        ("2 days from now", "2026-11-24T10:15:00Z"),
        ("2 days ago", "2026-11-20T10:15:00Z"),
        ("tomorrow", "2026-11-23T00:00:00Z"),
        ("tomorrow 9:00", "2026-11-23T09:00:00Z"),
        ("at 11:00", "2026-11-22T11:00:00Z"),
        ("10:15", "2026-11-23T10:15:00Z"),
        ("monday", "2026-11-23T00:00:00Z"),
        ("Monday at 09:00", "2026-11-23T09:00:00Z"),
        ("sunday 10:15", "2026-11-29T10:15:00Z"),
        ("sunday 10:16", "2026-11-22T10:16:00Z"),
        ("next sunday", "2026-11-29T00:00:00Z"),
        ("next week", "2026-11-23T00:00:00Z"),
        ("next month", "2026-12-01T00:00:00Z"),
        ("next year", "2027-01-01T00:00:00Z"),
        ("2027-02", "2027-02-01T00:00:00Z"),
        ("2026-12-01", "2026-12-01T00:00:00Z"),
        ("2026-12-01 09:00", "2026-12-01T09:00:00Z"),
        ("2026-12-01T09:00:30", "2026-12-01T09:00:30Z"),
        ("2026-12-01T09:00:00+01:00", "2026-12-01T08:00:00Z"),
        ("today 09:00", "2026-11-22T09:00:00Z"),
        ("yesterday", "2026-11-21T00:00:00Z"),
    ],
)
def test_words_for_the_future_mean_the_next_such_moment(text, moment):
    assert parse_moment(text, NOW, direction="future") == moment


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("monday 09:00", "Europe/Berlin", "2026-11-23T08:00:00Z"),
        # It is 20:45 there, and 21:00 comes today.
        ("21:00", "Australia/Lord_Howe", "2026-11-22T10:00:00Z"),
        ("2h", "Australia/Lord_Howe", "2026-11-22T11:45:00Z"),
        ("2027-03-28 02:30", "Europe/Berlin", "2027-03-28T01:00:00Z"),
        ("2027-03-28", "Europe/Berlin", "2027-03-27T23:00:00Z"),
        ("2027-03-28T02:30:00Z", "Europe/Berlin", "2027-03-28T02:30:00Z"),
    ],
)
def test_days_and_their_times_are_those_of_a_zone(text, zone, moment):
    now = "2026-11-22T09:45:00Z"
    assert parse_moment(text, now, direction="future", zone=parse_zone(zone)) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", "2026-11-15T10:15:00Z"),
        ("monday", "2026-11-16T00:00:00Z"),
        ("in 7d", "2026-11-29T10:15:00Z"),
        ("tomorrow", "2026-11-23T00:00:00Z"),
        ("monday 09:00", "2026-11-23T09:00:00Z"),
    ],
)
def test_where_both_directions_are_known_a_bare_word_is_past(text, moment):
    assert parse_moment(text, NOW, direction="both") == moment


@pytest.mark.parametrize(
    "text",
    ["monday 25:00", "2026-13-40 09:00", "in 2h ago", "9999999 weeks", "9 years 09:00", "9:60"],
)
def test_other_words_for_the_future_are_refused_with_what_can_be_written(text):
    for direction in ("future", "both"):
        with pytest.raises(InvalidInput) as caught:
            parse_moment(text, NOW, direction=direction)
        assert caught.value.hint


def test_a_zone_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(InvalidInput) as caught:
        parse_zone("Europe/Londn")
    assert "Europe/London" in caught.value.hint
    assert parse_zone("") is None


@given(st.text(max_size=20))
def test_no_text_ends_in_a_traceback(text):
    moments = [
        lambda each, way=way: parse_moment(each, NOW, direction=way)
        for way in ("past", "future", "both")
    ]
    for parse in (parse_duration, parse_zone, *moments):
        try:
            parse(text)
        except InvalidInput as error:
            assert error.hint


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (86399, "23 hours"),
        (3 * 86400, "3 days"),
        (59 * 86400, "59 days"),
        (60 * 86400, "2 months"),
        (729 * 86400, "24 months"),
        (730 * 86400, "2 years"),
    ],
)
def test_ages_are_told_in_their_largest_unit(seconds, text):
    assert age_text(seconds) == text


def test_seconds_between_moments():
    assert seconds_between("2026-11-21T10:15:00Z", NOW) == 86400
