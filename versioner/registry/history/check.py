"""Check a registry against an older state of it: events may only be added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from versioner.registry.history.compare import Comparison, short_revision
from versioner.registry.history.problems import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.registry.history.compare import FormerStates
    from versioner.registry.history.problems import HistoryViolation

__all__ = ["Merge", "check_history"]


class Merge(Protocol):
    """A merge commit between the base and now: its parents and its result."""

    @property
    def result(self) -> Snapshot:
        """Return the merge commit's files."""

    @property
    def parents(self) -> Iterable[Snapshot]:
        """Return the files of its parents."""


def check_history(
    bases: Sequence[Snapshot],
    now: Snapshot,
    *,
    former: FormerStates = dict,
    merges: Iterable[Merge] = (),
    allow_log_changes: bool = False,
) -> list[Problem]:
    """Return a problem for each event of `bases` that `now` lacks or changes, or may not add.

    There are several bases where branches were merged into each other: no event of any may be
    lost, and an event of one of them is not new. `former` is called only where events were
    added: it maps the names of products that were deleted before to the states that still had
    them, so that a restored product is no problem. An event that one of `merges` dropped from a
    parent, and that is still missing, is a problem too.
    """
    comparisons = [Comparison(base, now, former) for base in bases]
    lost = [list(each.lost()) for each in comparisons]
    missing = [each for violations in lost for each in violations if each.kind != "early"]
    early = _in_all([[each for each in found if each.kind == "early"] for found in lost])
    added = [] if allow_log_changes else _in_all([list(each.added()) for each in comparisons])
    reported = {violation.event_id for violation in missing}
    problems = problems_of([*dict.fromkeys(missing), *early, *added])
    for merge in merges:
        violations = [each for each in _lost_by(merge, now) if each.event_id not in reported]
        reported.update(violation.event_id for violation in violations)
        where = f" (lost in the merge {short_revision(merge.result)})"
        problems += problems_of(violations, where=where)
    return sorted(problems)


def _in_all(violations: Sequence[Sequence[HistoryViolation]]) -> list[HistoryViolation]:
    """Return the violations of the first comparison that all the others have, too."""
    first, *others = violations
    shared = [{(each.event_id, each.path) for each in found} for found in others]
    return [each for each in first if all((each.event_id, each.path) in ids for ids in shared)]


def _lost_by(merge: Merge, now: Snapshot) -> Iterator[HistoryViolation]:
    for parent in merge.parents:
        # Events of one parent may come before those of the other, so order is not compared.
        dropped = {each.event_id for each in _losses(parent, merge.result)}
        if dropped:
            yield from (each for each in _losses(parent, now) if each.event_id in dropped)


def _losses(old: Snapshot, new: Snapshot) -> Iterator[HistoryViolation]:
    found = Comparison(old, new).lost()
    return (violation for violation in found if violation.kind != "early")
