"""The facts of all products, brought up to date in the state: changed products are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from versioner.site.facts.product_facts import facts_of, from_json, history_from
from versioner.site.facts.sums import Sums, mark_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.registry.records import ProductRecord
    from versioner.site.facts.product_facts import HistoryFacts, ProductFacts
    from versioner.site.facts.state import SiteState
    from versioner.site.facts.sums import Sum

    Load = Callable[[str], HistoryFacts]

__all__ = ["Learned", "learn"]


@dataclass
class Learned:
    """The facts of all products and the sums of their rows.

    `histories` and `rows` are those that the state does not have.
    """

    facts: dict[str, ProductFacts] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)
    histories: dict[str, HistoryFacts] = field(default_factory=dict)
    rows: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


def learn(
    products: Mapping[str, ProductRecord],
    state: SiteState,
    keys: Mapping[str, str],
    load: Load,
    most: int,
) -> Learned:
    """Return the facts of products, and keep those that the state does not have.

    `keys` has the key of all that the facts of a product are made from; without one, the state is
    not used for it. `load` returns the facts of a product's history later. Where the products
    have more than `most` events, each is released when it was read. Raises StateLost.
    """
    found = Learned()
    if not state.is_on:
        keys = {}
    state.begin()
    learning = _Learning(state, load, found)
    for name, text in state.heads():
        if learning.known.get(name, "") == keys.get(name):
            found.facts[name] = from_json(text, load)
    for name in learning.known.keys() - keys.keys():
        learning.take_out(name, keys=True)
    events = sum(each.events for each in found.facts.values())
    for name, record in products.items():
        if name not in found.facts:
            learning.read(record, keys.get(name))
            events += found.facts[name].events
            if events > most:
                record.release()
    learning.keep_sums(keys)
    for name, history in found.histories.items():
        learning.sums.add(name, history)
    found.sums = learning.sums.by_name
    return found


class _Learning:
    """The state while it is brought up to date."""

    def __init__(self, state: SiteState, load: Load, found: Learned) -> None:
        self._state, self._load, self._found = state, load, found
        self.known = state.keys()
        kept = state.sums()
        self._mark = kept.get("", "")
        if self._mark != mark_of(self.known):
            # Sums of other facts than those that are kept are of no use.
            state.forget_all_facts()
            self.known, kept = {}, {}
        self.sums = Sums(kept)

    def take_out(self, name: str, *, keys: bool = False) -> dict[str, str]:
        """Take a product out of the sums; return the digests of its rows.

        With `keys`, the product and its rows are forgotten.
        """
        if name not in self.known:
            return {}
        history = history_from(self._state.history(name))
        self.sums.add(name, history, -1)
        digests = history.digests()
        if keys:
            self._state.forget_facts(name, digests)
        return digests

    def read(self, record: ProductRecord, key: str | None) -> None:
        """Read a product, and keep its facts under a key, or without one in memory."""
        name = record.name
        facts, history, rows = facts_of(record, self._load)
        self._found.facts[name] = facts
        if key is None:
            self._found.histories[name], self._found.rows[name] = history, rows
            return
        old, new = self.take_out(name), history.digests()
        changed = {each: own for each, own in rows.items() if old.get(each) != new[each]}
        self._state.keep_facts(
            name, key, facts.to_json(), history.to_json(), changed, old.keys() - new.keys()
        )
        self.sums.add(name, history)

    def keep_sums(self, keys: Mapping[str, str]) -> None:
        """Keep the sums, and read one state of the facts from now on."""
        mark = mark_of(keys)
        changed, gone = self.sums.kept()
        if mark != self._mark:
            self._state.keep_sums({**changed, "": mark}, gone)
        self._state.hold(mark)
