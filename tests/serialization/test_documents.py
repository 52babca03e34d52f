from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from versioner.errors import InvalidInput
from versioner.serialization.documents import DocumentKind, dump_document
from versioner.serialization.format import format_file

from .readers import assert_all_read
from .strategies import documents
from .test_log import many

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_document_is_block_style_with_quoted_texts_in_the_schemas_order() -> None:
    product = {
        "extra_metadata": {"team": "identity", "no": True, "a b": [], "n": 1, "é": [[{}, "x"]]},
        "depends_on": ["payment-api"],
        "links": [{"title": "Runbook", "url": "https://example.test"}],
        "name": "user-service",
    }
    assert dump_document("product", product).decode() == (
        "# yaml-language-server: $schema=../../../schemas/product.schema.json\n"
        'name: "user-service"\n'
        "links:\n"
        '  - title: "Runbook"\n'
        '    url: "https://example.test"\n'
        "depends_on:\n"
        '  - "payment-api"\n'
        "extra_metadata:\n"
        '  team: "identity"\n'
        '  "no": true\n'
        '  "a b": []\n'
        '  "n": 1\n'
        '  "é":\n'
        "    - - {}\n"
        '      - "x"\n'
    )


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("config", "../schemas/registry.schema.json"),
        ("environment", "../../schemas/environment.schema.json"),
        ("product", "../../../schemas/product.schema.json"),
        ("alias", "../../schemas/alias.schema.json"),
        ("deleted", "../../schemas/deletion.schema.json"),
    ],
)
def test_the_first_line_leads_an_editor_to_the_schema(kind: DocumentKind, schema: str) -> None:
    first = dump_document(kind, {"name": "x"}).decode().splitlines()[0]
    assert first == f"# yaml-language-server: $schema={schema}"


def test_every_reader_reads_back_what_was_written(scale: Callable[[int, int], int]) -> None:
    @many(scale(150, 10_000))
    @given(documents)
    def check(document: dict[str, Any]) -> None:
        data = dump_document("product", document)
        assert_all_read(data, document)
        assert dump_document("product", dict(reversed(document.items()))) == data
        assert format_file("product", data) == data

    check()


def test_an_empty_document_is_an_empty_mapping() -> None:
    assert_all_read(dump_document("product", {}), {})


@pytest.mark.parametrize(
    "value", [float("nan"), 2**53 + 1, "\ud800", {1: 2}, b"x", {"k" * 1023: 1}]
)
def test_what_readers_would_disagree_on_is_refused_and_the_field_named(value: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        dump_document("product", {"name": "x", "extra_metadata": {"a": [value]}})
    assert refusal.value.field == "extra_metadata"


def test_nesting_beyond_the_strict_loaders_is_refused() -> None:
    value: Any = "deep"
    for _ in range(6):
        value = [value]
    assert_all_read(
        dump_document("product", {"metadata": {"a": value}}), {"metadata": {"a": value}}
    )
    with pytest.raises(InvalidInput) as refusal:
        dump_document("product", {"metadata": {"a": [value]}})
    assert refusal.value.field == "metadata"
