"""Decode the bytes of a file as text that every YAML reader accepts."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from versioner.serialization.values import UNPRINTABLE
from versioner.serialization.yaml_parser import YamlError, line_and_column
from versioner.validation import codes

__all__ = ["NotStrictYaml", "decode"]

_FORBIDDEN: Final = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{UNPRINTABLE}]|\r(?!\n)")
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xfe", "is UTF-16"),
    (b"\xfe\xff", "is UTF-16"),
    (b"\xef\xbb\xbf", "begins with a byte order mark"),
)


class NotStrictYaml(YamlError):
    """A file that the registry does not accept as YAML; `code` is the code of its problem."""

    def __init__(self, line: int, column: int, code: str, message: str, hint: str) -> None:
        super().__init__(line, column, message, hint)
        self.code = code


def decode(data: bytes, limit: int) -> str:
    """Return the text of a file; raise NotStrictYaml for its size, encoding or characters."""
    if len(data) > limit:
        message = f"the file has {len(data):,} bytes, more than {limit:,}"
        hint = "shorten its texts, or link to them"
        raise NotStrictYaml(0, 0, codes.SIZE, message, hint)
    for mark, fault in _MARKS:
        if data.startswith(mark):
            hint = "save it as UTF-8 without a byte order mark"
            raise NotStrictYaml(1, 1, codes.ENCODING, f"the file {fault}", hint)
    text = _decode_utf8(data)
    found = _FORBIDDEN.search(text)
    if found:
        line, column = line_and_column(text, found.start())
        message = f"the character U+{ord(found[0]):04X} is not allowed here"
        raise NotStrictYaml(line, column, codes.ENCODING, message, _character_hint(found[0]))
    return text


def _decode_utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(errors="replace")
        line, column = line_and_column(before, len(before))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise NotStrictYaml(line, column, codes.ENCODING, message, "save it as UTF-8") from None


def _character_hint(char: str) -> str:
    if unicodedata.category(char) == "Cc":
        # An escape would be read, but fields may not contain control characters.
        return "remove it: save the file as plain text"
    return f'remove it, or write it as "\\u{ord(char):04x}" in double quotes'
