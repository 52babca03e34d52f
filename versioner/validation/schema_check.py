"""Check data against a schema with jsonschema-rs, which is fast, or jsonschema, which is precise.

jsonschema-rs is a hundred times faster; jsonschema names every keyword that a value breaks. No
other module imports the two.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from versioner.validation.fast_patterns import with_fast_patterns
from versioner.validation.schemas import bundled_schema
from versioner.validation.violations import Violation, unknown_keys, violations_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.validation.schemas import SchemaName
    from versioner.validation.violations import Pointer

__all__ = ["find_violations", "is_valid"]

# Of several violations by one value, only the first in this order is reported.
_PRECEDENCE: Final = ("type", "minLength", "maxLength", "enum", "const", "pattern")


def is_valid(name: SchemaName, value: Any) -> bool:
    """Return whether data conforms to a schema; its texts must have no lone surrogates."""
    fast = _fast_validator(name)
    if fast is None:
        schema = bundled_schema(name)
        return next(violations_of(schema, value, schema), None) is None
    return bool(fast.is_valid(value))


def find_violations(name: SchemaName, value: Any, base: Pointer = ()) -> list[Violation]:
    """Return the violations of a schema in data, at most one for each value."""
    # Most documents have none, and importing jsonschema takes a large part of a command's time.
    schema = bundled_schema(name)
    own = list(violations_of(schema, value, schema))
    if not own:
        return []
    precise = _precise_validator(name)
    if precise is not None:
        own = [each for error in precise.iter_errors(value) for each in _violations_of_error(error)]
    found: dict[tuple[object, ...], Violation] = {}
    for violation in own:
        key = (violation.pointer, violation.is_key, violation.name)
        if key not in found or _rank(violation) < _rank(found[key]):
            found[key] = violation
    return [violation._replace(base=base) for violation in found.values()]


# The recorder has neither of the two packages, and does without.
@cache
def _fast_validator(name: SchemaName) -> Any:
    try:
        import jsonschema_rs
    except ImportError:
        return None
    return jsonschema_rs.validator_for(with_fast_patterns(bundled_schema(name)))


@cache
def _precise_validator(name: SchemaName) -> Any:
    try:
        import jsonschema
    except ImportError:
        return None
    return jsonschema.Draft202012Validator(bundled_schema(name))


def _rank(violation: Violation) -> int:
    keyword = violation.keyword
    return _PRECEDENCE.index(keyword) if keyword in _PRECEDENCE else len(_PRECEDENCE)


def _violations_of_error(error: Any) -> Iterator[Violation]:
    pointer = tuple(error.absolute_path)
    keyword = error.validator
    if keyword == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield Violation(pointer, keyword, error.schema, error.instance, name=name)
    elif keyword == "additionalProperties":
        for key in unknown_keys(error.schema, error.instance):
            yield Violation(
                (*pointer, key), keyword, error.schema, error.instance[key], is_key=True
            )
    elif "propertyNames" in error.absolute_schema_path:
        key = error.instance
        yield Violation((*pointer, key), keyword, error.schema, key, is_key=True)
    else:
        yield Violation(pointer, keyword, error.schema, error.instance)
