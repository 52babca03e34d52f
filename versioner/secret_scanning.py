"""Find text that looks like a secret key, so that it is neither recorded nor printed."""

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

# Secrets that were given to this process, and the minimum length of one.
_GIVEN: Final[set[str]] = set()
_LEAST: Final = 8
_MASK: Final = "(a text that looks like a secret key)"

# A text that each shape contains, by a rarer text in it. It is searched first, which is a hundred
# times faster; and one search for the rarer text stands for many.
_MARKERS_BY_PART: Final = (
    ("=", ("AccountKey=", "token=", "sig=", "api_key=")),
    ("I", ("AKIA", "ASIA", "AIza", "PRIVATE KEY", "pypi-AgEI")),
    ("J", ("eyJ",)),
    ("G", ("SG.",)),
    ("gh", ("ghp_", "gho_", "ghs_", "ghu_", "ghr_")),
    ("_live_", ("sk_live_", "rk_live_")),
    ("_pat_", ("github_pat_", "dckr_pat_")),
    ("vr_", ("vr_",)),
    ("", ("glpat-", "xox", "npm_", "hvs.", "sk-ant-", "hooks.slack.com/services/")),
)
_MARKERS: Final = tuple(item for _, items in _MARKERS_BY_PART for item in items)
_MARKER_BYTES: Final = tuple(
    (part.encode(), tuple(item.encode() for item in items)) for part, items in _MARKERS_BY_PART
)

_SHAPES: Final = (
    r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|gh[opsur]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|[rs]k_live_[A-Za-z0-9]{10,}"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY"
    # Bounded, because a text of many `eyJ` would take seconds otherwise.
    r"|eyJ[A-Za-z0-9_-]{8,2000}+\.eyJ[A-Za-z0-9_-]{8,}"
    r"|npm_[A-Za-z0-9]{36}"
    r"|pypi-AgEI[A-Za-z0-9_-]{16,}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|hvs\.[A-Za-z0-9_-]{20,}"
    r"|sk-ant-[A-Za-z0-9_-]{16,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|dckr_pat_[A-Za-z0-9_-]{20,}"
    # A token of our own server.
    r"|vr_[a-z0-9]{10}_[A-Za-z0-9]{40}"
    r"|AccountKey=[A-Za-z0-9+/]{20,}={0,2}"
    r"|hooks\.slack\.com/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+"
    r"|[?&](?:[a-z]+_token|token|sig|api_key)=[A-Za-z0-9%._~+/=-]{8,}"
    r"|://[^\s/@:\"?#]+:[^\s/@\"?#]+@"
)

_LOGIN: Final = rb"://[^\s/@:\"?#]+:[^\s/@\"?#]+@"


def remember_secret(text: str) -> None:
    """Treat a text, such as a given token, as a secret from now on."""
    if len(text) >= _LEAST:
        _GIVEN.add(text)


def may_hold_secret(data: bytes) -> bool:
    """Return, quickly, whether a file may contain a secret."""
    for part, markers in _MARKER_BYTES:
        if part in data and any(item in data for item in markers):
            return True
    if any(secret.encode(errors="replace") in data for secret in _GIVEN):
        return True
    # URLs and e-mail addresses are common, but a URL with a login is rare.
    return b"@" in data and b"://" in data and re.search(_LOGIN, data) is not None


def _holds_given(text: str) -> bool:
    return any(secret in text for secret in _GIVEN)


def holds_secret(text: str) -> bool:
    """Return whether a text contains something that looks like a secret key."""
    if _holds_given(text):
        return True
    if not any(item in text for item in _MARKERS) and not ("@" in text and "://" in text):
        return False
    return re.search(_SHAPES, text) is not None


def without_secrets(text: str) -> str:
    """Return a message with the texts that look like a secret key masked."""
    if not holds_secret(text):
        return text
    for secret in _GIVEN:
        text = text.replace(secret, _MASK)
    return re.sub(_SHAPES, _MASK, text)


def find_secrets(
    value: Any, pointer: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Yield a pointer to each secret in a value; for a secret key, to its mapping."""
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
