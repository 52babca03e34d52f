from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loading import load_strict
from versioner.errors import InvalidInput
from versioner.serialization.format import format_file
from versioner.serialization.log import append, event_line, read_canonical

from .readers import assert_all_read, same
from .strategies import documents, events, handwritten
from .test_log import EVENT, LINE, many

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models import Event

pytestmark = pytest.mark.slow


def notes_in(data: bytes) -> Counter[str]:
    return Counter(re.findall(r"# note [0-9]+[^\n]*", data.decode().replace("\r", "")))


def stripped(notes: Counter[str]) -> Counter[str]:
    return Counter({note.rstrip(): count for note, count in notes.items()})


def test_no_data_and_no_comment_is_lost_and_twice_is_once(scale: Callable[[int, int], int]) -> None:
    @many(scale(250, 10_000))
    @given(handwritten(documents))
    def check(file: tuple[bytes, Any]) -> None:
        data, value = file
        before, problems = load_strict(data, "x")
        assert not problems, problems
        assert same(before, value)
        formatted = format_file("product", data)
        assert_all_read(formatted, value)
        assert stripped(notes_in(formatted)) == stripped(notes_in(data))
        assert format_file("product", formatted) == formatted
        assert list(value) == list(load_strict(formatted, "x")[0] or {})  # type: ignore[call-overload]

    check()


def test_the_canonical_form_keeps_comments_with_their_neighbours() -> None:
    data = b"""\xef\xbb\xbf# yaml-language-server: $schema=../../../schemas/product.schema.json\r
# The accounts.


name: user-service   # equals the directory
description: >
  Long
  text.

# who
depends_on:
- payment-api  # money
# mails
- notification-service
extra_metadata:   # of ours
    # people
    'team': identity  # slack #identity
    flow: {a: 1, "b": [x, # one
       y]} # two
    # owner: jane
links:
  -   title: x
      url: y
# the end
"""
    formatted = format_file("product", data)
    assert formatted.decode() == (
        "# yaml-language-server: $schema=../../../schemas/product.schema.json\n"
        "# The accounts.\n"
        "\n"
        'name: "user-service"  # equals the directory\n'
        'description: "Long text.\\n"\n'
        "\n"
        "# who\n"
        "depends_on:\n"
        '  - "payment-api"  # money\n'
        "  # mails\n"
        '  - "notification-service"\n'
        "extra_metadata:  # of ours\n"
        "  # people\n"
        '  team: "identity"  # slack #identity\n'
        "  flow:\n"
        "    a: 1\n"
        "    b:\n"
        '      - "x"  # one\n'
        '      - "y"  # two\n'
        "  # owner: jane\n"
        "links:\n"
        '  - title: "x"\n'
        '    url: "y"\n'
        "# the end\n"
    )


@pytest.mark.parametrize(
    ("written", "formatted"),
    [
        ("title: 1.10", 'title: "1.10"'),
        ("title: no", 'title: "no"'),
        ("title: true", 'title: "true"'),
        ("depends_on: [1, 2]", 'depends_on:\n  - "1"\n  - "2"'),
        ("extra_metadata: {team: 7}", 'extra_metadata:\n  team: "7"'),
        ("metadata: {a: 7}", "metadata:\n  a: 7"),
        ("unknown: 7", "unknown: 7"),
        ("unknown: {a: 7, b: 1e3}", 'unknown:\n  a: 7\n  b: "1e3"'),
        ("metadata: {a: 1.10}", "metadata:\n  a: 1.10"),
        ("metadata: {a: True}", "metadata:\n  a: true"),
        ("metadata: {a: ~}", "metadata:\n  a: null"),
        ("metadata: {a: }", "metadata:\n  a: null"),
        ("metadata: {a: 1e3}", 'metadata:\n  a: "1e3"'),
        ("metadata: {a: 0777}", 'metadata:\n  a: "0777"'),
        ("metadata: {a: 12:30}", 'metadata:\n  a: "12:30"'),
        ("metadata: {a: 2024-01-01}", 'metadata:\n  a: "2024-01-01"'),
        ("metadata: {a: 1_000}", 'metadata:\n  a: "1_000"'),
        ("metadata: {a: 99999999999999999999}", 'metadata:\n  a: "99999999999999999999"'),
        ("metadata: {no: 1, 5: 2}", 'metadata:\n  "no": 1\n  "5": 2'),
        ("retired: yes", "retired: yes"),
        ("order: 5", "order: 5"),
        ("metadata: {}", "metadata: {}"),
        ("---\ntitle: x\n...", 'title: "x"'),
        ("", ""),
        ("\n\n# only\n\n", "# only"),
    ],
)
def test_a_scalar_that_readers_differ_about_becomes_the_text_it_was(
    written: str, formatted: str
) -> None:
    assert format_file("environment", written.encode()).decode().removesuffix("\n") == formatted


