"""Recognise text in the shape of a secret key, so that it is neither recorded nor echoed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_secrets", "holds_secret", "may_hold_secret"]

# What each shape holds for certain: looked for first, for that is a hundred times faster.
_TELLTALES: Final = (
    *("AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xox"),
    *("sk_live_", "rk_live_", "PRIVATE KEY", "eyJ"),
)
_TELLTALE_BYTES: Final = tuple(item.encode() for item in _TELLTALES)

_SHAPES: Final = (
    r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|gh[opsur]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|[rs]k_live_[A-Za-z0-9]{10,}"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}"
)


def may_hold_secret(data: bytes) -> bool:
    """Tell quickly whether a closer look at a file is worth it."""
    return any(item in data for item in _TELLTALE_BYTES)


def holds_secret(text: str) -> bool:
    """Tell whether a text holds something in the shape of a secret key."""
    if not any(item in text for item in _TELLTALES):
        return False
    return re.search(_SHAPES, text) is not None


def find_secrets(
    value: Any, pointer: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Find where in a value secrets are.

    A pointer leads to the value; for a key that is a secret itself, to its mapping.
    """
    if isinstance(value, str):
        if holds_secret(value):
            yield pointer
    elif isinstance(value, dict):
        if any(holds_secret(key) for key in value):
            yield pointer
        for key, item in value.items():
            yield from find_secrets(item, (*pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_secrets(item, (*pointer, index))
