from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from versioner.errors import InvalidInput
from versioner.models import Alias, Deletion, Environment, Product, RegistryConfig
from versioner.resources import schemas_dir
from versioner.serialization.documents import (
    KEY_ORDER,
    DocumentKind,
    dump_document,
    field_type,
    in_schema_order,
)
from versioner.serialization.format import format_file

from .readers import assert_all_read
from .strategies import documents
from .test_log import many

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow


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
        ("rule", "../../schemas/rule.schema.json"),
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


DOCUMENTS = ("product", "environment", "registry", "alias", "deletion", "rule")


def schema_of(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((schemas_dir() / f"{name}.schema.json").read_bytes())
    return loaded


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = schema_of("common")["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_order_of_keys_agrees_with_the_schema(name: str) -> None:
    keys = list(schema_of(name)["properties"])
    assert [key for key in KEY_ORDER if key in keys] == keys


@pytest.mark.parametrize("model", [Product, Environment, RegistryConfig, Alias, Deletion])
def test_the_order_of_keys_agrees_with_the_models(model: type) -> None:
    keys = list(model.__annotations__)
    assert [key for key in KEY_ORDER if key in keys] == keys


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_wanted_types_agree_with_the_schema(name: str) -> None:
    expected = {
        "text": "string",
        "integer": "integer",
        "boolean": "boolean",
        "names": "array",
        "list": "array",
        "mapping": "object",
        "text or list": ["string", "array"],
        "text or mapping": ["string", "object"],
    }

    def check(path: tuple[str, ...], schema: dict[str, Any]) -> None:
        for key, value in schema.get("properties", {}).items():
            inner = resolved(value)
            assert expected[field_type((*path, key))] == inner["type"], (*path, key)
            check((*path, key), inner)

    check((), schema_of(name))


def test_keys_of_ones_own_take_any_value() -> None:
    assert field_type(("extra_metadata", "tier")) == "any"
    assert field_type(("metadata", "region", "zone")) == "any"


def test_unknown_keys_come_after_the_schemas_as_given() -> None:
    assert list(in_schema_order({"zebra": 1, "title": 1, "apple": 1, "name": 1})) == [
        *("name", "title"),
        *("zebra", "apple"),
    ]