@pytest.mark.parametrize(
    "data",
    [
        b"a: [",
        b"a: &x 1\nb: *x\n",
        b"a: !!str 1\n",
        b"%YAML 1.1\n---\na: 1\n",
        b"a: 1\na: 2\n",
        b"<<: {a: 1}\n",
        b"? [a]\n: 1\n",
        b"a: 1\n---\nb: 1\n",
        b"a: \xff\n",
        b"a: x\x85y\n",
        b"a: x\ry\n",
        b'a: "\\ud800"\n',
        b"a: " + b"[" * 10_000,
        b"a: \x00\n",
        b"\ta: 1\n",
        b"a: @\n",
    ],
)
def test_a_file_that_is_wrong_beyond_style_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput) as refusal:
        format_file("product", data)
    assert refusal.value.hint
    with pytest.raises(InvalidInput):
        format_file("build", data)


def test_any_bytes_are_formatted_or_refused_without_a_traceback(
    scale: Callable[[int, int], int],
) -> None:
    soup = st.text(st.sampled_from("ab: -#\n\"'{}[],|>&*!%?\\\té1.0~"), max_size=25)

    @many(scale(300, 20_000))
    @given(soup | st.text(max_size=20), st.sampled_from(["product", "build"]))
    def check(text: str, kind: Any) -> None:
        data = text.encode(errors="surrogatepass")
        try:
            formatted = format_file(kind, data)
        except InvalidInput:
            return
        assert format_file(kind, formatted) == formatted
        before, problems = load_strict(data, "x")
        after, faults = load_strict(formatted, "x")
        if not problems:
            assert not faults
            assert same(before or None, after or None)

    check()


def test_a_canonical_log_is_left_as_it_is() -> None:
    data = f"# mine\n\n{LINE}".encode()
    assert format_file("deployment", data) is data


def test_a_log_gets_canonical_lines_and_keeps_its_comments() -> None:
    data = f"""\ufeff# head
- {{at: 2026-11-22T10:15:00Z, version: 1.10, extra_metadata: {{a: 1.5, team: 7}}, id: abc}} # note

- id: "x"
  # inside

  version: '1.4'   # end

# last
{LINE[:-1]}\r
# bye""".encode()
    formatted = format_file("deployment", data)
    assert formatted.decode() == (
        "# head\n"
        "# note\n"
        '- {at: "2026-11-22T10:15:00Z", version: "1.10", '
        'extra_metadata: {"a": 1.5, "team": 7}, id: "abc"}\n'
        "\n"
        "# inside\n"
        "\n"
        "# end\n"
        '- {version: "1.4", id: "x"}\n'
        "\n"
        "# last\n"
        f"{LINE}"
        "# bye\n"
    )
    assert format_file("deployment", formatted) == formatted


@pytest.mark.parametrize(
    "data",
    [
        "  - {id: a}\n  - {id: b}\n",
        "[{id: a}, {id: b}]\n",
        "---\n- id: a\n- id: b\n...\n",
        "- id:\n    a\n-\n  id: |-\n\n    b\n".replace("|-\n\n", "|-\n"),
        '- {"id": "a"}\n- {id: "b",\n   }\n',
    ],
)
def test_a_log_in_any_style_becomes_one_event_a_line(data: str) -> None:
    assert format_file("build", data.encode()) == b'- {id: "a"}\n- {id: "b"}\n'


def test_a_blank_line_inside_a_text_is_not_taken_for_the_end_of_an_event() -> None:
    data = b"- id: a\n  notes: |\n    one\n\n    # two\n\n- id: b\n"
    assert format_file("build", data) == (
        b'- {notes: "one\\n\\n# two\\n", id: "a"}\n\n- {id: "b"}\n'
    )


def test_an_empty_log_stays_empty() -> None:
    assert format_file("build", b"# none\n[]\n") == b"# none\n"
    assert format_file("build", b"---\n# none\n") == b"# none\n"


@pytest.mark.parametrize(
    "line", ["- {colour: red}\n", "- {id: [.inf, 99999999999999999999]\n", "- a\n"]
)
def test_a_log_with_what_cannot_be_written_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput):
        format_file("build", (LINE + line).encode())


def test_formatting_a_log_changes_no_event(scale: Callable[[int, int], int]) -> None:
    listed = st.lists(events("deployment"), min_size=1, max_size=3)

    @many(scale(150, 10_000))
    @given(handwritten(listed))
    def check(file: tuple[bytes, Any]) -> None:
        data, written = file
        before, problems = load_strict(data, "x", limit=1_000_000)
        assert not problems
        assert same(before, written)
        formatted = format_file("deployment", data)
        found = read_canonical("deployment", formatted)
        assert found is not None
        assert same([event for _, event in found], written)
        assert stripped(notes_in(formatted)) == stripped(notes_in(data))
        assert format_file("deployment", formatted) == formatted

    check()


def test_a_line_written_by_hand_is_mended_alone() -> None:
    rows: list[Event] = [{**EVENT, "id": str(number)} for number in range(300)]
    data = append("deployment", None, rows)
    wrong = event_line("deployment", rows[150])
    right = wrong.replace('id: "150"', "id: '150'")
    assert format_file("deployment", data.replace(wrong.encode(), right.encode())) == data
