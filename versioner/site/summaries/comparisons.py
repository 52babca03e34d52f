"""The comparisons of two environments that the site shows, from the summaries of products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

from versioner.query.compare.environments import (
    commits_of_step,
    difference_of,
    instances_apart,
)
from versioner.query.derived.owners import owner_of
from versioner.query.source_links import compare_url
from versioner.query.versions.order import stage_of
from versioner.site.summaries.cell_differences import since_of, sources_of, step_of

if TYPE_CHECKING:
    from versioner.query.commits.between import CommitDifference
    from versioner.query.compare.environments import Difference, VersionStep
    from versioner.query.matrix import CellState
    from versioner.site.context import SiteContext

__all__ = ["Comparison", "Pair", "Way", "compared", "compared_pairs", "comparison"]

# Which side is ahead: `a` has the newer version, or alone has one; `unclear` where a side runs
# several versions.
Way = Literal["a newer", "b newer", "only a", "only b", "unclear"]
Pair = tuple[str, str]

# All pairs of so many environments have a page: 28 pages.
_ENVIRONMENTS_MOST: Final = 8
_UNDATED: Final = "9999"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One product that differs: how, which side is ahead, and what would ship.

    `between` is the number of versions between the two sides; the difference names the newest of
    them. `rolled_back` is the environment where the newer version was rolled back from, "" for
    none: then it would not ship.
    """

    difference: Difference
    way: Way
    owner: str
    between: int
    rolled_back: str


def compared_pairs(context: SiteContext) -> list[Pair]:
    """Return the pairs of environments that have a page, each in the order of promotion.

    Retired environments are in none. Of more environments than are compared on the site, those
    that the overview shows come first.
    """
    known = [name for name in context.matrix.environments if name in context.registry.environments]
    first = [name for name in known if name in context.columns]
    others = [name for name in known if name not in first]
    chosen = [*first, *others][:_ENVIRONMENTS_MOST]
    return [*combinations([name for name in known if name in chosen], 2)]


# The page of a pair, its document and the list of all pairs need the same, one after another.
@lru_cache(maxsize=_ENVIRONMENTS_MOST * (_ENVIRONMENTS_MOST - 1) // 2)
def comparison(context: SiteContext, pair: Pair) -> list[Comparison]:
    """Return the products that differ: those that `a` has newer first, the longest wait first."""
    every = (compared(context, pair, name) for name in context.registry.products)
    found = [each for each in every if each is not None]
    ways = ("a newer", "b newer", "only a", "only b", "unclear")
    return sorted(
        found,
        key=lambda each: (
            ways.index(each.way),
            each.difference.differs_since or _UNDATED,
            each.difference.product,
        ),
    )


def compared(context: SiteContext, pair: Pair, product: str) -> Comparison | None:
    """Return how a product differs between two environments, None where it does not."""
    a, b = (context.state(product, environment) for environment in pair)
    # Most cells have no instances, and agree.
    if a.version == b.version and not (a.instances or b.instances):
        return None
    differing = instances_apart(a, b)
    if not differing:
        return None
    apart = context.catalogue.of(a.product).apart
    step, between = step_of(apart, a.version, b.version)
    record = context.registry.products[a.product]
    since = since_of(apart, record, a.environment, b.environment)
    url = _url(context, a, b, step)
    return Comparison(
        difference=difference_of(a, b, differing, step, url, since, _commits(context, a, b, step)),
        way=_way(a, b, step),
        owner=owner_of(record, context.hidden),
        between=between,
        rolled_back=_rolled_back(context, a, b, step),
    )


def _way(a: CellState, b: CellState, step: VersionStep) -> Way:
    if step.newer:
        return "a newer" if step.newer == "a" else "b newer"
    if not b.versions:
        return "only a"
    return "unclear" if a.versions else "only b"


def _commits(
    context: SiteContext, a: CellState, b: CellState, step: VersionStep
) -> CommitDifference | None:
    if not step.newer or "changes" in context.hidden:
        return None
    return commits_of_step(context.record(a.product).recorded_changes, step, a, b)


def _url(context: SiteContext, a: CellState, b: CellState, step: VersionStep) -> str:
    if not step.newer or {"scm_sha", "scm_repository"} & context.hidden:
        return ""
    old, new = (b, a) if step.newer == "a" else (a, b)
    versions = sources_of(a.product, context.catalogue.of(a.product).apart)
    record = context.registry.products[a.product]
    return compare_url(context.registry, record, versions[old.version], versions[new.version])


def _rolled_back(context: SiteContext, a: CellState, b: CellState, step: VersionStep) -> str:
    """Return where the newer version was rolled back from, as `rolled_back_near` says it."""
    if not step.newer:
        return ""
    new, lacking = (a, b) if step.newer == "a" else (b, a)
    back = context.catalogue.of(a.product).apart.get("rolled_back", {})
    stage = stage_of(context.registry, lacking.environment)
    near = [
        name
        for name, versions in back.items()
        if new.version in versions and stage_of(context.registry, name) >= stage
    ]
    return lacking.environment if lacking.environment in near else min(near, default="")
