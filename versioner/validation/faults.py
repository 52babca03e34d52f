"""A fault: one keyword of a schema that a value does not keep; and a small finder of faults.

The finder knows the keywords that the event schemas use, and no others: it is what `track` can
afford at start. jsonschema finds the same faults (`versioner.validation.checking`); a property
test holds that the two agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from versioner.validation.schemas import Schema

__all__ = ["KEYWORDS", "Fault", "Pointer", "faults_of", "unknown_keys"]

Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Say which keyword of which schema a value breaks.

    `pointer` leads to the value or, with `is_key`, to the key. `name` is the missing key of
    `required`. `keyword` is "false" where nothing at all is allowed. `base` leads to what was
    checked, where that is a part of a file.
    """

    pointer: Pointer
    keyword: str
    schema: Schema
    value: Any
    is_key: bool = False
    name: str = ""
    base: Pointer = ()

    @property
    def place(self) -> Pointer:
        """Return the pointer from the top of the file."""
        return (*self.base, *self.pointer)


_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def faults_of(schema: Schema | bool, value: Any, root: Schema) -> Iterator[Fault]:
    """Find every fault of a value; `root` is the schema that `$ref` looks into."""
    yield from _faults(schema, value, root, ())


def unknown_keys(schema: Schema, value: dict[str, Any]) -> list[str]:
    """Return the keys of a mapping that a schema's `properties` do not name."""
    known = schema.get("properties", {})
    return [key for key in value if key not in known]


def _faults(schema: Schema | bool, value: Any, root: Schema, at: Pointer) -> Iterator[Fault]:
    if isinstance(schema, bool):
        if not schema:
            yield Fault(at, "false", {}, value)
        return
    if "$ref" in schema:
        yield from _faults(_target(schema["$ref"], root), value, root, at)
    for keyword, check in _CHECKS.items():
        if keyword in schema and not check(schema[keyword], value):
            yield Fault(at, keyword, schema, value)
    if isinstance(value, dict):
        yield from _mapping_faults(schema, value, root, at)
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _faults(schema["items"], item, root, (*at, index))
    if "if" in schema:
        holds = next(_faults(schema["if"], value, root, at), None) is None
        yield from _faults(schema.get("then" if holds else "else", True), value, root, at)


def _mapping_faults(
    schema: Schema, value: dict[str, Any], root: Schema, at: Pointer
) -> Iterator[Fault]:
    for name in schema.get("required", ()):
        if name not in value:
            yield Fault(at, "required", schema, value, name=name)
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    names = schema.get("propertyNames", True)
    for key, item in value.items():
        if names is not True:
            for fault in _faults(names, key, root, (*at, key)):
                yield Fault(fault.pointer, fault.keyword, fault.schema, key, is_key=True)
        if key in properties:
            yield from _faults(properties[key], item, root, (*at, key))
        elif others is False:
            yield Fault((*at, key), "additionalProperties", schema, item, is_key=True)
        elif others is not True:
            yield from _faults(others, item, root, (*at, key))


def _target(reference: str, root: Schema) -> Schema:
    target: Schema = root["$defs"][reference.removeprefix("#/$defs/")]
    return target


def _is_type(wanted: str | list[str], value: Any) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _is_distinct(wanted: bool, value: Any) -> bool:
    if not wanted or not isinstance(value, list):
        return True
    return not any(item in value[:index] for index, item in enumerate(value))


def _text(check: Callable[[Any, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda wanted, value: not isinstance(value, str) or check(wanted, value)


def _size(kind: type[Sized], check: Callable[[int, int], bool]) -> Callable[[Any, Any], bool]:
    return lambda wanted, value: not isinstance(value, kind) or check(wanted, len(value))


_CHECKS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "type": _is_type,
    "enum": lambda wanted, value: value in wanted,
    "minLength": _size(str, int.__le__),
    "maxLength": _size(str, int.__ge__),
    "pattern": _text(lambda wanted, value: re.search(wanted, value) is not None),
    "minItems": _size(list, int.__le__),
    "maxItems": _size(list, int.__ge__),
    "uniqueItems": _is_distinct,
    "maxProperties": _size(dict, int.__ge__),
}

KEYWORDS: Final = frozenset(
    {
        *_CHECKS,
        *("$ref", "required", "properties", "additionalProperties", "propertyNames", "items"),
        *("if", "then", "else"),
    }
)
