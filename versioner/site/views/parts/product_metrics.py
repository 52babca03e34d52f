"""What a product's page shows of how its deployments go.

The page of a product stays as it is while other products change, so what it shows ends with the
last deployment of the product, not with the last commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.urls import FAILURES, product_page
from versioner.site.views.charts.lanes import lanes_of_product
from versioner.site.views.charts.weekly import weekly_chart
from versioner.site.views.parts.metric_cards import days_of, metrics_view, periods_to, scope_words

if TYPE_CHECKING:
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["product_insight"]

_WEEKS: Final = 26


def product_insight(context: SiteContext, name: str) -> View:
    """Return the pictures and the metrics of a product; none where no deployment ended."""
    rows = context.catalogue.ended(name)
    if not rows:
        return {"weekly": None, "metrics": None, "lanes": None}
    policy, last = context.tallies.policy, rows[-1].at
    first = periods_to(last)[-1].since
    shown = [row for row in rows if row.at >= first]
    days = days_of(shown, policy)
    of_all = days if policy.environments is None else days_of(shown, policy.everywhere)
    failures = context.link(product_page(name), FAILURES)
    return {
        "weekly": weekly_chart(of_all, last, _WEEKS),
        "lanes": lanes_of_product(context, context.record(name), last),
        "metrics": metrics_view(
            days,
            last,
            policy,
            f"--product {name}",
            scope=scope_words(context),
            links=["#deployments-title", "#versions-title", *[failures] * 3],
        ),
    }
