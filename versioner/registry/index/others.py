"""What a question about some products asks of all others, answered from few of their files.

The index is believed of a product where a look at its files, or at the one file that counts, shows
that it has their state. Where that is not enough, the answer is None: open the index of all.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from versioner import layout
from versioner.errors import FilesChanged
from versioner.git.files.worktree_snapshot import WorkTreeSnapshot
from versioner.registry.records import EnvironmentUse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from versioner.registry.index.reading import ProductState, Rows
    from versioner.registry.index.wanted import Wanted

__all__ = ["OtherProducts"]


class OtherProducts:
    """The products of a work tree for which its index was not opened."""

    def __init__(self, rows: Rows, wanted: Wanted) -> None:
        self._rows = rows
        self._wanted = wanted
        self._snapshot = wanted.snapshot
        self.names = wanted.snapshot.product_names()

    @cached_property
    def _states(self) -> dict[str, ProductState]:
        return {each.name: each for each in self._rows.states_of_products()}

    def use_at_least(
        self, since: str, places: Collection[str], enough: int
    ) -> EnvironmentUse | None:
        """Return bounds of what was deployed since a moment: so many products or fewer, or more.

        There are at most so many products, and at least `enough` of them were deployed to each of
        the places. None is returned where that is not so, or where not enough of the index holds.
        """
        chosen = _chosen(self._rows.places_of_products(since), places, enough)
        if chosen is None or not self._hold(chosen):
            return None
        return EnvironmentUse(len(self.names), dict.fromkeys(places, enough))

    def dependencies(self) -> dict[str, list[str]] | None:
        """Return the products that each product depends on; those without any are left out.

        Of each product its directory and its own file are looked at.
        """
        if not isinstance(self._snapshot, WorkTreeSnapshot):
            return None
        kept = self._snapshot.trees_by_file(self.names, layout.product_path("").rpartition("/")[2])
        known = self._states
        trees = {name: each.tree for name, each in known.items()}
        if kept.keys() != self.names or kept != trees:
            return None
        return {
            name: needed
            for name, document in self._rows.dependencies()
            if known[name].is_product and (needed := json.loads(document).get("depends_on"))
        }

    def _hold(self, names: Collection[str]) -> bool:
        """Return whether the index has the state of the files of some products."""
        with suppress(FilesChanged):
            trees = self._snapshot.product_trees(names)
            return all(
                (known := self._states.get(name)) is not None
                and known.tree == trees.get(name)
                and known.resolved == self._wanted.resolved(known.named)
                for name in names
            )
        return False


def _chosen(
    places_of: Mapping[str, Collection[str]], places: Collection[str], enough: int
) -> set[str] | None:
    """Return few products that make enough for each place; None where all are not enough."""
    missing = dict.fromkeys(places, enough)
    chosen = set[str]()
    for name in sorted(places_of, key=lambda name: (-len(places_of[name]), name)):
        own = [place for place in places_of[name] if missing.get(place)]
        if own:
            chosen.add(name)
        for place in own:
            missing[place] -= 1
    return None if any(missing.values()) else chosen
