"""Versions as numbers that can be compared, where they are written as numbers.

A version is text before a number (`v` counts as none), the number, and a suffix: `v1.4.0-rc.1`,
`release/2.1`, `main-1234`, `2026.11.29-3`, `1.4.0+77`. Two versions can be compared where the
text before the number is the same and both have a build number, dotted numbers, or a date.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["VersionNumber", "version_number"]

_PARTS: Final = re.compile(
    r"(?P<prefix>|.*?[-_/:@+~]|[a-z]{1,16})(?P<numbers>v?[0-9]+(?:\.[0-9]+)*)"
    r"(?P<rest>(?:[-_+~.]|(?<=[0-9])[a-z]).*)?",
)
_DASHED_DATE: Final = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?![0-9])")
_COMPACT_DATE: Final = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})([0-9]{4}|[0-9]{6})?")
_COMMITS_AFTER: Final = re.compile(r"-([0-9]+)-g[0-9a-f]{4,40}(?:-dirty)?")
_RELEASE: Final = re.compile(r"[-.](?:final|ga|release)")
_LATER: Final = re.compile(r"[-.]?(?:post|sp)[-.]?[0-9]*|[a-z]")
_PRE: Final = re.compile(r"[-.~]?(a|alpha|b|beta|c|dev|m|pre|preview|rc|snapshot)[-.]?([0-9]*)")
_PRE_WORDS: Final = {"a": "alpha", "b": "beta", "c": "rc", "pre": "rc", "preview": "rc"}
_COMMIT: Final = re.compile(r"g?(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}")
_CHUNKS: Final = re.compile(r"[0-9]+|[^0-9]+")
_SEMVER_NUMBERS: Final = 3
_BEFORE, _RELEASED, _AFTER = -1, 0, 1

# A piece of an identifier; a number, (0, 12, ""), comes before text, (1, 0, "rc").
_Chunk = tuple[int, int, str]
_Suffix = tuple[tuple[_Chunk, ...], ...]


class VersionNumber(NamedTuple):
    """A version that can be compared with one of the same `way` of writing, by `order`.

    Where `order` is equal, `build` decides between two of the same `build_way`.
    """

    way: tuple[str, ...]
    order: tuple[tuple[int, ...], int, _Suffix]
    build_way: tuple[str, ...] = ()
    build: tuple[int, ...] = ()


@lru_cache(maxsize=65536)
def version_number(name: str) -> VersionNumber | None:
    """Return a version as a number, or None where it is none, such as a commit or a word."""
    name = name.lower()
    match = None if _COMMIT.fullmatch(name) else _PARTS.fullmatch(_with_dots(name))
    if match is None:
        return None
    numbers = tuple(map(int, match["numbers"].removeprefix("v").split(".")))
    kind = "number" if len(numbers) == 1 else "date" if 1970 <= numbers[0] < 2100 else "dotted"
    rest, _, build = re.sub("[+_]", "+", match["rest"] or "", count=1).partition("+")
    is_semver = kind == "dotted" and len(numbers) == _SEMVER_NUMBERS
    suffix = _suffix(rest, is_semver=is_semver)
    if suffix is None:
        return None
    stage, words, identifiers = suffix
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers = numbers[:-1]
    return VersionNumber(
        (match["prefix"], kind, *words),
        (numbers, stage, identifiers),
        *_build(build),
    )


def _with_dots(name: str) -> str:
    """Return a version with its date, if it has one, as dotted numbers."""
    name = _DASHED_DATE.sub(r"\1.\2.\3", name, count=1)
    return re.sub(
        rf"(?<![0-9.]){_COMPACT_DATE.pattern}(?![0-9])",
        lambda date: (
            ".".join(part for part in date.groups() if part)
            if 1 <= int(date[2]) <= 12 and 1 <= int(date[3]) <= 31
            else date[0]
        ),
        name,
        count=1,
    )


def _suffix(rest: str, *, is_semver: bool) -> tuple[int, tuple[str, ...], _Suffix] | None:
    """Return whether a suffix means before or after the release, its words and its order.

    The words are those that both versions must have; None for a suffix with no known order.
    """
    if not rest or _RELEASE.fullmatch(rest):
        return _RELEASED, (), ()
    if commits := _COMMITS_AFTER.fullmatch(rest):
        return _AFTER, (), (((0, int(commits[1]), ""),),)
    if _LATER.fullmatch(rest):
        return _AFTER, (), _identifiers(rest)
    if pre := _PRE.fullmatch(rest):
        # Semantic Versioning compares words by their letters, but PEP 440 has `dev` first.
        word = "" if pre[1] == "dev" and rest[0] != "-" else _PRE_WORDS.get(pre[1], pre[1])
        number = ((0, int(pre[2]), ""),) if pre[2] else ()
        return _BEFORE, (), (((1, 0, word),), number) if number else (((1, 0, word),),)
    if is_semver and rest[0] in "-~":
        return _BEFORE, (), _identifiers(rest[1:])
    if rest[0] not in "-~.":
        return None
    found = _identifiers(rest[1:])
    words = tuple(text for identifier in found for _, _, text in identifier if text)
    digits = tuple(chunk[1] for identifier in found for chunk in identifier if not chunk[2])
    return _AFTER if digits else _RELEASED, words, (tuple((0, each, "") for each in digits),)


def _build(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    found = _identifiers(text)
    words = tuple(text for identifier in found for _, _, text in identifier if text)
    return words, tuple(chunk[1] for identifier in found for chunk in identifier if not chunk[2])


def _identifiers(text: str) -> _Suffix:
    """Return the parts between dots and hyphens; the id of a commit has no order and is none."""
    return tuple(
        tuple((0, int(each), "") if each.isdecimal() else (1, 0, each) for each in chunks)
        for part in re.split("[-.]", text)
        if part and not _COMMIT.fullmatch(part) and (chunks := _CHUNKS.findall(part))
    )
