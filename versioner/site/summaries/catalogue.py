"""The summaries of all products of a registry, and the rows of lists of all products."""

from __future__ import annotations

from functools import cached_property
from itertools import islice, starmap
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from versioner.layout import month_of
from versioner.models import Deployment
from versioner.query.metrics.policy import metrics_policy
from versioner.site.summaries.cell_changes import PAST
from versioner.site.summaries.codec import ListedRow, RowData, row_from
from versioner.site.summaries.ended import ENDED, EndedRow
from versioner.site.summaries.learning import learn
from versioner.site.summaries.other_changes import OTHERS
from versioner.site.summaries.person_rows import NEWEST, PERSON, PersonSummary
from versioner.site.summaries.product_summary import (
    SEARCH,
    VERSIONS,
    SummaryRecord,
    digest_of_json,
    history_from,
)
from versioner.site.summaries.sums import Sum, list_name
from versioner.site.urls import month_page

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from versioner.models import Undeployment
    from versioner.registry.records import ProductRecord, Registry
    from versioner.site.summaries.product_summary import HistorySummary, ProductSummary
    from versioner.site.summaries.state import SiteState

__all__ = ["Catalogue"]

# The products whose versions, and whose summaries of the history, are in memory.
_PRODUCTS_MOST: Final = 50
# The rows of lists that stay in memory, and the parts of pages that are remembered.
_ROWS_MOST: Final = 60_000
# The newest rows of a month that stay in memory by environment: what feeds and summaries show.
_NEWEST_MOST: Final = 200

_EMPTY: Final = Sum(0, 0, 0, 0)
# The beginnings of the names of rows that are not those of a month of deployments.
_NAMED: Final = (SEARCH, ENDED, OTHERS, PAST, PERSON)


