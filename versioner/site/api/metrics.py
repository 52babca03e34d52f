"""The JSON document of the metrics: of all products, and of each environment, team and product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.query.metrics.documents import metrics_document
from versioner.query.metrics.periods import periods_between
from versioner.site.urls import METRICS_PAGE, environment_page, product_page
from versioner.site.views.parts.metric_cards import metrics_in, metrics_of_products, periods_to
from versioner.site.views.products import teams_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.query.metrics.summary import Tally
    from versioner.site.api.deployments import Document
    from versioner.site.context import SiteContext

__all__ = ["metrics_of_all"]


def metrics_of_all(context: SiteContext) -> Document:
    """Return the document of the metrics up to the day of the last commit."""
    tallies = context.tallies
    days, year = tallies.days(), periods_to(context.now)[-1]
    weeks = [metrics_in(days, week) for week in periods_between(year.since, year.until, "week")]
    return {
        "page": METRICS_PAGE,
        "periods": _periods(context, days),
        "weeks": [metrics_document(week) for week in weeks if week.is_any],
        "environments": [
            {
                "environment": name,
                "page": environment_page(name),
                "periods": _periods(context, tallies.days(name)),
            }
            for name in context.environments
        ],
        "teams": [
            {"team": team, "periods": _periods(context, tallies.days(team=team))}
            for team in teams_of(context)
        ],
        "products": [
            {"product": name, "page": product_page(name), "periods": [metrics_document(found)]}
            for name, found in metrics_of_products(context).items()
        ],
    }


def _periods(context: SiteContext, days: Mapping[str, Tally]) -> list[Document]:
    return [metrics_document(metrics_in(days, period)) for period in periods_to(context.now)]
