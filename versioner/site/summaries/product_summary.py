"""The summary of one product that pages of several products show: counts, cells, months, titles."""

from __future__ import annotations

import hashlib
import json
import marshal
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.query.cell_history import course_of
from versioner.query.commits.taken import taken_away
from versioner.query.commits.words import brought_by, difference_words
from versioner.query.derived.running_versions import last_deployed_at
from versioner.query.gate.overrides import OverriddenStart, unreviewed_overrides
from versioner.query.today.happenings import previous_stays
from versioner.registry.records import ProductRecord
from versioner.serialization.compact_json import ascii_json
from versioner.site.pagination import history_pages, undeployments_of
from versioner.site.summaries.cell_changes import past_of
from versioner.site.summaries.cell_differences import apart_of
from versioner.site.summaries.codec import cell_data, cell_from, deciding_deployments, row_data
from versioner.site.summaries.ended import ended_rows
from versioner.site.summaries.month_digests import month_digests
from versioner.site.summaries.other_changes import other_rows
from versioner.site.summaries.person_rows import people_rows
from versioner.site.summaries.search_entries import search_entries
from versioner.site.wording import version_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.models import Cell, Event
    from versioner.query.commits.between import CommitDifference
    from versioner.query.metrics.policy import MetricsPolicy
    from versioner.site.pagination import HistoryPage

__all__ = [
    "SEARCH",
    "VERSIONS",
    "HistorySummary",
    "ListSummary",
    "PageSummary",
    "ProductSummary",
    "SummaryRecord",
    "digest_of_json",
    "from_json",
    "history_from",
    "summary_of",
]

# The rows of a product under these names, which are no months, are its versions, each with the
# end of the name of its page, and its entries in the search index. What ended is under ENDED.
VERSIONS: Final = "versions"
SEARCH: Final = "search "


class PageSummary(NamedTuple):
    """One page of a product's history: its numbers of rows of each kind."""

    month: str
    part: int
    versions: int
    deployments: int
    undeployments: int


class ListSummary(NamedTuple):
    """Rows of a month of a product: their digest, and how many are of which kind."""

    digest: str
    deployments: int
    undeployments: int


@dataclass(slots=True)
class HistorySummary:
    """What pages of a product's history need, and the digests of its rows.

    `months` has by month the summary of its rows, by environment, and of all of them under "".
    `later` has the part of the page of each row that is not on the first page of its month.
    `whole` has the digest of all that the pages of a month show. `rows` has the digests of the
    rows under other names: the versions, what the search index has by the first characters, what
    ended, and what ran when.
    """

    title: str
    pages: list[PageSummary]
    months: dict[str, dict[str, ListSummary]]
    later: dict[str, int]
    whole: dict[str, str]
    rows: dict[str, str]

    def to_json(self) -> str:
        """Return the summary as JSON, from which `history_from` makes them again."""
        return ascii_json({name: getattr(self, name) for name in self.__slots__})

    def digests(self) -> dict[str, str]:
        """Return the digests of all rows by the names under which these are kept."""
        return {**{month: own[""].digest for month, own in self.months.items()}, **self.rows}


@dataclass(slots=True)
class ProductSummary:
    """What pages of all products show of one.

    `cells` have only the deployments that decide their state; `near` has the parts of the pages
    with the rows of these. `deployed` is the number of deployments by environment, `results` that
    by environment and status without void ones, `uses` that of events; `events` is the number of
    all events. `overrides` are the starts that override rules and are not reviewed. `apart` says
    where the cells differ (`cell_differences.py`), `past` what ran around the latest month with a
    change (`cell_changes.py`). `load` returns the summary of the history.
    """

    name: str
    document: dict[str, Any]
    cells: dict[str, Cell]
    observations: list[Event]
    versions: int
    deployments: int
    undeployments: int
    latest_at: str
    first: tuple[str, str] | None
    events: int
    uses: dict[str, int]
    deployed: dict[str, int]
    results: dict[str, dict[str, int]]
    has_returns: bool
    overrides: list[OverriddenStart]
    near: dict[str, int]
    apart: dict[str, Any]
    past: list[Any]
    load: Callable[[str], HistorySummary]

    @property
    def history(self) -> HistorySummary:
        """Return the summary of the history."""
        return self.load(self.name)

    @property
    def pages(self) -> list[PageSummary]:
        """Return the pages of the history, oldest first."""
        return self.history.pages

    def to_json(self) -> str:
        """Return the summary as JSON, from which `from_json` makes them again."""
        data = {name: getattr(self, name) for name in self.__slots__ if name != "load"}
        data["cells"] = {name: cell_data(cell) for name, cell in self.cells.items()}
        return ascii_json(data)


class SummaryRecord(ProductRecord):
    """A product with what decides the states of its cells, and without its other events."""

    def __init__(self, summary: ProductSummary, listed: Mapping[str, Sequence[str]]) -> None:
        super().__init__(
            name=summary.name,
            document=summary.document,
            observations=summary.observations,
            listed=listed,
        )
        self._cells = summary.cells

    @property
    def cells(self) -> dict[str, Cell]:
        """Return the cells that have events, by environment."""
        return self._cells


def from_json(text: str, load: Callable[[str], HistorySummary]) -> ProductSummary:
    """Return a summary that was kept as JSON; `load` returns those of the history of a product."""
    data = json.loads(text)
    data["cells"] = {name: cell_from(each) for name, each in data["cells"].items()}
    data["first"] = tuple(data["first"]) if data["first"] else None
    data["overrides"] = [OverriddenStart(*each) for each in data["overrides"]]
    return ProductSummary(**data, load=load)


