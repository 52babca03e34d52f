"""Check a registry against an older state of it: events are only ever added.

Both sides are snapshots. Products whose tree is the same on both are not looked at, so that
the check costs what the change does, not what the registry holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final, Protocol

from versioner import layout
from versioner.registry.findings import Finding, problems_of
from versioner.registry.held import logs_of
from versioner.registry.log_history import OldLog, compare_log, unmatched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from versioner.models import Problem
    from versioner.registry.held import HeldLog, LogName
    from versioner.repository.snapshot import Snapshot

__all__ = ["Merge", "check_history"]

_LONGEST_CHAIN: Final = 20


class Merge(Protocol):
    """A merge commit between the base and now: what was joined, and what came of it."""

    @property
    def result(self) -> Snapshot:
        """Return the merge commit's files."""

    @property
    def parents(self) -> Iterable[Snapshot]:
        """Return the files of the commits it joined."""


def check_history(
    base: Snapshot,
    now: Snapshot,
    *,
    former: Callable[[], Mapping[str, Iterable[Snapshot]]] = dict,
    merges: Iterable[Merge] = (),
    allow_log_changes: bool = False,
) -> list[Problem]:
    """Find what `now` took from the history that `base` holds, or added where it may not.

    `former` is asked only where events were added: it maps names of products that were deleted
    before the base to the states that still had them, so that a restored product is right. Of
    each of `merges`, what it dropped from a parent, and is still not there, is a problem too.
    """
    comparison = _Comparison(base, now, former)
    lost = list(comparison.lost())
    added = [] if allow_log_changes else list(comparison.added())
    told = {finding.event_id for finding in lost}
    problems = problems_of([*lost, *added])
    for merge in merges:
        findings = [each for each in _lost_by(merge, now) if each.event_id not in told]
        told.update(finding.event_id for finding in findings)
        where = f" (lost in the merge {_short(merge.result)})"
        problems += problems_of(findings, where=where)
    return sorted(problems)


def _lost_by(merge: Merge, now: Snapshot) -> Iterator[Finding]:
    for parent in merge.parents:
        # The new events of one parent may well stand before those of the other.
        dropped = {each.event_id for each in _losses(parent, merge.result)}
        if dropped:
            yield from (each for each in _losses(parent, now) if each.event_id in dropped)


def _losses(old: Snapshot, new: Snapshot) -> Iterator[Finding]:
    found = _Comparison(old, new, dict).lost()
    return (finding for finding in found if finding.kind != "early")