class Catalogue:
    """The summary of each product of a registry; a product whose summary is known is not read.

    `keys` has, by product, the key of all that its summary is made from; a product without one
    is always read. Rows have only what lists of several products show.
    """

    def __init__(
        self, registry: Registry, state: SiteState, keys: Mapping[str, str], jobs: int = 1
    ) -> None:
        self._products = registry.products
        self._state = state
        policy = metrics_policy(registry).everywhere
        found = learn(registry.products, policy, state, keys, self.history, jobs)
        self._summaries, self._sums = found.summaries, found.sums
        # What the state does not have: all, where there is none.
        self._own_histories, self._own_rows = found.histories, found.rows
        self._histories: dict[str, HistorySummary] = {}
        self._lists: dict[tuple[str, str], list[ListedRow]] = {}
        self._newest: dict[tuple[str, str, bool], list[ListedRow]] = {}
        self._parts: dict[tuple[str, str], int] = {}
        self._pages_of_versions: dict[str, dict[str, str]] = {}
        listed = registry.listed_instances
        self.summaries: dict[str, ProductRecord] = {
            name: SummaryRecord(self._summaries[name], listed) for name in registry.products
        }

    def of(self, name: str) -> ProductSummary:
        """Return the summary of a product."""
        return self._summaries[name]

    def history(self, name: str) -> HistorySummary:
        """Return the summary of a product's history."""
        found = self._own_histories.get(name) or self._histories.get(name)
        if found is None:
            if len(self._histories) >= _PRODUCTS_MOST:
                self._histories.clear()
            found = self._histories[name] = history_from(self._state.history(name))
        return found

    def __iter__(self) -> Iterator[ProductSummary]:
        return (self._summaries[name] for name in self._products)

    @cached_property
    def months(self) -> list[str]:
        """Return the months with rows, oldest first."""
        names = (name.split(" ") for name in self._sums if not name.startswith(_NAMED))
        return sorted({month for month, *_ in names if month != VERSIONS})

    def total(self, month: str, environment: str = "") -> Sum:
        """Return the digest and the numbers of the rows of a month, of all or one environment."""
        return self._sums.get(list_name(month, environment), _EMPTY)

    def listed(self, month: str, environment: str = "") -> Sequence[ListedRow]:
        """Return the rows of a month in short, oldest first."""
        return self._listed(month, environment) if self.total(month, environment).products else ()

    def _listed(self, month: str, environment: str) -> list[ListedRow]:
        found = self._lists.get((month, environment))
        if found is not None:
            return found
        if environment:
            rows = [row for row in self._listed(month, "") if row.data.environment == environment]
        else:
            rows = [
                ListedRow(data.at, name, data.id, data)
                for name, own in self._rows_of_all(month)
                for data in starmap(RowData, own)
            ]
            rows.sort(key=itemgetter(0, 1, 2))
        if sum(map(len, self._lists.values())) > _ROWS_MOST:
            self._lists.clear()
        self._lists[month, environment] = rows
        return rows

    def rows(self, listed: Iterable[ListedRow]) -> list[Deployment | Undeployment]:
        """Return rows as deployments and undeployments."""
        found = []
        if len(self._parts) > _ROWS_MOST:
            self._parts.clear()
        for row in listed:
            found.append(row_from(row.product, row.data))
            # The summary of the history need not be read for a link to the row.
            self._parts[row.product, row.id] = row.data.part
        return found

    def page_of(self, product: str, row_id: str, at: str) -> str:
        """Return the path of the page of its product with a row, by the row's id and time."""
        part = self._parts.get((product, row_id)) or self._summaries[product].near.get(row_id)
        if part is None:
            part = self.history(product).later.get(row_id, 1)
        return month_page(product, month_of(at), part)

    def latest(
        self,
        limit: int,
        environment: str = "",
        products: Collection[str] | None = None,
        *,
        undeployments: bool = True,
    ) -> list[Deployment | Undeployment]:
        """Return the newest rows, newest first, with or without undeployments."""
        return self.rows(
            self.latest_rows(limit, environment, products, undeployments=undeployments)
        )

    def latest_rows(
        self,
        limit: int,
        environment: str = "",
        products: Collection[str] | None = None,
        *,
        undeployments: bool = True,
    ) -> list[ListedRow]:
        """Return the newest rows in short, newest first, with or without undeployments."""
        found: list[ListedRow] = []
        for month in reversed(self.months):
            if len(found) >= limit:
                break
            if products is None and limit <= _NEWEST_MOST:
                rows = self._newest_of(month, environment, undeployments=undeployments)
            else:
                # A team has few of the rows of a month: no more are looked at than are wanted.
                own = (
                    row
                    for row in reversed(self.listed(month, environment))
                    if (products is None or row.product in products)
                    and (undeployments or row.data.kind)
                )
                rows = [*islice(own, limit - len(found))]
            found += rows[: limit - len(found)]
        return found

    def _newest_of(self, month: str, environment: str, *, undeployments: bool) -> list[ListedRow]:
        """Return the newest rows of a month, newest first, with or without undeployments."""
        place = (month, environment, undeployments)
        found = self._newest.get(place)
        if found is None:
            newest = reversed(self.listed(month, environment))
            rows = (row for row in newest if undeployments or row.data.kind)
            found = self._newest[place] = [*islice(rows, _NEWEST_MOST)]
        return found

    def since(self, at: str) -> Iterator[Deployment]:
        """Yield the deployments that began at a time or later, newest first."""
        for month in reversed(self.months):
            if month < month_of(at):
                return
            for row in reversed(self.listed(month)):
                if row.at < at:
                    break
                for each in self.rows([row]):
                    if isinstance(each, Deployment):
                        yield each

    def version_page(self, name: str, version: str) -> str:
        """Return the path of the page with a version's row, "" where there is no such version."""
        pages = self._pages_of_versions.get(name)
        if pages is None:
            if len(self._pages_of_versions) >= _PRODUCTS_MOST:
                self._pages_of_versions.clear()
            pages = self._pages_of_versions[name] = dict(self._rows(VERSIONS, name))
        return f"products/{name}/{pages[version]}.html" if version in pages else ""

    @cached_property
    def prefixes(self) -> dict[str, Sum]:
        """Return the sums of the entries in the search index by their first characters."""
        found = {
            name.removeprefix(SEARCH): own
            for name, own in self._sums.items()
            if name.startswith(SEARCH)
        }
        return dict(sorted(found.items()))

    def search_entries(self, prefix: str) -> Iterator[list[Any]]:
        """Yield the entries in the search index with the same first characters."""
        for _, rows in self._rows_of_all(SEARCH + prefix):
            yield from rows

    @cached_property
    def other_months(self) -> list[str]:
        """Return the months with changes that are no deployments, oldest first."""
        return sorted(n.removeprefix(OTHERS) for n in self._sums if n.startswith(OTHERS))

    def others(self, month: str) -> Iterator[list[Any]]:
        """Yield the changes of a month that are no deployments."""
        for _, rows in self._rows_of_all(OTHERS + month):
            yield from rows

    def digest_of(self, name: str) -> str:
        """Return the digest of all rows with a name."""
        return f"{self._sums.get(name, _EMPTY).digest:x}"

    def ended_of_all(self, month: str) -> Iterator[tuple[str, list[EndedRow]]]:
        """Yield the products of which deployments ended in a month, with these, oldest first."""
        for name, rows in self._rows_of_all(ENDED + month):
            yield name, [EndedRow._make(row) for row in rows]

    def ended(self, product: str) -> list[EndedRow]:
        """Return the deployments of a product that ended in its last months, oldest first."""
        names = sorted(name for name in self.history(product).rows if name.startswith(ENDED))
        return [EndedRow._make(row) for name in names for row in self._rows(name, product)]

    def remembered_of_ended(
        self, month: str, others: str, count: Callable[[], list[Any]]
    ) -> list[Any]:
        """Return what is counted in what ended in a month, and kept while that stays.

        `others` is the hash of all else that is counted with.
        """
        key = f"{self._sums.get(ENDED + month, _EMPTY).digest:x} {others}"
        return self._remembered(ENDED + month, key, count)

    @cached_property
    def past_months(self) -> list[str]:
        """Return the months in which anything changed in a cell, oldest first."""
        return sorted(name.removeprefix(PAST) for name in self._sums if name.startswith(PAST))

    def past_key(self, month: str) -> str:
        """Return the digest of all changes up to the end of a month."""
        texts = [
            f"{self._sums[PAST + each].digest:x}" for each in self.past_months if each <= month
        ]
        return digest_of_json(texts)

    def past_rows(self, month: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield the products whose cells changed in a month, with their changes."""
        return self._rows_of_all(PAST + month)

    @cached_property
    def people(self) -> list[str]:
        """Return the names of all that did anything with a product, in order."""
        return sorted(name.removeprefix(PERSON) for name in self._sums if name.startswith(PERSON))

    def of_person(self, person: str) -> Iterator[tuple[str, PersonSummary]]:
        """Yield the products that a person did anything with, with what that is."""
        for product, (row,) in self._rows_of_all(PERSON + person):
            yield product, PersonSummary._make(row)

    def newest_of_person(self, person: str, product: str) -> list[ListedRow]:
        """Return the newest rows of a product that are of a person, oldest first."""
        rows = starmap(RowData, self._rows(NEWEST + person, product))
        return [ListedRow(data.at, product, data.id, data) for data in rows]

    def digest_of_person(self, person: str) -> str:
        """Return the digest of all that a person did."""
        return self.digest_of(PERSON + person)

    def remembered_of_person(self, person: str, count: Callable[[], list[Any]]) -> list[Any]:
        """Return what is counted in what a person did, and kept while that stays."""
        return self._remembered(PERSON + person, self.digest_of_person(person), count)

    def remembered_people(self, month: str, count: Callable[[], list[Any]]) -> list[Any]:
        """Return what is counted of people in the rows of a month, and kept while these stay."""
        return self._remembered(f"people {month}", self.digest_of(list_name(month)), count)

    def remembered(self, month: str, environment: str, count: Callable[[], list[int]]) -> list[int]:
        """Return numbers that are counted in the rows of a month, and kept while these stay."""
        name = list_name(month, environment)
        return self._remembered(name, f"{self.total(month, environment).digest:x}", count)

    def _remembered(self, name: str, key: str, count: Callable[[], list[Any]]) -> list[Any]:
        found = self._state.numbers(name, key)
        if found is None:
            found = count()
            self._state.keep_numbers(name, key, found)
        return found

    def _rows_of_all(self, name: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield the products that have rows with a name, with these."""
        yield from self._state.rows_of_all(name)
        for product, rows in self._own_rows.items():
            if name in rows:
                yield product, rows[name]

    def _rows(self, name: str, product: str) -> list[Any]:
        own = self._own_rows.get(product)
        found = self._state.rows(name, product) if own is None else own.get(name)
        return found or []
