"""An environment's month: what came there, by day."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from versioner.site.urls import ENVIRONMENTS, environment_month
from versioner.site.views.deployments import turning
from versioner.site.views.layout import View, crumb, frame
from versioner.site.views.naming import title_of
from versioner.site.views.rows import KINDS, SHAPES
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Deployment
    from versioner.site.context import Atlas

__all__ = ["environment_month_view"]


def environment_month_view(atlas: Atlas, name: str, index: int) -> View:
    """Return the page of one month of an environment, or of a part of it."""
    batches = atlas.environment_batches[name]
    batch = batches[index]
    page = environment_month(name, batch.month, batch.part)
    title = atlas.environment_title(name)
    crumbs = [
        crumb("Environments", atlas.link(page, ENVIRONMENTS)),
        crumb(title, atlas.environment(page, name)),
    ]
    newest = reversed(batch.deployments)
    return {
        "frame": frame(atlas, page, f"{title}, {batch.title}", section=ENVIRONMENTS, crumbs=crumbs),
        "title": title,
        "period": batch.title,
        "summary": f"{count(len(batch.deployments), 'deployment')} of "
        f"{count(len({each.product for each in batch.deployments}), 'product')}",
        **turning(
            atlas, page, batches, index, lambda month, part: environment_month(name, month, part)
        ),
        "zone": atlas.zone.name,
        "days": [
            {"day": day_text(day), "entries": _products(atlas, page, rows)}
            for day, rows in groupby(newest, key=lambda each: atlas.zone.day(each.at))
        ],
    }


def _products(atlas: Atlas, page: str, deployments: Iterable[Deployment]) -> list[View]:
    """Return a day's deployments by product, the one deployed last first."""
    found: dict[str, list[Deployment]] = {}
    for each in deployments:
        found.setdefault(each.product, []).append(each)
    return [
        {
            "product": title_of(atlas, name),
            "href": atlas.deployment(page, own[0]),
            "versions": [
                _entry(atlas, each, "," if place else "") for place, each in enumerate(own)
            ],
        }
        for name, own in found.items()
    ]


def _entry(atlas: Atlas, deployment: Deployment, before: str) -> View:
    # What went well goes without saying here: the page is a list of names.
    return {
        "before": before,
        "clock": atlas.zone.clock(deployment.at),
        "version": version_text(deployment.version),
        "shape": SHAPES[deployment.status],
        "status": "" if deployment.status == "completed" else deployment.status,
        "kind": "rollback" if deployment.kind == "rollback" else "",
        "kind_shape": KINDS["rollback"],
        "void": deployment.void is not None,
    }
