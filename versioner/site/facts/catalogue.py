"""The facts of all products of a registry, and the rows of lists of all products."""

from __future__ import annotations

import hashlib
import heapq
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import month_of
from versioner.models import Deployment
from versioner.site.facts.codec import row_from
from versioner.site.facts.product_facts import SEARCH, VERSIONS, SummaryRecord, facts_of, from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from versioner.models import Undeployment
    from versioner.registry.records import ProductRecord, Registry
    from versioner.site.facts.product_facts import ProductFacts
    from versioner.site.facts.state import SiteState

__all__ = ["Catalogue"]

# The products whose versions are in memory.
_PRODUCTS_MOST: Final = 50
# The events of all products that may be in memory.
_EVENTS_MOST: Final = 120_000
# The newest rows of a list that are kept: twice as many as any page or document shows.
_LATEST_KEPT: Final = 400


class Catalogue:
    """The facts of each product of a registry; a product whose facts are known is not read.

    `keys` has, by product, the key of all that its facts are made from; a product without one
    is always read. Rows have only what lists of several products show.
    """

    def __init__(self, registry: Registry, state: SiteState, keys: Mapping[str, str]) -> None:
        self._products = registry.products
        self._state = state
        self._keys = keys
        self._rows: dict[str, dict[str, list[Any]]] = {}
        self._facts: dict[str, ProductFacts] = {}
        self._latest: dict[str, list[Deployment | Undeployment]] = {}
        self._rows_of_month: tuple[str, list[Deployment | Undeployment]] = ("", [])
        self._pages_of_versions: dict[str, dict[str, str]] = {}
        self._learn()
        listed = registry.listed_instances
        self.summaries: dict[str, ProductRecord] = {
            name: SummaryRecord(self._facts[name], listed) for name in registry.products
        }

    def _learn(self) -> None:
        for name, key, text in self._state.facts():
            if self._keys.get(name) == key:
                self._facts[name] = from_json(text)
        for name in self._products:
            if name not in self._facts:
                record = self._products[name]
                self._facts[name], rows = facts_of(record)
                if self.is_large:
                    record.release()
                if name in self._keys:
                    facts = self._facts[name].to_json()
                    self._state.keep_facts(name, self._keys[name], facts, rows)
                else:
                    self._rows[name] = rows
        self._state.commit()

    def of(self, name: str) -> ProductFacts:
        """Return the facts of a product."""
        return self._facts[name]

    def __iter__(self) -> Iterator[ProductFacts]:
        return (self._facts[name] for name in self._products)

    @property
    def is_large(self) -> bool:
        """Return whether the events of all products would need much memory."""
        return sum(each.events for each in self._facts.values()) > _EVENTS_MOST

    @cached_property
    def months(self) -> dict[str, list[str]]:
        """Return the products with rows of each month, oldest month first."""
        found: dict[str, list[str]] = {}
        for name in self._products:
            for month in self._facts[name].months:
                found.setdefault(month, []).append(name)
        return dict(sorted(found.items()))

    def rows(self, month: str, environment: str = "") -> list[Deployment | Undeployment]:
        """Return the rows of a month, oldest first."""
        if self._rows_of_month[0] != month:
            # The lists of one month follow each other: that of all rows, and one an environment.
            self._rows_of_month = month, self._chosen(month, "", None)
        rows = self._rows_of_month[1]
        return [row for row in rows if row.environment == environment] if environment else rows

    def _chosen(
        self, month: str, environment: str, products: Collection[str] | None
    ) -> list[Deployment | Undeployment]:
        found = [
            row_from(name, data)
            for name in self.months[month]
            if products is None or name in products
            if not environment or environment in self._facts[name].months[month].counts
            for data in self._month(name, month)
            if environment in ("", data[1])
        ]
        found.sort(key=_order)
        return found

    def latest(
        self,
        limit: int,
        environment: str = "",
        products: Collection[str] | None = None,
        *,
        removals: bool = True,
    ) -> list[Deployment | Undeployment]:
        """Return the newest rows, newest first, with or without undeployments."""
        if products is not None:
            return self._newest(limit, environment, products, removals=removals)
        # The pages, documents and feeds of an environment show the same rows.
        if environment not in self._latest:
            self._latest[environment] = self._newest(_LATEST_KEPT, environment, None)
        kept = self._latest[environment]
        found = [row for row in kept if removals or isinstance(row, Deployment)]
        if len(found) < limit and len(kept) == _LATEST_KEPT:
            return self._newest(limit, environment, None, removals=removals)
        return found[:limit]

    def _newest(
        self,
        limit: int,
        environment: str,
        products: Collection[str] | None,
        *,
        removals: bool = True,
    ) -> list[Deployment | Undeployment]:
        found: list[Deployment | Undeployment] = []
        for month in reversed(self.months):
            if len(found) >= limit:
                break
            rows = self._chosen(month, environment, products)
            found += rows if removals else [row for row in rows if isinstance(row, Deployment)]
        return heapq.nlargest(limit, found, key=_order)

    def since(self, at: str) -> Iterator[Deployment]:
        """Yield the deployments that began at a time or later, newest first."""
        for month in reversed(self.months):
            if month < month_of(at):
                return
            for row in reversed(self.rows(month)):
                if isinstance(row, Deployment) and row.at >= at:
                    yield row

    def count(self, month: str, environment: str = "") -> tuple[int, int]:
        """Return the number of deployments and of undeployments in a month."""
        counts = [
            each
            for name in self.months[month]
            for there, each in self._facts[name].months[month].counts.items()
            if environment in ("", there)
        ]
        return sum(each[0] for each in counts), sum(each[1] for each in counts)

    def version_page(self, name: str, version: str) -> str:
        """Return the path of the page with a version's row, "" where there is no such version."""
        pages = self._pages_of_versions.get(name)
        if pages is None:
            if len(self._pages_of_versions) >= _PRODUCTS_MOST:
                self._pages_of_versions.clear()
            pages = self._pages_of_versions[name] = dict(self._month(name, VERSIONS))
        return f"products/{name}/{pages[version]}.html" if version in pages else ""

    @cached_property
    def prefixes(self) -> dict[str, list[str]]:
        """Return the products with entries in the search index by their first characters."""
        found: dict[str, list[str]] = {}
        for name in self._products:
            for prefix in self._facts[name].search:
                found.setdefault(prefix, []).append(name)
        return dict(sorted(found.items()))

    def search_entries(self, prefix: str) -> Iterator[list[Any]]:
        """Yield the entries in the search index with the same first characters."""
        for name in self.prefixes[prefix]:
            yield from self._month(name, SEARCH + prefix)

    def remembered(self, month: str, environment: str, count: Callable[[], list[int]]) -> list[int]:
        """Return numbers that are counted in the rows of a month, and kept while these stay."""
        digests = "".join(self._facts[name].months[month].digest for name in self.months[month])
        names = "\n".join(self.months[month])
        key = hashlib.blake2b(f"{digests}\n{names}".encode(), digest_size=16).hexdigest()
        found = self._state.rows("", f"{environment}:{month}", key)
        if found is None:
            found = count()
            self._state.keep_rows("", f"{environment}:{month}", key, found)
            self._state.commit()
        return found

    def _month(self, name: str, month: str) -> Iterable[list[Any]]:
        if name not in self._rows:
            if (rows := self._state.rows(name, month, self._keys[name])) is not None:
                return rows
            # Another build replaced the rows, or they could not be kept.
            self._rows[name] = facts_of(self._products[name])[1]
        return self._rows[name].get(month, ())


def _order(row: Deployment | Undeployment) -> tuple[str, str, str]:
    return row.at, row.product, row.id