def history_from(text: str) -> HistorySummary:
    """Return a summary of a history that were kept as JSON."""
    data = json.loads(text)
    data["pages"] = [PageSummary(*each) for each in data["pages"]]
    data["months"] = {
        month: {name: ListSummary(*each) for name, each in own.items()}
        for month, own in data["months"].items()
    }
    return HistorySummary(**data)


def summary_of(
    record: ProductRecord, policy: MetricsPolicy, load: Callable[[str], HistorySummary]
) -> tuple[ProductSummary, HistorySummary, dict[str, list[Any]]]:
    """Return the summary of a product and of its history, and its rows by name.

    `policy` says what the metrics count.
    """
    pages = history_pages(record)
    stays = {key: at for cell in record.cells.values() for key, at in previous_stays(cell).items()}
    brought = _brought(record)
    words: dict[str, list[Any]] = {key: [difference_words(each)] for key, each in brought.items()}
    taken = taken_away(record, record.recorded_changes, version=version_text)
    words.update({key: [*words.get(key, [""]), [*each]] for key, each in taken.items()})
    rows: dict[str, list[Any]] = {}
    for page in pages:
        own = [
            [*row_data(row, stays.get(row.id, "")), page.part, *words.get(row.id, ())]
            for row in page.rows
        ]
        rows.setdefault(page.month, []).extend(own)
    rows = {month: own for month, own in rows.items() if own}
    later = {row.id: page.part for page in pages if page.part > 1 for row in page.rows}
    versions = {v.name: _stem(page) for page in pages for v in page.versions}
    entries = search_entries(record.name, record.versions.values(), versions)
    others: dict[str, list[Any]] = {SEARCH + prefix: own for prefix, own in entries.items()}
    others.update(ended_rows(record, policy, later))
    others.update(other_rows(record))
    others.update(people_rows(record, rows, digest_of_json))
    courses = {name: course_of(record, name) for name in record.cells}
    changes, past = past_of(courses)
    in_time = {"past": past, "apart": apart_of(record, courses)}
    others.update(changes)
    others[VERSIONS] = [[*each] for each in versions.items()]
    history = HistorySummary(
        title=str((record.document or {}).get("title") or record.name),
        pages=[_page(page) for page in pages],
        months={month: _lists(own) for month, own in rows.items()},
        later=later,
        whole=month_digests(record, pages, versions, (brought, taken)),
        rows={name: digest_of_json(own) for name, own in others.items()},
    )
    return _summary(record, later, in_time, load), history, {**rows, **others}


def _summary(
    record: ProductRecord,
    later: Mapping[str, int],
    in_time: dict[str, Any],
    load: Callable[[str], HistorySummary],
) -> ProductSummary:
    deployments = record.deployments
    first = deployments[0] if deployments else None
    overrides = unreviewed_overrides(record)
    return ProductSummary(
        name=record.name,
        document=dict(record.document or {}),
        cells=record.cells,
        observations=record.observations,
        versions=len(record.versions),
        deployments=len(deployments),
        undeployments=len(undeployments_of(record)),
        latest_at=last_deployed_at(deployments),
        first=(first.at, first.id) if first is not None else None,
        events=len(record.builds) + len(record.deployment_events),
        uses=Counter(
            event["environment"] for event in record.deployment_events if "environment" in event
        ),
        deployed={name: len(cell.deployments) for name, cell in record.cells.items()},
        results={
            name: Counter(each.status for each in cell.deployments if each.void is None)
            for name, cell in record.cells.items()
        },
        has_returns=any(each.kind == "return" for each in deployments),
        overrides=overrides,
        near={
            each.id: later.get(each.id, 1)
            for cell in record.cells.values()
            for each in deciding_deployments(cell)
        }
        | {each.deployment: later.get(each.deployment, 1) for each in overrides},
        **in_time,
        load=load,
    )


def _page(page: HistoryPage) -> PageSummary:
    undeployments = len(page.rows) - len(page.deployments)
    return PageSummary(
        page.month, page.part, len(page.versions), len(page.deployments), undeployments
    )


def _lists(rows: list[Any]) -> dict[str, ListSummary]:
    """Return the summaries of the rows of a month, of all and by environment."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[1], []).append(row)
    found = {}
    for name, own in groups.items():
        undeployments = sum(not row[5] for row in own)
        found[name] = ListSummary(digest_of_json(own), len(own) - undeployments, undeployments)
    # All rows are those of the environments: lists sort them by time.
    digest = digest_of_json([[name, each.digest] for name, each in found.items()])
    undeployments = sum(each.undeployments for each in found.values())
    return {"": ListSummary(digest, len(rows) - undeployments, undeployments), **found}


def _brought(record: ProductRecord) -> dict[str, CommitDifference]:
    """Return what the deployments of a product brought, by id, where it is known."""
    changes = record.recorded_changes
    found = {each.id: brought_by(changes, each) for each in record.deployments if changes}
    return {key: each for key, each in found.items() if each is not None}


def digest_of_json(data: Any) -> str:
    """Return the digest of JSON data."""
    # Version 2 gives equal bytes for equal data, whether objects are shared or not.
    return hashlib.blake2b(marshal.dumps(data, 2), digest_size=12).hexdigest()


def _stem(page: HistoryPage) -> str:
    return page.path.rpartition("/")[2].removesuffix(".html")
