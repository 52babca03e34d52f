from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.loading import load_strict
from versioner.errors import InvalidInput, OperationFailed
from versioner.serialization.assignments import Change, Set, Unset
from versioner.serialization.documents import dump_document
from versioner.serialization.format import format_file
from versioner.serialization.yaml_edit import edit_document

from .readers import assert_all_read, same
from .strategies import depth_of, documents, handwritten, json_values, texts
from .test_log import many

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

PRODUCT = """\
# yaml-language-server: $schema=../../../schemas/product.schema.json
# The accounts.
name: user-service   # equals the directory
title: 'Users'

description: >
  Long
  text.

# who
depends_on:
- payment-api  # money
# mails
- notification-service
- zed

extra_metadata:
    # people
    team: "identity"  # slack #identity
    owner: jane

    # where
    repository: acme/users
    flow: {a: 1, "b": [x, y]}
"""


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (Set(("title",), "1.10"), "'Users'", '"1.10"'),
        (Set(("name",), "x"), "user-service ", '"x" '),
        (Set(("description",), "x"), "description: >\n  Long\n  text.\n", 'description: "x"\n'),
        (
            Set(("lifecycle",), "active"),
            "  text.\n",
            '  text.\n\nlifecycle: "active"\n'.replace("\n\n", "\n"),
        ),
        (Set(("extra_metadata", "owner"), None), "owner: jane", "owner: null"),
        (
            Set(("extra_metadata", "team"), ["a"]),
            'team: "identity"',
            'team:\n      - "a"',
        ),
        (Set(("extra_metadata", "flow", "a"), {"c": []}), "{a: 1", '{a: {"c": []}'),
        (Set(("extra_metadata", "flow", "c"), "z"), "[x, y]}", '[x, y], "c": "z"}'),
        (
            Set(("extra_metadata", "new", "deep", "a.b"), [1]),
            "[x, y]}\n",
            "[x, y]}\n    new:\n      deep:\n        a.b:\n          - 1\n",
        ),
        (
            Set(("depends_on",), ["payment-api", "zed", "a"]),
            "notification-service\n- zed",
            'zed\n- "a"',
        ),
        (
            Set(("depends_on",), ["payments", "notification-service", "zed"]),
            "payment-api",
            '"payments"',
        ),
        (
            Set(("depends_on",), []),
            "\n- payment-api  # money\n# mails\n- notification-service\n- zed",
            " []",
        ),
        (
            Set(("links",), [{"title": "t", "url": "u"}]),
            "  text.\n",
            '  text.\nlinks:\n  - title: "t"\n    url: "u"\n',
        ),
        (Unset(("title",)), "title: 'Users'\n", ""),
        (
            Unset(("depends_on",)),
            "# who\ndepends_on:\n- payment-api  # money\n"
            "# mails\n- notification-service\n- zed\n\n",
            "",
        ),
        (Unset(("extra_metadata", "owner")), "    owner: jane\n", ""),
        (Unset(("extra_metadata", "team")), '    team: "identity"  # slack #identity\n', ""),
        (Unset(("extra_metadata", "flow", "a")), '{a: 1, "b"', '{"b"'),
        (Unset(("extra_metadata", "flow", "b")), '{a: 1, "b": [x, y]}', "{a: 1}"),
        (Unset(("extra_metadata", "flow")), '    flow: {a: 1, "b": [x, y]}\n', ""),
    ],
)
def test_only_the_lines_of_what_changes_are_touched(change: Change, old: str, new: str) -> None:
    # An item before another keeps its plain style: only new ones are quoted.
    edited = edit_document(PRODUCT.encode(), [change]).decode()
    expected = PRODUCT.replace(old, new)
    assert expected != PRODUCT
    assert edited == expected


def test_a_mapping_set_over_another_changes_only_where_they_differ() -> None:
    value = {"team": "identity", "owner": "bob", "flow": {"a": 1, "b": ["x", "z"]}, "tier": 1}
    edited = edit_document(PRODUCT.encode(), [Set(("extra_metadata",), value)]).decode()
    assert edited == PRODUCT.replace("jane", '"bob"').replace("[x, y]", '["x", "z"]').replace(
        "\n    # where\n    repository: acme/users\n", "\n    # where\n"
    ).replace('"z"]}\n', '"z"]}\n    tier: 1\n')


