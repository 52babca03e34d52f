"""Logs: fast where all is well, exact where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from versioner.serialization.log import event_line
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models import Event, Problem

pytestmark = pytest.mark.slow

PATH = "registry/products/user-service/deployments/2026-11.yaml"


def event(number: int, **fields: Any) -> Event:
    return {
        "at": "2026-11-22T10:15:00Z",
        "environment": "production",
        "version": "1.4.0",
        "status": "completed",
        **fields,
        "id": f"e{number}",
    }


def log(*events: Event) -> bytes:
    return b"# A comment\n" + "".join(event_line("deployment", item) for item in events).encode()


def places(problems: list[Problem]) -> list[str]:
    return [f"{item.line}:{item.column} {item.code}" for item in problems]


def test_a_good_log_gives_its_events_in_order() -> None:
    events = [event(number) for number in range(5)]
    assert validate_log("deployment", log(*events), PATH) == (events, [])


@pytest.mark.parametrize("data", [b"", b"# nothing yet\n", b"\n"])
def test_a_log_without_events_is_good(data: bytes) -> None:
    assert validate_log("deployment", data, PATH) == ([], [])


def test_a_wrong_event_is_named_and_the_others_are_returned() -> None:
    events = [event(1), event(2, status="done"), event(3, version=1.1), event(4)]
    kept, problems = validate_log("deployment", log(*events), PATH)
    assert kept == [events[0], events[3]]
    assert places(problems) == ["3:85 value", "4:68 retyped"]
    assert "use one of pending" in problems[0].hint
    assert problems[1].hint == 'write "1.1"'


def test_an_event_in_the_file_of_another_month_is_named() -> None:
    late = {**event(2), "at": "2026-12-01T00:00:00Z"}
    kept, problems = validate_log("deployment", log(event(1), late), PATH)
    assert kept == [event(1)]
    assert places(problems) == ["3:8 month"]
    assert "2026-12.yaml" in problems[0].hint


def test_the_second_event_of_an_id_is_named() -> None:
    data = log(event(1), event(2), event(1))
    kept, problems = validate_log("deployment", data, PATH)
    assert len(kept) == 2
    assert [item.code for item in problems] == ["duplicate-id"]
    assert problems[0].line == 4


def test_a_secret_in_a_log_is_named_and_not_echoed() -> None:
    secret = "ghp_" + "a" * 36
    kept, problems = validate_log("deployment", log(event(1, reason=f"see {secret}")), PATH)
    assert kept == []
    assert [item.code for item in problems] == ["secret"]
    assert secret not in problems[0].message + problems[0].hint


def test_metadata_beyond_its_limit_is_named() -> None:
    data = log(event(1, extra_metadata={"a": "x" * 110_000}))
    _, problems = validate_log("deployment", data, PATH)
    assert [item.code for item in problems] == ["size"]


def test_a_line_beyond_its_limit_is_named() -> None:
    data = log(event(1)) + b'- {at: "' + b"x" * 300_000 + b'"}\n'
    kept, problems = validate_log("deployment", data, PATH)
    assert kept == [event(1)]
    assert places(problems) == ["3:1 size"]


def test_a_log_in_block_style_is_read_with_a_warning() -> None:
    data = b"""- at: "2026-11-22T10:15:00Z"
  environment: production
  version: "1.4.0"
  status: completed
  id: e1
"""
    kept, problems = validate_log("deployment", data, PATH)
    assert kept == [event(1)]
    assert places(problems) == ["1:1 not-canonical"]
    assert problems[0].severity == "warning"
    assert "versioner format" in problems[0].hint


def test_the_warning_points_at_the_first_line_that_is_not_canonical() -> None:
    data = log(event(1)) + log(event(2)).replace(b"{at:", b"{ at:")
    kept, problems = validate_log("deployment", data, PATH)
    assert kept == [event(1), event(2)]
    assert places(problems) == ["4:1 not-canonical"]


def test_a_log_written_by_hand_hears_of_every_fault_at_its_place() -> None:
    data = b"""# By hand
- at: 2026-11-22T10:15:00Z
  environment: production
  version: 1.10
  status: done
  id: 1
