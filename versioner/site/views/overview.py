"""The overview page: figures, problems, the environment state matrix, the latest deployments."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from versioner.query.derived.drift import is_inactive
from versioner.registry.event_order import seconds_of
from versioner.site.urls import (
    AS_IT_WAS,
    COMPARE,
    DEPLOYMENTS,
    EVERYTHING,
    FAILURES,
    OVERVIEW,
    PRODUCTS,
    TODAY,
)
from versioner.site.views.charts.weekly import weekly_chart
from versioner.site.views.deployments import latest_deployments
from versioner.site.views.parts.attention import attention
from versioner.site.views.parts.behind import NO_DRIFT, drift_view, main_columns
from versioner.site.views.parts.cells import cell_view
from versioner.site.views.parts.closed_times import closed_notices, schedules_of
from versioner.site.views.parts.inbox import inbox_groups
from versioner.site.views.parts.layout import View, frame
from versioner.site.views.parts.observed import differing
from versioner.site.views.products import document_of, team_of, title_of
from versioner.site.wording import count, moment_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Deployment
    from versioner.query.matrix import MatrixRow
    from versioner.site.context import SiteContext

__all__ = ["overview_view"]

_LATEST: Final = 12
_WEEKS: Final = 52

# A matrix with more columns scrolls sideways, and one with many has two lines a row.
_FITTING_COLUMNS: Final = 10
_MANY_COLUMNS: Final = 6


def overview_view(context: SiteContext) -> View:
    """Return the view of the overview."""
    rows = [_row(context, row) for row in context.matrix.rows]
    title = "What runs where"
    feed = {"title": "All deployments", "href": context.link(OVERVIEW, EVERYTHING)}
    return {
        "frame": frame(
            context,
            OVERVIEW,
            title,
            section=OVERVIEW,
            script="overview",
            description=f"{context.title}: which version runs in which environment.",
            feeds=[feed],
            current=True,
        ),
        "description": str(context.registry.config.get("description", "")),
        "figures": _figures(context),
        "others": [
            {"text": text, "href": context.link(OVERVIEW, page)}
            for text, page in (("Compare environments", COMPARE), ("As it was", AS_IT_WAS))
        ],
        "week_until": moment_text(context.now),
        "closed": closed_notices(context, schedules_of(context)),
        "attention": attention(context),
        "inbox": inbox_groups(context, OVERVIEW),
        "columns": _columns(context),
        "left_out": [
            {"title": context.environment_title(name), "why": why}
            for name, why in context.hidden_environments
        ],
        "wide": len(context.columns) > _FITTING_COLUMNS,
        "size": " many" if len(context.columns) >= _MANY_COLUMNS else "",
        "rows": rows,
        "teams": len({row["team"] for row in rows} - {""}),
        "lifecycles": len({row["lifecycle"] for row in rows}),
        "observed": any(cell.observed for row in context.matrix.rows for cell in row.cells),
        "weekly": weekly_chart(context.tallies.days(), context.now, _WEEKS),
        "deployments": latest_deployments(context, OVERVIEW, _LATEST),
        "all_deployments": {
            "href": context.link(OVERVIEW, DEPLOYMENTS),
            "text": count(sum(each.deployments for each in context.catalogue), "deployment"),
        },
    }


def _columns(context: SiteContext) -> list[View]:
    return [
        {
            "name": name,
            "title": context.environment_title(name),
            "href": context.environment(OVERVIEW, name),
            "shown": name in context.columns,
        }
        for name in context.matrix.environments
    ]


def _row(context: SiteContext, row: MatrixRow) -> View:
    name = row.product
    record = context.registry.products[name]
    deprecated = document_of(context, name).get("lifecycle") == "deprecated"
    alarmed = any(cell.no_result or cell.failed_last or differing(cell) for cell in row.cells)
    flags = {
        "drifting": name in context.drifting,
        "silent": is_inactive(context.catalogue.of(name).latest_at, context.now),
        "attention": alarmed,
    }
    return {
        "name": name,
        "title": title_of(context, name),
        "href": context.product(OVERVIEW, name),
        "team": team_of(context, name),
        "deprecated": deprecated,
        "lifecycle": "deprecated" if deprecated else "active",
        "drifting": name in context.drifting,
        "flags": " ".join(flag for flag, is_set in flags.items() if is_set),
        "drift": drift_view(context, name) if name in context.drifting else NO_DRIFT,
        "cells": [
            {
                **cell_view(context, OVERVIEW, record, column),
                "place": context.environment_title(column),
                "class": _class_of(context, column),
            }
            for column in context.matrix.environments
        ],
    }


def _class_of(context: SiteContext, environment: str) -> str:
    """Return the class of a cell: `main` for production, which a narrow screen shows first."""
    if environment not in context.columns:
        return "off"
    return "main" if environment in main_columns(context) else ""


def _figures(context: SiteContext) -> list[View]:
    week = list(_last_week(context))
    cells = [cell for row in context.matrix.rows for cell in row.cells]
    under_way = sum(cell.in_progress is not None for cell in cells)
    drifting, link = len(context.drifting), partial(context.link, OVERVIEW)
    return [
        {**_figure(len(context.registry.products), "product", ""), "href": link(PRODUCTS)},
        {**_figure_of_week(week, "deployment"), "href": link(DEPLOYMENTS)},
        {
            **_figure_of_week([each for each in week if each.status == "failed"], "failure"),
            "href": link(FAILURES),
        },
        {
            **_figure(under_way, "deployment", "status-started" if under_way else ""),
            "text": "in progress",
            "href": f"{link(TODAY)}#waits" if under_way else link(TODAY),
        },
        {
            **_figure(drifting, "product", "status-drifting" if drifting else ""),
            "text": "drifting",
            # A script shows only these rows.
            "href": f"{link(OVERVIEW)}?drifting=1#matrix-title" if drifting else "#matrix-title",
        },
    ]


def _last_week(context: SiteContext) -> Iterator[Deployment]:
    """Return the deployments that began in the 7 days before the last commit, newest first."""
    week_ago = datetime.fromisoformat(context.now) - timedelta(days=7)
    found = context.catalogue.since(week_ago.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return (deployment for deployment in found if deployment.void is None)


def _figure_of_week(found: Sequence[Deployment], noun: str) -> View:
    """Return the number of deployments, with their times: a script counts again from now."""
    times = [0, *(seconds_of(each.at) for each in reversed(found))]
    alarm = "status-failed" if noun == "failure" and found else ""
    return {
        **_figure(len(found), noun, alarm),
        "note": "in the last 7 days",
        "noun": noun,
        "times": " ".join(_base_36(later - earlier) for earlier, later in pairwise(times)),
    }


def _base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"


def _figure(number: int, noun: str, status_class: str) -> View:
    text = count(number, noun).partition(" ")[2]
    return {
        "number": f"{number:,}", "text": text, "note": "", "status_class": status_class,
        "noun": "", "times": "",
    }  # fmt: skip
