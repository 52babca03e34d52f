"""What the reports of a site are made from: the summary that is kept of each product."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from versioner.layout import month_of
from versioner.query.commits.taken import TakenAway
from versioner.query.today.happenings import Happening, earliest_beginning
from versioner.site.urls import deployment_anchor, month_page, relative
from versioner.site.views.products import team_of
from versioner.site.views.requests import details_of_requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.query.gate.requests import RequestDetail
    from versioner.query.matrix import Matrix
    from versioner.registry.records import ProductRecord, Registry
    from versioner.site.context import SiteContext
    from versioner.site.summaries.codec import ListedRow

__all__ = ["SiteSource", "happening_of_row", "source_of"]


class SiteSource:
    """The source of reports of a site; no product is read for what happened."""

    def __init__(self, context: SiteContext) -> None:
        self._context = context
        self.hidden = context.hidden
        self._parts: dict[tuple[str, str], int] = {}

    @property
    def registry(self) -> Registry:
        """Return the registry, with summaries of its products."""
        return self._context.registry

    @property
    def matrix(self) -> Matrix:
        """Return the matrix of the last commit."""
        return self._context.matrix

    def happenings(self, since: str, until: str) -> Iterator[Happening]:
        """Yield what ended, began or was declared a mistake from a moment on, before another."""
        catalogue, earliest = self._context.catalogue, earliest_beginning(since)
        for month in catalogue.months:
            if month_of(earliest) <= month <= month_of(until):
                for row in catalogue.listed(month):
                    at = row.data.void[0] if row.data.void else row.data.changed_at
                    if since <= at < until and row.at >= earliest:
                        self._parts[row.product, row.id] = row.data.part
                        yield happening_of_row(row, self.hidden)

    def requests(self) -> Sequence[RequestDetail]:
        """Return the deployment requests that are not over."""
        found = details_of_requests(self._context).values()
        return [each for each in found if each.state not in ("completed", "cancelled")]

    def record(self, product: str) -> ProductRecord:
        """Return a product with its decisions and its commits."""
        return self._context.record(product)

    def owner(self, product: str) -> str:
        """Return the team or person that owns a product, "" for none."""
        return team_of(self._context, product)

    def row(self, page: str, product: str, row_id: str, at: str) -> str:
        """Return the link from a page to the row of a deployment."""
        part = self._parts.get((product, row_id))
        if part is None:
            return self._context.row(page, product, row_id, at)
        return (
            f"{relative(page, month_page(product, month_of(at), part))}#{deployment_anchor(row_id)}"
        )


def happening_of_row(row: ListedRow, hidden: frozenset[str]) -> Happening:
    """Return a row of the lists of all products as what happened."""
    data = row.data
    at = data.void[0] if data.void else data.changed_at
    before = (data.before,) if isinstance(data.before, str) else tuple(data.before)
    reason = data.void[1] if data.void else data.reason
    return Happening(
        id=row.id,
        product=row.product,
        environment=data.environment,
        instance=data.instance,
        version=data.version,
        status=data.status,
        kind=data.kind or "undeployment",
        began=row.at,
        at=at,
        by="" if data.void or "deployed_by" in hidden else data.by,
        reason="" if "reason" in hidden else reason,
        before=tuple(filter(None, before)),
        before_since=data.before_since,
        is_void=data.void is not None,
        taken=TakenAway(*data.taken).text(has_commits="changes" not in hidden),
    )


@lru_cache(maxsize=1)
def source_of(context: SiteContext) -> SiteSource:
    """Return the source of the reports of a site; it is made once."""
    return SiteSource(context)
