"""Find the products and the versions that images are of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner.names import is_version, may_slugify, slugify
from versioner.rules.images import matches_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.registry.records import ProductRecord, Registry
    from versioner.rules.images import Image

__all__ = ["KnownVersions", "product_named", "products_of_image"]

# Tags that are moved from one image to the next name no version.
_MOVING_TAGS: Final = (
    *("latest", "stable", "current", "edge", "nightly", "snapshot"),
    *("main", "master", "trunk", "develop", "dev"),
)
_SHORT_COMMIT: Final = 7
_COMMIT_TAG: Final = r"(?:.*-)?(?:sha-|g)?([0-9a-f]{7,40})"


def products_of_image(registry: Registry, image: Image) -> list[str]:
    """Return the products that an image belongs to, in order of name.

    These are the products with a pattern for it in `observe.images`; if there is none, the one
    whose name, or former name, is the last part of the image's name and which has no patterns.
    """
    found = [
        name
        for name, record in sorted(registry.products.items())
        if any(matches_pattern(pattern, image) for pattern in _patterns(record) or ())
    ]
    if found:
        return found
    name = product_named(registry, image.last_part)
    return [name] if name and _patterns(registry.products[name]) is None else []


def _patterns(record: ProductRecord) -> list[str] | None:
    patterns: list[str] | None = (record.document.get("observe") or {}).get("images")
    return patterns


def product_named(registry: Registry, name: str) -> str:
    """Return the product with a name or a former name, "" if there is none."""
    target = registry.target_of(name)
    if target not in registry.products and registry.config.get("names") == "slugify":
        target = registry.target_of(slugify(name) if may_slugify(name) else name)
    return target if target in registry.products else ""


class KnownVersions:
    """The versions of a product by the texts that name them on images."""

    def __init__(self, record: ProductRecord) -> None:
        self._names: dict[str, str] = {}
        self._by_digest: dict[str, list[str]] = {}
        self._by_commit: dict[str, set[str]] = {}
        for name, version in record.versions.items():
            self._names.setdefault(name.lower(), name)
            for digest in version.artifacts.values():
                self._by_digest.setdefault(digest, []).append(name)
            if version.scm_sha:
                short = version.scm_sha[:_SHORT_COMMIT]
                self._by_commit.setdefault(short, set()).add(name)
        self._by_tag: dict[str, set[str]] = {}
        for name in record.versions:
            for tag in (re.sub("[^A-Za-z0-9_.-]", other, name) for other in "_-"):
                self._by_tag.setdefault(tag.lower(), set()).add(name)
        self._record = record

    def of_digests(self, digests: Iterable[str], preferred: Iterable[str] = ()) -> str:
        """Return the version that an artifact with one of some digests was recorded for, or "".

        Of several versions, the first one that is among `preferred`, else the newest.
        """
        found = [name for digest in digests for name in self._by_digest.get(digest, ())]
        return next((name for name in preferred if name in found), found[-1] if found else "")

    def of_name(self, version: str) -> str:
        """Return a version as the product has it, for a text in any case; else the text."""
        return self._names.get(version.lower(), version)

    def of_tag(self, tag: str) -> str:
        """Return the version that a tag names, "" where it names none.

        A known version may be written with or without `v`, with `_` or `-` for characters that
        no tag can have, or as its commit. An unknown tag is a version itself, unless it moves.
        """
        folded = tag.lower()
        twin = folded.removeprefix("v") if folded[:1] == "v" else f"v{folded}"
        for name in (folded, twin):
            if name in self._names:
                return self._names[name]
        for name in (folded, twin):
            if len(self._by_tag.get(name, ())) == 1:
                return next(iter(self._by_tag[name]))
        if folded in _MOVING_TAGS or not is_version(tag):
            return ""
        return self._of_commit(folded) or tag

    def _of_commit(self, tag: str) -> str:
        found = re.fullmatch(_COMMIT_TAG, tag)
        if found is None:
            return ""
        commit = found[1]
        names = [
            name
            for name in self._by_commit.get(commit[:_SHORT_COMMIT], ())
            if self._record.versions[name].scm_sha.startswith(commit)
            or commit.startswith(self._record.versions[name].scm_sha)
        ]
        return names[0] if len(names) == 1 else ""

    def has_other_digest(self, version: str, digests: Iterable[str]) -> bool:
        """Return whether artifacts were recorded for a version, and none with these digests."""
        known = self._record.versions.get(version)
        given = set(digests)
        if known is None or not known.artifacts or not given:
            return False
        return given.isdisjoint(known.artifacts.values())
