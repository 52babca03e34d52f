from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.loading import load_strict
from versioner.errors import InvalidInput, OperationFailed
from versioner.serialization.log import (
    LONGEST_LINE,
    append,
    event_line,
    events_naming,
    header,
    read_canonical,
)

from .readers import assert_all_read, same
from .strategies import KEYS, events, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models import Event, LogKind

pytestmark = pytest.mark.slow

LINE = (
    '- {at: "2026-11-22T10:15:00Z", environment: "production", version: "1.4.0", '
    'status: "completed", deployed_by: "jane", invoke_id: "123", id: "e1"}\n'
)
EVENT = {
    "at": "2026-11-22T10:15:00Z",
    "environment": "production",
    "version": "1.4.0",
    "status": "completed",
    "deployed_by": "jane",
    "invoke_id": "123",
    "id": "e1",
}
KINDS: tuple[LogKind, ...] = ("build", "deployment", "observation")


def many(count: int) -> settings:
    return settings(
        deadline=None,
        max_examples=count,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def parsed(line: str) -> Event | None:
    """Read a line by its definition alone: bare keys, and values as JSON has them."""
    if not (line.startswith("- {") and line.endswith("}\n")):
        return None
    decoder = json.JSONDecoder()
    event: Event = {}
    at, end = 3, len(line) - 2
    while at < end:
        key, colon, _ = line[at:].partition(": ")
        if not colon:
            return None
        try:
            event[key], at = decoder.raw_decode(line, at + len(key) + 2)
        except ValueError:
            return None
        if at < end and not line.startswith(", ", at):
            return None
        at += 2
    return event


def is_canonical(kind: LogKind, line: str) -> bool:
    """Say what the invariant says: writing what the line holds gives the line."""
    event = parsed(line)
    try:
        return event is not None and event_line(kind, event) == line
    except InvalidInput:
        return False


def test_a_line_has_bare_keys_in_the_schemas_order_and_json_values() -> None:
    shuffled = dict(reversed(EVENT.items()))
    assert event_line("deployment", shuffled) == LINE
    assert read_canonical("deployment", LINE.encode()) == [(1, EVENT)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_every_reader_reads_back(
    kind: LogKind, scale: Callable[[int, int], int]
) -> None:
    @many(scale(60, 10_000))
    @given(st.lists(events(kind), min_size=1, max_size=3))
    def check(written: list[Event]) -> None:
        data = append(kind, None, written)
        first = header(kind).count("\n") + 1
        found = read_canonical(kind, data)
        assert found is not None
        assert [number for number, _ in found] == list(range(first, first + len(written)))
        assert same([event for _, event in found], written)
        assert_all_read(data, written)
        assert len(data.split(b"\n")) == first + len(written)

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_simple_events_read_the_same_at_the_second_sight_of_their_shape(
    kind: LogKind, scale: Callable[[int, int], int]
) -> None:
    plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    optional = dict.fromkeys(KEYS[kind][:6], plain)
    inner = st.dictionaries(plain, plain, max_size=2)
    mappings = {key: inner for key in ("artifacts", "extra_metadata") if key in KEYS[kind]}
    shape = st.fixed_dictionaries({}, optional=optional | mappings)

    @many(scale(60, 10_000))
    @given(st.lists(shape, min_size=1, max_size=4))
    def check(written: list[Event]) -> None:
        data = append(kind, None, written)
        for _ in range(2):
            found = read_canonical(kind, data)
            assert found is not None
            assert [event for _, event in found] == written

    check()


def test_a_mapping_with_a_key_twice_or_too_long_is_not_canonical_at_any_sight() -> None:
    line = LINE.replace('id: "e1"', 'extra_metadata: {"a": "1", "b": "2"}, id: "e1"')
    twice, long = line.replace('"b": "2"', '"a": "2"'), line.replace('"b"', f'"{"b" * 1023}"')
    for odd in (twice, long, twice, long):
        assert read_canonical("deployment", odd.encode()) is None
        found = read_canonical("deployment", line.encode())
        assert found is not None
        assert found[0][1]["extra_metadata"] == {"a": "1", "b": "2"}


MUTATIONS: tuple[tuple[str, str], ...] = (
    (": ", ":"),
    (": ", ":  "),
    (", ", ","),
    (", ", " , "),
    (", ", ",\t"),
    ('"', "'"),
    ('"', ""),
    ('"', '""'),
    ("{", "{ "),
    ("}", " }"),
    ("}", ",}"),
    ("}", ", }"),
    ("}\n", "}"),
    ("}\n", "} \n"),
    ("}\n", "}\r\n"),
    ("}\n", '}"\n'),
    ("}\n", "} # done\n"),
    ("- ", "-  "),
    ("- ", " - "),
    ("- ", "-"),
    ("version", '"version"'),
    ("version", "Version"),
    ("version", "unknown"),
    ("version", "at"),
    ("a", "\\u0061"),
    ("é", "\\u00e9"),
    ("/", "\\/"),
    ("\\n", "\\u000a"),
    ("\\u", "\\U"),
    ("a", "\\ud83d\\ude00"),
    ("a", "\\ud83d"),
    ("a", "\t"),
    ("a", "\x00"),
    ("a", "\x7f"),
    ("a", "\x85"),
    ("a", "\u2028"),
    ("a", "\ufeff"),
    ("1", "1e5"),
    ("1", "1E5"),
    ("1", "-0"),
    ("1", "01"),
    ("1", "+1"),
    ("1", "1.0"),
    ("1", "1.10"),
    ("1", "NaN"),
    ("1", "-Infinity"),
    ("1", "1" * 20),
    ("1", "1" * 5000),
    ("1", "1e999"),
    ("null", "~"),
    ("true", "True"),
)


@pytest.mark.parametrize("kind", ["build", "deployment"])
def test_a_line_is_canonical_exactly_when_writing_it_again_gives_it(
    kind: LogKind, scale: Callable[[int, int], int]
) -> None:
    seen = {True: 0, False: 0}
    with_numbers = events(kind).map(
        lambda event: {**event, "extra_metadata": {"a": 1, "b": [1.5, None, True], "c/é": "a\n"}}
    )

    @many(scale(200, 10_000))
    @given(
        events(kind) | with_numbers,
        st.lists(st.tuples(st.sampled_from(MUTATIONS), st.integers(0, 9)), max_size=2),
    )
    def check(event: Event, mutations: list[tuple[tuple[str, str], int]]) -> None:
        line = event_line(kind, event)
        for (old, new), place in mutations:
            parts = line.split(old)
            place %= len(parts)
            line = old.join(parts[:place]) + (new if place else "") + old.join(parts[place:])
        expected = is_canonical(kind, line)
        found = read_canonical(kind, line.encode())
        assert (found is not None) == (expected or all(not part for part in line.split("\n")))
        if expected:
            assert same([event for _, event in found or ()], [parsed(line)])
        seen[expected] += 1

    check()
    assert seen[True] > 10
    assert seen[False] > 10


def test_random_edits_of_a_line_are_told_from_canonical_ones(
    scale: Callable[[int, int], int],
) -> None:
    characters = st.sampled_from('"\\{}[],: -#atxu0é\t\r\x85') | st.characters(
        exclude_categories=["Cs"], exclude_characters="\n"
    )

    @many(scale(200, 10_000))
    @given(events("deployment"), st.integers(0), st.integers(0, 3), st.text(characters, max_size=3))
    def check(event: Event, at: int, removed: int, added: str) -> None:
        line = event_line("deployment", {"at": "x", **event})
        at %= len(line) - 1
        line = line[:at] + added + line[at:-1][removed:] + "\n"
        found = read_canonical("deployment", line.encode())
        if line.startswith("#") or line == "\n":
            return
        assert (found is not None) == is_canonical("deployment", line)

    check()


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace('{at: "2026-11-22T10:15:00Z", ', "{").replace(
            '"e1"}', '"e1", at: "2026-11-22T10:15:00Z"}'
        ),
        LINE.replace('id: "e1"', 'id: "e1", id: "e1"'),
        LINE.replace('id: "e1"', 'extra_metadata: {"a": 1, "a": 1}, id: "e1"'),
        LINE.replace('id: "e1"', 'extra_metadata: {"a": 1e5}, id: "e1"'),
        LINE.replace('id: "e1"', 'extra_metadata: {"a": 1.0e+5}, id: "e1"'),
        LINE.replace('id: "e1"', 'extra_metadata: {"a": 9007199254740993}, id: "e1"'),
        LINE.replace('id: "e1"', 'colour: "red", id: "e1"'),
        LINE.replace('"jane"', '"jan\\u0065"'),
        LINE.replace('"jane"', '"jane'),
        LINE.replace('id: "e1"}', 'id: "e1"}"'),
        LINE.replace("\n", "\r\n"),
        LINE.replace("\n", ""),
        LINE.replace("- {", "- {\ufeff"),
        "\ufeff" + LINE,
        " " + LINE,
        "---\n" + LINE,
        LINE + "...\n",
        "[]\n",
        LINE + " \n",
        LINE + "# tab is fine, NEL is not \x85\n",
        "- [" * 100_000 + "\n",
        LINE.replace('id: "e1"', "extra_metadata: " + '{"a": ' * 100_000 + "\n"),
        LINE.replace('id: "e1"', 'extra_metadata: {"a": [[[[[[1]]]]]]}, id: "e1"'),
    ],
)
def test_no_other_form_passes_for_canonical(line: str) -> None:
    assert read_canonical("deployment", line.encode()) is None
    # Nor after the shape of good lines is known.
    assert read_canonical("deployment", (LINE + LINE + line).encode()) is None


