"""What stands at one place: the version that runs, and beside it what is open or went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.views.rows import STATUS_CLASSES
from versioner.site.wording import day_text, version_text

if TYPE_CHECKING:
    from versioner.models import Deployment
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext
    from versioner.site.views.layout import View

__all__ = ["cell_view"]


def cell_view(atlas: SiteContext, page: str, record: ProductRecord, environment: str) -> View:
    """Return what runs of a product in an environment, and what is beside it.

    `version` is `""` where nothing runs; `beside` may have entries all the same.
    """
    state = atlas.state(record.name, environment)
    current = state.deployment
    beside = [
        _beside(atlas, page, deployment, word)
        for deployment, word in (
            (state.failed_last, ""),
            (state.in_progress, ""),
            (state.no_result, "no result"),
        )
        if deployment is not None
    ]
    shown = {"beside": beside, "age": "", "at": "", "when": "", "kind": ""}
    if current is None:
        return {
            **shown,
            "version": "",
            "version_full": "",
            "href": "",
            "status_class": "status-unknown",
        }
    return {
        **shown,
        "version": version_text(current.version),
        "version_full": current.version,
        "href": atlas.deployment(page, current),
        "status_class": "status-rollback" if current.kind == "rollback" else "status-completed",
        "kind": "rolled back" if current.kind == "rollback" else "completed",
        "at": state.since,
        "when": day_text(state.since[:10]),
        "age": atlas.age(state.since),
    }


def _beside(atlas: SiteContext, page: str, deployment: Deployment, word: str) -> View:
    return {
        "status_class": "status-stale" if word else STATUS_CLASSES[deployment.status],
        "status": word or deployment.status,
        "version": version_text(deployment.version),
        "version_full": deployment.version,
        "href": atlas.deployment(page, deployment),
        "at": deployment.changed_at,
        "when": day_text(deployment.changed_at[:10]),
        "age": atlas.age(deployment.changed_at),
    }
