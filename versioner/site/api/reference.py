"""The page of the API reference: every endpoint with its parameters, schema and an example."""

from __future__ import annotations

import json
import re
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from versioner.names import slugify
from versioner.site.api.documents import latest as latest_deployments
from versioner.site.api.openapi import Endpoint, Schema, endpoints, schemas
from versioner.site.summaries.comparisons import compared_pairs
from versioner.site.summaries.people import people_of
from versioner.site.urls import ABOUT, OPENAPI, REFERENCE
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.products import team_slugs, teams_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.site.context import SiteContext

__all__ = ["example_person", "example_product", "reference_view"]

_ITEMS_SHOWN: Final = 2
_LINES_SHOWN: Final = 12


def reference_view(context: SiteContext, read: Callable[[str], bytes | None]) -> View:
    """Return the view of the reference page; `read` returns the site's files for examples."""
    values = _values(context)
    return {
        "frame": frame(
            context,
            REFERENCE,
            "API",
            section=REFERENCE,
            script="api",
            description="Every file that programs can fetch from this site.",
            crumbs=[crumb("About", context.link(REFERENCE, ABOUT))],
        ),
        "openapi": context.link(REFERENCE, OPENAPI),
        "kept": _ITEMS_SHOWN,
        "groups": [
            {
                "title": title,
                "id": f"group-{slugify(title)}",
                "endpoints": [_endpoint(context, each, values, read) for each in own],
            }
            for title, own in groupby(endpoints(), attrgetter("group"))
        ],
        "schemas": [_schema(name, schema) for name, schema in schemas().items()],
    }


def _values(context: SiteContext) -> dict[str, str]:
    """Return values of the parameters for which files exist: those of the latest deployment."""
    latest = next(iter(latest_deployments(context, 1)), None)
    values = {
        "product": next(iter(context.registry.products), ""),
        "environment": next(iter(context.environments), ""),
        "team": next(iter(team_slugs(teams_of(context)).values()), ""),
        "person": next(iter(people_of(context).by_slug), ""),
        "request": next((each.name for each in context.registry.governance.requests), ""),
        "month": "",
        "part": "",
        **dict(zip(("a", "b"), next(iter(compared_pairs(context)), ("", "")), strict=True)),
    }
    if latest is not None:
        page = context.deployment("", latest).partition("#")[0]
        values |= {
            "product": latest.product,
            "environment": latest.environment,
            "month": latest.at[:7],
            "part": page.rpartition("/")[2].removesuffix(".html"),
        }
    return values


def example_product(context: SiteContext) -> tuple[str, str]:
    """Return the product whose files of a month are examples, "" where there is none."""
    values = _values(context)
    return values["product"], values["month"]


def example_person(context: SiteContext) -> str:
    """Return the slug of the person whose document is an example, "" where there is none."""
    return _values(context)["person"]


def _endpoint(
    context: SiteContext,
    endpoint: Endpoint,
    values: dict[str, str],
    read: Callable[[str], bytes | None],
) -> View:
    path = endpoint.at(values)
    content = read(path)
    return {
        "id": endpoint.name,
        "title": endpoint.title,
        "description": _spans(endpoint.description),
        "path": _spans(re.sub(r"(\{\w+\})", r"`\1`", endpoint.path)),
        "media": endpoint.media,
        "schema": endpoint.schema,
        "template": context.link(REFERENCE, endpoint.path),
        "parameters": [
            {
                "name": parameter.name,
                "field": f"{endpoint.name}-{parameter.name}",
                "description": _spans(parameter.description),
                "value": values[parameter.name],
            }
            for parameter in endpoint.parameters
        ],
        "href": context.link(REFERENCE, path) if content is not None else "",
        "address": path if content is not None else "",
        # With the commit and the time of the build this page would change with every commit.
        "example": "" if endpoint.schema == "Build" else _example(endpoint, content),
    }


def _example(endpoint: Endpoint, content: bytes | None) -> str:
    if content is None:
        return ""
    if endpoint.schema:
        return json.dumps(_shortened(json.loads(content)), ensure_ascii=False, indent=2)
    lines = content.decode("utf-8").splitlines()
    return "\n".join([*lines[:_LINES_SHOWN], *(["…"] if len(lines) > _LINES_SHOWN else [])])


def _shortened(value: Any) -> Any:
    """Return a value with the first few items of every list."""
    if isinstance(value, list):
        return [_shortened(each) for each in value[:_ITEMS_SHOWN]]
    if isinstance(value, dict):
        return {key: _shortened(each) for key, each in value.items()}
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
    """Return the type of a field in words, its values, and the schema it refers to (`""`: none)."""
    target = schema.get("$ref", "").rpartition("/")[2]
    if target:
        return {"type": "", "target": target, "values": []}
    if schema["type"] == "array":
        inner = _type(schema["items"])
        return {"type": f"list of {inner['type']}".strip(), **_only(inner, "target", "values")}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = {
        "string": "text",
        "integer": "number",
        "number": "number",
        "boolean": "true or false",
        "null": "null",
    }
    values = [json.dumps(each) for each in schema.get("enum", ())]
    return {"type": " or ".join(words[kind] for kind in kinds), "target": "", "values": values}


def _only(view: View, *keys: str) -> View:
    return {key: view[key] for key in keys}


def _spans(text: str) -> list[View]:
    """Return a text with `code` in it as plain and code spans."""
    return [
        {"text": part, "code": number % 2 == 1}
        for number, part in enumerate(text.split("`"))
        if part
    ]
