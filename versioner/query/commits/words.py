"""The commits that a version or a deployment brings, in words of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.query.commits.between import CommitList, exact_difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Deployment, Undeployment
    from versioner.models.events import RecordedChanges
    from versioner.query.commits.between import CommitDifference

__all__ = ["brought_by", "count_words", "difference_words", "list_words", "removed_words"]

_NAMED: Final = 3
_LONGEST: Final = 80


def brought_by(
    changes: Mapping[str, RecordedChanges], deployment: Deployment | Undeployment
) -> CommitDifference | None:
    """Return what a deployment changed where it ran, None where that is not known or nothing.

    `changes` are the lists of the product's versions.
    """
    before, version = deployment.previous, deployment.version
    if not changes or deployment.kind == "undeployment" or not before or before == version:
        return None
    found = exact_difference(changes, before, version)
    if found is None or not (found.added.count or found.removed.count):
        return None
    return found


def count_words(found: CommitDifference) -> str:
    """Return how many commits came and went: `14 commits`, `14 commits, takes 2 away`."""
    added, removed = found.added.count, found.removed.count
    if added:
        return _commits(added) + (f", takes {removed:,} away" if removed else "")
    return f"takes {_commits(removed)} away" if removed else "no commits"


def difference_words(found: CommitDifference) -> str:
    """Return the number of commits that came, else went, and the subjects of the first ones."""
    shown = found.added if found.added.count else found.removed
    subjects = _subjects(shown)
    return f"{count_words(found)}: {subjects}" if subjects else count_words(found)


def removed_words(found: CommitDifference) -> str:
    """Return the number of commits that went, and the subjects of the first ones; "" for none."""
    if not found.removed.count:
        return ""
    subjects = _subjects(found.removed)
    return _commits(found.removed.count) + (f": {subjects}" if subjects else "")


def list_words(changes: RecordedChanges) -> str:
    """Return the number of commits of one version, and the subjects of the first ones."""
    own = CommitList(tuple(changes["commits"]), changes.get("more", 0))
    if not own.count:
        return "no commits"
    words = "at least " if "partial" in changes else ""
    subjects = _subjects(own)
    return f"{words}{_commits(own.count)}" + (f": {subjects}" if subjects else "")


def _subjects(commits: CommitList) -> str:
    subjects = [each["subject"] for each in commits.commits if "subject" in each]
    # The merge of a branch says least of what is in it.
    subjects.sort(key=lambda each: each.startswith(("Merge branch ", "Merge remote-tracking ")))
    named = subjects[:_NAMED]
    more = commits.count - len(named)
    texts = [text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…" for text in named]
    return "; ".join([*texts, *([f"{more:,} more"] if named and more else [])])


def _commits(number: int) -> str:
    return f"{number:,} commit{'s' * (number != 1)}"
