"""The commits by which two versions of a product differ, as far as they are recorded.

Each version may have the list of its commits since a version before it, which is an ancestor. So
these versions are a tree, and the commits between two versions are the lists on the two ways to
their nearest common version: exact, whatever branches they were built from. Where a list is
missing on the way, the lists of the versions between the two, in the product's order, are what is
known.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from versioner.query.versions.order import is_newer, versions_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.models.events import RecordedChanges, RecordedCommit
    from versioner.registry.records import ProductRecord

__all__ = [
    "FEWEST_DIGITS",
    "CommitDifference",
    "CommitList",
    "commits_behind",
    "commits_between",
    "exact_difference",
    "total_of",
    "versions_before",
]

# The digits of a commit's id that each recorded one has.
FEWEST_DIGITS: Final = 7
# Between two versions, at most this number of versions is read: a question takes no long time.
_MOST_VERSIONS: Final = 2000


@dataclass(frozen=True, slots=True)
class CommitList:
    """Some commits, newest first, of which `more` are not listed."""

    commits: tuple[RecordedCommit, ...] = ()
    more: int = 0

    @property
    def count(self) -> int:
        """Return how many they are."""
        return len(self.commits) + self.more


@dataclass(frozen=True, slots=True)
class CommitDifference:
    """What one version (`head`) has and another one (`base`) has not, and what it lacks.

    Where the lists are not `exact`, they are those of the versions between the two, in the
    product's order; `unknown` are those of them, oldest first, of which no or only some commits are
    known.
    """

    base: str
    head: str
    added: CommitList
    removed: CommitList
    exact: bool = True
    unknown: tuple[str, ...] = ()


def total_of(changes: RecordedChanges) -> int:
    """Return the number of commits of a version that are known, with those not listed."""
    return len(changes["commits"]) + changes.get("more", 0)


def commits_behind(
    record: ProductRecord,
    behind: str,
    ahead: str,
    *,
    changes: Mapping[str, RecordedChanges] | None = None,
) -> int | None:
    """Return how many commits a version lacks that another one has, None where it is not known.

    A record from the index costs one query for each call, which reads the lists of the product and
    no event; any other record folds its versions, once. Beside this, only the versions on the way
    are looked at, and git is not run. `changes` saves the query: the `recorded_changes` of a record
    that more than one question is asked of. Without recorded commits, the answer is None at once.
    """
    changes = record.recorded_changes if changes is None else changes
    found = exact_difference(changes, behind, ahead) if changes or behind == ahead else None
    return found.added.count if found is not None else None


def commits_between(record: ProductRecord, base: str, head: str) -> CommitDifference:
    """Return what a version has that another one has not, and what it lacks, as recorded.

    Both must be versions of the product. Where the way between them is not known, its versions are
    read for their order.
    """
    changes = record.recorded_changes
    return exact_difference(changes, base, head) or _by_order(record, changes, base, head)


def exact_difference(
    changes: Mapping[str, RecordedChanges], base: str, head: str
) -> CommitDifference | None:
    """Return the difference by the versions that each list names, None where one is missing."""
    below = {
        name: place
        for place, name in enumerate(islice(versions_before(changes, base), _MOST_VERSIONS))
    }
    above: list[str] = []
    for name in islice(versions_before(changes, head), _MOST_VERSIONS):
        if name in below:
            removed = [*below][: below[name]]
            return _without_shared(changes, base, head, above, removed)
        above.append(name)
    return None


def versions_before(changes: Mapping[str, RecordedChanges], name: str) -> Iterator[str]:
    """Yield a version, the one before it, and so on, as far as they are known."""
    seen = set[str]()
    while name and name not in seen:
        yield name
        seen.add(name)
        own = changes.get(name)
        name = own.get("since", "") if own is not None else ""


def _without_shared(
    changes: Mapping[str, RecordedChanges],
    base: str,
    head: str,
    above: Sequence[str],
    below: Sequence[str],
) -> CommitDifference | None:
    added, removed = _joined(changes, above), _joined(changes, below)
    if added.commits and removed.commits:
        if added.more or removed.more:
            # Those that are not listed may be on both sides.
            return None
        mine, theirs = set(map(_digits, added.commits)), set(map(_digits, removed.commits))
        added = CommitList(tuple(each for each in added.commits if _digits(each) not in theirs))
        removed = CommitList(tuple(each for each in removed.commits if _digits(each) not in mine))
    return CommitDifference(base, head, added, removed)


def _joined(changes: Mapping[str, RecordedChanges], versions: Iterable[str]) -> CommitList:
    """Return the commits of some versions, each once."""
    found: dict[str, RecordedCommit] = {}
    more = 0
    for name in versions:
        own = changes.get(name)
        if own is not None:
            more += own.get("more", 0)
            for each in own["commits"]:
                found.setdefault(_digits(each), each)
    return CommitList(tuple(found.values()), more)


def _digits(commit: RecordedCommit) -> str:
    """Return the digits of a commit's id that every list has, whatever its length."""
    return commit["id"][:FEWEST_DIGITS]


def _by_order(
    record: ProductRecord, changes: Mapping[str, RecordedChanges], base: str, head: str
) -> CommitDifference:
    """Return what is known of the versions between two, in the product's order."""
    is_forward = is_newer(record, head, base)
    newest = head if is_forward else base
    way = [*versions_between(record, base, head), newest]
    known = _joined(changes, reversed(way))
    nothing = CommitList()
    unknown = tuple(each for each in way if each not in changes or "partial" in changes[each])
    lists = (known, nothing) if is_forward else (nothing, known)
    return CommitDifference(base, head, *lists, exact=False, unknown=unknown)
