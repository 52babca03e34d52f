"""The recorded commits of a version in the line of its event: short, and read back as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serialization.test_log import many
from versioner.serialization.format import format_file
from versioner.serialization.log import append, event_line, read_canonical
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = {
    "at": "2026-10-06T14:05:33Z",
    "version": "1.1",
    "status": "completed",
    "id": "a",
}
PATH = "registry/products/tea/builds/2026-10.yaml"


def line_of(*commits: Any, **others: Any) -> str:
    return event_line("build", {**EVENT, "changes": {**others, "commits": [*commits]}})


def events_in(line: str) -> Any:
    return [event for _, event in read_canonical("build", line.encode()) or ()]


@pytest.mark.parametrize(
    ("commit", "text"),
    [
        ({"id": "4f5d1c2a"}, '"4f5d1c2a"'),
        (
            {"id": "4f5d1c2a", "subject": "Fix (#12)", "author": "jane", "keys": ["#12"]},
            '"4f5d1c2a Fix (#12) <jane>"',
        ),
        (
            {"id": "4f5d1c2a", "subject": "Fix (#12)", "keys": ["#12", "ABC-7"]},
            '"4f5d1c2a Fix (#12) [#12 ABC-7]"',
        ),
        ({"id": "4f5d1c2a", "subject": "Use UTF-8"}, '"4f5d1c2a Use UTF-8 []"'),
        ({"id": "4f5d1c2a", "keys": ["!5"]}, '"4f5d1c2a [!5]"'),
        ({"id": "4f5d1c2a", "author": "x[bot]"}, '"4f5d1c2a <x[bot]>"'),
        # What would be read as an author is no text.
        (
            {"id": "4f5d1c2a", "subject": "Add <b>"},
            '{"id": "4f5d1c2a", "subject": "Add <b>"}',
        ),
    ],
)
def test_a_commit_is_one_short_text(commit: Any, text: str) -> None:
    line = line_of(commit, since="1.0")
    assert f'changes: {{"since": "1.0", "commits": [{text}]}}' in line
    assert events_in(line)[0]["changes"]["commits"] == [commit]


def test_any_commit_is_read_as_it_was_written(scale: Callable[[int, int], int]) -> None:
    words = st.sampled_from(["Fix", "(#1)", "<b>", "[x]", "[#1]", "<", "A-1", "é", "[]", " ", "\\"])
    texts = st.lists(words, min_size=1, max_size=4).map(" ".join)
    commits = st.fixed_dictionaries(
        {"id": st.sampled_from(["4f5d1c2", "4f5d1c2a9e"])},
        optional={
            "subject": texts, "author": texts,
            "keys": st.lists(st.sampled_from(["#1", "A-1", "[x]", "a"]), min_size=1, max_size=3),
        },
    )  # fmt: skip

    @many(scale(60, 5_000))
    @given(st.lists(commits, max_size=3))
    def check(given: list[Any]) -> None:
        assert events_in(line_of(*given))[0]["changes"]["commits"] == given

    check()


def test_a_log_with_mappings_of_commits_is_read_and_stays_as_it_is() -> None:
    old = line_of().replace(
        "[]", '[{"id": "4f5d1c2a9e", "subject": "Fix (#1)", "author": "jane", "keys": ["#1"]}]'
    )
    data = append("build", None, []) + old.encode()
    events, problems = validate_log("build", data, PATH)
    assert not problems
    assert format_file("build", data) == data
    assert events[0]["changes"]["commits"] == [
        {"id": "4f5d1c2a9e", "subject": "Fix (#1)", "author": "jane", "keys": ["#1"]}
    ]
    new = append("build", data, [{**events[0], "id": "b", "version": "1.2"}])
    assert (
        new
        == data
        + line_of(*events[0]["changes"]["commits"])
        .replace('"a"', '"b"')
        .replace("1.1", "1.2")
        .encode()
    )


@pytest.mark.parametrize("style", ["flow", "block"])
def test_a_log_that_a_person_wrote_is_read_with_the_same_commits(style: str) -> None:
    flow = "changes: {commits: ['4f5d1c2a  Fix (#1) <jane>'], more: 2}"
    block = "changes:\n    more: 2\n    commits:\n    - 4f5d1c2a Fix (#1) <jane>"
    text = '- at: "2026-10-06T14:05:33Z"\n  version: "1.1"\n  status: completed\n  id: "a"\n'
    data = f"{text}  {flow if style == 'flow' else block}\n".encode()
    events, problems = validate_log("build", data, PATH)
    assert {each.code for each in problems} == {"not-canonical"}
    first = events[0]["changes"]["commits"][0]
    assert (first["id"], first["author"], first["keys"]) == ("4f5d1c2a", "jane", ["#1"])
    assert events[0]["changes"]["more"] == 2
    formatted = format_file("build", data)
    assert validate_log("build", formatted, PATH) == (events, [])


@pytest.mark.parametrize(
    "text",
    ["Fix", "4f5d1c2", "4f5d1c Fix", "4f5d1c2a\\tFix", "4f5d1c2a \\u202e", "4f5d1c2a <>", ""],
)
def test_a_text_that_is_no_commit_is_an_error_of_its_line(text: str) -> None:
    data = line_of().replace("[]", f'["{text}"]').encode()
    events, problems = validate_log("build", data, PATH)
    if text in ("4f5d1c2", "4f5d1c2a <>"):
        assert [each["id"] for each in events[0]["changes"]["commits"]] == [text[:8].strip()]
        return
    assert not events
    assert problems[-1].line == 1
    assert problems[-1].severity == "error"
    assert "commits" in problems[-1].message
