"""The pages of long lists: one for each month, and several for a month with many rows.

A page is filled with the oldest rows first. So a past month always has the same pages with the
same rows, and an anchor in one of them is a permanent address.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from versioner.layout import month_of
from versioner.models import Deployment, Undeployment, Version
from versioner.site.urls import month_page
from versioner.site.wording import count, month_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from versioner.registry.records import ProductRecord
    from versioner.site.summaries.codec import ListedRow

__all__ = [
    "NO_PAGER",
    "ROWS",
    "HistoryPage",
    "ListedPage",
    "PageLink",
    "history_pages",
    "months_by_year",
    "pager",
    "undeployments_of",
]

# The most rows of one page.
ROWS: Final = 400

_Row = TypeVar("_Row", bound="Deployment | Undeployment | Version")


@dataclass(slots=True)
class ListedPage:
    """One page of the rows of several products: a month, or a part of it, oldest rows first."""

    path: str
    month: str
    part: int
    rows: Sequence[ListedRow]

    @property
    def number(self) -> int:
        """Return the number of deployments; undeployments are none."""
        return sum(1 for row in self.rows if row.data.kind)

    @property
    def undeployments(self) -> str:
        """Return the number of undeployments, to be added to a summary: `, 1 undeployment`."""
        return _undeployments(len(self.rows) - self.number)

    @property
    def title(self) -> str:
        """Return the period of the page: `November 2025`, `November 2025, part 2`."""
        return _title(self.month, self.part)


class PageLink(NamedTuple):
    """What other pages show of a page of deployments; `number` is that of its deployments."""

    path: str
    month: str
    part: int
    number: int

    @property
    def title(self) -> str:
        """Return the period of the page."""
        return _title(self.month, self.part)


@dataclass(slots=True)
class HistoryPage:
    """One page of a product's history, oldest rows first; its limit of rows counts versions too."""

    path: str
    month: str
    part: int
    rows: list[Deployment | Undeployment]
    product: str
    versions: list[Version]

    @property
    def deployments(self) -> list[Deployment]:
        """Return the rows without undeployments, which count as no deployment."""
        return [row for row in self.rows if isinstance(row, Deployment)]

    @property
    def undeployments(self) -> str:
        """Return the number of undeployments, to be added to a summary: `, 1 undeployment`."""
        return _undeployments(len(self.rows) - len(self.deployments))

    @property
    def number(self) -> int:
        """Return the number of deployments."""
        return len(self.deployments)

    @property
    def title(self) -> str:
        """Return the period of the page."""
        return _title(self.month, self.part)


_NO_LINK: Final = {"text": "", "href": ""}
NO_PAGER: Final[dict[str, Any]] = {"older": _NO_LINK, "newer": _NO_LINK, "parts": []}


def pager(
    pages: Sequence[HistoryPage | PageLink], index: int, link: Callable[[str], str]
) -> dict[str, Any]:
    """Return the links from a page to the older and the newer one; empty where there is none.

    `parts` are the earlier parts of its month, which a page can name without a change when a later
    part begins. `link` returns the link to a path.
    """
    page = pages[index]

    def neighbour(other: int) -> dict[str, str]:
        if not 0 <= other < len(pages):
            return _NO_LINK
        return {"text": pages[other].title, "href": link(pages[other].path)}

    parts = [
        {"text": str(each.part), "title": each.title, "href": link(each.path)}
        for each in pages[index - page.part + 1 : index]
    ]
    return {"older": neighbour(index - 1), "newer": neighbour(index + 1), "parts": parts}


def months_by_year(
    pages: Sequence[HistoryPage | PageLink], link: Callable[[str], str]
) -> list[dict[str, object]]:
    """Return the links to months by year, newest first, each with its number of deployments.

    A month of several pages leads to its last one, which leads to the others.
    """
    numbers = Counter[str]()
    for page in pages:
        numbers[page.month] += page.number
    last = {page.month: page.path for page in pages}
    years: dict[str, list[dict[str, str]]] = {}
    for month in sorted(last, reverse=True):
        years.setdefault(month[:4], []).append(
            {
                "text": month_text(month).partition(" ")[0],
                "href": link(last[month]),
                "count": count(numbers[month], "deployment"),
                "number": f"{numbers[month]:,}",
            }
        )
    return [{"year": year, "months": months} for year, months in years.items()]


def undeployments_of(record: ProductRecord) -> list[Undeployment]:
    """Return the undeployments of a product in all environments, void ones among them."""
    return [each for cell in record.cells.values() for each in cell.undeployments]


def history_pages(record: ProductRecord) -> list[HistoryPage]:
    """Return the pages of a product's versions, deployments and undeployments, oldest first."""
    rows: list[Deployment | Undeployment | Version] = [
        *record.versions.values(),
        *record.deployments,
        *undeployments_of(record),
    ]
    # Sorting is stable: rows of one second stay in the order of the fold.
    rows.sort(key=lambda row: row.at)
    return [
        HistoryPage(
            path=month_page(record.name, month, part),
            month=month,
            part=part,
            rows=[row for row in own if not isinstance(row, Version)],
            product=record.name,
            versions=[row for row in own if isinstance(row, Version)],
        )
        for month, part, own in _months(rows)
    ]


def _undeployments(number: int) -> str:
    return f", {count(number, 'undeployment')}" if number else ""


def _title(month: str, part: int) -> str:
    return month_text(month) + ("" if part == 1 else f", part {part}")


def _months(rows: Iterable[_Row]) -> Iterator[tuple[str, int, list[_Row]]]:
    """Yield rows by month, in parts of at most ROWS."""
    for month, group in groupby(rows, key=lambda row: month_of(row.at)):
        own = list(group)
        for part, start in enumerate(range(0, len(own), ROWS), 1):
            yield month, part, own[start : start + ROWS]
