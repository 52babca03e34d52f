"""Word a fault for people: a code, a message that names the field, and a hint that says the fix."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import InvalidInput
from versioner.names import check_name, check_version, nearest
from versioner.secret_scanning import holds_secret
from versioner.validation import codes
from versioner.validation.schemas import kind_of_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.validation.schemas import Schema
    from versioner.validation.violations import Fault, Pointer

__all__ = ["Words", "explain", "field_name", "one_of", "shown", "type_of"]

_LONGEST_SHOWN: Final = 60

_TYPE_WORDS: Final[dict[str, str]] = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
    "array": "a list",
    "object": "a mapping of keys to values",
}


class Words(NamedTuple):
    """Hold what is said of one fault."""

    code: str
    message: str
    hint: str


def explain(fault: Fault, source: str = "") -> Words:
    """Word a fault; `source` is the value as the file writes it, where it is a plain scalar."""
    if fault.keyword == "type":
        return _type_words(fault, source)
    return _WORDS.get(fault.keyword, _other_words)(fault)


def field_name(pointer: Pointer) -> str:
    """Return a pointer as people write it: `links[0].url`."""
    name = ""
    for part in pointer:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += ("." if name else "") + _escaped(part if part else '""')
    return name


def shown(value: Any) -> str:
    """Return a value for a message: bounded, without control characters, never a secret."""
    if isinstance(value, (dict, list)):
        return type_of(value)
    if isinstance(value, str) and holds_secret(value):
        return "a text in the shape of a secret key"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**30:
        return "a very long number"
    cut = value
    if isinstance(value, str):
        # What stands before an @ may be a password.
        cut = re.sub(r"://[^/?#]*@", "://...@", value)[: _LONGEST_SHOWN + 1]
    text = json.dumps(cut, ensure_ascii=False, default=repr)
    if len(text) > _LONGEST_SHOWN:
        text = text[: _LONGEST_SHOWN - 3] + '..."'
    return _escaped(text)


def type_of(value: Any) -> str:
    """Return what kind of value it is, in plain words."""
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


def one_of(word: Any, known: list[str]) -> str:
    """Return a hint that names the nearest known word, and all of them."""
    close = nearest(word, known, limit=1) if isinstance(word, str) else []
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}use one of {', '.join(known)}"


def _escaped(text: str) -> str:
    if len(text) > 200:
        text = text[:197] + "..."
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _subject(fault: Fault) -> str:
    name = field_name(fault.pointer)
    return (
        f"the key {shown(fault.value)}"
        if fault.is_key
        else name or ("the event" if fault.base else "the file")
    )


def _type_words(fault: Fault, source: str) -> Words:
    wanted = fault.schema["type"]
    names = [wanted] if isinstance(wanted, str) else [name for name in wanted if name != "null"]
    must = " or ".join(_TYPE_WORDS[name] for name in names)
    found = type_of(fault.value)
    message = f"{_subject(fault)} must be {must}, and is {found}"
    if "string" in names and isinstance(fault.value, (int, float)):
        text = source or json.dumps(fault.value)[:_LONGEST_SHOWN]
        return Words(codes.RETYPED, message, f'write "{_escaped(_with_unit(text, fault.schema))}"')
    if fault.value is None:
        if source and "string" in names:
            return Words(codes.RETYPED, message, f'write "{_escaped(source)}"')
        return Words(codes.TYPE, message, f"write {must}, or leave the key out")
    return Words(codes.TYPE, message, f"write {must}{_example(fault.schema)}")


def _with_unit(text: str, schema: Schema) -> str:
    """Complete a number that is a duration to be: 24 becomes 24h."""
    pattern = schema.get("pattern", "")
    fits = pattern and not re.search(pattern, text) and re.search(pattern, f"{text}h")
    return f"{text}h" if fits else text


def _required_words(fault: Fault) -> Words:
    where = field_name(fault.pointer)
    inside = f" in {where}" if where and not isinstance(fault.pointer[-1], int) else ""
    properties = fault.schema.get("properties", {})
    about = properties.get(fault.name, {}).get("description", "")
    said = f": {about[0].lower()}{about[1:].rstrip('.')}" if about else ""
    return Words(
        codes.REQUIRED, f"{fault.name} is missing{inside}", f"add the key {fault.name}{said}"
    )


def _unknown_words(fault: Fault) -> Words:
    known = list(fault.schema.get("properties", {}))
    key = str(fault.pointer[-1])
    where = field_name(fault.pointer[:-1])
    inside = f" in {where}" if where and not isinstance(fault.pointer[-2], int) else ""
    hint = one_of(key, known)
    return Words(codes.UNKNOWN_KEY, f"unknown key {shown(key)}{inside}", hint)


def _enum_words(fault: Fault) -> Words:
    allowed = [str(item) for item in fault.schema["enum"]]
    message = f"{_subject(fault)} {shown(fault.value)} is not one of the allowed values"
    return Words(codes.VALUE, message, one_of(fault.value, allowed))


def _const_words(fault: Fault) -> Words:
    wanted = shown(fault.schema["const"])
    message = f"{_subject(fault)} must be {wanted}, and is {shown(fault.value)}"
    return Words(codes.VALUE, message, f"write {wanted}, or use a tool that knows the other")


def _length_words(fault: Fault) -> Words:
    size = len(fault.value)
    if not size:
        hint = f"write {'a text' if isinstance(fault.value, str) else 'an item'}"
        return Words(codes.VALUE, f"{_subject(fault)} is empty", f"{hint}, or leave the key out")
    limit = fault.schema[fault.keyword]
    unit = "characters" if isinstance(fault.value, str) else "items"
    most = fault.keyword.startswith("max")
    message = f"{_subject(fault)} has {size:,} {unit}, {'more' if most else 'fewer'} than {limit:,}"
    kind = kind_of_pattern(fault.schema.get("pattern", ""))
    code = kind if kind in (codes.NAME, codes.VERSION) else codes.VALUE
    bound = "at most" if most else "at least"
    return Words(code, message, f"use {bound} {limit:,} {unit}")


def _range_words(fault: Fault) -> Words:
    limit = fault.schema[fault.keyword]
    bound = "at most" if fault.keyword == "maximum" else "at least"
    message = f"{_subject(fault)} must be {bound} {limit:,}, and is {shown(fault.value)}"
    return Words(codes.VALUE, message, f"write a number of {bound} {limit:,}")


def _unique_words(fault: Fault) -> Words:
    value = fault.value
    twice = next(item for index, item in enumerate(value) if item in value[:index])
    return Words(
        codes.VALUE,
        f"{_subject(fault)} holds {shown(twice)} twice",
        f"leave one {shown(twice)} out",
    )


def _void_words(fault: Fault) -> Words:
    name = field_name(fault.pointer)
    message = f"{name} does not belong in an event that has voids"
    return Words(codes.VALUE, message, f"leave {name} out: the event that it voids has it")


def _pattern_words(fault: Fault) -> Words:
    if not fault.value:
        return _length_words(fault)
    kind = kind_of_pattern(fault.schema["pattern"])
    hint = _HINTS[kind](fault.value) if kind in _HINTS else ""
    if kind in (codes.NAME, codes.VERSION) and not holds_secret(fault.value):
        return _named_words(kind, fault)
    message = f"{_subject(fault)} is not valid: {shown(fault.value)}"
    about = fault.schema.get("description", "").rstrip(".")
    return Words(codes.VALUE, message, hint or f"{about}{_example(fault.schema)}")


def _named_words(kind: str, fault: Fault) -> Words:
    # names.py words what is wrong with a name or version; here it only gets its field.
    try:
        if kind == codes.NAME:
            check_name(fault.value, _what(fault.pointer))
        else:
            check_version(fault.value)
    except InvalidInput as error:
        return Words(kind, f"{field_name(fault.pointer)}: {error.message}", error.hint)
    return Words(kind, f"{_subject(fault)} is not valid: {shown(fault.value)}", "")


def _what(pointer: Pointer) -> str:
    keys = [part for part in pointer if isinstance(part, str)]
    return "environment" if keys and keys[-1] == "environment" else "product"


def _other_words(fault: Fault) -> Words:
    message = f"{_subject(fault)} is not valid: {shown(fault.value)}"
    return Words(codes.VALUE, message, str(fault.schema.get("description", "")).rstrip("."))


def _example(schema: Schema) -> str:
    examples = schema.get("examples")
    return f", for example {examples[0]}" if examples else ""


def _time_hint(value: str) -> str:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return ""
    if moment.tzinfo is None:
        return "say which zone: times are UTC and end in Z, for example 2026-11-22T10:15:00Z"
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return ""
    return f'write "{utc.strftime("%Y-%m-%dT%H:%M:%SZ")}"' if utc.year > 1000 else ""


def _address_hint(value: str) -> str:
    if "@" in value.partition("://")[2].partition("/")[0]:
        return "take the user information before the @ out of the address"
    if not value.startswith(("http://", "https://")) and "://" not in value:
        return "begin the address with https://"
    return ""


def _sha_hint(value: str) -> str:
    lower = value.strip().lower()
    is_hex = lower != "" and all(char in "0123456789abcdef" for char in lower)
    return f'write "{lower}"' if is_hex else ""


_HINTS: Final[dict[str, Callable[[str], str]]] = {
    "time": _time_hint,
    "url": _address_hint,
    "repository": _address_hint,
    "sha": _sha_hint,
    "line": lambda _: "write it on one line, without control characters",
    "person": lambda _: "write it on one line, without control characters",
    "text": lambda _: "take the control characters out",
}

_WORDS: Final[dict[str, Callable[[Fault], Words]]] = {
    "required": _required_words,
    "additionalProperties": _unknown_words,
    "enum": _enum_words,
    "const": _const_words,
    "minLength": _length_words,
    "maxLength": _length_words,
    "minItems": _length_words,
    "maxItems": _length_words,
    "maxProperties": _length_words,
    "minimum": _range_words,
    "maximum": _range_words,
    "uniqueItems": _unique_words,
    "not": _void_words,
    "pattern": _pattern_words,
}
