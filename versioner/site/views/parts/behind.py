"""How far an environment is behind another one: since when, by how much, what it waits for."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from versioner.query.commits.between import commits_behind
from versioner.query.compare.environments import instances_apart
from versioner.query.times.text import age_text
from versioner.rules.gate.requests import versions_in
from versioner.site.summaries.cell_differences import since_of, step_of
from versioner.site.views.requests import details_of_requests
from versioner.site.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.query.matrix import CellState
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["NO_DRIFT", "drift_view", "main_columns"]

NO_DRIFT: Final[View] = {"since": "", "age": "", "size": "", "waits": ""}


def main_columns(context: SiteContext) -> list[str]:
    """Return the environments of the type production, without one the last that is shown."""
    known = context.environments
    production = [name for name in context.columns if known[name].get("type") == "production"]
    return production or list(context.columns[-1:])


def drift_view(context: SiteContext, product: str) -> View:
    """Return the drift of a product that drifts: what differs nearest to production.

    `size` says which environment is behind by how much; that is production where none is named.
    `since` is when the difference began, "" where that is not known.
    """
    main = main_columns(context)[-1]
    for lower, upper in _pairs(context, product, main):
        if instances_apart(lower, upper):
            return _view(context, lower, upper, main)
    return NO_DRIFT


def _pairs(context: SiteContext, product: str, main: str) -> Iterator[tuple[CellState, CellState]]:
    """Yield the environments compared in pairs, those with production first, the nearest first."""
    names = [name for name in context.columns if context.state(product, name).versions]
    pairs = [*combinations(names, 2)][::-1]
    for a, b in sorted(pairs, key=lambda pair: main not in pair):
        yield context.state(product, a), context.state(product, b)


def _view(context: SiteContext, lower: CellState, upper: CellState, main: str) -> View:
    summary = context.catalogue.of(lower.product)
    record = context.registry.products[lower.product]
    since = since_of(summary.apart, record, lower.environment, upper.environment)
    step, between = step_of(summary.apart, lower.version, upper.version)
    ahead, behind = (upper, lower) if step.newer == "b" else (lower, upper)
    size = ""
    if step.newer:
        size = f"{_size(context, ahead, behind, between)} behind"
        if behind.environment != main:
            size = f"{context.environment_title(behind.environment)} is {size}"
    return {
        "since": since,
        "age": age_text(context.seconds_since(since)) if since else "",
        "size": size,
        "waits": _waits(context, ahead, behind.environment),
    }


def _size(context: SiteContext, ahead: CellState, behind: CellState, between: int) -> str:
    record = context.record(ahead.product)
    commits = commits_behind(record, behind.version, ahead.version)
    return count(commits, "commit") if commits else count(between + 1, "version")


def _waits(context: SiteContext, ahead: CellState, environment: str) -> str:
    """Return whose approval an open request lacks that leads the version to the environment."""
    registry = context.registry
    for detail in details_of_requests(context).values():
        request = detail.request
        if (
            request.state == "open"
            and versions_in(registry, request).get(ahead.product) == ahead.version
            and environment in map(registry.environment_name, request.environments)
        ):
            slots = [each.approval_type for each in detail.slots if not each.is_filled]
            return f"waits for approval of {', '.join(slots)}" if slots else ""
    return ""
