"""The documents of what ran when: of each month, the state at its begin and the changes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.registry.event_order import seconds_of
from versioner.site.summaries.past_states import past_of_site, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.site.api.deployments import Document
    from versioner.site.context import SiteContext

__all__ = ["month_of_past"]


def month_of_past(context: SiteContext, month: str) -> Document:
    """Return the document of a month.

    A name or a text stands once, and rows have its place in the list. Times are seconds from the
    begin of the month.
    """
    past = past_of_site(context)
    begin = [*shown(past.begin(month))]
    changes = past.changes(month)
    products = _places(product for product, *_ in (*begin, *((c.product,) for c in changes)))
    environments = _places(
        name for name in (*(each[1] for each in begin), *(each.environment for each in changes))
    )
    running = _places((*(each[2] for each in begin), *(each.running for each in changes)))
    zero = seconds_of(f"{month}-01T00:00:00Z")
    return {
        "root": "../../../",
        "month": month,
        "products": [*products],
        "environments": [*environments],
        "running": [text or None for text in running],
        "begin": [
            [products[product], environments[name], running[text], seconds_of(at) - zero]
            for product, name, text, at in begin
        ],
        "changes": [
            [
                seconds_of(each.at) - zero,
                products[each.product],
                environments[each.environment],
                running[each.running],
            ]
            for each in changes
        ],
    }


def _places(texts: Iterable[str]) -> dict[str, int]:
    return {text: place for place, text in enumerate(sorted({*texts}))}
