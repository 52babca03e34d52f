"""Schemas as functions that answer only whether a value is valid.

A process that checks many events asks these first: they take a fifth of the time that a search for
violations does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner.validation.violations import CHECKS, schema_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.validation.schemas import Schema

    Predicate = Callable[[Any], bool]

__all__ = ["predicate_of"]

# By the identity of the schema, which stays in memory with the schema file that it is a part of.
_predicates: Final[dict[int, tuple[Schema | bool, Predicate]]] = {}


def predicate_of(schema: Schema | bool, root: Schema) -> Predicate:
    """Return the function for a schema; `root` is the schema that `$ref` refers to."""
    known = _predicates.get(id(schema))
    if known is None:
        # A schema may refer to itself.
        _predicates[id(schema)] = (schema, lambda value: _predicates[id(schema)][1](value))
        known = _predicates[id(schema)] = (schema, _made(schema, root))
    return known[1]


def _made(schema: Schema | bool, root: Schema) -> Predicate:
    if isinstance(schema, bool):
        return lambda value: True
    parts = schema_parts(schema, root)
    tests = [
        _test(keyword, part[keyword]) for part in parts for keyword in part if keyword in CHECKS
    ]
    inner = [each for part in parts for each in _inner(part, root)]
    if parts[-1].get("type") == "string" and not inner:
        return _of_text(tests)

    def is_valid(value: Any) -> bool:
        for test in tests:
            if not test(value):
                return False
        if isinstance(value, (dict, list)):
            for test in inner:
                if not test(value):
                    return False
        return True

    return is_valid


def _of_text(tests: list[Predicate]) -> Predicate:
    def is_valid(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - all() makes a generator
            if not test(value):
                return False
        return True

    return is_valid


def _test(keyword: str, wanted: Any) -> Predicate:
    if keyword == "pattern":
        search = re.compile(wanted).search
        return lambda value: not isinstance(value, str) or search(value) is not None
    if keyword == "type" and wanted == "string":
        return lambda value: isinstance(value, str)
    check = CHECKS[keyword]
    return lambda value: check(wanted, value)


def _inner(part: Schema, root: Schema) -> list[Predicate]:
    """Return the tests of what a mapping or a list has in it."""
    found = []
    if part.keys() & {"required", "properties", "additionalProperties", "propertyNames"}:
        found.append(_of_mapping(part, root))
    if "items" in part:
        found.append(_of_list(predicate_of(part["items"], root)))
    if "if" in part:
        found.append(_of_condition(part, root))
    return found


def _of_mapping(part: Schema, root: Schema) -> Predicate:
    required = tuple(part.get("required", ()))
    known = {name: predicate_of(each, root) for name, each in part.get("properties", {}).items()}
    others = part.get("additionalProperties", True)
    names = part.get("propertyNames", True)
    is_name = None if names is True else predicate_of(names, root)
    is_other = None if isinstance(others, bool) else predicate_of(others, root)

    def is_valid(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name in required:
            if name not in value:
                return False
        for key, item in value.items():
            if is_name is not None and not is_name(key):
                return False
            test = known.get(key, is_other)
            if test is None:
                if others is False:
                    return False
            elif not test(item):
                return False
        return True

    return is_valid


def _of_list(is_item: Predicate) -> Predicate:
    return lambda value: not isinstance(value, list) or all(map(is_item, value))


def _of_condition(part: Schema, root: Schema) -> Predicate:
    holds = predicate_of(part["if"], root)
    then, otherwise = (predicate_of(part.get(word, True), root) for word in ("then", "else"))
    return lambda value: (then if holds(value) else otherwise)(value)
