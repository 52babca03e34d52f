"""Which versions have a change, by the commits that are recorded.

A version has a commit where its own list, or that of a version before it, has it. It does not have
it where every list is known down to a version that is also before the one that brought the commit.
Otherwise it is not known. Commits of one subject are one change: a cherry-pick keeps the subject.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import UsageFault
from versioner.query.commits.between import FEWEST_DIGITS, versions_before

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from versioner.models.events import RecordedChanges, RecordedCommit

__all__ = ["RecordedChange", "check_wanted", "find_changes", "having", "is_commit", "is_same"]

_COMMIT: Final = re.compile(rf"[0-9a-f]{{{FEWEST_DIGITS},64}}")
_KEY: Final = re.compile(r"[^\s()]{2,60}")
_MERGE: Final = "Merge pull request "


class RecordedChange(NamedTuple):
    """A commit, with its copies, and the versions whose lists have one of them."""

    commits: Mapping[str, RecordedCommit]
    versions: frozenset[str]


def find_changes(
    changes: Mapping[str, RecordedChanges], commits: Mapping[str, str], wanted: str
) -> list[RecordedChange]:
    """Return the changes of a product that a commit id, or the key of a request or ticket, names.

    `changes` are the lists of its versions, `commits` the commits that they were built from. Of a
    pull request that was merged by a merge commit, that is the one.
    """
    found: dict[str, tuple[dict[str, RecordedCommit], set[str]]] = {}
    for version, commit in _named(changes, wanted):
        copies, versions = found.setdefault(commit.get("subject") or commit["id"], ({}, set()))
        copies[commit["id"]] = commit
        versions.add(version)
    if merges := [each for each in found if each.startswith(f"{_MERGE}{wanted} ")]:
        found = {each: found[each] for each in merges}
    built = {name for name, sha in commits.items() if is_same(sha, wanted)}
    if built and not found:
        sha = max((commits[name] for name in built), key=len)
        found[sha] = ({sha: {"id": sha}}, set())
    return [
        RecordedChange(copies, frozenset(versions | built)) for copies, versions in found.values()
    ]


def check_wanted(text: str) -> str:
    """Return the name of a commit, pull request or ticket; raise UsageFault for another text."""
    if is_commit(text):
        return text.lower()
    if not _KEY.fullmatch(text) or not any(map(str.isdigit, text)):
        raise UsageFault(
            f'"{text[:60]}" is no commit, pull request or ticket',
            hint="give a commit id of at least 7 digits, #12, !12 or ABC-123",
        )
    return text


def is_commit(text: str) -> bool:
    """Return whether a text is an id of a commit, or its first digits."""
    return _COMMIT.fullmatch(text.lower()) is not None


def _named(
    changes: Mapping[str, RecordedChanges], wanted: str
) -> Iterator[tuple[str, RecordedCommit]]:
    for version, own in changes.items():
        for commit in own["commits"]:
            if wanted in commit.get("keys", ()) or is_same(commit["id"], wanted):
                yield version, commit


def is_same(commit: str, wanted: str) -> bool:
    """Return whether two ids name one commit: one is the beginning of the other."""
    short, long = sorted((commit, wanted.lower()), key=len)
    return len(short) >= FEWEST_DIGITS and long.startswith(short)


def having(
    changes: Mapping[str, RecordedChanges], wanted: Collection[RecordedChange]
) -> Callable[[str], bool | None]:
    """Return whether a version has all of some changes, as a function; None is not known."""
    known = [_first_answers(changes, each) for each in wanted]

    def has(version: str) -> bool | None:
        answers = [_answer(changes, version, each) for each in known]
        if False in answers:
            return False
        return None if None in answers else True

    return has


def _first_answers(
    changes: Mapping[str, RecordedChanges], wanted: RecordedChange
) -> dict[str, bool | None]:
    """Return the versions that bring a change, and those before them, which surely lack it."""
    found: dict[str, bool | None] = {}
    for one in wanted.versions:
        before = [*versions_before(changes, one)]
        last = max(at for at, name in enumerate(before) if name in wanted.versions)
        found.update(dict.fromkeys(before[last + 1 :], False))
    return found | dict.fromkeys(wanted.versions, True)


def _answer(
    changes: Mapping[str, RecordedChanges], version: str, known: dict[str, bool | None]
) -> bool | None:
    """Return whether a version has a change; `known` keeps the answer of each one on the way."""
    way: list[str] = []
    found = None
    for name in versions_before(changes, version):
        if name in known:
            found = known[name]
            break
        way.append(name)
    for name in reversed(way):
        own = changes.get(name)
        is_whole = own is not None and "more" not in own and "partial" not in own
        # A commit that is not listed may be the one.
        found = known[name] = None if found is False and not is_whole else found
    return found
