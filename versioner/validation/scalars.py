"""Read plain YAML scalars: only what YAML 1.1, YAML 1.2 and JSON all read alike is not text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from versioner.validation.events import LARGEST_INTEGER

__all__ = ["Scalar", "read_plain"]

_KNOWN: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
# An exponent has its sign: PyYAML reads 1.0e22 as text.
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?")

# Whatever some version or reader takes for something else than text.
_RETYPED: Final = re.compile(
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
_INFINITE: Final = float("inf")


class Scalar(NamedTuple):
    """Hold a plain scalar's value; `is_sure` is False where readers differ about it."""

    value: str | int | float | bool | None
    is_sure: bool


def read_plain(text: str) -> Scalar:
    """Return what a plain scalar stands for; an unsure one is returned as its text."""
    if text in _KNOWN:
        return Scalar(_KNOWN[text], True)
    if not (text[0] in "0123456789.+-<=_" or len(text) <= 3):
        return Scalar(text, True)
    if _INTEGER.fullmatch(text):
        # Longer ones are beyond the limit, and slow to read.
        number = int(text) if len(text) < 20 else LARGEST_INTEGER + 1
        return Scalar(text, False) if abs(number) > LARGEST_INTEGER else Scalar(number, True)
    if _FLOAT.fullmatch(text):
        amount = float(text)
        return Scalar(text, False) if amount in (_INFINITE, -_INFINITE) else Scalar(amount, True)
    if _RETYPED.fullmatch(text):
        return Scalar(text, False)
    return Scalar(text, True)
