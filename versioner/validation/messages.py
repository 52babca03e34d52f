"""The message and the hint of every violation of a schema, in the words that `validate` prints."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import InvalidInput
from versioner.names import check_instance, check_name, check_version, nearest
from versioner.secret_scanning import holds_secret
from versioner.serialization.yaml_parser import shortened
from versioner.validation import codes
from versioner.validation.schemas import kind_of_pattern
from versioner.validation.shapes import own_keys_hint, shape_hint, where_key_belongs
from versioner.validation.value_hints import VALUE_HINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.validation.schemas import Schema
    from versioner.validation.violations import Pointer, Violation

__all__ = ["explain", "field_name"]

# Characters of a value in a message, and of a field's name or a corrected value.
_VALUE_LIMIT: Final = 60
_TEXT_LIMIT: Final = 200
# A list of more known words than this is cut.
_KNOWN_SHOWN: Final = 100

_TYPE_NAMES: Final[dict[str, str]] = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "empty",
    "array": "a list",
    "object": "a mapping of keys to values",
}

# The definition of the names of environment variables, in whose place people write secrets.
_VARIABLE: Final = "environmentVariable"
_VARIABLE_HINT: Final = "write a name such as OPS_URL: addresses and secrets stay out of git"
# The definition of the names of instances; they break rules of names.
_INSTANCE: Final = "instance"
_CODES: Final = {_INSTANCE: codes.NAME}

_UNITS: Final[dict[str, str]] = {"str": "characters", "list": "items", "dict": "keys"}


class Explanation(NamedTuple):
    """The code, message and hint of a violation."""

    code: str
    message: str
    hint: str


def explain(violation: Violation, source: str = "") -> Explanation:
    """Return the explanation of a violation.

    `source` is the value as the file has it, if the value is a plain scalar.
    """
    if violation.keyword == "type":
        return _explain_type(violation, source)
    return _EXPLAINERS.get(violation.keyword, _explain_other)(violation)


def field_name(pointer: Pointer) -> str:
    """Return a pointer in its usual notation: `links[0].url`."""
    name = ""
    for part in pointer:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += ("." if name else "") + shortened(part or '""', _TEXT_LIMIT)
    return name


def _display(value: Any) -> str:
    """Return a value for a message: short, without control characters, never a secret."""
    if isinstance(value, (dict, list)):
        return _type_name(value)
    if isinstance(value, str) and holds_secret(value):
        return "a text that looks like a secret key"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**30:
        return "a very long number"
    cut = value
    if isinstance(value, str):
        # The part before an @ may be a password.
        cut = re.sub(r"://[^/?#]*@", "://...@", value)[: _VALUE_LIMIT + 1]
    text = json.dumps(cut, ensure_ascii=False, default=repr)
    if len(text) > _VALUE_LIMIT:
        text = text[: _VALUE_LIMIT - 3] + '..."'
    return shortened(text, _TEXT_LIMIT)


def _type_name(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"a {type(value).__name__}"


def _suggest(word: Any, known: list[str]) -> str:
    """Return a hint with the known word that is nearest to a word, and all known words."""
    close = nearest(word, known, limit=1) if isinstance(word, str) else []
    suggestion = f"did you mean {close[0]}? " if close else ""
    shown = known if len(known) <= _KNOWN_SHOWN else [*known[:10], f"or {len(known) - 10} more"]
    return f"{suggestion}use one of {', '.join(shown)}"


def _subject(violation: Violation) -> str:
    if violation.is_key:
        return f"the key {_display(violation.value)}"
    whole = "the event" if violation.base else "the file"
    return field_name(violation.pointer) or whole


def _explain_type(violation: Violation, source: str) -> Explanation:
    value, schema = violation.value, violation.schema
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    types = [name for name in types if name != "null" or len(types) == 1]
    expected = " or ".join(_TYPE_NAMES[name] for name in types)
    message = f"{_subject(violation)} must be {expected}, but is {_type_name(value)}"
    if "string" in types and isinstance(value, (int, float)):
        text = _with_unit(source or json.dumps(value)[:_VALUE_LIMIT], schema)
        return Explanation(codes.RETYPED, message, f'write "{shortened(text, _TEXT_LIMIT)}"')
    if value is None:
        if source and "string" in types:
            hint = f'write "{shortened(source, _TEXT_LIMIT)}"'
            return Explanation(codes.RETYPED, message, hint)
        return Explanation(codes.TYPE, message, f"write {expected}, or remove the key")
    hint = "" if holds_secret(str(value)) else shape_hint(violation.pointer, value, types)
    return Explanation(codes.TYPE, message, hint or f"write {expected}{_example(schema)}")


def _with_unit(text: str, schema: Schema) -> str:
    """Return a number with the unit h where the schema requires a duration: 24 becomes 24h."""
    pattern = schema.get("pattern", "")
    fits = pattern and not re.search(pattern, text) and re.search(pattern, f"{text}h")
    return f"{text}h" if fits else text


def _inside(pointer: Pointer) -> str:
    """Return " in " and the name of a mapping, or "" for the file, an event or a list's item."""
    return f" in {field_name(pointer)}" if pointer and not isinstance(pointer[-1], int) else ""


def _explain_required(violation: Violation) -> Explanation:
    key = violation.name
    properties = violation.schema.get("properties", {})
    about = properties.get(key, {}).get("description", "").rstrip(".")
    description = f": {about[0].lower()}{about[1:]}" if about else ""
    message = f"{key} is missing{_inside(violation.pointer)}"
    return Explanation(codes.REQUIRED, message, f"add the key {key}{description}")


