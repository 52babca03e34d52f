"""People's files: every problem with its place and its fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from versioner.serialization.documents import DOCUMENT_SCHEMAS
from versioner.validation.documents import validate_document
from versioner.validation.locate import locate

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

PATH = "registry/products/user-service/product.yaml"


def problems_of(text: str, kind: Any = "product", path: str = PATH) -> list[str]:
    _, problems = validate_document(kind, text.encode(), path)
    return [f"{item.line}:{item.column} {item.code}: {item.hint}" for item in problems]


def test_a_good_product_is_returned() -> None:
    content, problems = validate_document("product", b'name: "user-service"\n', PATH)
    assert problems == []
    assert content == {"name": "user-service"}


def test_every_problem_of_a_file_is_told_at_once() -> None:
    found = problems_of(
        'name: "user-service"\n'
        "title: 1.10\n"
        "lifecycle: actve\n"
        "links:\n"
        '  - title: "a"\n'
        "    urk: x\n"
        "descripton: x\n"
        "extra_metadata:\n"
        "  team: no\n"
        "  start: 12:30\n"
    )
    assert [item.split(":", 2)[:2] for item in found] == [
        ["2", "8 retyped"],
        ["3", "12 value"],
        ["5", "5 required"],
        ["6", "5 unknown-key"],
        ["7", "1 unknown-key"],
        ["9", "9 retyped"],
        ["10", "10 retyped"],
    ]
    assert found[0].endswith('write "1.10"')
    assert "did you mean active?" in found[1]
    assert "did you mean url?" in found[3]
    assert "did you mean description?" in found[4]
    assert found[5].endswith('write "no"')


def test_a_name_other_than_the_directorys_is_named() -> None:
    (found,) = problems_of('# mine\nname: "user-servic"\n')
    assert found.startswith('2:7 name: write "user-service"')
    (found,) = problems_of("name: prod\n", "environment", "registry/environments/production.yaml")
    assert found == '1:7 name: write "production"'


def test_a_directory_whose_name_is_not_legal_is_named() -> None:
    found = problems_of("name: user-service\n", path="registry/products/User Service/product.yaml")
    assert found[0].startswith("0:0 name: rename the directory to user-service")


@pytest.mark.parametrize("word", ["no", "off", "N"])
def test_a_word_for_false_becomes_false_where_that_is_wanted(word: str) -> None:
    (found,) = problems_of(f"name: a\nretired: {word}\n", "environment", "a.yaml")
    assert found == "2:10 retyped: write false"


@pytest.mark.parametrize("kind", DOCUMENT_SCHEMAS)
@pytest.mark.parametrize("text", ["", "# only a comment\n", "~\n"])
def test_an_empty_file_hears_how_to_begin(kind: Any, text: str) -> None:
    (found,) = problems_of(text, kind, "x.yaml")
    assert "begin it with" in found


def test_a_secret_is_found_even_behind_an_escape() -> None:
    secret = "glpat-" + "x" * 20
    for text in (secret, secret.replace("g", "\\x67", 1)):
        _, problems = validate_document(
            "product", f'name: "user-service"\ntitle: "{text}"\n'.encode(), PATH
        )
        assert [item.code for item in problems] == ["secret"]
        assert (problems[0].line, problems[0].column) == (2, 8)
        assert secret not in problems[0].message


TEXT = b"""# comment
name: "a"
links:
  - title: "x"
    url: "y"
  - {title: "\xc3\xa9\xf0\x9d\x84\x9e", url: "z"}
