"""The documents that compare two environments: what `versioner diff` says of each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.summaries.comparisons import comparison
from versioner.site.urls import compare_page, product_page

if TYPE_CHECKING:
    from versioner.query.compare.environments import Difference
    from versioner.query.matrix import CellState
    from versioner.site.api.deployments import Document
    from versioner.site.context import SiteContext
    from versioner.site.summaries.comparisons import Comparison, Pair

__all__ = ["compare"]


def compare(context: SiteContext, pair: Pair) -> Document:
    """Return the document of the products that differ between two environments."""
    return {
        "a": pair[0],
        "b": pair[1],
        "page": compare_page(*pair),
        "differences": [_difference(each) for each in comparison(context, pair)],
    }


def _difference(found: Comparison) -> Document:
    each = found.difference
    return {
        "product": each.product,
        "page": product_page(each.product),
        "owner": found.owner,
        "a": _side(each.a),
        "b": _side(each.b),
        "newer": each.newer,
        "differs_since": each.differs_since,
        "between": list(each.between),
        "versions_between": found.between,
        "compare_url": each.compare_url,
        "rolled_back_in": found.rolled_back,
        "instances": [{"instance": own.instance, "a": own.a, "b": own.b} for own in each.instances],
        **_commits(each),
    }


def _commits(found: Difference) -> Document:
    if found.commits is None:
        return {}
    added, removed = found.commits.added.count, found.commits.removed.count
    return {"commits": {"added": added, "removed": removed}}


def _side(state: CellState) -> Document:
    return {
        "version": state.version,
        "since": state.since,
        "deployment": state.deployment.id if state.deployment is not None else "",
        "mixed": state.mixed,
    }