def _short(snapshot: Snapshot) -> str:
    return (snapshot.revision or "")[:12]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A product as it is now, and the old logs that it has to hold, each under its name."""

    product: str
    new: Mapping[LogName, HeldLog]
    old: Mapping[LogName, list[OldLog]]

    def names(self) -> list[LogName]:
        return sorted({*self.new, *self.old})


class _Comparison:
    """Pair the products of two snapshots, following renames, and compare their logs."""

    def __init__(
        self,
        base: Snapshot,
        now: Snapshot,
        former: Callable[[], Mapping[str, Iterable[Snapshot]]],
    ) -> None:
        self._base = base
        self._now = now
        self._former = former
        self._base_trees = base.product_trees()
        self._trees = now.product_trees()

    def lost(self) -> Iterator[Finding]:
        """Find old events that are gone, changed or out of place."""
        for product in self._gone:
            if self._successors[product] is None and not self._is_recorded(product):
                path = layout.product_path(product)
                was = f"{_short(self._base)}:{layout.product_dir(product)}/"
                yield Finding("product", product, path, 0, 0, product, was)
        for pair in self._joined_pairs:
            for name in pair.names():
                for finding in self._compare(pair, name):
                    yield self._moved(finding) if finding.kind == "missing" else finding

    def added(self) -> Iterator[Finding]:
        """Find events that no old log has."""
        for pair in self._joined_pairs:
            for name, log in pair.new.items():
                for held in unmatched(pair.old.get(name, ()), log):
                    line, column = log.place_of(held)
                    yield Finding("added", held.id, log.path, line, column)

    @cached_property
    def _changed(self) -> list[str]:
        names = {*self._base_trees, *self._trees}
        return sorted(name for name in names if not self._is_same(name))

    def _is_same(self, name: str) -> bool:
        tree = self._trees.get(name)
        return tree is not None and self._base_trees.get(name) == tree

    @cached_property
    def _gone(self) -> list[str]:
        return [name for name in self._changed if name not in self._trees]

    @cached_property
    def _successors(self) -> dict[str, str | None]:
        return {name: self._successor(name) for name in self._gone}

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
        """Pair each product that changed with what the base has of it and its old names."""
        came_from: dict[str, list[str]] = {
            name: [name] if name in self._base_trees else []
            for name in self._changed
            if name in self._trees
        }
        for old, new in self._successors.items():
            if new is not None:
                kept = [new] if new in self._base_trees else []
                came_from.setdefault(new, kept).append(old)
        return [
            _Pair(name, logs_of(self._now, name), _old_logs((self._base, old) for old in olds))
            for name, olds in sorted(came_from.items())
        ]

    @cached_property
    def _joined_pairs(self) -> list[_Pair]:
        """Let restored events count as old ones."""
        if not any(_has_new(pair) for pair in self._pairs):
            return self._pairs
        former = self._former()
        return [
            _with_former(pair, former.get(pair.product, ())) if _has_new(pair) else pair
            for pair in self._pairs
        ]

    def _compare(self, pair: _Pair, name: LogName) -> Iterator[Finding]:
        olds, new = pair.old.get(name, []), pair.new.get(name)
        if new is not None and new.is_readable:
            yield from compare_log(olds, new)
            return
        kind = self._now.entries(layout.log_path(pair.product, *name))
        for old in olds:
            for held in old.log.events:
                # Where the product was renamed, its logs are looked for under the new name.
                path = layout.log_path(pair.product, *name)
                yield Finding("log" if not kind else "unreadable", held.id, path, was=old.was)

    def _moved(self, finding: Finding) -> Finding:
        found = self._everywhere.get(finding.event_id)
        if found is None:
            return finding
        log, index = found
        line, _ = log.place_of(log.events[index])
        return Finding(
            "moved",
            finding.event_id,
            finding.path,
            finding.line,
            finding.column,
            f"{log.path}:{line}",
            finding.was,
        )

    @cached_property
    def _everywhere(self) -> dict[str, tuple[HeldLog, int]]:
        logs = chain.from_iterable(pair.new.values() for pair in self._pairs)
        return {held.id: (log, at) for log in logs for at, held in enumerate(log.events)}


def _old_logs(sources: Iterable[tuple[Snapshot, str]]) -> dict[LogName, list[OldLog]]:
    found: dict[LogName, list[OldLog]] = {}
    for snapshot, product in sources:
        for name, log in logs_of(snapshot, product).items():
            found.setdefault(name, []).append(OldLog(log, _short(snapshot)))
    return found


def _has_new(pair: _Pair) -> bool:
    return any(unmatched(pair.old.get(name, ()), log) for name, log in pair.new.items())


def _with_former(pair: _Pair, states: Iterable[Snapshot]) -> _Pair:
    """Count a former state as old where any of its events came back: then all have to."""
    old = {name: list(logs) for name, logs in pair.old.items()}
    new = {held.id for name, log in pair.new.items() for held in unmatched(old.get(name, ()), log)}
    for state in states:
        restored = _old_logs([(state, pair.product)])
        held = {
            each.id for logs in restored.values() for old_log in logs for each in old_log.log.events
        }
        if not held & new:
            continue
        new -= held
        for name, logs in restored.items():
            old.setdefault(name, []).extend(logs)
    return _Pair(pair.product, pair.new, old)


def _alias_target(snapshot: Snapshot, name: str) -> str | None:
    path = layout.alias_path(name)
    data = snapshot.read(path)
    if data is None:
        return None
    from versioner.validation.documents import validate_document

    document, _ = validate_document("alias", data, path)
    return None if document is None else str(document["to"])
