"""Compare the logs of two snapshots, product by product, following renames.

Products with the same tree on both sides are not read, nor are logs with the same bytes, so that
the cost depends on what differs and not on the size of the registry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.layout import year_of
from versioner.registry.history.log_compare import OldLog, compare_log, unmatched
from versioner.registry.history.log_index import LogIndex
from versioner.registry.history.problems import HistoryViolation
from versioner.registry.history.request_logs import RequestLogs
from versioner.registry.history.year_compare import YearComparison

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from versioner.git.snapshot import Snapshot
    from versioner.models import LogKind
    from versioner.registry.history.log_index import LoggedEvent, LogName, RawLog

__all__ = ["Comparison", "FormerStates", "short_revision"]

_LONGEST_CHAIN: Final = 20

# Returns, by product, the states that still had a product that was deleted before the base.
FormerStates = Callable[[], "Mapping[str, Iterable[Snapshot]]"]


def short_revision(snapshot: Snapshot) -> str:
    """Return the first digits of a snapshot's commit, for messages."""
    return (snapshot.revision or "")[:12]


@dataclass(frozen=True)
class _Pair:
    """A product as it is now, and the old logs whose events it must have, each under its name."""

    product: str
    old_names: list[str]
    new: Mapping[LogName, RawLog]
    old: Mapping[LogName, list[OldLog]]

    def names(self) -> list[LogName]:
        """Return the logs that are compared alone: those of years without a file of their own."""
        return [name for name in sorted({*self.new, *self.old}) if not self._has_year(name)]

    @cached_property
    def years(self) -> list[YearComparison]:
        """Return the comparisons of the logs of the years that have a file, now or before."""
        names = sorted({*self.new, *self.old})
        return [
            YearComparison(
                self.product,
                kind,
                year,
                {name.period: self.new[name] for name in self.new if _is_in_year(name, kind, year)},
                {name.period: self.old[name] for name in self.old if _is_in_year(name, kind, year)},
            )
            for kind, year in names
            if year == year_of(year)
        ]

    def new_events(self) -> Iterator[tuple[RawLog, LoggedEvent]]:
        """Yield each event that no old log has, and its log."""
        for name in self.names():
            if name in self.new:
                log = self.new[name]
                yield from ((log, each) for each in unmatched(self.old.get(name, ()), log))
        for year in self.years:
            yield from year.added()

    def _has_year(self, name: LogName) -> bool:
        year = name._replace(period=year_of(name.period))
        return year in self.new or year in self.old