@pytest.mark.parametrize("more", ["", '  # twice\n  - "b" # b\n'])
def test_an_item_in_another_ones_place_keeps_the_comments_around_it(more: str) -> None:
    text = '# p\nname: a\ndepends_on:\n  # once\n  - "old" # why\n' + more
    new = ["new", "b"] if more else ["new"]
    edited = edit_document(text.encode(), [Set(("depends_on",), new)])
    assert edited.decode() == text.replace("old", "new")


def test_comment_lines_go_with_the_key_that_they_can_only_be_about() -> None:
    data = b"# head\nname: a\n\n# the title\ntitle: b\n\n# shared\norder: 1\ntype: test\n"
    without_title = b"# head\nname: a\n\n# shared\norder: 1\ntype: test\n"
    assert edit_document(data, [Unset(("title",))]) == without_title
    # This one may be about what follows, and the one that opens the file about all of it.
    assert edit_document(data, [Unset(("order",))]) == data.replace(b"order: 1\n", b"")
    assert edit_document(data, [Unset(("name",))]) == data.replace(b"name: a\n", b"")


def test_nothing_to_change_leaves_every_byte() -> None:
    data = PRODUCT.replace("\n", "\r\n").encode()
    assert edit_document(data, []) is data
    assert edit_document(data, [Set(("title",), "Users"), Set(("extra_metadata", "owner"), "jane")])


def test_line_ends_stay_what_they_were() -> None:
    data = PRODUCT.replace("\n", "\r\n").encode()
    edited = edit_document(data, [Set(("title",), "x"), Set(("lifecycle",), "active")])
    assert edited.count(b"\r\n") == edited.count(b"\n") == data.count(b"\n") + 1


@pytest.mark.parametrize(
    "data", [b"", b"# only\n", b"{}\n", b"---\n", b"# a\n{}  # b\n# c\n", b"~"]
)
def test_a_file_without_keys_gets_its_first(data: bytes) -> None:
    edited = edit_document(data, [Set(("name",), "x"), Set(("title",), "y")])
    assert_all_read(edited, {"name": "x", "title": "y"})
    assert edited.count(b"#") == data.count(b"#")


def test_a_file_that_loses_its_last_key_is_an_empty_mapping() -> None:
    assert edit_document(b"# a\nname: x  # b\n", [Unset(("name",))]) == b"# a\n{}  # b\n"


def test_a_key_without_a_value_takes_keys() -> None:
    edited = edit_document(b"metadata:  # own\nretired: true\n", [Set(("metadata", "a", "b"), "c")])
    assert_all_read(edited, {"metadata": {"a": {"b": "c"}}, "retired": True})
    assert b"# own" in edited


