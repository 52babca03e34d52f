"""The overview: what runs where, how it goes, and what was deployed last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.links import OVERVIEW
from versioner.site.views.frame import View, frame
from versioner.site.views.latest import latest_deployments
from versioner.site.views.product import document_of, title_of
from versioner.site.views.products import team_of
from versioner.site.views.standing import standing
from versioner.site.wording import count

if TYPE_CHECKING:
    from versioner.query.matrix import Row
    from versioner.site.atlas import Atlas

__all__ = ["overview_view"]

_LATEST: Final = 15
_WEEK_SECONDS: Final = 7 * 24 * 3600
# With more columns than this the matrix scrolls within itself on every screen.
_FITTING_COLUMNS: Final = 5


def overview_view(atlas: Atlas) -> View:
    """Return the first page of the site."""
    columns = atlas.matrix.environments
    rows = [_row(atlas, row) for row in atlas.matrix.rows]
    return {
        "frame": frame(
            atlas, OVERVIEW, "What runs where", section=OVERVIEW, description=atlas.title
        ),
        "description": str(atlas.registry.config.get("description", "")),
        "at": atlas.now,
        "figures": _figures(atlas, drifting=sum(row["drifting"] for row in rows)),
        "columns": [
            {
                "title": atlas.environment_title(name),
                "href": atlas.environment(OVERVIEW, name),
                "type": atlas.environments[name]["type"],
            }
            for name in columns
        ],
        "fits": len(columns) <= _FITTING_COLUMNS,
        "rows": rows,
        "deployments": latest_deployments(atlas, OVERVIEW, _LATEST),
    }


def _row(atlas: Atlas, row: Row) -> View:
    name = row.product
    record = atlas.registry.products[name]
    title = title_of(atlas, name)
    return {
        "name": name,
        "title": title,
        "href": atlas.product(OVERVIEW, name),
        "team": team_of(atlas, name),
        "deprecated": document_of(atlas, name).get("lifecycle") == "deprecated",
        "drifting": row.drifting,
        "cells": [
            standing(atlas, OVERVIEW, record, column) for column in atlas.matrix.environments
        ],
    }


def _figures(atlas: Atlas, *, drifting: int) -> list[View]:
    week = {"all": 0, "failed": 0}
    for record in atlas.registry.products.values():
        for deployment in reversed(record.deployments):
            if atlas.seconds_since(deployment.at) > _WEEK_SECONDS:
                break
            if deployment.void is None:
                week["all"] += 1
                week["failed"] += deployment.status == "failed"
    cells = [cell for row in atlas.matrix.rows for cell in row.cells]
    under_way = sum(cell.in_progress is not None for cell in cells)
    return [
        _figure(len(atlas.registry.products), "product", "", ""),
        _figure(week["all"], "deployment", "in the last 7 days", ""),
        _figure(week["failed"], "failure", "in the last 7 days", "bad" if week["failed"] else ""),
        {**_figure(under_way, "deployment", "", "run" if under_way else ""), "text": "in progress"},
        {**_figure(drifting, "product", "", "drift" if drifting else ""), "text": "drifting"},
    ]


def _figure(number: int, noun: str, note: str, shape: str) -> View:
    text = count(number, noun).partition(" ")[2]
    return {"number": f"{number:,}", "text": text, "note": note, "shape": shape}
