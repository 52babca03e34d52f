"""Turn bytes into YAML parser events; what cannot be parsed is refused with its place."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Refusal", "bounded", "decode", "place_of_offset", "yaml_events"]

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)"
)
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xfe", "is UTF-16"),
    (b"\xfe\xff", "is UTF-16"),
    (b"\xef\xbb\xbf", "begins with a byte order mark"),
)


class Refusal(Exception):
    """Stop reading a file at the place that `parts` of a Problem tell."""

    def __init__(self, line: int, column: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.parts = (line, column, code, message, hint)


def decode(data: bytes, limit: int) -> str:
    """Return a file's text, or refuse its size, encoding or characters."""
    if len(data) > limit:
        message = f"the file has {len(data):,} bytes, more than {limit:,}"
        raise Refusal(0, 0, codes.SIZE, message, "keep what describes it, and link to the rest")
    for mark, what in _MARKS:
        if data.startswith(mark):
            hint = "save it as UTF-8 without a byte order mark"
            raise Refusal(1, 1, codes.ENCODING, f"the file {what}", hint)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line, column = place_of_offset(data[: error.start].decode(errors="replace"), error.start)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise Refusal(line, column, codes.ENCODING, message, "save it as UTF-8") from None
    found = _UNPRINTABLE.search(text)
    if found:
        line, column = place_of_offset(text, found.start())
        name = f"U+{ord(found[0]):04X}"
        raise Refusal(
            line,
            column,
            codes.ENCODING,
            f"the character {name} is not allowed here",
            _character_hint(found[0]),
        )
    return text


def _character_hint(char: str) -> str:
    if unicodedata.category(char) == "Cc":
        # Escaped, it would be read, and then refused by what fields may hold.
        return "take it out: save the file as plain text"
    return f'take it out, or write it as "\\u{ord(char):04x}" in double quotes'


def place_of_offset(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a character of a text."""
    before = text[:offset]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@cache
def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def yaml_events(text: str, *, pure: bool = False) -> Iterator[Any]:
    """Yield the parser's events; what it cannot parse is refused with its place.

    `pure` takes PyYAML's own parser, which is slow, and accepts fewer tabs.
    """
    import yaml

    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader if pure else _loader())
    except yaml.YAMLError as error:
        raise _syntax(error, text) from None
    except (ValueError, OverflowError, IndexError, RecursionError) as error:
        message = f"the file is not YAML: {bounded(str(error))}"
        raise Refusal(0, 0, codes.YAML, message, "check its quotes and escapes") from None


def _syntax(error: Any, text: str) -> Refusal:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    if line > text.count("\n") + 1:
        # A parser ends the last line itself, and speaks of the one after.
        line, column = place_of_offset(text, len(text))
    said = str(getattr(error, "problem", None) or error)
    if getattr(error, "context", None):
        said = f"{error.context}, {said}"
    hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in said), _SYNTAX_HINT)
    return Refusal(line, column, codes.YAML, f"not YAML: {bounded(said, 160)}", hint)


_SYNTAX_HINT: Final = "check the indentation, colons and quotes of this line and the one before"
_SYNTAX_HINTS: Final[dict[str, str]] = {
    "mapping values are not allowed": 'put a text that holds ": " in double quotes',
    "cannot start any token": "indent with spaces, and put a text that begins with a sign "
    "in double quotes",
    "escape": 'in double quotes, write a backslash as "\\\\"',
    "found unexpected end of stream": "close the quotes or brackets that are open here",
    "while parsing a flow": "close the bracket, and put a comma between entries",
    "could not find expected ':'": "write a colon and a space after the key",
    "did not find expected key": "align the keys of a mapping in one column",
    "undefined alias": "put a text that begins with * in double quotes",
    "while scanning an alias": "put a text that begins with * in double quotes",
    "while scanning an anchor": "put a text that begins with & in double quotes",
    "while scanning a tag": "put a text that begins with ! in double quotes",
    "directive": "take the line that begins with % out",
}


def bounded(text: str, limit: int = 60) -> str:
    """Return a text for a message: short, and without control characters."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut)
