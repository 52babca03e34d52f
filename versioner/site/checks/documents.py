"""Judge JSON: each file of the API against the schema that the site's own OpenAPI has for it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.site.checks.folder import Fault
from versioner.validation.schema_check import judge_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from re import Pattern

    from versioner.site.checks.folder import Folder

__all__ = ["check_documents"]

_OPENAPI: Final = "api/v1/openapi.json"
# What is for the site's own script alone is no part of the API.
_DESCRIBED: Final = ("api/", "badges/", "build.json")
_LINKS: Final = frozenset({"page", "data", "feed", "image"})


class _Endpoint(NamedTuple):
    path: Pattern[str]
    judge: Callable[[Any], str]


def check_documents(folder: Folder) -> Iterator[Fault]:
    """Yield every fault of a site's JSON files; pages' anchors must have been read before."""
    endpoints, fault = _endpoints(folder)
    if fault:
        yield Fault(_OPENAPI, fault)
    for path in folder.ending(".json"):
        try:
            document = json.loads(folder.read(path).decode("utf-8"))
        except ValueError as error:
            yield Fault(path, f"it is not JSON: {error}")
            continue
        if path != _OPENAPI and path.startswith(_DESCRIBED) and endpoints:
            yield from (Fault(path, each) for each in _problems(folder, path, document, endpoints))


def _endpoints(folder: Folder) -> tuple[list[_Endpoint], str]:
    if _OPENAPI not in folder.files:
        return [], "it is not there"
    try:
        described = json.loads(folder.read(_OPENAPI).decode("utf-8"))
        if not described["openapi"].startswith("3.1."):
            return [], "it is not OpenAPI 3.1"
        found = [
            _Endpoint(_pattern(path, item["get"]), judge_of(schema))
            for path, item in described["paths"].items()
            if (schema := _schema(described, item["get"])) is not None
        ]
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        return [], f"it cannot be used: {type(error).__name__}: {error}"
    return found, ""


def _schema(described: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation["responses"]["200"]["content"]
    if "application/json" not in content:
        return None
    return {**content["application/json"]["schema"], "components": described["components"]}


def _pattern(path: str, operation: dict[str, Any]) -> Pattern[str]:
    patterns = {
        each["name"]: each["schema"]["pattern"].removeprefix("^").removesuffix("$")
        for each in operation["parameters"]
    }
    parts = re.split(r"\{(\w+)\}", path.removeprefix("/"))
    return re.compile(
        "".join(
            f"(?:{patterns[part]})" if number % 2 else re.escape(part)
            for number, part in enumerate(parts)
        )
    )


def _problems(
    folder: Folder, path: str, document: Any, endpoints: list[_Endpoint]
) -> Iterator[str]:
    endpoint = next((each for each in endpoints if each.path.fullmatch(path)), None)
    if endpoint is None:
        yield "the OpenAPI document does not describe it"
        return
    if problem := endpoint.judge(document):
        yield problem
    elif "root" in document:
        yield from _dead_links(folder, path, document["root"], document)


def _dead_links(folder: Folder, path: str, root: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _dead_links(folder, path, root, each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in _LINKS and isinstance(each, str):
                if each and (problem := folder.resolve(path, root + each)):
                    yield problem
            elif isinstance(each, list | dict):
                yield from _dead_links(folder, path, root, each)
