from __future__ import annotations

import json
from typing import Any

import pytest

from versioner.models import Alias, Deletion, Environment, Product, RegistryConfig
from versioner.resources import schemas_dir
from versioner.serialization.fields import KEY_ORDER, ordered, wanted

DOCUMENTS = ("product", "environment", "registry", "alias", "deletion")


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
    }

    def check(path: tuple[str, ...], schema: dict[str, Any]) -> None:
        for key, value in schema.get("properties", {}).items():
            inner = resolved(value)
            assert expected[wanted((*path, key))] == inner["type"], (*path, key)
            check((*path, key), inner)

    check((), schema_of(name))


def test_keys_of_ones_own_take_any_value() -> None:
    assert wanted(("extra_metadata", "tier")) == "any"
    assert wanted(("metadata", "region", "zone")) == "any"


def test_unknown_keys_come_after_the_schemas_as_given() -> None:
    assert list(ordered({"zebra": 1, "title": 1, "apple": 1, "name": 1})) == [
        *("name", "title"),
        *("zebra", "apple"),
    ]
