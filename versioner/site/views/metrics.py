"""The Metrics page: how deployments go, over all products; by week, by product; what failed."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from versioner.layout import month_of
from versioner.query.metrics.documents import duration_text
from versioner.query.metrics.periods import name_of_period
from versioner.site.urls import DEPLOYMENTS, FAILURES, METRICS_PAGE, data_of, month_page, relative
from versioner.site.views.charts.activity import calendar_chart, lead_time_chart
from versioner.site.views.charts.weekly import weekly_chart
from versioner.site.views.deployments import week_places
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.parts.metric_cards import (
    figures_of,
    metrics_of_products,
    metrics_view,
    periods_to,
    scope_words,
    week_rows,
)
from versioner.site.views.products import title_of
from versioner.site.wording import count, moment_text, version_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.query.metrics.periods import Period
    from versioner.query.metrics.summary import Metrics, Tally
    from versioner.site.context import SiteContext
    from versioner.site.summaries.ended import EndedRow

__all__ = ["failures_view", "metrics_page_view"]

_WEEKS: Final = 52
# The most production environments whose cards the page shows.
_PRODUCTIONS: Final = 3
# The rows of what did not go well that a page shows; their number is told.
_EXCEPTIONS: Final = 400
# The numbers of a week whose deployments that page lists: by their places in a row.
_OF_FAILURES: Final = (1, 2, 5, 6)


def metrics_page_view(context: SiteContext) -> View:
    """Return the view of the Metrics page."""
    days = context.tallies.days()
    year = periods_to(context.now)[1]
    spread = lead_time_chart(context, year.since[:10], year.until[:10])
    is_of_all = context.tallies.policy.environments is None
    return {
        "is_of_all": is_of_all,
        "frame": frame(
            context,
            METRICS_PAGE,
            "Metrics",
            section=METRICS_PAGE,
            script="lists",
            current=True,
            description=f"{context.title}: how often deployments reach an environment, how fast,"
            " and how many fail.",
        ),
        "of_production": _of_production(context, spread["rows"]),
        "metrics": metrics_view(
            days,
            context.now,
            context.tallies.policy,
            scope=scope_words(context),
            links=_links(context, context.link(METRICS_PAGE, DEPLOYMENTS), spread["rows"]),
        ),
        "covered": "all environments" if is_of_all else "the environments that count",
        "weekly": weekly_chart(days, context.now, _WEEKS),
        "calendar": calendar_chart(days, context.now),
        "spread": spread,
        "weeks": _weeks(context, days, year),
        "products": _products(context),
        "environments": [
            {
                "text": context.environment_title(name),
                # An environment without a deployment has no part for its metrics.
                "href": context.environment(METRICS_PAGE, name),
            }
            for name, links in context.environment_links.items()
            if links
        ],
        "failures": context.link(METRICS_PAGE, FAILURES),
        "data": context.link(METRICS_PAGE, data_of(METRICS_PAGE)),
    }


def _of_production(context: SiteContext, has_spread: object) -> list[View]:
    """Return the cards of each production environment, where others count too."""
    policy = context.tallies.policy
    known = [name for name in context.environments if policy.counts(name)]
    names = [name for name in known if context.environments[name].get("type") == "production"]
    if not names or known == names:
        return []
    return [
        {
            "title": context.environment_title(name),
            "href": context.environment(METRICS_PAGE, name),
            "metrics": metrics_view(
                context.tallies.days(name),
                context.now,
                policy,
                f"--environment {name}",
                scope=scope_words(context, name),
                links=_links(
                    context, context.environment(METRICS_PAGE, name) + "#months-title", has_spread
                ),
            ),
        }
        for name in names[:_PRODUCTIONS]
    ]


def _links(context: SiteContext, deployments: str, has_spread: object) -> list[str]:
    """Return the links of the cards: to the deployments, to lead times, and to what failed."""
    failures = context.link(METRICS_PAGE, FAILURES)
    return [deployments, "#spread-title" if has_spread else "", *[failures] * 3]


def _weeks(context: SiteContext, days: Mapping[str, Tally], year: Period) -> list[View]:
    """Return the weeks, each number with the link to what it counts."""
    months = {link.month: link.path for link in context.deployment_links}
    places = week_places(context)
    listed = {name_of_period(row.at, "week") for _, row in _exceptions(context, year)}
    rows = []
    for row in week_rows(days, year):
        name, numbers = row["name"], row.pop("numbers")
        href = f"{context.link(METRICS_PAGE, FAILURES)}#{name}" if name in listed else ""
        cells = [
            {"text": text, "href": href if place in _OF_FAILURES and text[:1] not in "-0" else ""}
            for place, text in enumerate(numbers)
        ]
        place = places.get(name) or (months.get(row["month"], DEPLOYMENTS), "")
        link = context.link(METRICS_PAGE, place[0]) + place[1]
        cells[0]["href"] = link
        rows.append({**row, "href": link, "cells": cells})
    return rows


def _exceptions(context: SiteContext, year: Period) -> list[tuple[str, EndedRow]]:
    """Return the newest products and rows of what did not just go well, oldest first."""
    found = [each for each in context.tallies.exceptions if year.since <= each[1].at <= year.until]
    return found[-_EXCEPTIONS:]


def failures_view(context: SiteContext) -> View:
    """Return the view of the list of failures, rollbacks and rework."""
    year = periods_to(context.now)[1]
    total = sum(year.since <= row.at <= year.until for _, row in context.tallies.exceptions)
    shown = _exceptions(context, year)
    rows = exception_rows(context, FAILURES, shown)
    summary = f"{count(total, 'deployment')} in 12 months"
    if total > len(shown):
        summary = f"The latest {len(shown)} of {summary}"
    return {
        "frame": frame(
            context,
            FAILURES,
            "Failures, rollbacks and rework",
            section=METRICS_PAGE,
            crumbs=[crumb("Metrics", context.link(FAILURES, METRICS_PAGE))],
        ),
        "summary": summary,
        "weeks": [
            {"name": name, "rows": list(own)}
            for name, own in groupby(rows, lambda row: name_of_period(row["at"], "week"))
        ],
    }


def _products(context: SiteContext) -> list[View]:
    """Return the figures of each product over 12 months, those with most deployments first."""
    found = sorted(metrics_of_products(context).items(), key=lambda each: -each[1].completed)
    return [_product(context, name, metrics) for name, metrics in found]


def _product(context: SiteContext, name: str, metrics: Metrics) -> View:
    return {
        "title": title_of(context, name),
        "href": f"{context.product(METRICS_PAGE, name)}#metrics-title",
        "numbers": figures_of(metrics),
    }


def exception_rows(context: SiteContext, page: str, rows: list[tuple[str, EndedRow]]) -> list[View]:
    """Return what did not just go well, newest first, each with the link to its row."""
    return [
        {
            "at": row.at,
            "when": moment_text(row.at),
            "href": row_link(page, name, row),
            "product": title_of(context, name),
            "environment": context.environment_title(row.environment),
            "version": version_text(row.version),
            "what": _what(row),
            "restored": "" if row.restored_after is None else duration_text(row.restored_after),
        }
        for name, row in reversed(rows)
    ]


def row_link(page: str, product: str, row: EndedRow) -> str:
    """Return the link to a deployment's row on the page of its product's month."""
    target = month_page(product, month_of(row.began), row.part)
    return f"{relative(page, target)}#d-{row.id}"


def _what(row: EndedRow) -> list[View]:
    """Return what a row counts as: the class and the words of each."""
    found: list[View] = []
    if row.kind in ("failed", "aborted", "rollback"):
        found.append({"outcome": row.kind, "text": row.kind})
    if row.kind == "change" and row.is_failure:
        found.append({"outcome": "failed", "text": "rolled back from"})
    if row.is_rework:
        found.append({"outcome": "redeployment", "text": "rework"})
    return found
