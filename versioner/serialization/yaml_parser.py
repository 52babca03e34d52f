"""The YAML parser of validation, editing and formatting: its events, and its plain scalars.

The parser is libyaml's, or PyYAML's own where PyYAML was built without libyaml.
"""

from __future__ import annotations

import math
import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.serialization.values import LARGEST_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LENIENT",
    "YamlError",
    "line_and_column",
    "read_plain",
    "shortened",
    "yaml_events",
]

_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
# The sign of an exponent is required: PyYAML reads 1.0e22 as text.
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?")

# Every form that at least one YAML version or reader does not read as text.
_AMBIGUOUS: Final = re.compile(
    r"[yY]|yes|Yes|YES|[nN]|no|No|NO|on|On|ON|off|Off|OFF"
    r"|[-+]?0b[0-1_]+|[-+]?0o[0-7_]+|[-+]?0x[0-9a-fA-F_]+"
    r"|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|[-+][0-9_]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?"
    r"|<<|="
)

# Tabs, and a comment right behind | or >: libyaml accepts them in places where others do not.
LENIENT: Final = re.compile(r"\t|[|>][-+0-9]*#")

_SYNTAX_HINT: Final = "check the indentation, colons and quotes of this line and the one before"
_SYNTAX_HINTS: Final[dict[str, str]] = {
    "mapping values are not allowed": 'put a text that contains ": " in double quotes',
    "cannot start any token": "indent with spaces, and put a text that begins with a sign "
    "in double quotes",
    "tab character": "use spaces instead of tabs",
    "escape": 'in double quotes, write a backslash as "\\\\"',
    "found unexpected end of stream": "close the quotes or brackets that are open here",
    "while parsing a flow": "close the bracket, and put a comma between entries",
    "could not find expected ':'": "write a colon and a space after the key",
    "did not find expected key": "align the keys of a mapping in one column",
    "undefined alias": "put a text that begins with * in double quotes",
    "while scanning an alias": "put a text that begins with * in double quotes",
    "while scanning an anchor": "put a text that begins with & in double quotes",
    "while scanning a tag": "put a text that begins with ! in double quotes",
    "directive": "remove the line that begins with %",
}


class YamlError(Exception):
    """A text that cannot be read as YAML; `line` and `column` count from 1 (0: unknown)."""

    def __init__(self, line: int, column: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint


class PlainScalar(NamedTuple):
    """The value of a scalar without quotes; `is_ambiguous` where YAML readers disagree on it."""

    value: str | int | float | bool | None
    is_ambiguous: bool = False


def read_plain(text: str) -> PlainScalar:
    """Return the value of a plain scalar; the value of an ambiguous one is its text."""
    if text in _CONSTANTS:
        return PlainScalar(_CONSTANTS[text])
    if not (text[0] in "0123456789.+-<=_" or len(text) <= 3):
        return PlainScalar(text)
    if _INTEGER.fullmatch(text):
        # Longer integers are beyond the limit, and converting them is slow.
        is_safe = len(text) < 20 and abs(int(text)) <= LARGEST_INTEGER
        return PlainScalar(int(text)) if is_safe else PlainScalar(text, is_ambiguous=True)
    if _FLOAT.fullmatch(text):
        is_finite = math.isfinite(float(text))
        return PlainScalar(float(text)) if is_finite else PlainScalar(text, is_ambiguous=True)
    return PlainScalar(text, _AMBIGUOUS.fullmatch(text) is not None)


def yaml_events(text: str, *, pure: bool = False) -> Iterator[Any]:
    """Yield the parser's events; raise YamlError for a text that it cannot parse.

    With `pure`, PyYAML's own parser is used. It is slow, and refuses some texts with LENIENT.
    """
    import yaml

    count = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader if pure else _loader()):
            yield event
            count += 1
    except yaml.YAMLError as error:
        if pure or "nesting depth" not in str(error):
            raise _syntax_error(error, text) from None
    except (ValueError, OverflowError, IndexError, RecursionError) as error:
        message = f"the file is not YAML: {shortened(str(error))}"
        raise YamlError(0, 0, message, "check its quotes and escapes") from None
    else:
        return
    # libyaml scans ahead and stops at 1,000 levels, before it yields the first of them. The
    # other parser yields each level, so that callers find where their own limit is exceeded.
    yield from islice(yaml_events(text, pure=True), count, None)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column of a character of a text, counted from 1."""
    before = text[:offset]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def shortened(text: str, limit: int = 60) -> str:
    """Return a text for a message: at most `limit` characters, control characters escaped."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut)


@cache
def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _syntax_error(error: Any, text: str) -> YamlError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    if line > text.count("\n") + 1:
        # The parser adds a newline to the last line, and may report the line after it.
        line, column = line_and_column(text, len(text))
    cause = str(getattr(error, "problem", None) or error)
    if getattr(error, "context", None):
        cause = f"{error.context}, {cause}"
    hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in cause), _SYNTAX_HINT)
    return YamlError(line, column, f"not YAML: {shortened(cause, 160)}", hint)
