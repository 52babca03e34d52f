"""The state of all cells at the begin of a month, and the changes in it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.site.context import SiteContext

__all__ = ["Change", "Past", "States", "past_of_site", "shown"]

# By product and environment: what runs, and since when.
States = dict[tuple[str, str], tuple[str, str]]


class Change(NamedTuple):
    """What runs in a cell from a time on."""

    at: str
    product: str
    environment: str
    running: str


class Past:
    """The months of a registry in which anything changed.

    The states at the begin of the newest month come from the summaries of products. Those of an
    older one are reached from the first month on, and kept for the next one: months are asked for
    in order.
    """

    def __init__(self, context: SiteContext) -> None:
        self._catalogue = context.catalogue
        self.months = context.catalogue.past_months
        self._reached: tuple[int, States] = (0, {})
        self._changes: tuple[str, list[Change]] = ("", [])

    def begin(self, month: str) -> States:
        """Return what ran at the begin of a month."""
        if month == self.months[-1]:
            return self._around(month, 1)
        index = self.months.index(month)
        reached, states = self._reached
        if reached > index:
            reached, states = 0, {}
        for each in self.months[reached:index]:
            _apply(states, self.changes(each))
        self._reached = index, states
        return dict(states)

    def end(self, month: str) -> States:
        """Return what ran at the end of a month."""
        if month == self.months[-1]:
            return self._around(month, 2)
        states = self.begin(month)
        _apply(states, self.changes(month))
        return states

    def changes(self, month: str) -> list[Change]:
        """Return the changes in a month, oldest first."""
        # The document and the page of a month, and the begin of the next one, need the same.
        if self._changes[0] != month:
            found = sorted(
                Change(at, product, environment, text)
                for product, rows in self._catalogue.past_rows(month)
                for at, environment, text in rows
            )
            self._changes = month, found
        return self._changes[1]

    def key(self, month: str) -> str:
        """Return the digest of all that happened up to the end of a month."""
        return self._catalogue.past_key(month)

    def _around(self, month: str, place: int) -> States:
        """Return what ran at the begin (1) or the end (2) of the newest month."""
        found: States = {}
        for summary in self._catalogue:
            latest, *states = summary.past
            own = states[place - 1] if latest == month else states[1]
            found.update({(summary.name, name): (text, at) for name, (text, at) in own.items()})
        return found


def _apply(states: States, changes: list[Change]) -> None:
    for each in changes:
        states[each.product, each.environment] = each.running, each.at


def shown(states: States) -> Iterator[tuple[str, str, str, str]]:
    """Yield the cells where anything runs, in order."""
    for (product, environment), (text, at) in sorted(states.items()):
        if text:
            yield product, environment, text, at


@lru_cache(maxsize=1)
def past_of_site(context: SiteContext) -> Past:
    """Return the past of a site; it is computed once."""
    return Past(context)
