from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioner.errors import InvalidInput
from versioner.serialization.assignments import Set, dotted, parse_assignment, parse_key

from .test_log import many

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("title=1.10", ("title",), "1.10"),
        ("title=", ("title",), ""),
        ("description=a=b", ("description",), "a=b"),
        ("description=[draft] x", ("description",), "[draft] x"),
        ("name=true", ("name",), "true"),
        ("order=150", ("order",), 150),
        ("retired=true", ("retired",), True),
        ("depends_on=a, b,", ("depends_on",), ["a", "b"]),
        ("depends_on=", ("depends_on",), []),
        ('depends_on=["a"]', ("depends_on",), ["a"]),
        ('links=[{"title": "t"}]', ("links",), [{"title": "t"}]),
        ("site.hidden_fields=a,b", ("site", "hidden_fields"), ["a", "b"]),
        ("site.title=12", ("site", "title"), "12"),
        ("extra_metadata.team=7", ("extra_metadata", "team"), "7"),
        ("extra_metadata.tech_stack=go", ("extra_metadata", "tech_stack"), "go"),
        ('extra_metadata.tech_stack=["go"]', ("extra_metadata", "tech_stack"), ["go"]),
        ('extra_metadata={"a": 1}', ("extra_metadata",), {"a": 1}),
        ("extra_metadata.a=7", ("extra_metadata", "a"), 7),
        ("extra_metadata.a=-1.5", ("extra_metadata", "a"), -1.5),
        ("extra_metadata.a=1.10", ("extra_metadata", "a"), "1.10"),
        ("extra_metadata.a=007", ("extra_metadata", "a"), "007"),
        ("extra_metadata.a=1e3", ("extra_metadata", "a"), "1e3"),
        ("extra_metadata.a=-0", ("extra_metadata", "a"), "-0"),
        ("extra_metadata.a=12345678901234567890", ("extra_metadata", "a"), "12345678901234567890"),
        ("extra_metadata.a=true", ("extra_metadata", "a"), True),
        ("extra_metadata.a=True", ("extra_metadata", "a"), "True"),
        ("extra_metadata.a=null", ("extra_metadata", "a"), None),
        ('extra_metadata.a="true"', ("extra_metadata", "a"), "true"),
        ("extra_metadata.a=NaN", ("extra_metadata", "a"), "NaN"),
        ('extra_metadata."my.key"=x', ("extra_metadata", "my.key"), "x"),
        ("metadata.region.zone=no", ("metadata", "region", "zone"), "no"),
        ('metadata."a=b".c=d', ("metadata", "a=b", "c"), "d"),
        ("extra_metadata.a=[core] team", ("extra_metadata", "a"), "[core] team"),
        ("extra_metadata.a=[a", ("extra_metadata", "a"), "[a"),
        ("extra_metadata.a=[a]", ("extra_metadata", "a"), "[a]"),
        ("extra_metadata.a={{ x }}", ("extra_metadata", "a"), "{{ x }}"),
        ('extra_metadata.a={"b": 1', ("extra_metadata", "a"), '{"b": 1'),
        ('extra_metadata.a="', ("extra_metadata", "a"), '"'),
        ('extra_metadata.a="a" b', ("extra_metadata", "a"), '"a" b'),
        ("extra_metadata.a=[1, 2.5, 1.0]", ("extra_metadata", "a"), [1, 2.5, 1.0]),
        ('extra_metadata.a={"b": "1.10"}', ("extra_metadata", "a"), {"b": "1.10"}),
    ],
)
def test_the_key_decides_how_a_value_is_read(text: str, path: tuple[str, ...], value: Any) -> None:
    change = parse_assignment(text)
    assert change == Set(path, value)
    assert type(change.value) is type(value)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("title", ""),
        ("=x", ""),
        (".a=x", ""),
        ("a..b=x", ""),
        ("a.=x", ""),
        ('a"b=x', ""),
        ('"\\q"=x', ""),
        (" =x", ""),
        ("order=first", "order"),
        ("order=1.5", "order"),
        ("retired=yes", "retired"),
        ("links=https://example.test", "links"),
        ('links={"a": 1}', "links"),
        ("extra_metadata=x", "extra_metadata"),
        ("extra_metadata=[1]", "extra_metadata"),
        ("extra_metadata.a=[1.10]", "extra_metadata.a"),
        ('extra_metadata={"a": {"b": 1.50}}', "extra_metadata"),
        ("extra_metadata.a=[NaN]", "extra_metadata.a"),
        ("extra_metadata.a=[9007199254740993]", "extra_metadata.a"),
        ('extra_metadata.a="\\ud800"', "extra_metadata.a"),
        ("extra_metadata.a=" + "[" * 100_000, "extra_metadata.a"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_field_and_a_way_out(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_assignment(text)
    assert refusal.value.field == field
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("links=x", """links='[{"title": "Docs", "url": "https://example.com"}]'"""),
        ("depends_on=[a2]", """depends_on='["a", "b"]'"""),
        ("metadata={a", """metadata='{"key": "value"}'"""),
    ],
)
def test_a_value_of_the_wrong_form_hears_of_a_right_one(text: str, shown: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_assignment(text)
    assert refusal.value.hint == f"write {shown}"
    assert parse_assignment(shown.replace("'", "")).path


def test_any_path_is_written_so_that_it_is_read_back(scale: Callable[[int, int], int]) -> None:
    @many(scale(200, 10_000))
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
    def check(path: list[str]) -> None:
        assert parse_key(dotted(tuple(path))) == tuple(path)

    check()


def test_any_text_is_read_or_refused_without_a_traceback(scale: Callable[[int, int], int]) -> None:
    @many(scale(200, 10_000))
    @given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["", "extra_metadata."]))
    def check(key: str, value: str, prefix: str) -> None:
        try:
            change = parse_assignment(f"{prefix}{key}={value}")
        except InvalidInput as refusal:
            assert refusal.hint
        else:
            assert change.path

    check()


def test_a_key_to_unset_takes_no_value() -> None:
    assert parse_key('extra_metadata."a.b"') == ("extra_metadata", "a.b")
    with pytest.raises(InvalidInput):
        parse_key("title=x")
