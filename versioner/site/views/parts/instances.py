"""The instances of a cell: what runs on each of them, by version and one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.wording import day_text, version_text

if TYPE_CHECKING:
    from versioner.models import Deployment, Instance
    from versioner.query.matrix import CellState
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["MIXED", "UNDEPLOYED", "instance_rows", "on_instances", "shown_name"]

# The classes of the marks; the style sheet gives each one a shape.
MIXED: Final = "status-mixed"
UNDEPLOYED: Final = "status-undeployed"

# The most instances that a cell lists for one version; the product's page lists all.
_SHOWN: Final = 4


def shown_name(instance: Instance) -> str:
    """Return the name of an instance on pages; the unnamed one stands for all others."""
    return instance.name or "others"


def on_instances(context: SiteContext, page: str, state: CellState) -> list[View]:
    """Return the versions of a cell, each with its instances; none where all run the same.

    An entry without a version lists the instances where nothing runs beside those where one does.
    """
    if not state.versions or len({each.version for each in state.instances}) < 2:
        return []
    found: dict[str, list[Instance]] = {}
    for each in state.instances:
        found.setdefault(each.version, []).append(each)
    # What runs comes first, in the order of the instances.
    return [_group(context, page, found[version]) for version in sorted(found, key=lambda v: not v)]


def _group(context: SiteContext, page: str, instances: list[Instance]) -> View:
    names = [shown_name(each) for each in instances]
    more = len(names) - _SHOWN
    text = ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    ended = {each.since[:10] for each in instances}
    return {
        "instances": text,
        "all": ", ".join(names),
        **_running(context, page, _latest(instances)),
        # Several days have no room here: the product's page shows the day of each instance.
        "since": day_text(day) if len(ended) == 1 and (day := ended.pop()) else "",
    }


def _latest(instances: list[Instance]) -> Deployment | None:
    running = [each.current for each in instances if each.current is not None]
    return max(running, key=lambda each: each.changed_at, default=None)


def _running(context: SiteContext, page: str, current: Deployment | None) -> View:
    return {
        "version": version_text(current.version) if current is not None else "",
        "version_full": current.version if current is not None else "",
        "href": context.deployment(page, current) if current is not None else "",
    }


def instance_rows(context: SiteContext, page: str, state: CellState) -> list[View]:
    """Return a row for each instance of a cell; none where the instances do not differ."""
    if len({(each.version, each.since) for each in state.instances}) < 2:
        return []
    return [
        {
            "instance": shown_name(each),
            **_running(context, page, each.current),
            **_mark(each),
            "at": each.since,
            "when": day_text(each.since[:10]) if each.since else "",
        }
        for each in state.instances
    ]


def _mark(instance: Instance) -> View:
    if instance.current is not None:
        rollback = instance.kind == "rollback"
        word = "rollback" if rollback else "completed"
        return {"status_class": f"status-{word}", "status": word}
    if instance.since:
        return {"status_class": UNDEPLOYED, "status": "undeployed"}
    return {"status_class": "status-unknown", "status": "not deployed"}
