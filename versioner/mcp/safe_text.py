"""Text of a registry that is safe to hand to a model: no hidden characters, no secrets, no floods.

Names and texts of a registry are written by many people. A model reads characters that no person
sees, such as tags, zero-width and bidirectional characters, so that they are escaped.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from versioner.secret_scanning import without_secrets

__all__ = ["LONGEST_TEXT", "safe_data", "safe_text"]

LONGEST_TEXT: Final = 2000
_MOST_ENTRIES: Final = 500
# Controls, formats, surrogates, private and unassigned characters, line and paragraph separators.
_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_KEPT: Final = frozenset("\n\t")
# Variation selectors carry bytes that no font shows; the last of the first block marks an emoji.
_SELECTORS: Final = frozenset((*range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)))


def safe_text(text: str) -> str:
    """Return a text without secrets, with hidden characters escaped, and cut where it is long."""
    text = without_secrets(text)
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]} [... {len(text) - LONGEST_TEXT:,} more characters]"
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{{{ord(each):x}}}" if _is_hidden(each) else each for each in text)


def _is_hidden(character: str) -> bool:
    if character in _KEPT:
        return False
    return ord(character) in _SELECTORS or unicodedata.category(character) in _HIDDEN


def safe_data(value: Any) -> Any:
    """Return data with every text safe, keys included, and no list or mapping without an end."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, dict):
        kept = list(value.items())[:_MOST_ENTRIES]
        found = {safe_text(str(key)): safe_data(each) for key, each in kept}
        return found | _left_out_key(len(value))
    if isinstance(value, list | tuple):
        return [*map(safe_data, value[:_MOST_ENTRIES]), *_left_out_item(len(value))]
    return value


def _left_out_key(count: int) -> dict[str, str]:
    return {"...": f"{count - _MOST_ENTRIES:,} more keys"} if count > _MOST_ENTRIES else {}


def _left_out_item(count: int) -> list[str]:
    return [f"... {count - _MOST_ENTRIES:,} more"] if count > _MOST_ENTRIES else []
