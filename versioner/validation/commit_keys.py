"""The pull requests and tickets that a commit's message names, by the patterns of registry.yaml.

A pattern is text in which N, standing alone, is a number, `[A-Z]` one of some characters and
`[A-Z]+` several of them: `(#N)`, `[A-Z][A-Z0-9]+-N`. The key is the word around the number,
without parentheses: `#12`, `ABC-12`. So no pattern takes long, whatever the message.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_pattern", "key_number", "keys_in", "pattern_of", "patterns_of"]

DEFAULT_PATTERNS: Final = ("(#N)", "Merge pull request #N", "!N", "[A-Z][A-Z0-9]+-N")
_PIECES: Final = re.compile(
    r"(?P<some>\[[A-Za-z0-9_-]{1,40}\])(?P<many>\+?)"
    r"|(?P<number>(?<![A-Za-z0-9])N(?![A-Za-z0-9]))|(?P<text>[^\[\]])"
)
_NUMBER: Final = "[0-9]{1,9}"
_MOST: Final = 20
_LONGEST: Final = 20_000
_LONGEST_KEY: Final = 60
_QUOTED: Final = re.compile(r'\A(?:Revert|Reapply) ".*"')
# What the pattern of tickets finds in many messages, and is none.
_STANDARDS: Final = frozenset(
    "AES CVE ECMA HTTP IEC IEEE ISO MD PEP RFC RSA SHA SSL TLS UTF X".split()  # noqa: SIM905
)


def patterns_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the patterns of a registry: those of registry.yaml, else the default ones."""
    own = (config.get("changes") or {}).get("patterns")
    return DEFAULT_PATTERNS if own is None else tuple(each["match"] for each in own)


def is_pattern(text: str) -> bool:
    """Return whether a text is a pattern: it has one number, and its brackets are sets."""
    found = [*_PIECES.finditer(text)]
    is_whole = sum(len(each[0]) for each in found) == len(text)
    return is_whole and sum(each["number"] is not None for each in found) == 1


def keys_in(message: str, patterns: tuple[str, ...]) -> list[str]:
    """Return the keys that a message names, each once, in the order of the message.

    What the subject of a revert quotes is another commit's message.
    """
    text = _QUOTED.sub("", message[:_LONGEST])
    found = sorted(
        (match.start(1), match[1])
        for pattern in patterns
        if (wanted := _compiled(pattern)) is not None
        for match in wanted.finditer(text)
    )
    keys = dict.fromkeys(key for _, key in found if len(key) <= _LONGEST_KEY)
    return [key for key in keys if patterns != DEFAULT_PATTERNS or _may_be(key)][:_MOST]


def pattern_of(key: str, patterns: tuple[str, ...]) -> str:
    """Return the pattern by which a key is one, "" for none."""
    for pattern in patterns:
        wanted = _compiled(pattern)
        if wanted is not None and any(
            match[1] == key for text in (key, f"({key})", _around(pattern, key))
            for match in wanted.finditer(text)
        ):  # fmt: skip
            return pattern
    return ""


def key_number(key: str) -> str:
    """Return the number in a key."""
    found = re.findall(r"[0-9]+", key)
    return found[-1] if found else ""


def _may_be(key: str) -> bool:
    return key.partition("-")[0] not in _STANDARDS


def _around(pattern: str, key: str) -> str:
    """Return the text of a pattern with a key in it."""
    word = re.search(r"[^\s()]*(?<![A-Za-z0-9])N(?![A-Za-z0-9])[^\s()]*", pattern)
    return pattern.replace(word[0], key, 1) if word else key


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern as an expression whose first group is the key, None for no pattern."""
    if not is_pattern(pattern):
        return None
    parts: list[str] = []
    number = 0
    for piece in _PIECES.finditer(pattern):
        if piece["number"]:
            number = len(parts)
            parts.append(_NUMBER)
        elif piece["some"]:
            parts.append(piece["some"] + ("{1,30}" if piece["many"] else ""))
        else:
            parts.append(re.escape(piece["text"]))
    ends = {re.escape(" "), re.escape("("), re.escape(")")}
    start = next((at + 1 for at in range(number, -1, -1) if parts[at] in ends), 0)
    end = next((at for at in range(number, len(parts)) if parts[at] in ends), len(parts))
    before = "(?<![A-Za-z0-9])" if parts[0][:1].isalnum() or parts[0][0] == "[" else ""
    after = "(?![A-Za-z0-9])" if parts[-1][-1].isalnum() or parts[-1][-1] in "]}" else ""
    key = "".join(parts[start:end])
    return re.compile(f"{before}{''.join(parts[:start])}({key}){''.join(parts[end:])}{after}")
