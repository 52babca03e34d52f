"""The recorded commits of a version as the line of its event has them: a text for each commit.

A text is like a line of `git log --oneline`: the id, then what is known of the subject, the author
and the keys: `4f5d1c2a Fix the login (#12) <jane> [ABC-7]`. The keys stand there only where they
are others than those that the subject shows. A commit whose text would be read differently is
written as a mapping, and a mapping of any commit is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.models import Event

__all__ = [
    "read_changes",
    "read_commit",
    "size_of_commit",
    "with_mappings",
    "with_texts",
    "written_changes",
    "written_commit",
]

# Compiled at their first use, because most logs have no commits.
_TEXT: Final = r"([0-9a-f]{7,64})( .+)?"
_KEYS: Final = r" \[([^\[\]]*)\]\Z"
_AUTHOR: Final = r" <([^<>]+)>\Z"
# The keys that a subject shows: a number after # or !, or of a ticket.
_SHOWN: Final = r"(?<![A-Za-z0-9])(?:[#!]|[A-Z][A-Z0-9]+-)[0-9]{1,9}(?![A-Za-z0-9])"


def with_texts(event: Event) -> Event:
    """Return an event with its commits as its line has them."""
    return {**event, "changes": written_changes(event["changes"])}


def with_mappings(event: Event) -> Event:
    """Return an event of a line, or any other one, with a mapping for each of its commits."""
    if "changes" not in event:
        return event
    return {**event, "changes": read_changes(event["changes"])}


def written_changes(changes: Any) -> Any:
    """Return the value of `changes` as a line has it; another value stays as it is."""
    return _with_commits(changes, written_commit)


def read_changes(value: Any) -> Any:
    """Return the value of `changes` in a line with a mapping for each commit.

    What is no commit stays as it is: the schema refuses it.
    """
    return _with_commits(value, read_commit)


def size_of_commit(commit: Mapping[str, Any]) -> int:
    """Return about how many bytes a commit adds to a line."""
    written = written_commit(commit)
    return 4 + len((written if isinstance(written, str) else repr(written)).encode())


def _with_commits(changes: Any, convert: Callable[[Any], Any]) -> Any:
    commits = changes.get("commits") if isinstance(changes, dict) else None
    if not isinstance(commits, list):
        return changes
    return {**changes, "commits": [convert(each) for each in commits]}


def written_commit(commit: Any) -> Any:
    """Return a commit as a line has it: a text or, where that would be another one, a mapping."""
    if not isinstance(commit, dict) or not all(map(_is_value, commit.values())):
        return commit
    author = f"<{commit['author']}>" if "author" in commit else ""
    text = " ".join(filter(None, [str(commit.get("id")), commit.get("subject"), author]))
    for one in (text, f"{text} [{' '.join(commit.get('keys', ()))}]"):
        if read_commit(one) == commit:
            return one
    return commit


def _is_value(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def read_commit(text: Any) -> Any:
    """Return the commit of a text as a mapping; any other value stays as it is."""
    found = re.fullmatch(_TEXT, text, re.S) if isinstance(text, str) else None
    if found is None:
        return text
    rest, keys, author = found[2] or "", None, ""
    if named := re.search(_KEYS, rest):
        keys, rest = named[1].split(), rest[: named.start()]
    if named := re.search(_AUTHOR, rest):
        author, rest = named[1], rest[: named.start()]
    subject = rest[1:]
    keys = list(dict.fromkeys(re.findall(_SHOWN, subject))) if keys is None else keys
    commit: dict[str, Any] = {"id": found[1]}
    for name, value in (("subject", subject), ("author", author), ("keys", keys)):
        if value:
            commit[name] = value
    return commit
