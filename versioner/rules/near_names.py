"""Find the known name that a new product or environment name is probably a slip of.

Two names are near when they differ in case or separators only, when one abbreviates a word of
the other (`prod`, `production`), or when one word has a letter or two wrong, missing, added or
exchanged. Names that differ in their digits are never near: `web-1` and `web-2` are two on purpose.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

from versioner.names import slugify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def near_pairs(kind: NameKind, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of names that are near, each pair in alphabetical order."""
    by_key: dict[object, list[str]] = {}
    for name in sorted(set(names)):
        for key in {*_keys(kind, name)}:
            by_key.setdefault(key, []).append(name)
    pairs = {pair for group in by_key.values() for pair in combinations(group, 2)}
    yield from sorted(pair for pair in pairs if _distance(kind, *pair) is not None)


def _distance(kind: NameKind, one: str, other: str) -> int | None:
    """Return how far two names are from each other, None where they are not near."""
    ones, others = one.split("-"), other.split("-")
    if "".join(ones) == "".join(others) or _spelled_out(ones) == _spelled_out(others):
        return 0
    if len(ones) != len(others) or _digits(one) != _digits(other):
        return None
    differing = [pair for pair in zip(ones, others, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return None
    if kind == "environment" and _abbreviates(*sorted(differing[0], key=len)):
        return 1
    return _slips(*differing[0])


def _spelled_out(words: list[str]) -> str:
    return "".join(_WORDS.get(word, word) for word in words)


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


def _keys(kind: NameKind, name: str) -> Iterator[object]:
    """Yield values of which two near names have one in common."""
    words = name.split("-")
    yield "".join(words)
    yield _spelled_out(words)
    for index, word in enumerate(words):
        if not word.isdecimal():
            rest = *words[:index], "", *words[index + 1 :]
            for each in _shortened(word):
                yield rest, each
            if kind == "environment":
                yield from ((rest, word[:end]) for end in range(_SHORTEST_PREFIX, len(word)))


@lru_cache(maxsize=4096)
def _shortened(word: str) -> frozenset[str]:
    """Return a word, and what is left of it without one letter, or without two of a long one."""
    most = 2 if len(word) >= _LONG - 2 else 1
    gone = [each for many in range(most + 1) for each in combinations(range(len(word)), many)]
    return frozenset("".join(c for i, c in enumerate(word) if i not in each) for each in gone)
