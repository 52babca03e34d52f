r"""Write a JSON value as text that JSON, YAML 1.1 and YAML 1.2 readers read as the same value.

Strings keep their non-ASCII characters; control characters, line separators and characters that
YAML calls unprintable are escaped as `\uXXXX`. Floats have a point and a signed exponent, without
which YAML 1.1 reads them as text. Integers are within 2^53, beyond which JSON readers disagree.
"""

from __future__ import annotations

import math
import re
from json.encoder import encode_basestring
from typing import Any, Final

from versioner.errors import InvalidInput

__all__ = [
    "DEPTH",
    "LARGEST_INTEGER",
    "UNPRINTABLE",
    "json_text",
    "json_value",
    "key_text",
]

# Readers that use doubles (JavaScript, jq) change an integer beyond it.
LARGEST_INTEGER: Final = 2**53

# Levels of lists and mappings that the strict loader accepts.
DEPTH: Final = 8

# The longest key that a YAML 1.1 reader accepts, in characters, with its quotes.
LONGEST_KEY: Final = 1024

# DEL, C1 with NEL, line separators, the byte order mark, and characters that YAML excludes.
UNPRINTABLE: Final = "\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"


def json_text(text: str, field: str) -> str:
    """Return a string as a double-quoted scalar.

    Raises InvalidInput, which names `field`, for a string that cannot be written.
    """
    quoted = encode_basestring(text)
    if quoted.isascii() and "\x7f" not in quoted:
        return quoted
    return re.sub(f"[{UNPRINTABLE}]", lambda found: _escape(found[0], field), quoted)


def json_value(value: Any, field: str, depth: int) -> str:
    """Return a JSON value on one line, with at most `depth` levels of lists and mappings.

    Raises InvalidInput, which names `field`, for a value that cannot be written.
    """
    if isinstance(value, str):
        return json_text(value, field)
    if isinstance(value, dict):
        return _object(value, field, depth - 1)
    if isinstance(value, (list, tuple)):
        _check_depth(field, depth - 1)
        return "[" + ", ".join([json_value(item, field, depth - 1) for item in value]) + "]"
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int):
        return _integer(value, field)
    if isinstance(value, float):
        return _float(value, field)
    raise InvalidInput(
        f"{field}: a value of type {type(value).__name__} is not a JSON value",
        field=field,
        hint="use text, a number, true, false, null, a list or a mapping",
    )


def key_text(key: object, field: str) -> str:
    """Return a mapping's key as a double-quoted scalar.

    Raises InvalidInput, which names `field`, for a key that some YAML reader does not accept.
    """
    if not isinstance(key, str):
        raise InvalidInput(
            f"{field}: the key {key!r} is not text", field=field, hint="put it in quotes"
        )
    quoted = json_text(key, field)
    if len(quoted) > LONGEST_KEY:
        raise InvalidInput(
            f"{field}: a key has {len(key)} characters, more than YAML readers accept",
            field=field,
            hint=f"use keys of fewer than {LONGEST_KEY - 2} characters",
        )
    return quoted


def _object(value: dict[Any, Any], field: str, depth: int) -> str:
    _check_depth(field, depth)
    pairs = [
        f"{key_text(key, field)}: {json_value(item, field, depth)}" for key, item in value.items()
    ]
    return "{" + ", ".join(pairs) + "}"


def _check_depth(field: str, depth: int) -> None:
    if depth < 0:
        raise InvalidInput(
            f"{field}: lists and mappings are nested too deeply",
            field=field,
            hint="use fewer levels, or write the inner part as text",
        )


def _integer(value: int, field: str) -> str:
    if abs(value) > LARGEST_INTEGER:
        raise InvalidInput(
            f"{field}: JSON readers disagree on an integer beyond 2^53",
            field=field,
            hint="write it as text, in quotes",
        )
    return int.__repr__(value)


def _float(value: float, field: str) -> str:
    if not math.isfinite(value):
        raise InvalidInput(
            f"{field}: {value} is not a JSON number",
            field=field,
            hint="write it as text, in quotes",
        )
    digits, _, exponent = float.__repr__(value).partition("e")
    point = "" if "." in digits else ".0"
    return f"{digits}{point}e{exponent}" if exponent else digits + point


def _escape(char: str, field: str) -> str:
    if "\ud800" <= char <= "\udfff":
        raise InvalidInput(
            f"{field}: half a character (a lone surrogate) cannot be written as UTF-8",
            field=field,
            hint="decode the text as UTF-8 before it is recorded",
        )
    return f"\\u{ord(char):04x}"
