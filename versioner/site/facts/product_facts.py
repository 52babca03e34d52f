"""The facts of one product that pages of several products show: counts, cells, months, titles."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.layout import month_of
from versioner.query.selectors import last_deployed_at
from versioner.registry.records import ProductRecord
from versioner.site.facts.codec import cell_data, cell_from, row_data
from versioner.site.facts.search_entries import search_entries
from versioner.site.pagination import history_pages, undeployments_of
from versioner.site.urls import month_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import Cell, Event
    from versioner.site.pagination import HistoryPage

__all__ = [
    "SEARCH",
    "VERSIONS",
    "MonthFacts",
    "PageFacts",
    "ProductFacts",
    "SummaryRecord",
    "facts_of",
    "from_json",
]


# The rows of a product under these names, which are no months, are its versions, each with the
# end of the name of its page, and its entries in the search index.
VERSIONS: Final = "versions"
SEARCH: Final = "search "


class PageFacts(NamedTuple):
    """One page of a product's history: its numbers of rows of each kind."""

    month: str
    part: int
    versions: int
    deployments: int
    removals: int


class MonthFacts(NamedTuple):
    """A month of a product: a digest of its rows, and by environment their numbers.

    The numbers are those of deployments and of undeployments.
    """

    digest: str
    counts: dict[str, tuple[int, int]]


@dataclass(slots=True)
class ProductFacts:
    """What other pages than those of a product show of it.

    `cells` have only the deployments that decide their state. `deployed` is the number of
    deployments by environment, `uses` that of events; `events` is the number of all events.
    `later` has the part of the page of each row that is not on the first page of its month;
    `search` has a digest of what the search index has of the product by the first characters.
    """

    name: str
    document: dict[str, Any]
    cells: dict[str, Cell]
    observations: list[Event]
    versions: int
    deployments: int
    removals: int
    latest_at: str
    first: tuple[str, str] | None
    events: int
    uses: dict[str, int]
    deployed: dict[str, int]
    has_returns: bool
    months: dict[str, MonthFacts]
    pages: list[PageFacts]
    later: dict[str, int]
    search: dict[str, str]

    def page_of(self, row_id: str, at: str) -> str:
        """Return the path of the page with the row of a deployment or of an undeployment."""
        return month_page(self.name, month_of(at), self.later.get(row_id, 1))

    def to_json(self) -> str:
        """Return the facts as JSON, from which `from_json` makes them again."""
        data = {name: getattr(self, name) for name in self.__slots__}
        data["cells"] = {name: cell_data(cell) for name, cell in self.cells.items()}
        return json.dumps(data, separators=(",", ":"))


class SummaryRecord(ProductRecord):
    """A product with what decides the states of its cells, and without its other events."""

    def __init__(self, facts: ProductFacts, listed: Mapping[str, Sequence[str]]) -> None:
        super().__init__(
            name=facts.name,
            document=facts.document,
            observations=facts.observations,
            listed=listed,
        )
        self._cells = facts.cells

    @property
    def cells(self) -> dict[str, Cell]:
        """Return the cells that have events, by environment."""
        return self._cells


def from_json(text: str) -> ProductFacts:
    """Return facts that were kept as JSON."""
    data = json.loads(text)
    data["cells"] = {name: cell_from(each) for name, each in data["cells"].items()}
    data["first"] = tuple(data["first"]) if data["first"] else None
    data["pages"] = [PageFacts(*each) for each in data["pages"]]
    data["months"] = {
        month: MonthFacts(digest, {name: tuple(each) for name, each in counts.items()})
        for month, (digest, counts) in data["months"].items()
    }
    return ProductFacts(**data)


def facts_of(record: ProductRecord) -> tuple[ProductFacts, dict[str, list[Any]]]:
    """Return the facts of a product, and the rows of each of its months in short."""
    pages = history_pages(record)
    deployments = record.deployments
    rows: dict[str, list[Any]] = {}
    for page in pages:
        rows.setdefault(page.month, []).extend(map(row_data, page.rows))
    rows = {month: own for month, own in rows.items() if own}
    later = {row.id: page.part for page in pages if page.part > 1 for row in page.rows}
    versions = {v.name: _stem(page) for page in pages for v in page.versions}
    entries = search_entries(record.name, record.versions.values(), versions)
    first = deployments[0] if deployments else None
    facts = ProductFacts(
        name=record.name,
        document=dict(record.document or {}),
        cells=record.cells,
        observations=record.observations,
        versions=len(record.versions),
        deployments=len(deployments),
        removals=len(undeployments_of(record)),
        latest_at=last_deployed_at(deployments),
        first=(first.at, first.id) if first is not None else None,
        events=len(record.builds) + len(record.deployment_events),
        uses=Counter(
            event["environment"] for event in record.deployment_events if "environment" in event
        ),
        deployed={name: len(cell.deployments) for name, cell in record.cells.items()},
        has_returns=any(each.kind == "return" for each in deployments),
        months={month: _month(own, later) for month, own in rows.items()},
        pages=[
            PageFacts(
                page.month,
                page.part,
                len(page.versions),
                len(page.deployments),
                len(page.rows) - len(page.deployments),
            )
            for page in pages
        ],
        later=later,
        search={prefix: _digest(own) for prefix, own in entries.items()},
    )
    found = {SEARCH + prefix: own for prefix, own in entries.items()}
    return facts, {**rows, **found, VERSIONS: [[*each] for each in versions.items()]}


def _month(rows: list[Any], later: Mapping[str, int]) -> MonthFacts:
    counts: dict[str, list[int]] = {}
    for row in rows:
        removed = not row[5]
        counts.setdefault(row[1], [0, 0])[removed] += 1
    digest = _digest([rows, [later.get(row[0], 1) for row in rows]])
    return MonthFacts(digest, {name: (each[0], each[1]) for name, each in counts.items()})


def _digest(data: Any) -> str:
    text = json.dumps(data, separators=(",", ":"))
    return hashlib.blake2b(text.encode("ascii"), digest_size=12).hexdigest()


def _stem(page: HistoryPage) -> str:
    return page.path.rpartition("/")[2].removesuffix(".html")
