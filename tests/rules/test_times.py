from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from versioner.errors import InvalidInput
from versioner.rules.times import check_at


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2026-11-22T10:15:00Z", "2026-11-22T10:15:00Z"),
        ("2026-11-22t10:15:00z", "2026-11-22T10:15:00Z"),
        ("2026-11-22 10:15:00Z", "2026-11-22T10:15:00Z"),
        (" 2026-11-22T10:15:00.999Z\n", "2026-11-22T10:15:00Z"),
        ("2026-11-22T11:15:00+01:00", "2026-11-22T10:15:00Z"),
        ("2026-11-21T23:45:00-10:30", "2026-11-22T10:15:00Z"),
        ("2026-11-22T10:20:00Z", "2026-11-22T10:20:00Z"),
        ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_told_in_utc_to_the_second(text, normal):
    assert check_at(text, NOW) == normal


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2026-11-22T10:15:00", '"2026-11-22T10:15:00Z" (if it is UTC)'),
        ("2026-11-22 10:15", '"2026-11-22T10:15:00Z" (if it is UTC)'),
        ("2026-11-22", '"2026-11-22T00:00:00Z" (if it is UTC)'),
        ("2026-11-22T10:15Z", '"2026-11-22T10:15:00Z"'),
        ("2026-11-22T10:15:00+0100", '"2026-11-22T10:15:00+01:00"'),
        ("2026-11-22T10:20:01Z", f'"{NOW}"'),
        ("2026-11-22T10:15:00-01:00", f'"{NOW}"'),
        ("yesterday", f'"{NOW}"'),
        ("2026-02-30T00:00:00Z", f'"{NOW}"'),
        ("0000-01-01T00:00:00Z", f'"{NOW}"'),
        ("0001-01-01T00:00:00+01:00", f'"{NOW}"'),
        ("9999-12-31T23:59:59-01:00", f'"{NOW}"'),
        ("2026-11-22T25:00:00Z", f'"{NOW}"'),
        ("2026-11-22T10:15:00+99:00", f'"{NOW}"'),
        ("٢٠٢٦-11-22T10:15:00Z", f'"{NOW}"'),
        ("", f'"{NOW}"'),
    ],
)
def test_a_time_that_cannot_be_taken_gets_a_hint_with_one_that_can(text, hint):
    with pytest.raises(InvalidInput) as caught:
        check_at(text, NOW, field="completed_at")
    assert hint in caught.value.hint
    assert caught.value.field == "completed_at"


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(2026, 11, 20)),
    st.integers(-23 * 60, 23 * 60),
)
def test_every_past_time_in_every_zone_is_the_same_moment(naive, offset):
    given_time = naive.replace(tzinfo=timezone(timedelta(minutes=offset)))
    found = datetime.fromisoformat(check_at(given_time.isoformat(), NOW))
    assert found == given_time.astimezone(UTC).replace(microsecond=0)


@given(st.text(max_size=40))
def test_no_text_ends_in_a_traceback(text):
    try:
        assert check_at(text, NOW).endswith("Z")
    except InvalidInput as error:
        assert error.hint
