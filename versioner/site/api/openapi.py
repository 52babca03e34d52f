"""The OpenAPI 3.1 document of the site's API, kept as data in openapi.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Endpoint", "Parameter", "Schema", "endpoints", "openapi", "schemas"]

Schema = dict[str, Any]


class Parameter(NamedTuple):
    """A part of a path that differs from file to file; its values match `pattern` whole."""

    name: str
    description: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of file that programs fetch; its path is relative to the site's root.

    `schema` names the component that describes a JSON document; it is empty for other files.
    """

    name: str
    path: str
    title: str
    description: str
    media: str
    schema: str
    parameters: tuple[Parameter, ...]

    def at(self, values: dict[str, str]) -> str:
        """Return the path of one file, with the values of its parameters."""
        return self.path.format(**values)


def openapi(title: str) -> dict[str, Any]:
    """Return the document as a site of that title publishes it."""
    document = _document()
    return {**document, "info": {**document["info"], "title": f"{title}: API"}}


def endpoints() -> list[Endpoint]:
    """Return every endpoint, in the order of the document."""
    return [_endpoint(path, item["get"]) for path, item in _document()["paths"].items()]


def schemas() -> dict[str, Schema]:
    """Return the schemas of the API's documents, by name."""
    found: dict[str, Schema] = _document()["components"]["schemas"]
    return found


def _document() -> dict[str, Any]:
    text = Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _endpoint(path: str, operation: dict[str, Any]) -> Endpoint:
    ((media, content),) = operation["responses"]["200"]["content"].items()
    return Endpoint(
        name=operation["operationId"],
        path=path.removeprefix("/"),
        title=operation["summary"],
        description=operation["description"],
        media=media,
        schema=content["schema"].get("$ref", "").rpartition("/")[2],
        parameters=tuple(
            Parameter(each["name"], each["description"], each["schema"]["pattern"])
            for each in operation["parameters"]
        ),
    )
