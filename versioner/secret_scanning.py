"""Recognise text that looks like a secret key, so that it is neither recorded nor echoed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "find_secrets",
    "holds_secret",
    "may_hold_secret",
    "remember_secret",
    "without_secrets",
]

# Secrets that this process was given, of whatever shape, and the least length of one.
_GIVEN: Final[set[str]] = set()
_LEAST: Final = 8
_MASK: Final = "(a text that looks like a secret key)"

# What each shape holds for certain: looked for first, for that is a hundred times faster.
_TELLTALES: Final = (
    *("AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xox"),
    *("sk_live_", "rk_live_", "PRIVATE KEY", "eyJ", "npm_", "pypi-AgEI", "AIza", "hvs.", "sk-ant-"),
    *("SG.", "dckr_pat_", "AccountKey=", "hooks.slack.com/services/", "token=", "sig=", "api_key="),
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
    # Bounded, lest a text of nothing but beginnings takes seconds.
    r"|eyJ[A-Za-z0-9_-]{8,2000}+\.eyJ[A-Za-z0-9_-]{8,}"
    r"|npm_[A-Za-z0-9]{36}"
    r"|pypi-AgEI[A-Za-z0-9_-]{16,}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|hvs\.[A-Za-z0-9_-]{20,}"
    r"|sk-ant-[A-Za-z0-9_-]{16,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|dckr_pat_[A-Za-z0-9_-]{20,}"
    r"|AccountKey=[A-Za-z0-9+/]{20,}={0,2}"
    r"|hooks\.slack\.com/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+"
    r"|[?&](?:[a-z]+_token|token|sig|api_key)=[A-Za-z0-9%._~+/=-]{8,}"
    r"|://[^\s/@:\"?#]+:[^\s/@\"?#]+@"
)

_LOGIN: Final = rb"://[^\s/@:\"?#]+:[^\s/@\"?#]+@"


def remember_secret(text: str) -> None:
    """Count a text as a secret from here on, whatever its shape: a token that was given."""
    if len(text) >= _LEAST:
        _GIVEN.add(text)


def may_hold_secret(data: bytes) -> bool:
    """Tell quickly whether a closer look at a file is worth it."""
    if any(item in data for item in _TELLTALE_BYTES):
        return True
    if any(secret.encode(errors="replace") in data for secret in _GIVEN):
        return True
    # Addresses of pages and of people are everywhere; seldom is one inside the other.
    return b"@" in data and b"://" in data and re.search(_LOGIN, data) is not None


def _holds_given(text: str) -> bool:
    return any(secret in text for secret in _GIVEN)


def holds_secret(text: str) -> bool:
    """Tell whether a text holds something that looks like a secret key."""
    if _holds_given(text):
        return True
    if not any(item in text for item in _TELLTALES) and not ("@" in text and "://" in text):
        return False
    return re.search(_SHAPES, text) is not None


def without_secrets(text: str) -> str:
    """Return a message without what in it has the shape of a secret key."""
    if not holds_secret(text):
        return text
    for secret in _GIVEN:
        text = text.replace(secret, _MASK)
    return re.sub(_SHAPES, _MASK, text)


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
