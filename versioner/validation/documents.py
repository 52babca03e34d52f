"""Validate a people's file: strict YAML, its schema, its name, and no secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.errors import quoted
from versioner.layout import place_of
from versioner.models import Problem
from versioner.names import NAME_RULE, is_name, slugify
from versioner.serialization.documents import DOCUMENT_SCHEMAS
from versioner.serialization.values import json_value
from versioner.serialization.yaml_parser import shortened
from versioner.validation import codes
from versioner.validation.locate import ContentProblem, locate_problems, secret_problems
from versioner.validation.merge_conflicts import conflict_problems
from versioner.validation.schema_check import find_violations
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.serialization.documents import DocumentKind
    from versioner.validation.violations import Pointer

__all__ = ["validate_document"]

# The first line that an empty file needs.
_FIRST_LINES: Final[Mapping[DocumentKind, str]] = {
    "config": "schema_version: 1",
    "environment": 'name: "..."',
    "product": 'name: "..."',
    "alias": 'to: "..."',
    "deleted": 'deleted_at: "..."',
    "request": 'name: "..."',
    "template": 'name: "..."',
    "rule": 'name: "..."',
}


# The kinds of files with a `name`, which must be that of the file or directory.
_NAMED: Final = ("product", "environment", "request", "template", "rule")


def validate_document(
    kind: DocumentKind, data: bytes, path: str
) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return the content of a file, which is None if the file has problems, and the problems.

    `path` is where the file is: it gives the name that the file must have.
    """
    path_problems = list(_path_problems(path))
    reading = read_yaml(data, path)
    if not reading.is_read:
        return None, [*path_problems, *(conflict_problems(data, path) or reading.problems)]
    value = reading.value
    if value is None and not reading.ambiguous:
        hint = f"begin it with {_FIRST_LINES[kind]}"
        empty = Problem(path, 1, 1, codes.TYPE, "the file is empty", hint)
        return None, [*path_problems, empty]
    violations = find_violations(DOCUMENT_SCHEMAS[kind], value)
    refused = {violation.full_pointer for violation in violations}
    numbers = [each for each in reading.numbers if each[0] not in refused]
    located = locate_problems(
        path,
        data,
        violations=violations,
        content_problems=[
            *_name_problems(kind, path, value),
            *secret_problems(value),
            *_number_problems(numbers),
        ],
        ambiguous=reading.ambiguous,
    )
    problems = sorted([*path_problems, *reading.problems, *located])
    return (value if isinstance(value, dict) and not problems else None), problems


def _number_problems(numbers: Iterable[tuple[Pointer, str]]) -> Iterator[ContentProblem]:
    """Yield a problem for each decimal that loses digits: it is a version, not a number.

    Integers, true, false and null stay what they are, and so does 1.5: every reader writes these
    as they stand in the file.
    """
    for pointer, text in numbers:
        short = shortened(text)
        number = json_value(float(text), "", 1)
        message = f"{short} without quotes is the number {number}"
        hint = f'write "{short}" for the text, or {number} for the number'
        yield ContentProblem(pointer, codes.RETYPED, message, hint)


def _path_problems(path: str) -> Iterator[Problem]:
    place = place_of(path)
    if place is None or place.kind == "config" or is_name(place.name):
        return
    legal = slugify(place.name)
    hint = f"rename the {_container(place.kind)}{f' to {legal}' if legal else ''}: {NAME_RULE}"
    yield Problem(path, 0, 0, codes.NAME, f"{quoted(place.name)} is not a legal name", hint)


def _name_problems(kind: DocumentKind, path: str, value: Any) -> Iterator[ContentProblem]:
    place = place_of(path)
    if place is None or kind not in _NAMED or not isinstance(value, dict):
        return
    name = value.get("name")
    if not is_name(name) or not is_name(place.name) or name == place.name:
        return
    hint = f'write "{place.name}"'
    if kind == "product":
        hint += "; to rename the product, run `versioner product rename`"
    message = f"name is {name}, but the {_container(kind)} is {place.name}"
    yield ContentProblem(("name",), codes.NAME, message, hint)


def _container(kind: str) -> str:
    """Return the word for the directory or file that has the name of its subject."""
    return "directory" if kind in ("product", "request", "request-decision") else "file"
