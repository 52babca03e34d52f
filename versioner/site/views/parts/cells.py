"""The cells of environments: what runs in each one, and what else happens there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.views.parts.instances import MIXED, UNDEPLOYED, on_instances, shown_name
from versioner.site.views.parts.observed import observed_marks
from versioner.site.views.parts.rows import STATUS_CLASSES
from versioner.site.wording import day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models import Deployment
    from versioner.query.matrix import CellState
    from versioner.registry.records import ProductRecord
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["cell_view"]


def cell_view(context: SiteContext, page: str, record: ProductRecord, environment: str) -> View:
    """Return the version of a product that runs in an environment, and what else happens there.

    `version` is `""` where none runs, and `nothing` says so. `beside` has deployments that failed
    last, are in progress, or have no result, and what was observed where it differs from what is
    recorded; also where no version runs.
    """
    state = context.state(record.name, environment)
    current = _latest_current(state)
    beside = [
        _beside(context, page, deployment, word)
        for deployment, word in (
            (state.failed_last, ""),
            (state.in_progress, ""),
            (state.no_result, "no result"),
        )
        if deployment is not None
    ]
    beside += observed_marks(context, page, state)
    shown = {
        "beside": beside, "age": "", "at": "", "when": "", "kind": "",
        "on": on_instances(context, page, state), "instances": _versions_on(state),
        **_nothing(state),
    }  # fmt: skip
    if current is None:
        return {
            **shown,
            "version": "",
            "version_full": "",
            "href": "",
            "status_class": UNDEPLOYED if shown["undeployed"] else "status-unknown",
        }
    is_rollback = current.kind == "rollback" and not state.mixed
    full = current.version
    if state.mixed:
        full = ", ".join(f"{each.version} {name}" for name, each in _running_on(state))
    return {
        **shown,
        "version": _mixed_text(state) if state.mixed else version_text(current.version),
        "version_full": full,
        "href": context.deployment(page, current),
        "status_class": MIXED if state.mixed
        else "status-rollback" if is_rollback else "status-completed",
        "kind": "mixed" if state.mixed else "rollback" if is_rollback else "completed",
        "at": state.since,
        "when": day_text(state.since[:10]),
        "age": context.age(state.since),
    }  # fmt: skip


def _nothing(state: CellState) -> View:
    """Return what a cell says where nothing runs, and since when that is where something did."""
    # A deployment that failed after an undeployment is the newest; nothing runs all the same.
    if not state.versions and state.since:
        return {
            "undeployed": True,
            "nothing": f"nothing runs here since {day_text(state.since[:10])}",
        }
    return {"undeployed": False, "nothing": "not deployed"}


def _versions_on(state: CellState) -> str:
    """Return the version on each instance of a cell, for the script that compares columns."""
    return " ".join(f"{each.name}={each.version}" for each in state.instances)


def _running_on(state: CellState) -> Iterator[tuple[str, Deployment]]:
    """Yield the instances of a cell where a version runs, by the name that pages show."""
    for each in state.instances:
        if each.current is not None:
            yield shown_name(each), each.current


def _mixed_text(state: CellState) -> str:
    return ", ".join(f"{version_text(each.version)} {name}" for name, each in _running_on(state))


def _latest_current(state: CellState) -> Deployment | None:
    """Return the deployment that the version of a cell leads to; of a mixed one, the latest."""
    if not state.mixed:
        return state.deployment
    return max((each for _, each in _running_on(state)), key=lambda each: each.changed_at)


def _beside(context: SiteContext, page: str, deployment: Deployment, word: str) -> View:
    return {
        "status_class": "status-stale" if word else STATUS_CLASSES[deployment.status],
        "status": (word or deployment.status)
        + (f" on {deployment.instance}" if deployment.instance else ""),
        "version": version_text(deployment.version),
        "version_full": deployment.version,
        "href": context.deployment(page, deployment),
        "since": False,
        "at": deployment.changed_at,
        "when": day_text(deployment.changed_at[:10]),
        "age": context.age(deployment.changed_at),
    }
