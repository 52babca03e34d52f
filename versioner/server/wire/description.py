"""The description of the hosted product's endpoints for OpenAPI, made from the table of fields."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from versioner.models.status_words import STATUS_WORDS
from versioner.names import NAME_PATTERN, VERSION_PATTERN
from versioner.server.wire.body import fields_of
from versioner.server.wire.drafts import DOUBTFUL
from versioner.validation.schemas import bundled_schema

if TYPE_CHECKING:
    from versioner.models import EventKind

__all__ = ["REFUSALS", "body_description", "metadata_schemas", "status_words"]

_COMPONENT: Final = "#/components/schemas/{}"
_NOTHING: Final = {"type": "string", "maxLength": 0}
_REFUSAL: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {"description": "A text, a list of errors of fields, or the refusal of a rule."},
        "error": {"type": "string"},
        "message": {"type": "string"},
        "code": {"type": "string"},
        "retry_after": {"type": ["string", "null"]},
        "details": {"type": "object"},
    },
}

# What the endpoints answer where they refuse, in the form that the product's clients read.
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "A refusal",
        "content": {
            "application/json": {"schema": _REFUSAL},
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
}


def body_description(kind: EventKind) -> dict[str, Any]:
    """Return the request body of an event of a kind, as OpenAPI describes it."""
    metadata = {"$ref": _COMPONENT.format("EventMetadata")}
    properties: dict[str, Any] = {"extra_metadata": {"anyOf": [metadata, {"type": "null"}]}}
    required = []
    for field in fields_of(kind):
        described: dict[str, Any] = {"type": "string", "maxLength": field.longest}
        described.update(_limits(kind, field.target))
        if field.is_required:
            required.append(field.name)
            described["minLength"] = 1
        elif "format" in described:
            described = {"anyOf": [described, _NOTHING, {"type": "null"}]}
        else:
            described["type"] = ["string", "null"]
        properties[field.name] = described
    schema = {"type": "object", "required": required, "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def metadata_schemas() -> dict[str, Any]:
    """Return the components of OpenAPI that describe the metadata of an event, by their names."""
    definitions, found = bundled_schema("deployment-event")["$defs"], {}
    wanted = ["eventMetadata"]
    for name in wanted:

        def named(match: re.Match[str]) -> str:
            if match[1] not in wanted:
                wanted.append(match[1])
            return _COMPONENT.format(_of_component(match[1]))

        text = re.sub(r"#/\$defs/(\w+)", named, json.dumps(definitions[name]))
        found[_of_component(name)] = json.loads(text)
    return found


def _of_component(name: str) -> str:
    return name[0].upper() + name[1:]


def _limits(kind: EventKind, target: str) -> dict[str, Any]:
    if target in ("product", "environment"):
        return {"pattern": f"^(?:{NAME_PATTERN})$", "maxLength": 63}
    if target == "version":
        return {"pattern": f"^(?:{VERSION_PATTERN})$"}
    if target in ("completed_at", "started_at"):
        # Times are kept with a year of four digits.
        return {"format": "date-time", "pattern": "^[1-9]"}
    if target == "status":
        return {"pattern": f"^(?:{status_words(kind)}){'?' if kind == 'build' else ''}$"}
    if target in DOUBTFUL:
        return {}
    line: str = bundled_schema("deployment-event")["$defs"]["line"]["pattern"]
    return {"pattern": line}


def status_words(kind: EventKind) -> str:
    """Return a pattern of the words for a status, in any case."""
    return "|".join(map(_any_case, sorted(STATUS_WORDS[kind])))


def _any_case(word: str) -> str:
    return "".join(f"[{each}{each.upper()}]" if each.isalpha() else each for each in word)
