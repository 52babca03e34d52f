"""A fault: one keyword of a schema that a value does not keep; and a small finder of faults.

The finder knows the keywords that the event schemas use, and no others: it is what `track` can
afford at start. jsonschema finds the same faults (`versioner.validation.schema_check`); a property
test holds that the two agree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from versioner.validation.schemas import Schema

__all__ = ["KEYWORDS", "Fault", "Pointer", "faults_of", "unknown_keys"]

Pointer = tuple[str | int, ...]


class Fault(NamedTuple):
    """Say which keyword of which schema a value breaks.

    `pointer` leads to the value or, with `is_key`, to the key. `name` is the missing key of
    `required`. `base` leads to what was checked, where that is a part of a file.
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
    # JSON takes 1.0 for one too; the slower judge decides that.
    "integer": int,
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
        return
    plan = _plan(schema, root)
    for keyword, check, wanted, owner in plan.checks:
        if not check(wanted, value):
            yield Fault(at, keyword, owner, value)
    if isinstance(value, (dict, list)):
        for part in plan.parts:
            yield from _inner_faults(part, value, root, at)


def _inner_faults(schema: Schema, value: Any, root: Schema, at: Pointer) -> Iterator[Fault]:
    if isinstance(value, dict):
        yield from _mapping_faults(schema, value, root, at)
    elif "items" in schema:
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
                yield fault._replace(is_key=True)
        if key in properties:
            if not _is_plainly_good(properties[key], item, root):
                yield from _faults(properties[key], item, root, (*at, key))
        elif others is False:
            yield Fault((*at, key), "additionalProperties", schema, item, is_key=True)
        elif others is not True:
            yield from _faults(others, item, root, (*at, key))


def _is_plainly_good(schema: Schema | bool, value: Any, root: Schema) -> bool:
    # Nearly every field is a good text: this spares it a generator.
    if not isinstance(value, str) or isinstance(schema, bool):
        return False
    for _, check, wanted, _ in _plan(schema, root).checks:  # noqa: SIM110 - spare it here, too
        if not check(wanted, value):
            return False
    return True


class _Plan(NamedTuple):
    """Hold a schema and what it refers to as flat lists: reading them is most of the time."""

    checks: list[tuple[str, Callable[[Any, Any], bool], Any, Schema]]
    parts: list[Schema]


# By identity; the plan's first part keeps its schema alive.
_plans: dict[int, _Plan] = {}


def _plan(schema: Schema, root: Schema) -> _Plan:
    plan = _plans.get(id(schema))
    if plan is None:
        plan = _plans[id(schema)] = _Plan([], [schema])
        while "$ref" in plan.parts[-1]:
            plan.parts.append(root["$defs"][plan.parts[-1]["$ref"].removeprefix("#/$defs/")])
        for part in plan.parts:
            for keyword, check in _CHECKS.items():
                if keyword in part:
                    plan.checks.append((keyword, check, part[keyword], part))
    return plan


def _is_type(wanted: str | list[str], value: Any) -> bool:
    if wanted == "string":
        return isinstance(value, str)
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


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
    "const": lambda wanted, value: value == wanted and type(value) is type(wanted),
    "minimum": lambda wanted, value: not _is_number(value) or wanted <= value,
    "maximum": lambda wanted, value: not _is_number(value) or wanted >= value,
    # The event schemas negate nothing else.
    "not": lambda wanted, value: value not in wanted["enum"],
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
