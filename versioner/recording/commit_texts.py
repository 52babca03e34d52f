"""What is recorded of a commit: its subject, its author as `people:` allows it, and its keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.secret_scanning import holds_secret
from versioner.validation.commit_keys import keys_in, patterns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models.events import RecordedCommit

__all__ = ["MOST_COMMITS", "MOST_KEYS", "CommitText", "recorded_commits", "without_people"]

MOST_COMMITS: Final = 200
MOST_KEYS: Final = 20
_DIGITS: Final = 10
_LONGEST_SUBJECT: Final = 120
_LONGEST_AUTHOR: Final = 100
_LONGEST_READ: Final = 10_000
# The most bytes that all commits of one event take: far less than the limit of a line.
_MOST_BYTES: Final = 32 * 1024

# Sequences that control a terminal, then what is a space, then what is not seen or changes the
# direction of the text.
_SEQUENCES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_SPACES: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_UNSEEN: Final = re.compile(
    r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
)
_ADDRESS: Final = re.compile(r"[^\s@<>(),;:]{1,64}@[^\s@<>(),;:]{1,250}\.[A-Za-z]{2,63}")
# The addresses that forges give commits made on their pages have the login.
_LOGINS: Final = re.compile(
    r"(?:(?:[0-9]+\+)?([A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.github\.com"
    r"|[0-9]+-([A-Za-z0-9_.-]+)@users\.noreply\.gitlab\.com)"
)


class CommitText(NamedTuple):
    """A commit as git or a file tells it; `keys` are known ones beside those of the message."""

    id: str
    message: str
    name: str = ""
    email: str = ""
    login: str = ""
    keys: tuple[str, ...] = ()


def recorded_commits(
    commits: Iterable[CommitText], config: Mapping[str, Any]
) -> tuple[list[RecordedCommit], int]:
    """Return the first of some commits as they are recorded, and how many texts were left out.

    A text that looks like a secret key is left out; the commit stays.
    """
    patterns, people = patterns_of(config), config.get("people", "login")
    found: list[RecordedCommit] = []
    size, secrets = 0, 0
    for each in commits:
        subject, author = _subject(each.message, people), _author(each, people)
        own: RecordedCommit = {"id": each.id[:_DIGITS].lower()}
        is_secret = holds_secret(each.message[:_LONGEST_READ])
        secrets += is_secret
        if subject and not is_secret:
            own["subject"] = subject
        if author and not holds_secret(author):
            own["author"] = author
        keys = [] if is_secret else keys_in(each.message, patterns)
        if named := list(dict.fromkeys((*keys, *each.keys)))[:MOST_KEYS]:
            own["keys"] = named
        size += _size_of(own)
        if size > _MOST_BYTES or len(found) == MOST_COMMITS:
            break
        found.append(own)
    return found, secrets


def _size_of(commit: RecordedCommit) -> int:
    """Return about how many bytes a commit takes in the line of its event."""
    texts = [commit["id"], commit.get("subject", ""), commit.get("author", "")]
    return 45 + sum(len(each.encode()) for each in (*texts, *commit.get("keys", ())))


def without_people(changes: Any, people: str) -> Any:
    """Return recorded commits without what `people:` excludes; what is no such value stays."""
    if not isinstance(changes, dict) or not isinstance(changes.get("commits"), list):
        return changes
    return {**changes, "commits": [_without_people(each, people) for each in changes["commits"]]}


def _without_people(commit: Any, people: str) -> Any:
    if not isinstance(commit, dict):
        return commit
    author, subject = str(commit.get("author", "")), commit.get("subject")
    is_name = "@" in author or " " in author
    excluded = {"author"} if people == "none" or is_name else set()
    kept = {key: value for key, value in commit.items() if key not in excluded}
    return kept | {"subject": _without_addresses(subject)} if isinstance(subject, str) else kept


def _without_addresses(text: str) -> str:
    """Return a text without e-mail addresses, which are recorded with `people: all` alone."""
    return _ADDRESS.sub("[e-mail]", text) if "@" in text else text


def _subject(message: str, people: str) -> str:
    lines = message[:_LONGEST_READ].strip().splitlines()
    paragraph = " ".join(lines[: lines.index("")] if "" in lines else lines)
    text = _one_line(paragraph)
    return _shortened(text if people == "all" else _without_addresses(text), _LONGEST_SUBJECT)


def _author(commit: CommitText, people: str) -> str:
    """Return the login or, with `people: all`, else the name; "" where neither is recorded."""
    if people == "none":
        return ""
    found = _LOGINS.fullmatch(commit.email)
    login = commit.login or (found[1] or found[2] if found else "")
    name = _one_line(commit.name)
    if not login and (people == "all" or (name and " " not in name and "@" not in name)):
        login = name
    return _shortened(_one_line(login), _LONGEST_AUTHOR)


def _one_line(text: str) -> str:
    seen = _UNSEEN.sub("", _SEQUENCES.sub("", text))
    return _SPACES.sub(" ", seen).strip()


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
