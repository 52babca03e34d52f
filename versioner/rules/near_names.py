"""Find the known name that a new product or environment name is probably a slip of.

Two names are near when they differ in case or separators only, when one abbreviates a word of
the other (`prod`, `production`), or when one word has a letter or two wrong, missing, added or
exchanged. Names that differ in their digits are never near: `web-1` and `web-2` are two on purpose.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

from versioner.names import slugify

if TYPE_CHECKING:
    from collections.abc import Iterable

    NameKind = Literal["product", "environment"]

__all__ = ["near_name", "near_pairs"]

_WORDS: Final = {
    **dict.fromkeys(("prod", "prd", "prods"), "production"),
    **dict.fromkeys(("stage", "stag", "stg"), "staging"),
    **dict.fromkeys(("dev", "devel", "develop"), "development"),
    **dict.fromkeys(("test", "tst"), "testing"),
    **dict.fromkeys(("int", "integ"), "integration"),
    **dict.fromkeys(("acc", "accept"), "acceptance"),
    **dict.fromkeys(("preprod", "preprd"), "preproduction"),
    **dict.fromkeys(("svc", "srv"), "service"),
    **dict.fromkeys(("perf",), "performance"),
}
# Words of this length or less are often two on purpose: `eu` and `us`, `api` and `app`.
_SHORT: Final = 3
# From this length on, two letters may differ.
_LONG: Final = 8
# An abbreviation of an environment has this many letters at least.
_SHORTEST_PREFIX: Final = 3


def near_name(kind: NameKind, name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to another name; "" where none is near."""
    slug = slugify(name)
    found = [(_distance(kind, slug, each), each) for each in known if each != slug and slug]
    return min(((far, each) for far, each in found if far is not None), default=(0, ""))[1]


def near_pairs(kind: NameKind, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of names that are near, each pair in alphabetical order."""
    known = set(names)
    alike: dict[str, list[str]] = {}
    for name in known:
        for key in {name.replace("-", ""), _spelled_out(name.split("-"))}:
            alike.setdefault(key, []).append(name)
    pairs = {pair for group in alike.values() for pair in combinations(sorted(group), 2)}
    near = _near_words(kind, {word for name in known for word in name.split("-")})
    for name in known:
        words = name.split("-")
        for index, word in enumerate(words):
            for other in near.get(word, ()):
                changed = "-".join([*words[:index], other, *words[index + 1 :]])
                if changed in known:
                    pairs.add((min(name, changed), max(name, changed)))
    return sorted(pair for pair in pairs if _distance(kind, *pair) is not None)


def _near_words(kind: NameKind, words: Iterable[str]) -> dict[str, set[str]]:
    """Return for each word the others that are near it; names share most of their words."""
    by_key: dict[str, list[str]] = {}
    for word in words:
        if not word.isdecimal():
            for key in _keys(kind, word):
                by_key.setdefault(key, []).append(word)
    near: dict[str, set[str]] = {}
    for group in by_key.values():
        for one, other in combinations(group, 2):
            if _distance(kind, one, other) is not None:
                near.setdefault(one, set()).add(other)
                near.setdefault(other, set()).add(one)
    return near


def _distance(kind: NameKind, one: str, other: str) -> int | None:
    """Return how far two names are from each other, None where they are not near."""
    if one.replace("-", "") == other.replace("-", ""):
        return 0
    ones, others = one.split("-"), other.split("-")
    is_abbreviated = not (_WORDS.keys().isdisjoint(ones) and _WORDS.keys().isdisjoint(others))
    if is_abbreviated and _spelled_out(ones) == _spelled_out(others):
        return 0
    if len(ones) != len(others):
        return None
    differing = [pair for pair in zip(ones, others, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1 or _digits(one) != _digits(other):
        return None
    if kind == "environment" and _abbreviates(*sorted(differing[0], key=len)):
        return 1
    return _slips(*differing[0])


def _spelled_out(words: list[str]) -> str:
    return "".join(_WORDS.get(word, word) for word in words)


# A word is compared with many others.
@cache
def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)


def _abbreviates(short: str, long: str) -> bool:
    return len(short) >= _SHORTEST_PREFIX and long.startswith(short)


def _slips(one: str, other: str) -> int | None:
    """Return the number of slips between two words, None where they are two on purpose."""
    longer = max(len(one), len(other))
    far = _edits(one, other)
    if far == 1:
        is_exchange = len(one) == len(other) and sorted(one) == sorted(other)
        # In a short word, another letter is another word: `cart` and `card`.
        is_clear = longer > _SHORT + 1 or (longer > _SHORT and len(one) != len(other))
        return 1 if is_clear or (is_exchange and longer >= _SHORT) else None
    # `internal` and `external`, `importer` and `exporter` are two on purpose.
    return 2 if far == 2 and longer >= _LONG and one[0] == other[0] else None


def _edits(one: str, other: str) -> int:
    """Return how many letters are wrong, missing, added or exchanged with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, each in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != each))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == each:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]


def _keys(kind: NameKind, word: str) -> set[str]:
    """Return texts of which two near words have one in common."""
    keys = _shortened(word)
    if kind == "environment":
        keys |= {word[:end] for end in range(_SHORTEST_PREFIX, len(word))}
    return keys


def _shortened(word: str) -> set[str]:
    """Return a word, and what is left of it without one letter, or without two of a long one."""
    shorter = {word[:i] + word[i + 1 :] for i in range(len(word))}
    if len(word) < _LONG - 2:
        return {word, *shorter}
    again = {each[:i] + each[i + 1 :] for each in shorter for i in range(len(each))}
    return {word, *shorter, *again}