- {at: "2026-11-22T10:15:00Z", environment: "p", version: "1", status: "failed", id: "x", id: "y"}
- just a text
"""
    kept, problems = validate_log("deployment", data, PATH)
    assert kept == []
    errors = [item for item in problems if item.severity == "error"]
    assert places(errors) == [
        "2:7 retyped",
        "4:12 retyped",
        "5:11 value",
        "6:7 retyped",
        "7:91 duplicate-key",
        "8:3 type",
    ]
    assert errors[1].hint == 'write "1.10"'


@pytest.mark.parametrize("data", [b"{}\n", b"text\n", b"- 1\n", b"- [\n", b"[" * 9000, b"\xff\xfe"])
def test_what_is_no_log_is_refused(data: bytes) -> None:
    kept, problems = validate_log("deployment", data, PATH)
    assert kept == []
    assert any(item.severity == "error" for item in problems)


def test_damage_anywhere_in_a_log_is_reported_without_a_traceback(
    scale: Callable[[int, int], int],
) -> None:
    good = log(event(1), event(2, extra_metadata={"a": [1, {"b": "é"}]}), event(3, reason="x"))

    @settings(
        deadline=None,
        max_examples=scale(300, 10_000),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.integers(0, len(good)),
        st.integers(0, 6),
        st.binary(max_size=4)
        | st.sampled_from(
            [b'"', b"{", b"}", b"\n", b"\n- ", b": ", b"\\u0000", b"no", b"1e9", b"\t", b"\r\n"]
        ),
    )
    def check(start: int, cut: int, put: bytes) -> None:
        data = good[:start] + put + good[start + cut :]
        kept, problems = validate_log("deployment", data, PATH)
        lines = data.count(b"\n") + 1
        for item in problems:
            assert item.path == PATH
            assert 0 <= item.line <= lines
            assert item.hint
            assert item.message.isprintable()
        again, none = validate_log("deployment", log(*kept), PATH)
        assert (again, none) == (kept, []), "what is returned as valid is valid"

    check()


BROKEN = b'- {at: "2026-11-22T10:15:00Z, version: "1.4.0"}\n'


def test_a_line_that_is_no_yaml_takes_no_good_one_with_it() -> None:
    data = log(event(1), event(2)) + BROKEN + log(event(3), event(4, status="done"))
    kept, problems = validate_log("deployment", data, PATH)
    assert [item["id"] for item in kept] == ["e1", "e2", "e3"]
    assert [(item.line, item.code) for item in problems] == [(4, "yaml"), (7, "value")]


@pytest.mark.parametrize(
    "line",
    [
        b'- {at: "\xff", id: "x"}\n',
        b'- {at: "' + b"a" * 300_000 + b'"}\n',
        b'- {id: "a", id: "b"}\n',
    ],
)
def test_a_line_of_other_bytes_or_length_or_keys_is_the_only_one_lost(line: bytes) -> None:
    kept, problems = validate_log("deployment", log(event(1)) + line + log(event(2)), PATH)
    assert [item["id"] for item in kept] == ["e1", "e2"]
    assert {item.line for item in problems if item.severity == "error"} == {3}


def test_the_same_event_on_two_lines_of_a_broken_log_is_a_duplicate() -> None:
    data = log(event(1)) + BROKEN + log(event(1))
    kept, problems = validate_log("deployment", data, PATH)
    assert len(kept) == 1
    assert [(item.line, item.code) for item in problems] == [(3, "yaml"), (5, "duplicate-id")]


def test_an_event_written_by_hand_in_a_broken_log_is_read_alone() -> None:
    by_hand = (
        b"- {version: 1.4.0, at: '2026-11-22T10:15:00Z', environment: production, "
        b"status: completed, id: e2}\n"
    )
    kept, problems = validate_log("deployment", log(event(1)) + by_hand + BROKEN, PATH)
    assert kept == [event(1), event(2)]
    assert [(item.line, item.code) for item in problems] == [(3, "not-canonical"), (4, "yaml")]


def test_a_broken_log_in_block_style_is_not_guessed_at() -> None:
    data = log(event(1)) + b'- at: "2026-11-22T10:15:00Z"\n  version: "1\n'
    kept, problems = validate_log("deployment", data, PATH)
    assert kept == []
    assert [item.code for item in problems] == ["yaml"]


def test_both_sides_of_a_merge_conflict_are_read_and_the_conflict_is_named() -> None:
    data = (
        log(event(1)) + b"<<<<<<< HEAD\n" + log(event(2))
        + b"=======\n" + log(event(3)) + b">>>>>>> theirs\n"
    )  # fmt: skip
    kept, problems = validate_log("deployment", data, PATH)
    assert [item["id"] for item in kept] == ["e1", "e2", "e3"]
    assert places(problems) == ["3:1 yaml"]
    assert "merge conflict" in problems[0].message
    assert "versioner format" in problems[0].hint
