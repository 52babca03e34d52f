"""The pages of what ran at a moment of the past: any one by a slider, and the ends of months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.layout import month_of
from versioner.site.summaries.cell_changes import versions_in
from versioner.site.summaries.past_states import past_of_site
from versioner.site.urls import AS_IT_WAS, OVERVIEW, as_it_was_data, as_it_was_page, product_page
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.products import title_of
from versioner.site.wording import count, day_text, moment_text, month_text, version_text

if TYPE_CHECKING:
    from versioner.site.context import SiteContext
    from versioner.site.summaries.past_states import States

__all__ = ["as_it_was_view", "month_end_view", "months_with_page"]

_MONTHS: Final = 12


def months_with_page(context: SiteContext) -> list[str]:
    """Return the closed months with a page of the state at their end: the last 12, oldest first."""
    now = month_of(context.now)
    return [month for month in past_of_site(context).months if month < now][-_MONTHS:]


def as_it_was_view(context: SiteContext) -> View:
    """Return the view of the page with the slider; it shows the present state at first."""
    past = past_of_site(context)
    states: States = past.end(past.months[-1]) if past.months else {}
    first = past.changes(past.months[0])[0].at if past.months else ""
    return {
        "frame": frame(
            context,
            AS_IT_WAS,
            "As it was",
            section=AS_IT_WAS,
            script="as_it_was",
            description="What ran where at any moment.",
            zone="UTC",
        ),
        "first": first,
        "last": context.now,
        "last_text": moment_text(context.now),
        "field": {"min": first[:19], "max": context.now[:19]},
        "months": " ".join(past.months),
        "pattern": context.link(AS_IT_WAS, as_it_was_data("MONTH")),
        "ends": [
            {"text": month_text(month), "href": context.link(AS_IT_WAS, as_it_was_page(month))}
            for month in reversed(months_with_page(context))
        ],
        **_table(context, AS_IT_WAS, states, whole=True),
    }


def month_end_view(context: SiteContext, month: str) -> View:
    """Return the view of the state at the end of a month."""
    page = as_it_was_page(month)
    states = past_of_site(context).end(month)
    title = f"The end of {month_text(month)}"
    running = sum(1 for text, _ in states.values() if text)
    return {
        "frame": frame(
            context,
            page,
            title,
            section=AS_IT_WAS,
            crumbs=[crumb("As it was", context.link(page, AS_IT_WAS))],
            zone="UTC",
        ),
        "title": title,
        "summary": f"What ran where when {month_text(month)} ended (UTC), as it is known now:"
        f" {count(running, 'version')} in {count(len(_columns(context, states)), 'environment')}.",
        "now": context.link(page, OVERVIEW),
        "command": f"versioner status --at {_next(month)}-01",
        **_table(context, page, states, whole=False),
    }


def _next(month: str) -> str:
    year, number = int(month[:4]), int(month[5:7])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def _columns(context: SiteContext, states: States) -> list[str]:
    used = {name for (_, name), (text, _) in states.items() if text}
    return [name for name in context.matrix.environments if name in used]


def _table(context: SiteContext, page: str, states: States, *, whole: bool) -> View:
    """Return the matrix of some states; `whole`: with what runs nowhere by then."""
    if whole:
        ever = {name for record in context.registry.products.values() for name in record.cells}
        columns = [name for name in context.matrix.environments if name in ever]
        products = [
            name for name in context.registry.products if context.catalogue.of(name).past[0]
        ]
    else:
        columns = _columns(context, states)
        products = sorted({product for (product, _), (text, _) in states.items() if text})
    return {
        "columns": [
            {
                "name": name,
                "title": context.environment_title(name),
                "href": context.environment(page, name),
            }
            for name in columns
        ],
        "rows": [
            {
                "name": product,
                "title": title_of(context, product),
                "href": context.link(page, product_page(product)),
                "cells": [_cell(*states.get((product, name), ("", ""))) for name in columns],
            }
            for product in products
        ],
    }


def _cell(text: str, at: str) -> View:
    return {
        "versions": [
            {
                "version": version_text(version) if version else "nothing",
                "version_full": version,
                "instance": name or "others",
            }
            for name, version in versions_in(text)
        ],
        "is_one": "=" not in text,
        "at": at if text else "",
        "when": day_text(at[:10]) if text else "",
    }
