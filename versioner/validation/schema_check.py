"""Check data against a schema: jsonschema-rs tells whether, jsonschema tells what.

jsonschema-rs is a hundred times faster; jsonschema names every keyword that fails. This is the
one module that knows the two.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from versioner.validation.schemas import bundled_schema
from versioner.validation.violations import Fault, faults_of, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.validation.schemas import SchemaName
    from versioner.validation.violations import Pointer

__all__ = ["find_faults", "is_valid"]

# Of the faults of one value, the first of these says it all.
_PRECEDENCE: Final = ("type", "minLength", "maxLength", "enum", "const", "pattern")


def is_valid(name: SchemaName, value: Any) -> bool:
    """Tell whether data keeps a schema, fast; it must hold no lone surrogates."""
    return bool(_fast(name).is_valid(value))


def find_faults(name: SchemaName, value: Any, base: Pointer = ()) -> list[Fault]:
    """Return what in data breaks a schema: one fault a value, at most."""
    # Most documents break none, and loading either library takes as long as much of a command.
    schema = bundled_schema(name)
    if next(faults_of(schema, value, schema), None) is None:
        return []
    found: dict[tuple[object, ...], Fault] = {}
    for error in _slow(name).iter_errors(value):
        for fault in _faults_of(error):
            place = (fault.pointer, fault.is_key, fault.name)
            kept = found.get(place)
            if kept is None or _rank(fault) < _rank(kept):
                found[place] = fault
    return [fault._replace(base=base) for fault in found.values()]


@cache
def _fast(name: SchemaName) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(bundled_schema(name))


@cache
def _slow(name: SchemaName) -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(bundled_schema(name))


def _rank(fault: Fault) -> int:
    keyword = fault.keyword
    return _PRECEDENCE.index(keyword) if keyword in _PRECEDENCE else len(_PRECEDENCE)


def _faults_of(error: Any) -> Iterator[Fault]:
    pointer = tuple(error.absolute_path)
    keyword = error.validator
    if keyword == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield Fault(pointer, keyword, error.schema, error.instance, name=name)
    elif keyword == "additionalProperties":
        for key in unknown_keys(error.schema, error.instance):
            yield Fault((*pointer, key), keyword, error.schema, error.instance[key], is_key=True)
    elif "propertyNames" in error.absolute_schema_path:
        key = error.instance
        yield Fault((*pointer, key), keyword, error.schema, key, is_key=True)
    else:
        yield Fault(pointer, keyword, error.schema, error.instance)
