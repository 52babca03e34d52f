"""Check a registry against an older state of it: events are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from versioner.registry.history.compare import Comparison, short_revision
from versioner.registry.history.problems import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.registry.history.compare import Former
    from versioner.registry.history.problems import HistoryFinding

__all__ = ["Merge", "check_history"]


class Merge(Protocol):
    """A merge commit between the base and now: what was joined, and what came of it."""

    @property
    def result(self) -> Snapshot:
        """Return the merge commit's files."""

    @property
    def parents(self) -> Iterable[Snapshot]:
        """Return the files of the commits it joined."""


def check_history(
    bases: Sequence[Snapshot],
    now: Snapshot,
    *,
    former: Former = dict,
    merges: Iterable[Merge] = (),
    allow_log_changes: bool = False,
) -> list[Problem]:
    """Find what `now` took from the history that `bases` hold, or added where it may not.

    There are several bases where branches were merged into each other: nothing of any may be
    lost, and what one of them has is not new. `former` is asked only where events were added: it
    maps names of products that were deleted before to the states that still had them, so that a
    restored product is right. Of each of `merges`, what it dropped from a parent, and is still
    not there, is a problem too.
    """
    comparisons = [Comparison(base, now, former) for base in bases]
    lost = [list(each.lost()) for each in comparisons]
    gone = [each for findings in lost for each in findings if each.kind != "early"]
    early = _in_all([[each for each in found if each.kind == "early"] for found in lost])
    added = [] if allow_log_changes else _in_all([list(each.added()) for each in comparisons])
    told = {finding.event_id for finding in gone}
    problems = problems_of([*dict.fromkeys(gone), *early, *added])
    for merge in merges:
        findings = [each for each in _lost_by(merge, now) if each.event_id not in told]
        told.update(finding.event_id for finding in findings)
        where = f" (lost in the merge {short_revision(merge.result)})"
        problems += problems_of(findings, where=where)
    return sorted(problems)


def _in_all(findings: Sequence[Sequence[HistoryFinding]]) -> list[HistoryFinding]:
    """Return the first comparison's findings of events that all the others find, too."""
    first, *others = findings
    shared = [{(each.event_id, each.path) for each in found} for found in others]
    return [each for each in first if all((each.event_id, each.path) in ids for ids in shared)]


def _lost_by(merge: Merge, now: Snapshot) -> Iterator[HistoryFinding]:
    for parent in merge.parents:
        # The new events of one parent may well stand before those of the other.
        dropped = {each.event_id for each in _losses(parent, merge.result)}
        if dropped:
            yield from (each for each in _losses(parent, now) if each.event_id in dropped)


def _losses(old: Snapshot, new: Snapshot) -> Iterator[HistoryFinding]:
    found = Comparison(old, new).lost()
    return (finding for finding in found if finding.kind != "early")
