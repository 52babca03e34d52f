"""The entries of a product in the search index.

They are its versions, the commits and artifacts of these, and the commits since the version before,
with the pull requests and tickets that they name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.models import Version

__all__ = ["AUTHOR_OF_CHANGE", "ID_OF_CHANGE", "KEY", "PREFIX", "search_entries"]

# The characters of a version and of a commit that are compared; all that agree in these are
# found.
KEY: Final = 64
_DIGEST_KEY: Final = 16
_DIGEST: Final = re.compile(r"[0-9a-f]{12,}")
# The characters that the entries of one part of the index have in common, where they have so many.
PREFIX: Final = 2

# What an entry is found by; a registry may hide some of it.
_NAME, _COMMIT, _ARTIFACT, _CHANGE = "", "scm_sha", "artifacts", "changes"
# No field: the id of a recorded commit, which is hidden where commits are, in any way.
ID_OF_CHANGE: Final = "changes.id"
# Likewise the author of one, which leads to the newest version of a product with a commit by them.
AUTHOR_OF_CHANGE: Final = "changes.author"
_FEWEST_LETTERS: Final = 3


def search_entries(
    product: str, versions: Iterable[Version], pages: Mapping[str, str]
) -> dict[str, list[list[Any]]]:
    """Return the entries of a product by their first characters.

    An entry has its key, the time of the version, its line, and the fields that it is made from:
    it is left out where all of them are hidden. `pages` has the end of the name of the page of
    each version.
    """
    found: dict[str, list[list[Any]]] = {}
    versions = [*versions]
    by_author = {author: each for each in versions for author in _authors(each)}
    for version in versions:
        named = version.name.lower()[:KEY]
        words: dict[str, list[str]] = {named: [_NAME]}
        for digest, field in _digests(version):
            word = digest[:_DIGEST_KEY]
            if not named.startswith(word):
                words.setdefault(word, []).append(field)
        for word, field in _changes(version):
            if not named.startswith(word) and word not in words:
                words[word] = [field]
        for word in _authors(version):
            if by_author[word] is version:
                words.setdefault(word, [AUTHOR_OF_CHANGE])
        for word, fields in words.items():
            line = f"{word} {product} {pages[version.name]} {version.name}"
            entry = [word, version.at, line.removesuffix(f" {word}"), fields]
            found.setdefault(word[:PREFIX], []).append(entry)
    return found


def _changes(version: Version) -> Iterator[tuple[str, str]]:
    for commit in version.changes["commits"] if version.changes is not None else ():
        yield commit["id"], ID_OF_CHANGE
        for key in commit.get("keys", ()):
            yield key.lower(), _CHANGE


def _authors(version: Version) -> Iterator[str]:
    """Yield the words of the names of the authors of a version's commits, in lower case."""
    for commit in version.changes["commits"] if version.changes is not None else ():
        for word in commit.get("author", "").lower().split(" "):
            if len(word) >= _FEWEST_LETTERS:
                yield word


def _digests(version: Version) -> Iterable[tuple[str, str]]:
    for digest in _DIGEST.findall(version.name):
        yield digest, _NAME
    if version.scm_sha:
        yield version.scm_sha, _COMMIT
    for artifact in version.artifacts.values():
        yield artifact.partition(":")[2], _ARTIFACT