extra_metadata: {a: [1, [2, 3]], "b c": null}
"""


@pytest.mark.parametrize(
    ("pointer", "key", "place"),
    [
        ((), False, (2, 1)),
        (("name",), False, (2, 7)),
        (("name",), True, (2, 1)),
        (("links", 0, "url"), False, (5, 10)),
        (("links", 1), False, (6, 5)),
        (("links", 1, "url"), True, (6, 19)),
        (("extra_metadata", "a", 1, 1), False, (7, 29)),
        (("extra_metadata", "b c"), True, (7, 34)),
        (("links", 0, "nothing"), False, (4, 5)),
        (("links", 7), False, (4, 3)),
        (("nothing", "at", "all"), True, (2, 1)),
    ],
)
def test_a_value_or_key_is_found_by_its_pointer(
    pointer: tuple[str | int, ...], key: bool, place: tuple[int, int]
) -> None:
    assert locate(TEXT, pointer, key=key) == place


@pytest.mark.parametrize("data", [b"", b"[", b"\xff", b"*a"])
def test_what_cannot_be_parsed_has_no_places(data: bytes) -> None:
    assert locate(data, ("a", 0)) in ((0, 0), (1, 1))


KEYS = st.sampled_from(
    ["name", "title", "type", "order", "links", "url", "to", "schema_version", "site", "forge",
     "depends_on", "extra_metadata", "metadata", "team", "tech_stack", "retired", "x", "", "é"]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def test_any_document_is_accepted_or_refused_by_place(scale: Callable[[int, int], int]) -> None:
    @settings(
        deadline=None,
        max_examples=scale(200, 10_000),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.sampled_from(sorted(DOCUMENT_SCHEMAS)), TREES)
    def check(kind: Any, tree: Any) -> None:
        data = yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass")
        content, problems = validate_document(kind, data, "x.yaml")
        assert (content is None) == bool(problems)
        for item in problems:
            assert item.hint, item
            assert item.message.isprintable()
            assert 0 <= item.line <= data.count(b"\n") + 1

    check()


def test_a_merge_conflict_is_named_as_one_where_it_begins() -> None:
    text = 'name: "user-service"\n<<<<<<< HEAD\ntitle: "A"\n=======\ntitle: "B"\n>>>>>>> theirs\n'
    document, problems = validate_document("product", text.encode(), PATH)
    assert document is None
    assert [(item.line, item.message) for item in problems] == [
        (2, "a merge conflict is not resolved here")
    ]
    assert "<<<<<<<" in problems[0].hint


def test_a_conflict_resolved_half_way_is_named_once() -> None:
    text = 'name: "user-service"\ntitle: "A"\n=======\ntitle: "B"\n>>>>>>> theirs\n'
    _, problems = validate_document("product", text.encode(), PATH)
    assert [(item.line, item.message) for item in problems] == [
        (3, "a merge conflict is not resolved here")
    ]


def test_the_hint_for_a_control_character_leads_to_a_file_that_is_accepted() -> None:
    _, problems = validate_document("product", b'name: "user-service"\ntitle: "a\x00b"\n', PATH)
    assert [item.hint for item in problems] == ["remove it: save the file as plain text"]


def test_a_duration_without_its_unit_is_given_one() -> None:
    path = "registry/environments/staging.yaml"
    _, problems = validate_document("environment", b'name: "staging"\nstale_after: 24\n', path)
    assert [item.hint for item in problems] == ['write "24h"']
    good = b'name: "staging"\nstale_after: "24h"\n'
    assert validate_document("environment", good, path)[1] == []


def test_what_the_small_finder_finds_good_is_good(scale: Callable[[int, int], int]) -> None:
    """It is asked first, so that the libraries are loaded only for what may be wrong."""
    import jsonschema

    from versioner.validation.predicates import predicate_of
    from versioner.validation.schemas import bundled_schema
    from versioner.validation.violations import violations_of

    scalars = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
    )
    likely = st.sampled_from(["main", "login", "github", "https://git.example.com/a", 1, "24h"])
    values = st.recursive(
        scalars | likely,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "url", "title", "base_url", "to"]), inner)
        ),
        max_leaves=6,
    )

    @settings(deadline=None, max_examples=scale(300, 10_000))
    @given(st.sampled_from(sorted(DOCUMENT_SCHEMAS.values())), st.data())
    def check(name: Any, data: st.DataObject) -> None:
        schema = bundled_schema(name)
        known = st.sampled_from(sorted(schema["properties"]))
        document = data.draw(st.dictionaries(known, values, max_size=5))
        document |= {
            key: "user-service" for key in schema.get("required", ()) if data.draw(st.booleans())
        }
        is_good = next(violations_of(schema, document, schema), None) is None
        assert predicate_of(schema, schema)(document) == is_good
        if is_good:
            assert jsonschema.Draft202012Validator(schema).is_valid(document)

    check()


@pytest.mark.parametrize(
    "text", ["1.10", "1.20", "2.50", "-0.50", "1.00", "0.10000000000000000555"]
)
def test_a_decimal_that_loses_digits_is_retyped(text: str) -> None:
    lines = f'name: "user-service"\nextra_metadata:\n  go: {text}\n  list: [1.5, {text}]\n'
    number = float(text)
    hint = f'write "{text}" for the text, or {number} for the number'
    assert problems_of(lines) == [f"3:7 retyped: {hint}", f"4:15 retyped: {hint}"]
    quoted = lines.replace(text, f'"{text}"')
    assert problems_of(quoted) == []


@pytest.mark.parametrize(
    "text", ["1.5", "1.0", "-0.5", "20", "0", "true", "false", "null", "1.0e+22"]
)
def test_a_number_that_keeps_its_digits_stays_one(text: str) -> None:
    assert problems_of(f'name: "user-service"\nextra_metadata:\n  go: {text}\n') == []


def test_a_decimal_where_the_schema_wants_text_has_one_problem() -> None:
    found = problems_of('name: "user-service"\nextra_metadata: {tech_stack: [1.10], team: 1.10}\n')
    assert found == ['2:31 retyped: write "1.10"', '2:44 retyped: write "1.10"']
