"""The overview page: figures, problems, the environment state matrix, the latest deployments."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from versioner.query.doubtful_names import doubtful_names
from versioner.query.selectors import is_inactive, place_text
from versioner.registry.event_order import seconds_of
from versioner.site.urls import DEPLOYMENTS, EVERYTHING, OVERVIEW, PRODUCTS
from versioner.site.views.cells import cell_view
from versioner.site.views.deployments import latest_deployments
from versioner.site.views.event_details import contacts
from versioner.site.views.inbox import inbox_groups
from versioner.site.views.layout import View, frame
from versioner.site.views.observed import DIFFERS, differing, recorded_words, running_words
from versioner.site.views.products import document_of, is_owned, team_of, title_of
from versioner.site.views.schedules import closed_notices, schedules_of
from versioner.site.wording import count, day_text, moment_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Deployment
    from versioner.query.matrix import CellState, MatrixRow
    from versioner.site.context import SiteContext

__all__ = ["attention", "overview_view"]

_LATEST: Final = 12

# A matrix with more columns scrolls sideways on every screen.
_FITTING_COLUMNS: Final = 5


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
        "week_until": moment_text(context.now),
        "closed": closed_notices(context, schedules_of(context)),
        "attention": attention(context),
        "inbox": inbox_groups(context, OVERVIEW),
        "columns": _columns(context),
        "left_out": [
            {"title": context.environment_title(name), "why": why}
            for name, why in context.hidden_environments
        ],
        "fits": len(context.columns) <= _FITTING_COLUMNS,
        "rows": rows,
        "observed": any(cell.observed for row in context.matrix.rows for cell in row.cells),
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
        "cells": [
            {**cell_view(context, OVERVIEW, record, column), "shown": column in context.columns}
            for column in context.matrix.environments
        ],
    }


def _figures(context: SiteContext) -> list[View]:
    week = list(_last_week(context))
    cells = [cell for row in context.matrix.rows for cell in row.cells]
    under_way = sum(cell.in_progress is not None for cell in cells)
    drifting = len(context.drifting)
    return [
        _figure(len(context.registry.products), "product", ""),
        _figure_of_week(week, "deployment"),
        _figure_of_week([each for each in week if each.status == "failed"], "failure"),
        {
            **_figure(under_way, "deployment", "status-started" if under_way else ""),
            "text": "in progress",
        },
        {
            **_figure(drifting, "product", "status-drifting" if drifting else ""),
            "text": "drifting",
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


_SHOWN: Final = 5


def attention(context: SiteContext) -> list[View]:
    """Return the groups of problems that need attention, without empty groups."""
    cells = [cell for row in context.matrix.rows for cell in row.cells]
    stale = [cell.no_result for cell in cells if cell.no_result]
    failed = [cell.failed_last for cell in cells if cell.failed_last]
    groups = [
        _deployments(context, stale, "status-stale", "deployment without a result"),
        _deployments(context, failed, "status-failed", "failed or aborted deployment"),
        _overrides(context),
        _observed(context, cells),
        _doubtful(context),
        _unowned(context),
    ]
    return [group for group in groups if group["number"]]


def _deployments(
    context: SiteContext, found: Sequence[Deployment], status_class: str, noun: str
) -> View:
    words = count(len(found), noun, noun.replace("deployment", "deployments"))
    newest = sorted(found, key=lambda each: (each.changed_at, each.product), reverse=True)
    return {
        **_group(len(found), status_class, words),
        "flag": "attention",
        "items": [
            {
                "product": title_of(context, each.product),
                "environment": place_text(
                    context.environment_title(each.environment), each.instance
                ),
                "version": version_text(each.version),
                "version_full": each.version,
                "status": each.status,
                "href": context.deployment(OVERVIEW, each),
                "at": each.changed_at,
                "age": context.age(each.changed_at),
                "contacts": contacts(
                    context.registry.products[each.product], each.events, context.hidden
                ),
            }
            for each in newest[:_SHOWN]
        ],
        "more": max(0, len(found) - _SHOWN),
    }


def _observed(context: SiteContext, cells: Sequence[CellState]) -> View:
    """Return the group of the cells where something else was seen to run than is recorded."""
    found = [(cell, each) for cell in cells for each in differing(cell)]
    found.sort(key=lambda pair: (pair[1].differs_since, pair[0].product), reverse=True)
    words = count(len(found), "difference") + " between what runs and what is recorded"
    return {
        **_group(len(found), DIFFERS, words),
        "flag": "attention",
        "dated": True,
        "items": [
            {
                "product": title_of(context, cell.product),
                "environment": place_text(
                    context.environment_title(cell.environment), each.instance
                ),
                "version": running_words(each)[0],
                "version_full": running_words(each)[1],
                "status": f"runs; recorded: {recorded_words(each)}",
                "href": context.product(OVERVIEW, cell.product),
                "when": day_text(each.differs_since[:10]),
                "at": each.differs_since,
                "age": context.age(each.differs_since),
                "contacts": contacts(
                    context.registry.products[cell.product], hidden=context.hidden
                ),
            }
            for cell, each in found[:_SHOWN]
        ],
        "more": max(0, len(found) - _SHOWN),
    }


def _overrides(context: SiteContext) -> View:
    """Return the group of the deployments that overrode rules, which nobody has reviewed."""
    found = [(facts, each) for facts in context.catalogue for each in facts.overrides]
    found.sort(key=lambda pair: (pair[1].at, pair[0].name), reverse=True)
    words = count(len(found), "deployment") + " in spite of a rule, not reviewed"
    return {
        **_group(len(found), "status-stale", words),
        "flag": "attention",
        "items": [
            {
                "product": title_of(context, facts.name),
                "environment": place_text(
                    context.environment_title(each.environment), each.instance
                ),
                "version": version_text(each.version),
                "version_full": each.version,
                "status": f"overrides {', '.join(each.rules)}: {each.reason}",
                "href": context.row(OVERVIEW, facts.name, each.deployment, each.began),
                "at": each.at,
                "age": context.age(each.at),
                "contacts": [],
            }
            for facts, each in found[:_SHOWN]
        ],
        "more": max(0, len(found) - _SHOWN),
    }


def _doubtful(context: SiteContext) -> View:
    """Return the group of the names that are probably slips, each with the command that helps."""
    found = doubtful_names(
        context.registry,
        uses_of=lambda name: sum(each.uses.get(name, 0) for each in context.catalogue),
        events_of=lambda name: context.catalogue.of(name).events,
    )
    return {
        **_group(
            len(found), "status-unknown", f"{count(len(found), 'name')} similar to another name"
        ),
        "commands": [{"text": each.text, "command": each.command} for each in found[:_SHOWN]],
        "more": max(0, len(found) - _SHOWN),
    }


def _unowned(context: SiteContext) -> View:
    unowned = [name for name in context.registry.products if not is_owned(context, name)]
    if {"team", "owner"} & context.hidden:
        unowned = []
    words = f"{count(len(unowned), 'product')} without an owner"
    return {
        **_group(len(unowned), "status-unknown", words),
        "href": f"{context.link(OVERVIEW, PRODUCTS)}?nobody=1",
    }


def _group(number: int, status_class: str, text: str) -> View:
    return {
        "number": number, "status_class": status_class, "text": text,
        "href": "", "flag": "", "items": [], "dated": False, "more": 0, "commands": [],
    }  # fmt: skip
