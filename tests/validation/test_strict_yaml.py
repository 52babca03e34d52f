"""Strict YAML: what is accepted every reader reads alike, what is refused is refused in place."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tests.loading import load_strict
from versioner.serialization import yaml_parser
from versioner.validation.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

LAUGHS = b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"

HOSTILE: dict[str, tuple[bytes, str]] = {
    "billion laughs": (LAUGHS, "1:4 yaml"),
    "alias to itself": (b"a: &a\n  b: *a\n", "1:4 yaml"),
    "alias to nowhere": (b"a: *b\n", "1:4 yaml"),
    "anchor on a scalar": (b"a: &x y\n", "1:4 yaml"),
    "python tag": (b"a: !!python/object/apply:os.system ['id']\n", "1:4 yaml"),
    "known tag": (b"a: !!str 1\n", "1:4 yaml"),
    "local tag": (b"a: !x 1\n", "1:4 yaml"),
    "bare tag": (b"a: ! 1\n", "1:4 yaml"),
    "merge key": (b"a: 1\n<<: {b: 2}\n", "2:1 yaml"),
    "version directive": (b"%YAML 1.1\n---\na: 1\n", "1:1 yaml"),
    "tag directive": (b"%TAG ! tag:example.com,2000:\n---\na: 1\n", "1:1 yaml"),
    "unknown directive": (b"%FOO bar\n---\na: 1\n", "1:1 yaml"),
    "two documents": (b"a: 1\n---\nb: 2\n", "2:1 yaml"),
    "list as a key": (b"? [a]\n: b\n", "1:3 yaml"),
    "mapping as a key": (b"{{a: b}: c}\n", "1:2 yaml"),
    "key twice": (b"a: 1\nb: 2\na: 3\n", "3:1 duplicate-key"),
    "key twice, once escaped": (b'a: 1\n"\\x61": 2\n', "2:1 duplicate-key"),
    "key twice inside": (b"- {x: 1, x: 2}\n", "1:10 duplicate-key"),
    "deep list": (b"[" * 9 + b"]" * 9, "1:9 yaml"),
    "very deep list": (b"[" * 60_000, "1:9 yaml"),
    "very deep mapping": (b"{a: " * 15_000, "1:33 yaml"),
    "very deep block": (b"- " * 30_000, "1:17 yaml"),
    "byte order mark": (b"\xef\xbb\xbfa: 1\n", "1:1 encoding"),
    "byte order mark inside": ("a: 1\nb: x\ufeff\n".encode(), "2:5 encoding"),
    "UTF-16": ("a: 1\n".encode("utf-16"), "1:1 encoding"),
    "UTF-16 without mark": ("a: 1\n".encode("utf-16-le"), "1:2 encoding"),
    "Latin-1": ("a: x\nb: é\n".encode("latin-1"), "2:4 encoding"),
    "surrogate in UTF-8": (b"a: \xed\xa0\x80\n", "1:4 encoding"),
    "lone surrogate, escaped": (b'a: "\\ud800"\n', "1:7 yaml"),
    "overlong": (b"a: \xc0\x80\n", "1:4 encoding"),
    "NUL": (b"a: x\x00y\n", "1:5 encoding"),
    "escape character": (b"a: \x1b[31m\n", "1:4 encoding"),
    "NEL": ("a: x\x85b: y\n".encode(), "1:5 encoding"),
    "line separator": ("a: x\u2028b: y\n".encode(), "1:5 encoding"),
    "paragraph separator": ("é: x\u2029b: y\n".encode(), "1:5 encoding"),
    "lone carriage return": (b"a: x\rb: y\n", "1:5 encoding"),
    "DEL": (b"a: \x7f\n", "1:4 encoding"),
    "too large": (b"a: " + b"x" * 65_536, "0:0 size"),
    "tab as indent": (b"a:\n\tb: 1\n", "2:1 yaml"),
    "open quote": (b'a: "x\n', "2:1 yaml"),
    "open bracket": (b"a: [1, 2\n", "2:1 yaml"),
    "colon in text": (b"a: b: c\n", "1:5 yaml"),
    "text after quote": (b'a: "x" y\n', "1:8 yaml"),
    "unknown escape": (b'a: "\\q"\n', "1:5 yaml"),
    "escape beyond Unicode": (b'a: "\\UFFFFFFFF"\n', "1:7 yaml"),
    "reserved sign": (b"a: @x\n", "1:4 yaml"),
    "number as a key": (b"a:\n  1: x\n", "2:3 retyped"),
    "no as a key": (b"no: x\n", "1:1 retyped"),
    "nothing as a key": (b"{~: x}\n", "1:2 retyped"),
    "comment at a block's sign": (b"a: |#\n  x\n", "1:5 yaml"),
    "tab after text": (b"a: x\t\n", "1:5 yaml"),
}

RETYPED = [
    *("no", "No", "NO", "yes", "on", "OFF", "y", "N", "0777", "0o17", "0x1F", "0b11", "1_000"),
    *("12:30", "1:2:3.5", "2024-01-01", "2024-1-1", "2026-11-22T10:15:00Z", "2026-11-22 10:15:00"),
    *("1e3", "1.5e3", "1e-3", "+1", "+1.5", ".5", "-.5", "1.", "01", "00", "-012", "=", ".inf"),
    *(
        "-.INF",
        ".nan",
        "9007199254740993",
        "-9007199254740993",
        "1" * 5000,
        "1.0e+999",
        "08",
        "1__",
    ),
]

SURE: dict[str, Any] = {
    "1": 1,
    "-7": -7,
    "0": 0,
    "1.10": 1.1,
    "-0.5": -0.5,
    "1.0e+22": 1e22,
    "9007199254740992": 2**53,
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "": None,
    "1.4.0": "1.4.0",
    "v1": "v1",
    "1-2": "1-2",
    "1.2-rc1": "1.2-rc1",
    "2024-01": "2024-01",
    "a1b2c3d": "a1b2c3d",
    ".": ".",
    "...x": "...x",
    "nope": "nope",
    "12:99": "12:99",
    "10.0.0.1": "10.0.0.1",
    "user service": "user service",
    "日本": "日本",
}


@pytest.fixture(params=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "pure":
        monkeypatch.setattr(yaml_parser, "_loader", lambda: yaml.SafeLoader)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML was built without libyaml")
    yield request.param


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_its_place(name: str, parser: str) -> None:
    data, expected = HOSTILE[name]
    value, problems = load_strict(data, "p.yaml")
    assert value is None
    first = problems[0]
    line, column, code = first.line, first.column, first.code
    assert code == expected.split()[1]
    if parser == "libyaml":
        assert f"{line}:{column}" == expected.split()[0]
    assert all(problem.hint and problem.code in CODES for problem in problems)
    assert all(problem.message.isprintable() and len(problem.message) < 300 for problem in problems)


@pytest.mark.parametrize("text", RETYPED)
def test_a_scalar_that_some_reader_retypes_gets_its_quotes(text: str, parser: str) -> None:
    value, problems = load_strict(f"key:\n  - {text}\n".encode(), "p.yaml")
    assert value is None
    (problem,) = problems
    assert (problem.line, problem.column, problem.code) == (2, 5, "retyped")
    assert problem.hint.startswith(f'write "{text[:50]}')
    assert load_strict(f'key:\n  - "{text}"\n'.encode(), "p.yaml") == ({"key": [text]}, [])


@pytest.mark.parametrize("text", SURE)
def test_a_scalar_that_all_readers_read_alike_is_read(text: str, parser: str) -> None:
    value, problems = load_strict(f"key: {text}\n".encode(), "p.yaml")
    assert problems == []
    assert value == {"key": SURE[text]}
    assert type(value["key"]) is type(SURE[text])  # type: ignore[index]


def test_every_doubtful_scalar_of_a_file_is_named() -> None:
    _, problems = load_strict(b"a: no\nb: [1_0, x, {c: on}]\n", "p.yaml")
    assert [(problem.line, problem.column) for problem in problems] == [(1, 4), (2, 5), (2, 17)]


def test_a_file_of_exactly_the_limit_is_read() -> None:
    value, problems = load_strict(b"a: " + b"x" * 65_533, "p.yaml")
    assert problems == []
    assert value == {"a": "x" * 65_533}


@pytest.mark.parametrize("data", [b"", b"# only a comment\n", b"---\n", b"\n\n"])
def test_an_empty_file_holds_nothing(data: bytes, parser: str) -> None:
    assert load_strict(data, "p.yaml") == (None, [])


def test_windows_line_ends_and_block_texts_are_read(parser: str) -> None:
    data = 'a: |\r\n  one\r\n  two\r\nb: >-\r\n  x\r\n  y\r\nc: "\\u2028\\x00𝄞"\r\n'
    value, problems = load_strict(data.encode(), "p.yaml")
    assert problems == []
    assert value == {"a": "one\ntwo\n", "b": "x y", "c": "\u2028\x00𝄞"}


def judges(text: str) -> Iterator[Any]:
    yield yaml.safe_load(text)
    yaml12 = YAML(typ="safe", pure=True)
    yaml12.version = (1, 2)
    yield yaml12.load(io.StringIO(text))


SCALARS = st.one_of(
    st.from_regex(r"[-+]?[0-9_.:eExob+-]{1,9}", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9:.Z+-]{0,9})?", fullmatch=True),
    st.sampled_from([*RETYPED, *SURE]),
    st.from_regex(r"[A-Za-z~.<=]{1,5}", fullmatch=True),
)


def test_an_accepted_plain_scalar_is_the_same_to_every_reader(
    scale: Callable[[int, int], int],
) -> None:
    @settings(
        deadline=None,
        max_examples=scale(400, 10_000),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(SCALARS)
    def check(text: str) -> None:
        whole = f"key: {text}\n"
        value, problems = load_strict(whole.encode(), "p.yaml")
        if not problems:
            for other in judges(whole):
                assert other == value
                assert type(other["key"]) is type(value["key"])  # type: ignore[index]

    check()


PIECES = st.sampled_from(
    ["a", "b: ", "- ", "? ", ": ", "[", "]", "{", "}", ", ", "'", '"', "|", ">-", "\n", "\n  ",
     "#", " # ", "&x ", "*x", "!t ", "%", "---\n", "...\n", "\t", "\r\n", "\\", "no", "1.10", "~",
     "é", "𝄞", "\x85", "\u2028", "\ufeff", "\x00", "<<: ", "@", "`", "0x", "=", "\\ud800", "\\U"]
)  # fmt: skip


def test_no_input_makes_a_traceback(scale: Callable[[int, int], int]) -> None:
    @settings(
        deadline=None,
        max_examples=scale(400, 10_000),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(PIECES, max_size=25).map("".join).map(str.encode) | st.binary(max_size=60))
    def check(data: bytes) -> None:
        value, problems = load_strict(data, "p.yaml")
        for problem in problems:
            assert problem.message.isprintable()
            assert problem.hint
        if not problems and value is not None:
            text = data.decode()
            assert yaml.safe_load(text) == value
            try:
                others = list(judges(text))
            except YAMLError:
                # ruamel refuses a few texts that the 1.1 readers take; none differs silently.
                return
            assert all(other == value for other in others)

    check()
