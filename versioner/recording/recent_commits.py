"""The last commits of a source, as an event has them that is recorded elsewhere.

Who sends an event to the inbox or keeps it in the spool does not know the version before. So the
last commits go along, each with its parents, and who records the event takes those that the version
before does not have. A commit is a list: its text as in the line of an event, then its parents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.errors import InvalidInput
from versioner.git.source.recent import recent_commits
from versioner.models.events import UNDEPLOYED
from versioner.recording.commit_texts import CommitText, texts_of_commits, within_limit
from versioner.rules.event_decision import same_sha
from versioner.serialization.commit_lines import read_commit, written_commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models.events import RecordedChanges, RecordedCommit
    from versioner.recording.context import EventDraft

__all__ = ["changes_of_recent", "checked_recent", "with_recent"]

# Few, because the line of the spool is printed.
_MOST: Final = 40
_DIGITS: Final = 16
_MOST_PARENTS: Final = 100
_LONGEST: Final = 2000
# In the place of the parents of a commit at which the history of a shallow checkout ends.
_UNKNOWN: Final = "?"


def with_recent(draft: EventDraft) -> EventDraft:
    """Return a draft with the last commits of its checkout, if it has one."""
    fields = draft.fields
    sha = str(fields.get("scm_sha") or "").lower()
    is_needed = draft.checkout and sha and "changes" not in fields and "voids" not in fields
    if not is_needed or fields.get("status") == UNDEPLOYED:
        return draft
    found = recent_commits(draft.checkout, sha, _MOST)
    texts = [CommitText(c.id, c.message, c.name, c.email) for c, _ in found]
    # What a registry allows of people is not known here.
    commits, _ = texts_of_commits(texts, {"people": "login"})
    recent = []
    for (commit, parents), own in zip(found, commits, strict=False):
        text = written_commit({**own, "id": commit.id[:_DIGITS]})
        if not isinstance(text, str):
            text = commit.id[:_DIGITS]
        known = [_UNKNOWN] if parents is None else [each[:_DIGITS] for each in parents]
        recent.append((text, *known))
    return draft._replace(recent=tuple(recent))


def checked_recent(value: Any) -> tuple[tuple[str, ...], ...]:
    """Return the commits of a document that anybody may have written; raise InvalidInput."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MOST or not all(map(_is_entry, value)):
        raise InvalidInput("the event cannot be read: its last commits are not a list of commits")
    return tuple(map(tuple, value))


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and 0 < len(entry) <= _MOST_PARENTS
        and all(isinstance(each, str) and len(each) <= _LONGEST for each in entry)
        and isinstance(read_commit(entry[0]), dict)
    )


def changes_of_recent(
    recent: Sequence[Sequence[str]], sha: str, earlier: Mapping[str, str]
) -> RecordedChanges | None:
    """Return the commits of a version that an earlier one does not have.

    `earlier` has the commits of earlier versions, the latest first. Where none of them is among the
    last commits, or a commit on the way is not, only the version's own is known. The result is None
    where the last commits are those of another commit.
    """
    commits: list[RecordedCommit] = [read_commit(each[0]) for each in recent]
    if not commits or not same_sha(commits[0]["id"], sha):
        return None
    parents = {commit["id"]: each[1:] for commit, each in zip(commits, recent, strict=True)}
    for version, known in earlier.items():
        since = next((each for each in parents if known and same_sha(each, known)), "")
        if since:
            own = _since(parents, since)
            if own is None:
                break
            found = [_shortened(each) for each in commits if each["id"] in own]
            return {"since": version, "commits": within_limit(found)}
    return {"partial": True, "commits": [_shortened(commits[0])]}


def _since(parents: Mapping[str, Sequence[str]], since: str) -> set[str] | None:
    """Return the commits that an ancestor does not have, None where some of them are not known.

    No commit comes before its descendants, so that one pass finds all that the ancestor has.
    """
    before = {since}
    for commit, own in parents.items():
        if commit in before:
            before.update(own)
    found = {each for each in parents if each not in before}
    named = {each for commit in found for each in parents[commit]}
    return found if named <= found | before & parents.keys() else None


def _shortened(commit: RecordedCommit) -> RecordedCommit:
    return {**commit, "id": commit["id"][:8]}
