"""The summaries of all products, brought up to date in the state: changed products are read."""

from __future__ import annotations

import marshal
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner.site.rendering.processes import made_by_processes
from versioner.site.summaries.product_summary import from_json, history_from, summary_of
from versioner.site.summaries.state import packed_rows
from versioner.site.summaries.sums import Sums, mark_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.query.metrics.policy import MetricsPolicy
    from versioner.registry.records import ProductRecord
    from versioner.site.summaries.product_summary import HistorySummary, ProductSummary
    from versioner.site.summaries.state import SiteState
    from versioner.site.summaries.sums import Sum

    Load = Callable[[str], HistorySummary]

__all__ = ["Learned", "learn"]

# For fewer products, starting a process costs more than it saves.
_SHARED_LEAST: Final = 8
# The events of products that stay in memory, to be rendered after their summaries are known. Of
# very many products they would be a small part, and each process that is forked would have a copy.
_EVENTS_MOST: Final = 40_000
_PRODUCTS_MOST: Final = 200


@dataclass
class Learned:
    """The summaries of all products and the sums of their rows.

    `histories` and `rows` are those that the state does not have.
    """

    summaries: dict[str, ProductSummary] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)
    histories: dict[str, HistorySummary] = field(default_factory=dict)
    rows: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


def learn(
    products: Mapping[str, ProductRecord],
    policy: MetricsPolicy,
    state: SiteState,
    keys: Mapping[str, str],
    load: Load,
    jobs: int,
) -> Learned:
    """Return the summaries of products, and keep those that the state does not have.

    `policy` says what the metrics count. `keys` has the key of all that the summary of a product is
    made from; without one, the state is not used for it. `load` returns the summary of a product's
    history later. `jobs` is how many processes share the reading. Raises StateLost.
    """
    found = Learned()
    if not state.is_on:
        keys = {}
    state.begin()
    learning = _Learning(state, policy, load, found)
    for name, text in state.heads():
        if learning.known.get(name, "") == keys.get(name):
            found.summaries[name] = from_json(text, load)
    for name in learning.known.keys() - keys.keys():
        learning.take_out(name, keys=True)
    missing = [record for name, record in products.items() if name not in found.summaries]
    learning.read([each for each in missing if each.name in keys], keys, jobs)
    for record in missing:
        if record.name not in keys:
            learning.read_without_key(record)
    found.summaries = {name: found.summaries[name] for name in products}
    learning.keep_sums(keys)
    for name, history in found.histories.items():
        learning.sums.add(name, history)
    found.sums = learning.sums.by_name
    return found


class _Learning:
    """The state while it is brought up to date."""

    def __init__(self, state: SiteState, policy: MetricsPolicy, load: Load, found: Learned) -> None:
        self._state, self._policy, self._load, self._found = state, policy, load, found
        self.known = state.keys()
        kept = state.sums()
        self._mark = kept.get("", "")
        if self._mark != mark_of(self.known):
            # Sums of other summaries than those that are kept are of no use.
            state.forget_all_summaries()
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
            self._state.forget_summary(name, digests)
        return digests

    def read(self, records: Sequence[ProductRecord], keys: Mapping[str, str], jobs: int) -> None:
        """Read products in several processes, and keep their summaries under their keys."""
        reading = _Reading(records, self._policy, self._load)
        jobs = jobs if len(records) >= _SHARED_LEAST else 1
        for number, result in made_by_processes(len(records), jobs, reading.make):
            name = records[number].name
            # The result is of this process, or of one that it forked.
            head, text, rows = marshal.loads(result)  # noqa: S302
            history = history_from(text)
            self._found.summaries[name] = from_json(head, self._load)
            old, new = self.take_out(name), history.digests()
            changed = {each: own for each, own in rows.items() if old.get(each) != new[each]}
            self._state.keep_summary(name, keys[name], head, text, changed, old.keys() - new.keys())
            self.sums.add(name, history)

    def read_without_key(self, record: ProductRecord) -> None:
        """Read a product, and keep its summary in memory."""
        name = record.name
        summary, self._found.histories[name], rows = summary_of(record, self._policy, self._load)
        self._found.summaries[name], self._found.rows[name] = summary, rows

    def keep_sums(self, keys: Mapping[str, str]) -> None:
        """Keep the sums, and read one state of the summaries from now on."""
        mark = mark_of(keys)
        changed, gone = self.sums.kept()
        if mark != self._mark:
            self._state.keep_sums({**changed, "": mark}, gone)
        self._state.hold(mark)


class _Reading:
    """The reading of products, in the process that calls it."""

    def __init__(self, records: Sequence[ProductRecord], policy: MetricsPolicy, load: Load) -> None:
        self._records, self._policy, self._load = records, policy, load
        self._most = _EVENTS_MOST if len(records) <= _PRODUCTS_MOST else 0
        self._process = os.getpid()
        self._events = 0

    def make(self, number: int) -> bytes:
        """Return the summary of a product and of its history, and its rows, as they are kept."""
        record = self._records[number]
        summary, history, rows = summary_of(record, self._policy, self._load)
        self._events += summary.events
        # Another process ends before anything is rendered.
        if self._events > self._most or self._process != os.getpid():
            record.release()
        return marshal.dumps((summary.to_json(), history.to_json(), packed_rows(rows)))
