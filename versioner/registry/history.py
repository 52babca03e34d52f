"""Check a registry against an older state of it: events are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from versioner.registry.comparison import Comparison, short_revision
from versioner.registry.findings import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from versioner.models import Problem
    from versioner.registry.comparison import Former
    from versioner.registry.findings import Finding
    from versioner.repository.snapshot import Snapshot

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
    base: Snapshot,
    now: Snapshot,
    *,
    former: Former = dict,
    merges: Iterable[Merge] = (),
    allow_log_changes: bool = False,
) -> list[Problem]:
    """Find what `now` took from the history that `base` holds, or added where it may not.

    `former` is asked only where events were added: it maps names of products that were deleted
    before the base to the states that still had them, so that a restored product is right. Of
    each of `merges`, what it dropped from a parent, and is still not there, is a problem too.
    """
    comparison = Comparison(base, now, former)
    lost = list(comparison.lost())
    added = [] if allow_log_changes else list(comparison.added())
    told = {finding.event_id for finding in lost}
    problems = problems_of([*lost, *added])
    for merge in merges:
        findings = [each for each in _lost_by(merge, now) if each.event_id not in told]
        told.update(finding.event_id for finding in findings)
        where = f" (lost in the merge {short_revision(merge.result)})"
        problems += problems_of(findings, where=where)
    return sorted(problems)


def _lost_by(merge: Merge, now: Snapshot) -> Iterator[Finding]:
    for parent in merge.parents:
        # The new events of one parent may well stand before those of the other.
        dropped = {each.event_id for each in _losses(parent, merge.result)}
        if dropped:
            yield from (each for each in _losses(parent, now) if each.event_id in dropped)


def _losses(old: Snapshot, new: Snapshot) -> Iterator[Finding]:
    found = Comparison(old, new).lost()
    return (finding for finding in found if finding.kind != "early")
