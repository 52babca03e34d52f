"""The overview: what runs where, how it goes, and what was deployed last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.query.selectors import is_inactive, last_deployed_at
from versioner.site.urls import DEPLOYMENTS, EVERYTHING, OVERVIEW, PRODUCTS
from versioner.site.views.cells import cell_view
from versioner.site.views.deployments import latest_deployments
from versioner.site.views.inbox import unrecorded_groups
from versioner.site.views.layout import View, frame
from versioner.site.views.products import document_of, is_owned, team_of, title_of
from versioner.site.wording import count, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Deployment
    from versioner.query.matrix import MatrixRow
    from versioner.site.context import SiteContext
    from versioner.site.views.layout import View

__all__ = ["attention", "overview_view"]

_LATEST: Final = 12
_WEEK_SECONDS: Final = 7 * 24 * 3600

# With more columns than this the matrix scrolls within itself on every screen.
_FITTING_COLUMNS: Final = 5


def overview_view(atlas: SiteContext) -> View:
    """Return the first page of the site."""
    rows = [_row(atlas, row) for row in atlas.matrix.rows]
    title = "What runs where"
    feed = {"title": "All deployments", "href": atlas.link(OVERVIEW, EVERYTHING)}
    return {
        "frame": frame(
            atlas,
            OVERVIEW,
            title,
            section=OVERVIEW,
            description=f"{atlas.title}: what version of what runs where.",
            feeds=[feed],
            current=True,
        ),
        "description": str(atlas.registry.config.get("description", "")),
        "figures": _figures(atlas),
        "attention": attention(atlas),
        "waiting": unrecorded_groups(atlas, OVERVIEW),
        "columns": _columns(atlas),
        "left_out": [
            {"title": atlas.environment_title(name), "why": why} for name, why in atlas.left_out
        ],
        "fits": len(atlas.columns) <= _FITTING_COLUMNS,
        "rows": rows,
        "deployments": latest_deployments(atlas, OVERVIEW, _LATEST),
        "all_deployments": {
            "href": atlas.link(OVERVIEW, DEPLOYMENTS),
            "text": count(len(atlas.deployments), "deployment"),
        },
    }


def _columns(atlas: SiteContext) -> list[View]:
    return [
        {
            "name": name,
            "title": atlas.environment_title(name),
            "href": atlas.environment(OVERVIEW, name),
            "shown": name in atlas.columns,
        }
        for name in atlas.matrix.environments
    ]


def _row(atlas: SiteContext, row: MatrixRow) -> View:
    name = row.product
    record = atlas.registry.products[name]
    deprecated = document_of(atlas, name).get("lifecycle") == "deprecated"
    alarmed = any(cell.no_result or cell.failed_last for cell in row.cells)
    flags = {
        "drifting": name in atlas.drifting,
        "silent": is_inactive(last_deployed_at(record.deployments), atlas.now),
        "attention": alarmed,
    }
    return {
        "name": name,
        "title": title_of(atlas, name),
        "href": atlas.product(OVERVIEW, name),
        "team": team_of(atlas, name),
        "deprecated": deprecated,
        "lifecycle": "deprecated" if deprecated else "active",
        "drifting": name in atlas.drifting,
        "flags": " ".join(flag for flag, is_set in flags.items() if is_set),
        "cells": [
            {**cell_view(atlas, OVERVIEW, record, column), "shown": column in atlas.columns}
            for column in atlas.matrix.environments
        ],
    }


def _figures(atlas: SiteContext) -> list[View]:
    week = {"all": 0, "failed": 0}
    for deployment in reversed(atlas.deployments):
        if atlas.seconds_since(deployment.at) > _WEEK_SECONDS:
            break
        if deployment.void is None:
            week["all"] += 1
            week["failed"] += deployment.status == "failed"
    cells = [cell for row in atlas.matrix.rows for cell in row.cells]
    under_way = sum(cell.in_progress is not None for cell in cells)
    drifting = len(atlas.drifting)
    return [
        _figure(len(atlas.registry.products), "product", "", ""),
        _figure(week["all"], "deployment", "in the last 7 days", ""),
        _figure(
            week["failed"],
            "failure",
            "in the last 7 days",
            "status-failed" if week["failed"] else "",
        ),
        {
            **_figure(under_way, "deployment", "", "status-started" if under_way else ""),
            "text": "in progress",
        },
        {
            **_figure(drifting, "product", "", "status-drifting" if drifting else ""),
            "text": "drifting",
        },
    ]


def _figure(number: int, noun: str, note: str, status_class: str) -> View:
    text = count(number, noun).partition(" ")[2]
    return {"number": f"{number:,}", "text": text, "note": note, "status_class": status_class}


_SHOWN: Final = 5


def attention(atlas: SiteContext) -> list[View]:
    """Return the groups of things that somebody should look at; those with none are left out."""
    cells = [cell for row in atlas.matrix.rows for cell in row.cells]
    lost = [cell.no_result for cell in cells if cell.no_result]
    failed = [cell.failed_last for cell in cells if cell.failed_last]
    groups = [
        _deployments(atlas, lost, "status-stale", "without a result"),
        _deployments(atlas, failed, "status-failed", "whose last try did not succeed"),
        _unowned(atlas),
    ]
    return [group for group in groups if group["number"]]


def _deployments(
    atlas: SiteContext, found: Sequence[Deployment], status_class: str, what: str
) -> View:
    newest = sorted(found, key=lambda each: (each.changed_at, each.product), reverse=True)
    places = count(len(found), "place")
    return {
        **_group(len(found), status_class, f"{places} {what}"),
        "flag": "attention",
        "items": [
            {
                "product": title_of(atlas, each.product),
                "environment": atlas.environment_title(each.environment),
                "version": version_text(each.version),
                "version_full": each.version,
                "status": each.status,
                "href": atlas.deployment(OVERVIEW, each),
                "at": each.changed_at,
                "age": atlas.age(each.changed_at),
            }
            for each in newest[:_SHOWN]
        ],
        "more": max(0, len(found) - _SHOWN),
    }


def _unowned(atlas: SiteContext) -> View:
    nobodys = [name for name in atlas.registry.products if not is_owned(atlas, name)]
    if {"team", "owner"} & atlas.hidden:
        nobodys = []
    words = f"{count(len(nobodys), 'product')} that nobody is named for"
    return {
        **_group(len(nobodys), "status-unknown", words),
        "href": f"{atlas.link(OVERVIEW, PRODUCTS)}?nobody=1",
    }


def _group(number: int, status_class: str, text: str) -> View:
    return {
        "number": number, "status_class": status_class, "text": text,
        "href": "", "flag": "", "items": [], "more": 0,
    }  # fmt: skip