def test_a_mapping_that_loses_its_last_key_goes_too() -> None:
    data = b"name: x\nmetadata:\n  a:\n    b: 1\n"
    assert edit_document(data, [Unset(("metadata", "a", "b"))]) == b"name: x\n"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (Set(("title", "a"), 1), "title.a"),
        (Set(("depends_on", "0"), "x"), "depends_on.0"),
        (Set(("extra_metadata", "team", "a", "b"), 1), "extra_metadata.team.a.b"),
        (Unset(("title", "a")), "title.a"),
        (Unset(("lifecycle",)), "lifecycle"),
        (Unset(("extra_metadata", "my.key")), 'extra_metadata."my.key"'),
        (Set(("metadata", "a"), float("nan")), "metadata.a"),
        (Set(("metadata", "a"), [[[[[[[1]]]]]]]), "metadata.a"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_named(change: Change, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        edit_document(PRODUCT.encode(), [change])
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "data", [b"- a\n", b"text\n", b"a: &x 1\n", b"a: 1\na: 2\n", b"\xff", b"a: ["]
)
def test_a_file_that_is_no_strict_mapping_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        edit_document(data, [Set(("name",), "x")])


KEYS = st.sampled_from(["title", "order", "depends_on", "extra_metadata", "metadata", "zz"]) | texts
PATHS = st.lists(KEYS.filter(lambda key: len(key) < 100), min_size=1, max_size=3).map(tuple)


def paths_in(value: Any) -> list[tuple[str, ...]]:
    """List all paths of keys in a document."""
    if not isinstance(value, dict):
        return []
    inner = [(key, *path) for key, item in value.items() for path in paths_in(item)]
    return [(key,) for key in value] + inner


def applied(document: Any, change: Change) -> Any:
    """Change plain data; None where a path leads through something that is no mapping."""
    result = copy.deepcopy(document)
    parents = [result]
    for key in change.path[:-1]:
        inner = parents[-1].get(key)
        if inner is None and isinstance(change, Set):
            inner = parents[-1][key] = {}
        if not isinstance(inner, dict):
            return None
        parents.append(inner)
    if isinstance(change, Set):
        parents[-1][change.path[-1]] = change.value
        return result
    del parents[-1][change.path[-1]]
    for parent, key in reversed(list(zip(parents, change.path[:-1], strict=False))):
        if not parent[key]:
            del parent[key]
    return result


def is_subsequence(short: list[str], long: list[str]) -> bool:
    rest = iter(long)
    return all(line in rest for line in short)


def test_a_file_in_any_style_holds_after_a_change_what_it_should(
    scale: Callable[[int, int], int],
) -> None:
    @many(scale(250, 10_000))
    @given(handwritten(documents), st.data())
    def check(file: tuple[bytes, Any], data: st.DataObject) -> None:
        text, document = file
        known = st.sampled_from(paths_in(document))
        change: Change = data.draw(
            st.builds(Set, known | PATHS, json_values) | st.builds(Unset, known)
        )
        expected = applied(document, change)
        assume(depth_of(expected) <= 8)
        if expected is None:
            with pytest.raises(InvalidInput):
                edit_document(text, [change])
            return
        try:
            edited = edit_document(text, [change])
        except OperationFailed:
            # A comment that a removed key kept from becoming part of the text block above it.
            assert b"|" in text
            edited = edit_document(format_file("product", text), [change])
        found, problems = load_strict(edited, "x")
        assert not problems
        assert same(found or {}, expected)

    check()


def test_a_new_key_adds_lines_and_taking_it_out_again_restores_the_file(
    scale: Callable[[int, int], int],
) -> None:
    blocks = documents.map(lambda document: {"name": "x", **document})

    @many(scale(100, 10_000))
    @given(blocks, st.sampled_from([("order",), ("retired",), ("metadata", "a")]), json_values)
    def check(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
        before = dump_document("product", document)
        after = edit_document(before, [Set(path, value)])
        assert is_subsequence(before.decode().split("\n"), after.decode().split("\n"))
        assert edit_document(after, [Unset(path)]) == before

    check()


def test_a_comment_outside_what_changes_is_never_lost(scale: Callable[[int, int], int]) -> None:
    @many(scale(100, 10_000))
    @given(handwritten(documents), texts)
    def check(file: tuple[bytes, Any], value: str) -> None:
        data, document = file
        for path in [path for path in paths_in(document) if len(path) == 1] + [("new",)]:
            if isinstance(document.get(path[0], ""), str):
                edited = edit_document(data, [Set(path, value)])
                for number in range(1, 50):
                    assert data.count(b"# note %d " % number) == edited.count(
                        b"# note %d " % number
                    )

    check()


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("[a, 'b'] # two", ["a", "b", "c"], """[a, 'b', "c"] # two"""),
        ("[a, 'b'] # two", ["b"], "['b'] # two"),
        ('["a"]', ["a"], '["a"]'),
        ("[ a , b ]", ["a", "b", "c: d"], '[a, b, "c: d"]'),
        ("[a, b]", ["c", "a"], '\n  - "c"\n  - "a"'),
        ("[a,\n  b]", ["a"], '\n  - "a"'),
        ("[a]", ["a", "b" * 90], f'\n  - "a"\n  - "{"b" * 90}"'),
    ],
)
def test_a_list_in_brackets_keeps_its_style_where_it_fits(
    before: str, value: list[str], after: str
) -> None:
    text = f"name: x\ndepends_on: {before}\ntitle: y\n"
    edited = edit_document(text.encode(), [Set(("depends_on",), value)]).decode()
    assert edited.replace("depends_on: ", "depends_on:") == (
        f"name: x\ndepends_on:{after}\ntitle: y\n"
    )
