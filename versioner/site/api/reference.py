"""The API reference as a page: every address with its parameters, answer and a real example."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from versioner.site.api.environments import newest
from versioner.site.api.openapi import Endpoint, Schema, endpoints, schemas
from versioner.site.exports.teams import slugs_of, teams_of
from versioner.site.urls import ABOUT, OPENAPI, REFERENCE
from versioner.site.views.layout import View, crumb, frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.site.context import SiteContext

__all__ = ["reference_view"]

_KEPT: Final = 2
_LINES: Final = 12


def reference_view(atlas: SiteContext, files: Mapping[str, bytes]) -> View:
    """Return the reference page; `files` are the site's own, to take the examples from."""
    values = _values(atlas)
    return {
        "frame": frame(
            atlas,
            REFERENCE,
            "API",
            description="Every file that programs can fetch from this site.",
            crumbs=[crumb("About", atlas.link(REFERENCE, ABOUT))],
        ),
        "openapi": atlas.link(REFERENCE, OPENAPI),
        "kept": _KEPT,
        "endpoints": [_endpoint(atlas, each, values, files) for each in endpoints()],
        "schemas": [_schema(name, schema) for name, schema in schemas().items()],
    }


def _values(atlas: SiteContext) -> dict[str, str]:
    """Return parameters that lead to something: those of the latest deployment."""
    every = (d for record in atlas.registry.products.values() for d in record.deployments)
    latest = next(iter(newest(every, 1)), None)
    values = {
        "product": next(iter(atlas.registry.products), ""),
        "environment": next(iter(atlas.environments), ""),
        "team": next(iter(slugs_of(teams_of(atlas)).values()), ""),
        "month": "",
        "part": "",
    }
    if latest is not None:
        page = atlas.deployment("", latest).partition("#")[0]
        values |= {
            "product": latest.product,
            "environment": latest.environment,
            "month": latest.at[:7],
            "part": page.rpartition("/")[2].removesuffix(".html"),
        }
    return values


def _endpoint(
    atlas: SiteContext, endpoint: Endpoint, values: dict[str, str], files: Mapping[str, bytes]
) -> View:
    there = endpoint.at(values)
    content = files.get(there)
    return {
        "id": endpoint.name,
        "title": endpoint.title,
        "description": _spans(endpoint.description),
        "path": _spans(re.sub(r"(\{\w+\})", r"`\1`", endpoint.path)),
        "media": endpoint.media,
        "schema": endpoint.schema,
        "template": atlas.link(REFERENCE, endpoint.path),
        "parameters": [
            {
                "name": parameter.name,
                "field": f"{endpoint.name}-{parameter.name}",
                "description": _spans(parameter.description),
                "value": values[parameter.name],
            }
            for parameter in endpoint.parameters
        ],
        "href": atlas.link(REFERENCE, there) if content is not None else "",
        "address": there if content is not None else "",
        # The commit and time of the build stand on no page but About: this one would never rest.
        "example": "" if endpoint.schema == "Build" else _example(endpoint, content),
    }


def _example(endpoint: Endpoint, content: bytes | None) -> str:
    if content is None:
        return ""
    if endpoint.schema:
        return json.dumps(_cut(json.loads(content)), ensure_ascii=False, indent=2)
    lines = content.decode("utf-8").splitlines()
    return "\n".join([*lines[:_LINES], *(["…"] if len(lines) > _LINES else [])])


def _cut(value: Any) -> Any:
    """Keep the first few entries of every list."""
    if isinstance(value, list):
        return [_cut(each) for each in value[:_KEPT]]
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in value.items()}
    return value


def _schema(name: str, schema: Schema) -> View:
    required = set(schema["required"])
    return {
        "name": name,
        "description": schema["description"],
        "fields": [
            {
                "name": field,
                "optional": field not in required,
                "description": _spans(each.get("description", "")),
                **_type(each),
            }
            for field, each in schema["properties"].items()
        ],
    }


def _type(schema: Schema) -> View:
    """Return a field's type in words, and the schema it leads to (`""` for none)."""
    target = schema.get("$ref", "").rpartition("/")[2]
    if target:
        return {"type": "", "target": target, "values": []}
    if schema["type"] == "array":
        inner = _type(schema["items"])
        return {"type": f"list of {inner['type']}".strip(), **_only(inner, "target", "values")}
    word = {"string": "text", "integer": "number", "boolean": "true or false"}[schema["type"]]
    values = [json.dumps(each) for each in schema.get("enum", ())]
    return {"type": word, "target": "", "values": values}


def _only(view: View, *keys: str) -> View:
    return {key: view[key] for key in keys}


def _spans(text: str) -> list[View]:
    """Cut a text into plain and code spans, where it says `code`."""
    return [
        {"text": part, "code": number % 2 == 1}
        for number, part in enumerate(text.split("`"))
        if part
    ]
