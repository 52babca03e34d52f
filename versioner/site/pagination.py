"""A product's history cut into pages: by month, and in parts where a month is crowded.

Rows are dealt oldest first, so that what is on a page stays there: a closed month is the same
page for ever, and an anchor in it a permanent address.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from versioner.layout import month_of
from versioner.models import Deployment, Version
from versioner.site.urls import month_page
from versioner.site.wording import count, month_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from versioner.registry.records import ProductRecord

__all__ = [
    "NO_PAGER",
    "ROWS",
    "DeploymentPage",
    "HistoryPage",
    "batches_of",
    "months_by_year",
    "pager",
    "shards_of",
]

ROWS: Final = 400


@dataclass(slots=True)
class HistoryPage:
    """Hold one page of a product's history; its rows are oldest first."""

    product: str
    month: str
    part: int
    deployments: list[Deployment] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)

    @property
    def page(self) -> str:
        """Return the page's path."""
        return month_page(self.product, self.month, self.part)

    @property
    def title(self) -> str:
        """Word the shard's period: `November 2025`, `November 2025, part 2`."""
        return month_text(self.month) + ("" if self.part == 1 else f", part {self.part}")

    @property
    def is_full(self) -> bool:
        """Tell whether the next row belongs on another page."""
        return len(self.deployments) + len(self.versions) >= ROWS


class DeploymentPage(NamedTuple):
    """Hold one page of a list of deployments of many products, oldest first."""

    month: str
    part: int
    deployments: list[Deployment]

    @property
    def title(self) -> str:
        """Word the batch's period: `November 2025`, `November 2025, part 2`."""
        return month_text(self.month) + ("" if self.part == 1 else f", part {self.part}")


class _MonthPage(Protocol):
    """A page of one month, or of a part of it."""

    @property
    def month(self) -> str: ...
    @property
    def part(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def deployments(self) -> list[Deployment]: ...


_Page = TypeVar("_Page", bound=_MonthPage)

_NO_LINK: Final = {"text": "", "href": ""}
NO_PAGER: Final = {"older": _NO_LINK, "newer": _NO_LINK}


def pager(
    pages: Sequence[_Page], index: int, href: Callable[[_Page], str]
) -> dict[str, dict[str, str]]:
    """Return the links from a page to the older and the newer one; empty where there is none."""

    def link(there: int) -> dict[str, str]:
        if not 0 <= there < len(pages):
            return _NO_LINK
        return {"text": pages[there].title, "href": href(pages[there])}

    return {"older": link(index - 1), "newer": link(index + 1)}


def months_by_year(pages: Sequence[_Page], href: Callable[[_Page], str]) -> list[dict[str, object]]:
    """Return the links to pages by year, newest first, each with its number of deployments."""
    parts = Counter(page.month for page in pages)
    years: dict[str, list[dict[str, str]]] = {}
    for page in reversed(pages):
        name = month_text(page.month).partition(" ")[0]
        number = len(page.deployments)
        years.setdefault(page.month[:4], []).append(
            {
                "text": name if parts[page.month] == 1 else f"{name}, part {page.part}",
                "href": href(page),
                "count": count(number, "deployment"),
                "number": f"{number:,}",
            }
        )
    return [{"year": year, "months": months} for year, months in years.items()]


def batches_of(deployments: Sequence[Deployment]) -> list[DeploymentPage]:
    """Cut deployments, which are oldest first, into pages by month."""
    batches: list[DeploymentPage] = []
    for each in deployments:
        month = month_of(each.at)
        last = batches[-1] if batches else None
        if last is None or last.month != month:
            last = DeploymentPage(month, 1, [])
            batches.append(last)
        elif len(last.deployments) >= ROWS:
            last = DeploymentPage(month, last.part + 1, [])
            batches.append(last)
        last.deployments.append(each)
    return batches


def shards_of(record: ProductRecord) -> list[HistoryPage]:
    """Cut a product's versions and deployments into pages, oldest first."""
    shards: list[HistoryPage] = []
    for row in _oldest_first(record.deployments, record.versions.values()):
        month = month_of(row.at)
        last = shards[-1] if shards else None
        if last is None or last.month != month:
            last = HistoryPage(record.name, month, 1)
            shards.append(last)
        elif last.is_full:
            last = HistoryPage(record.name, month, last.part + 1)
            shards.append(last)
        if isinstance(row, Deployment):
            last.deployments.append(row)
        else:
            last.versions.append(row)
    return shards


def _oldest_first(
    deployments: Iterable[Deployment], versions: Iterable[Version]
) -> list[Deployment | Version]:
    # Sorting is stable: rows of one second stay in the order of the fold.
    rows: list[Deployment | Version] = [*versions, *deployments]
    return sorted(rows, key=lambda row: row.at)
