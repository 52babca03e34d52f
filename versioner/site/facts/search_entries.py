"""The entries of a product in the search index: its versions, and their commits and artifacts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models import Version

__all__ = ["KEY", "PREFIX", "search_entries"]

# The characters of a version and of a commit that are compared; all that agree in these are
# found.
KEY: Final = 64
_DIGEST_KEY: Final = 16
_DIGEST: Final = re.compile(r"[0-9a-f]{12,}")
# The characters that the entries of one part of the index have in common, where they have so many.
PREFIX: Final = 2

# What an entry is found by; a registry may hide some of it.
_NAME, _COMMIT, _ARTIFACT = "", "scm_sha", "artifacts"


def search_entries(
    product: str, versions: Iterable[Version], pages: Mapping[str, str]
) -> dict[str, list[list[Any]]]:
    """Return the entries of a product by their first characters.

    An entry has its key, the time of the version, its line, and the fields that it is made from:
    it is left out where all of them are hidden. `pages` has the end of the name of the page of
    each version.
    """
    found: dict[str, list[list[Any]]] = {}
    for version in versions:
        named = version.name.lower()[:KEY]
        words: dict[str, list[str]] = {named: [_NAME]}
        for digest, field in _digests(version):
            word = digest[:_DIGEST_KEY]
            if not named.startswith(word):
                words.setdefault(word, []).append(field)
        for word, fields in words.items():
            line = f"{word} {product} {pages[version.name]} {version.name}"
            entry = [word, version.at, line.removesuffix(f" {word}"), fields]
            found.setdefault(word[:PREFIX], []).append(entry)
    return found


def _digests(version: Version) -> Iterable[tuple[str, str]]:
    for digest in _DIGEST.findall(version.name):
        yield digest, _NAME
    if version.scm_sha:
        yield version.scm_sha, _COMMIT
    for artifact in version.artifacts.values():
        yield artifact.partition(":")[2], _ARTIFACT