class Comparison:
    """A comparison of the logs of two snapshots, product by product, following renames."""

    def __init__(
        self,
        base: Snapshot,
        now: Snapshot,
        former: FormerStates = dict,
    ) -> None:
        self._base = base
        self._now = now
        self._former = former
        self._base_logs, self._logs = LogIndex(base), LogIndex(now)
        self._base_trees = base.product_trees()
        self._trees = now.product_trees()
        self._requests = RequestLogs(base, now, short_revision(base))

    def lost(self) -> Iterator[HistoryViolation]:
        """Yield a violation for each old event that is missing, changed or out of order."""
        for product in self._missing:
            if self._successors[product] is None and not self._is_recorded(product):
                path = layout.product_path(product)
                was = f"{short_revision(self._base)}:{layout.product_dir(product)}/"
                yield HistoryViolation("product", product, path, 0, 0, product, was)
        for product, target in self._moved_by_hand.items():
            yield HistoryViolation("directory", product, layout.product_path(target), 0, 0, target)
        for pair in self._joined_pairs:
            for name in pair.names():
                for violation in self._compare(pair, name):
                    yield self._moved(violation) if violation.kind == "missing" else violation
            for year in pair.years:
                for violation in year.lost(partial(self._is_there, pair)):
                    yield self._moved(violation) if violation.kind == "missing" else violation
        yield from self._requests.lost()

    def added(self) -> Iterator[HistoryViolation]:
        """Yield a violation for each event that no old log has."""
        for pair in self._joined_pairs:
            for log, logged in pair.new_events():
                line, column = log.position_of(logged)
                yield HistoryViolation("added", logged.id, log.path, line, column)
        yield from self._requests.added()

    @cached_property
    def _changed(self) -> list[str]:
        names = {*self._base_trees, *self._trees}
        return sorted(name for name in names if not self._is_same(name))

    def _is_same(self, name: str) -> bool:
        tree = self._trees.get(name)
        return tree is not None and self._base_trees.get(name) == tree

    @cached_property
    def _missing(self) -> list[str]:
        return [name for name in self._changed if name not in self._trees]

    @cached_property
    def _successors(self) -> dict[str, str | None]:
        named = {name: self._successor(name) for name in self._missing}
        return {**named, **self._moved_by_hand}

    @cached_property
    def _moved_by_hand(self) -> dict[str, str]:
        """Return the new product of each one whose directory was moved without an alias."""
        new = [name for name in self._changed if name not in self._base_trees]
        found = {}
        for name in self._missing if new else ():
            if self._successor(name) is None and not self._is_recorded(name):
                events = _ids_of(self._base_logs, name)
                target = next((each for each in new if events & _ids_of(self._logs, each)), None)
                if target is not None:
                    found[name] = target
        return found

    def _successor(self, name: str) -> str | None:
        for _ in range(_LONGEST_CHAIN):
            target = _alias_target(self._now, name)
            if target is None or target in self._trees:
                return target
            name = target
        return None

    def _is_recorded(self, product: str) -> bool:
        return self._now.read(layout.deleted_path(product)) is not None

    @cached_property
    def _pairs(self) -> list[_Pair]:
        """Return each changed product with the base's logs under its name and old names."""
        came_from: dict[str, list[str]] = {
            name: [name] if name in self._base_trees else []
            for name in self._changed
            if name in self._trees
        }
        for old, new in self._successors.items():
            if new is not None:
                kept = [new] if new in self._base_trees else []
                came_from.setdefault(new, kept).append(old)
        return [self._pair(name, olds) for name, olds in sorted(came_from.items())]

    def _pair(self, product: str, olds: list[str], *, whole: bool = False) -> _Pair:
        """Return a product with the logs that differ (with `whole`, all of them)."""
        ids = self._logs.ids(product)
        old_ids = {old: self._base_logs.ids(old) for old in olds}
        same: set[LogName] = set()
        if len(olds) == 1 and not whole:
            before = old_ids[olds[0]]
            same = {name for name, blob in ids.items() if blob and before.get(name) == blob}
        read = [self._base_logs.read(old, found.keys() - same) for old, found in old_ids.items()]
        new = self._logs.read(product, ids.keys() - same)
        return _Pair(product, olds, new, _old_logs(read, short_revision(self._base)))

    @cached_property
    def _joined_pairs(self) -> list[_Pair]:
        """Return the pairs, with the events of restored products among the old ones."""
        if not any(_has_new(pair) for pair in self._pairs):
            return self._pairs
        former = self._former()
        return [
            self._with_former(pair, former[pair.product])
            if pair.product in former and _has_new(pair)
            else pair
            for pair in self._pairs
        ]

    def _with_former(self, pair: _Pair, states: Iterable[Snapshot]) -> _Pair:
        """Return a pair with each former state of which an event came back: all must come back."""
        whole = self._pair(pair.product, pair.old_names, whole=True)
        old = {name: list(logs) for name, logs in whole.old.items()}
        new = {logged.id for _, logged in pair.new_events()}
        for state in states:
            index = LogIndex(state)
            restored = index.read(pair.product, index.ids(pair.product))
            logged = {each.id for log in restored.values() for each in log.events}
            if not logged & new:
                continue
            new -= logged
            for name, logs in _old_logs([restored], short_revision(state)).items():
                old.setdefault(name, []).extend(logs)
        return replace(whole, old=old)

    def _compare(self, pair: _Pair, name: LogName) -> Iterator[HistoryViolation]:
        olds, new = pair.old.get(name, []), pair.new.get(name)
        if new is not None and new.is_readable:
            yield from compare_log(olds, new)
            return
        # After a rename, the logs are expected under the new name.
        path = layout.log_path(pair.product, *name)
        is_there = new is not None or self._is_there(pair, path)
        for old in olds:
            for logged in old.log.events:
                yield HistoryViolation(
                    "unreadable" if is_there else "log", logged.id, path, was=old.was
                )

    def _is_there(self, pair: _Pair, path: str) -> bool:
        # A link, a directory or a file with another extension is there, and cannot be read.
        return _is_in(self._now.entries(layout.product_dir(pair.product)), path)

    def _moved(self, violation: HistoryViolation) -> HistoryViolation:
        found = self._everywhere.get(violation.event_id)
        if found is None:
            return violation
        log, index = found
        line, _ = log.position_of(log.events[index])
        return HistoryViolation(
            "moved",
            violation.event_id,
            violation.path,
            violation.line,
            violation.column,
            f"{log.path}:{line}",
            violation.was,
        )

    @cached_property
    def _everywhere(self) -> dict[str, tuple[RawLog, int]]:
        logs = chain.from_iterable(pair.new.values() for pair in self._pairs)
        return {logged.id: (log, at) for log in logs for at, logged in enumerate(log.events)}


def _old_logs(
    read: Iterable[Mapping[LogName, RawLog]], revision: str
) -> dict[LogName, list[OldLog]]:
    found: dict[LogName, list[OldLog]] = {}
    for logs in read:
        for name, log in logs.items():
            found.setdefault(name, []).append(OldLog(log, revision))
    return found


def _ids_of(index: LogIndex, product: str) -> set[str]:
    logs = index.read(product, index.ids(product))
    return {logged.id for log in logs.values() for logged in log.events}


def _is_in(paths: Collection[str], path: str) -> bool:
    return any(
        path in (each, layout.with_yaml_extension(each)) or each.startswith(f"{path}/")
        for each in paths
    )


def _has_new(pair: _Pair) -> bool:
    return next(pair.new_events(), None) is not None


def _is_in_year(name: LogName, kind: LogKind, year: str) -> bool:
    return name.kind == kind and year_of(name.period) == year


def _alias_target(snapshot: Snapshot, name: str) -> str | None:
    path = layout.alias_path(name)
    data = snapshot.read(path)
    if data is None:
        return None
    from versioner.validation.documents import validate_document

    document, _ = validate_document("alias", data, path)
    return None if document is None else str(document["to"])
