"""The OpenAPI 3.1 document of the site's API, kept as data in openapi.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = ["Endpoint", "Parameter", "Schema", "endpoints", "openapi", "schemas"]

Schema = dict[str, Any]

# The groups of endpoints, and how the paths of each begin (below `api/v1/`, where it is there).
_GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("At a glance", ("index.", "matrix.", "metrics", "today", "as-it-was", "incident", "changes")),
    ("Products", ("products/",)),
    ("Environments", ("environments/", "compare/")),
    ("Teams and people", ("teams/", "people/")),
    ("Deployments", ("deployments/", "inbox.")),
    ("What may ship", ("rules.", "requests/", "calendar.", "freezes.")),
    ("Badges and tables", ("badges/", "tables/")),
    ("Feeds", ("feeds/",)),
    ("The site", ("",)),
)


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

    @property
    def group(self) -> str:
        """Return the title of the group of the endpoint."""
        return _GROUPS[self.place][0]

    @property
    def place(self) -> int:
        """Return the place of the group of the endpoint among the groups."""
        path = self.path.removeprefix("api/v1/")
        return next(n for n, (_, begins) in enumerate(_GROUPS) if path.startswith(begins))

    def at(self, values: dict[str, str]) -> str:
        """Return the path of one file, with the values of its parameters."""
        return self.path.format(**values)


def openapi(title: str) -> dict[str, Any]:
    """Return the document as a site of that title publishes it."""
    document = _document()
    return {**document, "info": {**document["info"], "title": f"{title}: API"}}


def endpoints() -> list[Endpoint]:
    """Return every endpoint, group by group, each in the order of the document."""
    found = [_endpoint(path, item["get"]) for path, item in _document()["paths"].items()]
    return sorted(found, key=attrgetter("place"))


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
