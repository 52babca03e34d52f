"""The OpenAPI 3.1 document: every file that programs fetch, described exactly."""

from __future__ import annotations

from typing import Any, Final

from versioner.site.api.endpoints import ENDPOINTS, PARAMETERS, Endpoint
from versioner.site.api.schemas import COMPONENTS, ref

__all__ = ["openapi"]

_ABOUT: Final = (
    "Plain files: fetch them with GET, from any server or folder that the site is published in. "
    "A field always has one type: what is not known is an empty text, an empty list or false. "
    "Links are relative to the site's root; each document says in `root` where that is from "
    "itself. Keys of version 1 stay; a later version will stand beside it."
)


def openapi(title: str) -> dict[str, Any]:
    """Return the document; its server is the site that it is fetched from."""
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: API", "version": "1", "description": _ABOUT},
        # Relative to this document, as OpenAPI resolves it: the site's root, wherever that is.
        "servers": [{"url": "../..", "description": "The site that this document is part of."}],
        "paths": {"/" + endpoint.path: {"get": _operation(endpoint)} for endpoint in ENDPOINTS},
        "components": {"schemas": COMPONENTS},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    schema = ref(endpoint.schema) if endpoint.schema else {"type": "string"}
    return {
        "operationId": endpoint.name,
        "summary": endpoint.title,
        "description": endpoint.description,
        "parameters": [_parameter(name) for name in endpoint.parameters],
        "responses": {
            "200": {
                "description": endpoint.title,
                "content": {endpoint.media: {"schema": schema}},
            },
            "404": {"description": "There is no such file."},
        },
    }


def _parameter(name: str) -> dict[str, Any]:
    description, pattern = PARAMETERS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": f"^{pattern}$"},
    }
