"""Validate one of people's files: strict YAML, its schema, its name, and no secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from versioner.layout import place_of
from versioner.models import Problem
from versioner.names import NAME_RULE, is_name, slugify
from versioner.validation import codes
from versioner.validation.locate import Finding, problems_at, secret_findings
from versioner.validation.merge_conflicts import conflict_problems
from versioner.validation.schema_check import find_faults
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.validation.schemas import SchemaName

__all__ = ["DOCUMENT_SCHEMAS", "DocumentKind", "validate_document"]

DocumentKind = Literal["config", "environment", "product", "alias", "deleted"]

DOCUMENT_SCHEMAS: Final[Mapping[DocumentKind, SchemaName]] = {
    "config": "registry",
    "environment": "environment",
    "product": "product",
    "alias": "alias",
    "deleted": "deletion",
}

# What an empty file needs first.
_FIRST: Final[Mapping[DocumentKind, str]] = {
    "config": "schema_version: 1",
    "environment": 'name: "..."',
    "product": 'name: "..."',
    "alias": 'to: "..."',
    "deleted": 'deleted_at: "..."',
}


def validate_document(
    kind: DocumentKind, data: bytes, path: str
) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return a file's content, or None with everything that is wrong with it.

    That its name is legal, and the one it gives itself, is read from `path`.
    """
    misnamed = list(_path_problems(path))
    reading = read_yaml(data, path)
    if not reading.is_read:
        return None, [*misnamed, *(conflict_problems(data, path) or reading.problems)]
    value = reading.value
    if value is None and not reading.ambiguous:
        hint = f"begin it with {_FIRST[kind]}"
        empty = Problem(path, 1, 1, codes.TYPE, "the file is empty", hint)
        return None, [*misnamed, empty]
    findings = [*_name_findings(kind, path, value), *secret_findings(value)]
    faults = find_faults(DOCUMENT_SCHEMAS[kind], value)
    problems = problems_at(
        path, data, faults=faults, findings=findings, ambiguous=reading.ambiguous
    )
    problems = sorted([*misnamed, *reading.problems, *problems])
    return (value if isinstance(value, dict) and not problems else None), problems


def _path_problems(path: str) -> Iterator[Problem]:
    place = place_of(path)
    if place is None or place.kind == "config" or is_name(place.name):
        return
    meant = slugify(place.name)
    where = "directory" if place.kind == "product" else "file"
    hint = f"rename the {where}{f' to {meant}' if meant else ''}: {NAME_RULE}"
    yield Problem(path, 0, 0, codes.NAME, f"{place.name!a} is not a legal name", hint)


def _name_findings(kind: DocumentKind, path: str, value: Any) -> Iterator[Finding]:
    place = place_of(path)
    if place is None or kind not in ("product", "environment") or not isinstance(value, dict):
        return
    name = value.get("name")
    if not is_name(name) or not is_name(place.name) or name == place.name:
        return
    where = "directory" if kind == "product" else "file"
    hint = f'write "{place.name}"'
    if kind == "product":
        hint += "; to rename it, use `versioner product rename`"
    message = f"name is {name}, and the {where} is {place.name}"
    yield Finding(("name",), codes.NAME, message, hint)
