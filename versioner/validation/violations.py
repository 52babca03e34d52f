"""Find the violations of a schema without jsonschema, which is too slow to import for `track`.

Only the keywords that the event schemas use are implemented. `schema_check.py` finds the same
violations with jsonschema; a property test compares the two.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from versioner.validation.schemas import Schema

__all__ = [
    "CHECKS",
    "KEYWORDS",
    "Pointer",
    "Violation",
    "schema_parts",
    "unknown_keys",
    "violations_of",
]

Pointer = tuple[str | int, ...]


class Violation(NamedTuple):
    """A keyword of a schema that a value breaks.

    `pointer` leads from the value that was checked to the part that is wrong: a value or, with
    `is_key`, a key. `name` is the missing key of `required`. `base` leads from the top of the
    file to the value that was checked.
    """

    pointer: Pointer
    keyword: str
    schema: Schema
    value: Any
    is_key: bool = False
    name: str = ""
    base: Pointer = ()

    @property
    def full_pointer(self) -> Pointer:
        """Return the pointer from the top of the file."""
        return (*self.base, *self.pointer)


_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def violations_of(schema: Schema | bool, value: Any, root: Schema) -> Iterator[Violation]:
    """Yield every violation of a schema by a value; `root` is the schema that `$ref` refers to."""
    yield from _violations(schema, value, root, ())


def schema_parts(schema: Schema, root: Schema) -> list[Schema]:
    """Return a schema and the schemas that it refers to."""
    return _flatten(schema, root).parts


def unknown_keys(schema: Schema, value: dict[str, Any]) -> list[str]:
    """Return the keys of a mapping that a schema's `properties` do not name."""
    known = schema.get("properties", {})
    return [key for key in value if key not in known]


def _violations(
    schema: Schema | bool, value: Any, root: Schema, at: Pointer
) -> Iterator[Violation]:
    if isinstance(schema, bool):
        return
    flat = _flatten(schema, root)
    for keyword, check, wanted, owner in flat.checks:
        if not check(wanted, value):
            yield Violation(at, keyword, owner, value)
    if isinstance(value, (dict, list)):
        for part in flat.parts:
            yield from _inner_violations(part, value, root, at)


def _inner_violations(schema: Schema, value: Any, root: Schema, at: Pointer) -> Iterator[Violation]:
    if isinstance(value, dict):
        yield from _mapping_violations(schema, value, root, at)
    elif "items" in schema:
        for index, item in enumerate(value):
            yield from _violations(schema["items"], item, root, (*at, index))
    if "if" in schema:
        holds = next(_violations(schema["if"], value, root, at), None) is None
        yield from _violations(schema.get("then" if holds else "else", True), value, root, at)


def _mapping_violations(
    schema: Schema, value: dict[str, Any], root: Schema, at: Pointer
) -> Iterator[Violation]:
    for name in schema.get("required", ()):
        if name not in value:
            yield Violation(at, "required", schema, value, name=name)
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    names = schema.get("propertyNames", True)
    for key, item in value.items():
        if names is not True:
            for violation in _violations(names, key, root, (*at, key)):
                yield violation._replace(is_key=True)
        if key in properties:
            if not _is_valid_text(properties[key], item, root):
                yield from _violations(properties[key], item, root, (*at, key))
        elif others is False:
            yield Violation((*at, key), "additionalProperties", schema, item, is_key=True)
        elif others is not True:
            yield from _violations(others, item, root, (*at, key))


def _is_valid_text(schema: Schema | bool, value: Any, root: Schema) -> bool:
    # Nearly every field is a valid text; checking it here avoids the cost of a generator.
    if not isinstance(value, str) or isinstance(schema, bool):
        return False
    for _, check, wanted, _ in _flatten(schema, root).checks:  # noqa: SIM110 - any() is a generator
        if not check(wanted, value):
            return False
    return True


class _FlatSchema(NamedTuple):
    """A schema and the schemas that it refers to, with their checks in one list for speed."""

    checks: list[tuple[str, Callable[[Any, Any], bool], Any, Schema]]
    parts: list[Schema]


# By the identity of the schema, which the first of `parts` keeps alive.
_flat_schemas: dict[int, _FlatSchema] = {}


def _flatten(schema: Schema, root: Schema) -> _FlatSchema:
    flat = _flat_schemas.get(id(schema))
    if flat is None:
        flat = _flat_schemas[id(schema)] = _FlatSchema([], [schema])
        while "$ref" in flat.parts[-1]:
            flat.parts.append(root["$defs"][flat.parts[-1]["$ref"].removeprefix("#/$defs/")])
        for part in flat.parts:
            for keyword, check in CHECKS.items():
                if keyword in part:
                    flat.checks.append((keyword, check, part[keyword], part))
    return flat


def _is_type(wanted: str | list[str], value: Any) -> bool:
    if wanted == "string":
        return isinstance(value, str)
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    if isinstance(value, float) and value.is_integer() and "integer" in names:
        return True
    return any(isinstance(value, _TYPES[name]) for name in names)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_distinct(wanted: bool, value: Any) -> bool:
    if not wanted or not isinstance(value, list):
        return True
    return not any(
        _is_equal(item, other) for index, item in enumerate(value) for other in value[:index]
    )


def _is_equal(one: Any, other: Any) -> bool:
    # In Python true is 1, in JSON it is not.
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)


def _text(check: Callable[[Any, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda wanted, value: not isinstance(value, str) or check(wanted, value)


def _size(kind: type[Sized], check: Callable[[int, int], bool]) -> Callable[[Any, Any], bool]:
    return lambda wanted, value: not isinstance(value, kind) or check(wanted, len(value))


CHECKS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "type": _is_type,
    "enum": lambda wanted, value: value in wanted,
    "const": _is_equal,
    "minimum": lambda wanted, value: not _is_number(value) or wanted <= value,
    "maximum": lambda wanted, value: not _is_number(value) or wanted >= value,
    # The event schemas have `not` only with an `enum`.
    "not": lambda wanted, value: value not in wanted["enum"],
    "minLength": _size(str, int.__le__),
    "maxLength": _size(str, int.__ge__),
    "pattern": _text(lambda wanted, value: re.search(wanted, value) is not None),
    "minItems": _size(list, int.__le__),
    "maxItems": _size(list, int.__ge__),
    "uniqueItems": _is_distinct,
    "minProperties": _size(dict, int.__le__),
    "maxProperties": _size(dict, int.__ge__),
}

KEYWORDS: Final = frozenset(
    {
        *CHECKS,
        *("$ref", "required", "properties", "additionalProperties", "propertyNames", "items"),
        *("if", "then", "else"),
    }
)
