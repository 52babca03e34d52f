"""The JSON Schemas that are packaged with the tool, each read once per process."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final, Literal

from versioner.resources import read_schema

__all__ = ["Schema", "SchemaName", "bundled_schema", "kind_of_pattern"]

Schema = dict[str, Any]
SchemaName = Literal[
    "alias",
    "build-event",
    "decision-event",
    "decisions-log",
    "deletion",
    "deployment-event",
    "deployments-log",
    "environment",
    "observation",
    "observations-log",
    "product",
    "registry",
    "request",
    "request-decision-event",
    "request-decisions-log",
    "rule",
    "template",
    "versions-log",
]

_COMMON: Final = "common"


@cache
def bundled_schema(name: SchemaName) -> Schema:
    """Return a schema with the definitions of other schema files under its own `$defs`."""
    schema = {**_read(name), "$defs": dict(_read(_COMMON)["$defs"])}
    whole = schema.get("items", {}).get("$ref", "")
    if whole.startswith("#/$defs/"):
        event = whole.removeprefix("#/$defs/")
        schema["$defs"][event] = _read(event)
    return schema


@cache
def kind_of_pattern(pattern: str) -> str:
    """Return the name of the definition with a pattern in the common schema, or ""."""
    definitions = _read(_COMMON)["$defs"]
    found = (name for name, item in definitions.items() if item.get("pattern") == pattern)
    return next(found, "")


@cache
def _read(name: str) -> Schema:
    content: Schema = json.loads(read_schema(name), object_hook=_with_local_ref)
    return content


def _with_local_ref(item: dict[str, Any]) -> dict[str, Any]:
    # Both "common.schema.json#/$defs/name" and "build-event.schema.json" become "#/$defs/…".
    if isinstance(item.get("$ref"), str):
        file, _, fragment = item["$ref"].partition("#")
        item["$ref"] = f"#{fragment}" if fragment else f"#/$defs/{file.partition('.')[0]}"
    return item