def test_bytes_that_are_not_utf_8_are_not_canonical() -> None:
    assert read_canonical("deployment", LINE.encode().replace(b"jane", b"j\xe9")) is None
    assert read_canonical("deployment", LINE.encode().replace(b"jane", b"\xed\xa0\x80")) is None


def test_comments_and_empty_lines_are_passed_over_and_counted() -> None:
    data = f"# one\n\n{LINE}# two: \\ \t é\n{LINE}\n".encode()
    assert read_canonical("deployment", data) == [(3, EVENT), (5, EVENT)]
    assert read_canonical("deployment", b"") == []
    assert read_canonical("build", header("build").encode()) == []


def test_a_line_may_have_256_kib_and_no_byte_more() -> None:
    room = LONGEST_LINE - len(event_line("deployment", {"reason": ""}).encode()) + 1
    longest = {"reason": "é" * (room // 2) + "x" * (room % 2)}
    line = event_line("deployment", longest)
    assert len(line.encode()) == LONGEST_LINE + 1
    assert read_canonical("deployment", line.encode() * 2) == [(1, longest), (2, longest)]
    assert (
        read_canonical("deployment", line.replace("x}", "xx}").replace("é", "éx", 1).encode())
        is None
    )
    with pytest.raises(InvalidInput) as refusal:
        event_line("deployment", {"at": "x", "reason": longest["reason"] + "y"})
    assert refusal.value.field == "reason"


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53 + 1,
        -(2**53) - 1,
        "\ud800",
        "\ud83d\ude00",
        {"k\udfff": 1},
        {1: "a"},
        {None: "a"},
        {"k" * 1023: 1},
        b"bytes",
        {1, 2},
        [[[[[[[1]]]]]]],
    ],
)
def test_what_cannot_be_written_is_refused_and_the_field_named(value: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        event_line("deployment", {**EVENT, "extra_metadata": {"a": [value]}})
    assert refusal.value.field == "extra_metadata"


def test_an_unknown_field_is_refused_and_named() -> None:
    with pytest.raises(InvalidInput) as refusal:
        event_line("build", {"environment": "production"})
    assert refusal.value.field == "environment"


def test_the_longest_key_and_the_deepest_nesting_are_still_read_by_all() -> None:
    event = {"extra_metadata": {"k" * 1022: 1, "é" * 1022: {"a": [[[{}]]]}}}
    data = append("deployment", None, [event])
    assert read_canonical("deployment", data) == [(4, event)]
    assert_all_read(data, [event])


@pytest.mark.parametrize(
    ("number", "written"),
    [(1e22, "1.0e+22"), (1e-7, "1.0e-07"), (1.5e300, "1.5e+300"), (-0.0, "-0.0"), (3.0, "3.0")],
)
def test_floats_have_a_point_and_a_signed_exponent(number: float, written: str) -> None:
    data = event_line("build", {"extra_metadata": {"n": number}})
    assert f'{{"n": {written}}}' in data
    assert_all_read(data.encode(), [{"extra_metadata": {"n": number}}])


def test_non_ascii_stands_as_it_is_and_line_separators_are_escaped() -> None:
    line = event_line("build", {"notes": "né😀\x7f\x85\u2028\ufeff\t"})
    assert line == '- {notes: "né😀\\u007f\\u0085\\u2028\\ufeff\\t"}\n'


def test_a_new_log_says_what_it_is_and_leads_editors_to_its_schema() -> None:
    data = append("deployment", None, [EVENT]).decode()
    assert data == header("deployment") + LINE
    assert "$schema=../../../../schemas/deployments-log.schema.json\n" in header("deployment")
    assert "$schema=../../../../schemas/versions-log.schema.json\n" in header("build")


@pytest.mark.parametrize(
    ("existing", "kept"),
    [
        (LINE, LINE),
        ("# mine\n" + LINE, "# mine\n" + LINE),
        (LINE[:-1], LINE),
        ("# mine", "# mine\n"),
        ("# mine\n[]\n", "# mine\n"),
        ("# mine\n[ ]  # none yet", "# mine\n# none yet\n"),
        ("---\n" + LINE, "---\n" + LINE),
        ("- at: 'x'\n  id: e\n\n", "- at: 'x'\n  id: e\n\n"),
        ("-\n  at: 'x'\n", "-\n  at: 'x'\n"),
        ("- {notes: 'a\n\n []\n b'}\n", "- {notes: 'a\n\n []\n b'}\n"),
    ],
)
def test_an_existing_log_stays_and_the_lines_follow(existing: str, kept: str) -> None:
    data = append("deployment", existing.encode(), [EVENT])
    assert data.decode() == kept + LINE
    before, problems = load_strict(existing.encode(), "x")
    assert not problems
    after, problems = load_strict(data, "x")
    assert not problems
    assert after == [*(before or []), EVENT]


@pytest.mark.parametrize("existing", ["", "\n \n", "[]", "[]\n\n"])
def test_a_log_without_content_begins_anew(existing: str) -> None:
    assert append("build", existing.encode(), [{"id": "a"}]) == append("build", None, [{"id": "a"}])


def test_a_log_with_crlf_keeps_its_bytes_and_takes_the_line() -> None:
    crlf = (header("deployment") + LINE).replace("\n", "\r\n").encode()
    data = append("deployment", crlf, [EVENT])
    assert data == crlf + LINE.encode()
    assert load_strict(data, "x") == ([EVENT, EVENT], [])


def test_no_events_change_nothing() -> None:
    assert append("deployment", LINE[:-1].encode(), []) == LINE[:-1].encode()


@pytest.mark.parametrize(
    "existing",
    [
        "  " + LINE,
        "[{id: a}]\n",
        "{a: 1}\n",
        LINE + "...\n",
        LINE + "---\n",
        "%YAML 1.2\n---\n" + LINE,
    ],
)
def test_a_log_that_a_line_cannot_follow_is_refused(existing: str) -> None:
    with pytest.raises(OperationFailed) as refusal:
        append("deployment", existing.encode(), [EVENT])
    assert "versioner format" in refusal.value.hint


def lines_naming(data: bytes, value: str, *, key: str = "version") -> list[tuple[int, Event]]:
    return [
        (data.count(b"\n", 0, start) + 1, event)
        for start, event in events_naming(data, value, key=key)
    ]


def test_events_of_a_version_are_found_in_any_case_and_by_their_lines() -> None:
    names = ["1.1", "1.10", "V1-RC", "v1-rc", "11.1"]
    written = [{**EVENT, "version": name, "id": name} for name in names]
    written.append({**EVENT, "version": "2", "reason": 'version: "1.1"', "id": "text"})
    written.append({"version": "2", "extra_metadata": {"version": "1.1"}, "id": "inner"})
    data = append("deployment", None, written)
    assert [number for number, _ in lines_naming(data, "1.1")] == [4]
    assert [event["id"] for _, event in lines_naming(data, "v1-Rc")] == ["V1-RC", "v1-rc"]
    assert lines_naming(data, "3") == []
    assert len(lines_naming(data, "PRODUCTION", key="environment")) == 6
    assert lines_naming(data[:-1].replace(b"\n", b"\r\n"), "1.1")[0][1]["id"] == "1.1"


def test_finding_agrees_with_reading_everything(scale: Callable[[int, int], int]) -> None:
    versions = st.sampled_from(["1.1", "1.10", "a", "A", "aé", '1.1"']) | texts

    @many(scale(100, 5_000))
    @given(st.lists(st.tuples(versions, texts), max_size=5), st.sampled_from(["1.1", "a", "A"]))
    def check(rows: list[tuple[str, str]], wanted: str) -> None:
        written = [{"version": version, "notes": notes} for version, notes in rows]
        data = append("build", None, written)
        every = read_canonical("build", data) or []
        expected = [pair for pair in every if pair[1]["version"].lower() == wanted.lower()]
        assert lines_naming(data, wanted) == expected

    check()


def test_reading_and_writing_logs_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, versioner.serialization.log; "
        "print([m for m in ('yaml', 'ruamel', 'jsonschema', 'git', 'jinja2', 'sqlite3', 'click')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
