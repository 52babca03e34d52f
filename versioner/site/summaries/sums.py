"""Sums over all products of the digests and numbers of their rows.

The digest of a sum is that of a set: adding a product and taking it out again gives the digest
from before. So a change of one product changes the sums of its own rows, and no other product is
read.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.site.summaries.person_rows import NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.site.summaries.product_summary import HistorySummary

__all__ = ["Sum", "Sums", "list_name", "mark_of"]

_LIMIT: Final = 1 << 128


class Sum(NamedTuple):
    """The sum of rows with a name: products with such rows, deployments, undeployments, digest."""

    products: int
    deployments: int
    undeployments: int
    digest: int

    def plus(self, other: Sum, sign: int) -> Sum:
        """Return this sum with another one added (1) or taken out (-1)."""
        return Sum(
            self.products + sign * other.products,
            self.deployments + sign * other.deployments,
            self.undeployments + sign * other.undeployments,
            (self.digest + sign * other.digest) % _LIMIT,
        )


class Sums:
    """The sums by name; `changed` are the names of those that are not as they were."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        self.by_name = {name: _sum(text) for name, text in kept.items() if name}
        self.changed: set[str] = set()

    def add(self, product: str, history: HistorySummary, sign: int = 1) -> None:
        """Add the rows of a product, or take them out (-1)."""
        for name, own in _sums_of(product, history):
            found = self.by_name.get(name, Sum(0, 0, 0, 0)).plus(own, sign)
            self.changed.add(name)
            self.by_name[name] = found
            if not found.products:
                del self.by_name[name]

    def kept(self) -> tuple[dict[str, str], list[str]]:
        """Return the sums that changed, as they are to be kept, and the names of those that go."""
        there = {name: _text(self.by_name[name]) for name in self.changed & self.by_name.keys()}
        return there, sorted(self.changed - there.keys())


def list_name(month: str, environment: str = "") -> str:
    """Return the name of the sum of the rows of a month, of all or of one environment."""
    return f"{month} {environment}"


def mark_of(keys: Mapping[str, str]) -> str:
    """Return a text that says what products the sums are made from; `keys` are of summaries."""
    return hashlib.blake2b(json.dumps(sorted(keys.items())).encode(), digest_size=16).hexdigest()


def _sums_of(product: str, history: HistorySummary) -> Iterator[tuple[str, Sum]]:
    for month, own in history.months.items():
        for environment, each in own.items():
            digest = _number((product, history.title, each.digest))
            yield (
                list_name(month, environment),
                Sum(1, each.deployments, each.undeployments, digest),
            )
    for name, text in history.rows.items():
        # The summary of a person has the digest of the newest rows.
        if not name.startswith(NEWEST):
            yield name, Sum(1, 0, 0, _number((product, "", text)))


def _number(texts: Iterable[str]) -> int:
    data = "\0".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=16).digest(), "big")


def _sum(text: str) -> Sum:
    products, deployments, undeployments, digest = text.split(" ")
    return Sum(int(products), int(deployments), int(undeployments), int(digest, 16))


def _text(found: Sum) -> str:
    return f"{found.products} {found.deployments} {found.undeployments} {found.digest:x}"