def _explain_unknown(violation: Violation) -> Explanation:
    *parents, key = violation.pointer
    message = f"unknown key {_display(str(key))}{_inside(tuple(parents))}"
    hint = where_key_belongs(violation.pointer, violation.schema)
    if not hint:
        known = list(violation.schema.get("properties", {}))
        own = own_keys_hint(violation.pointer, violation.schema)
        hint = _suggest(str(key), known) + own
    return Explanation(codes.UNKNOWN_KEY, message, hint)


def _explain_enum(violation: Violation) -> Explanation:
    allowed = [str(item) for item in violation.schema["enum"]]
    message = f"{_subject(violation)} must not be {_display(violation.value)}"
    return Explanation(codes.VALUE, message, _suggest(violation.value, allowed))


def _explain_const(violation: Violation) -> Explanation:
    expected, value = _display(violation.schema["const"]), _display(violation.value)
    message = f"{_subject(violation)} must be {expected}, but is {value}"
    hint = f"write {expected}, or use a version of `versioner` that supports {value}"
    return Explanation(codes.VALUE, message, hint)


def _explain_length(violation: Violation) -> Explanation:
    value = violation.value
    if not value:
        item = "a text" if isinstance(value, str) else "an item"
        message = f"{_subject(violation)} is empty"
        return Explanation(codes.VALUE, message, f"write {item}, or remove the key")
    limit = violation.schema[violation.keyword]
    unit = _UNITS[type(value).__name__]
    is_maximum = violation.keyword.startswith("max")
    relation, bound = ("more", "at most") if is_maximum else ("fewer", "at least")
    message = f"{_subject(violation)} has {len(value):,} {unit}, {relation} than {limit:,}"
    kind = kind_of_pattern(violation.schema.get("pattern", ""))
    kind = _CODES.get(kind, kind)
    code = kind if kind in (codes.NAME, codes.VERSION) else codes.VALUE
    return Explanation(code, message, f"use {bound} {limit:,} {unit}")


def _explain_range(violation: Violation) -> Explanation:
    limit = violation.schema[violation.keyword]
    bound = "at most" if violation.keyword == "maximum" else "at least"
    value = _display(violation.value)
    message = f"{_subject(violation)} must be {bound} {limit:,}, but is {value}"
    return Explanation(codes.VALUE, message, f"write a number of {bound} {limit:,}")


def _explain_duplicate(violation: Violation) -> Explanation:
    items = violation.value
    twice = _display(next(item for index, item in enumerate(items) if item in items[:index]))
    message = f"{_subject(violation)} contains {twice} twice"
    return Explanation(codes.VALUE, message, f"remove one {twice}")


def _explain_voids(violation: Violation) -> Explanation:
    # The schemas have `not` for the keys of events with voids, undeployments, kinds of decisions.
    name = field_name(violation.pointer)
    if violation.schema["not"]["enum"] == ["deployment"]:
        message = f"an undeployment must not have the key {name}"
        return Explanation(
            codes.VALUE, message, f"remove {name}: an undeployment belongs to no deployment"
        )
    if name in ("approval_type", "event", "of", "step"):
        message = f"a decision of this kind must not have the key {name}"
        return Explanation(codes.VALUE, message, f"remove {name}")
    message = f"an event with the key voids must not have the key {name}"
    return Explanation(codes.VALUE, message, f"remove {name}: the voided event has it")


def _explain_pattern(violation: Violation) -> Explanation:
    value, schema = violation.value, violation.schema
    if not value:
        return _explain_length(violation)
    kind = kind_of_pattern(schema["pattern"])
    if kind in (codes.NAME, codes.VERSION, _INSTANCE) and not holds_secret(value):
        return _explain_name(kind, violation)
    if kind == _VARIABLE:
        # The value is not shown: it may be the address or the secret itself.
        message = f"{_subject(violation)} must be the name of an environment variable"
        return Explanation(codes.VALUE, message, _VARIABLE_HINT)
    hint = VALUE_HINTS[kind](value) if kind in VALUE_HINTS else ""
    description = f"{schema.get('description', '').rstrip('.')}{_example(schema)}"
    return Explanation(codes.VALUE, _invalid(violation), hint or description)


def _explain_name(kind: str, violation: Violation) -> Explanation:
    # The checks of names.py have a message for each rule of names and versions.
    keys = [part for part in violation.pointer if isinstance(part, str)]
    try:
        if kind == codes.VERSION:
            check_version(violation.value)
        elif keys and keys[-1] == "environment":
            check_name(violation.value, "environment")
        elif kind == _INSTANCE:
            check_instance(violation.value)
        else:
            check_name(violation.value, "product")
    except InvalidInput as error:
        message = f"{field_name(violation.pointer)}: {error.message}"
        return Explanation(_CODES.get(kind, kind), message, error.hint)
    return Explanation(_CODES.get(kind, kind), _invalid(violation), "")


def _explain_other(violation: Violation) -> Explanation:
    description = str(violation.schema.get("description", "")).rstrip(".")
    return Explanation(codes.VALUE, _invalid(violation), description)


def _invalid(violation: Violation) -> str:
    return f"{_subject(violation)} is not valid: {_display(violation.value)}"


def _example(schema: Schema) -> str:
    examples = schema.get("examples")
    return f", for example {examples[0]}" if examples else ""


_EXPLAINERS: Final[dict[str, Callable[[Violation], Explanation]]] = {
    "required": _explain_required,
    "additionalProperties": _explain_unknown,
    "enum": _explain_enum,
    "const": _explain_const,
    "minLength": _explain_length,
    "maxLength": _explain_length,
    "minItems": _explain_length,
    "maxItems": _explain_length,
    "minProperties": _explain_length,
    "maxProperties": _explain_length,
    "minimum": _explain_range,
    "maximum": _explain_range,
    "uniqueItems": _explain_duplicate,
    "not": _explain_voids,
    "pattern": _explain_pattern,
}
