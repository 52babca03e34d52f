"""What is new on the branch since the commit that was notified last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.errors import NotFound
from versioner.notify.changes.between import happened_between, happened_since

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.notify.notices import Notice
    from versioner.notify.place import Place
    from versioner.registry.records import Registry
    from versioner.remote.notified import NotifiedState

__all__ = ["News", "TipReader", "news_since"]


class News(NamedTuple):
    """What happened, the events that are gone, and the states before and after.

    `is_rewritten` is whether the state before no longer exists.
    """

    notices: tuple[Notice, ...]
    gone: frozenset[str]
    old: Registry
    new: Registry
    is_rewritten: bool = False


class TipReader:
    """The registry at the tip of a place, of which products are read when they are asked for."""

    def __init__(self, place: Place) -> None:
        self.commit = place.tip
        self._place = place
        self._names = place.snapshot(self.commit).product_names()
        self._registry = place.load(self.commit, [])

    def with_products(self, names: Iterable[str]) -> Registry:
        """Return the registry with at least these products, as far as they exist."""
        wanted = {target for name in names if (target := self._target(name)) in self._names}
        if wanted - self._registry.products.keys():
            products = {*wanted, *self._registry.products}
            self._registry = self._place.load(self.commit, products)
        return self._registry

    def whole(self) -> Registry:
        """Return the registry with all products."""
        return self.with_products(self._names)

    @property
    def registry(self) -> Registry:
        """Return the registry with the products that were asked for."""
        return self._registry

    def _target(self, name: str) -> str:
        seen: set[str] = set()
        aliases = self._registry.aliases
        while name not in self._names and name in aliases and name not in seen:
            seen.add(name)
            name = aliases[name]
        return name


def news_since(place: Place, reader: TipReader, state: NotifiedState, now: str) -> News:
    """Return what happened since a state; of products, only those that differ are read."""
    after = dict(place.snapshot(reader.commit).product_trees())
    try:
        before = dict(place.snapshot(state.commit).product_trees())
    except NotFound:
        # The history was rewritten, and the old one is gone: only times are left to compare.
        new = reader.with_products(after)
        happened = happened_since(new, state.at, now, gone=state.gone)
        return News(*happened, new, new, True)
    changed = {
        name
        for name in {*before, *after}
        if before.get(name, "") != after.get(name, "") or after.get(name, "") is None
    }
    changed |= _in_requests(reader.registry)
    old = place.load(state.commit, changed & before.keys())
    new = place.load(reader.commit, _there(changed, after))
    return News(*happened_between(old, new, now, gone=state.gone), old, new)


def _in_requests(registry: Registry) -> set[str]:
    """Return the products of requests: the states of requests depend on all of them."""
    requests = registry.governance.requests
    return {registry.target_of(name) for each in requests for name in each.versions}


def _there(names: set[str], trees: Mapping[str, str | None]) -> set[str]:
    return names & trees.keys()
