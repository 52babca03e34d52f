"""What is recorded of a commit: its subject, its author as `people:` allows it, and its keys.

A list that would be long has shorter subjects, and then subjects of some commits only: the id and
the keys of each stay, so that a question for a commit or a pull request is still answered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.secret_scanning import holds_secret
from versioner.serialization.commit_lines import size_of_commit
from versioner.validation.commit_keys import keys_in, patterns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from versioner.models.events import RecordedCommit

__all__ = [
    "MOST_COMMITS",
    "MOST_KEYS",
    "CommitText",
    "recorded_commits",
    "texts_of_commits",
    "within_limit",
    "without_people",
]

MOST_COMMITS: Final = 200
MOST_KEYS: Final = 20
_DIGITS: Final = 8
_LONGEST_SUBJECT: Final = 120
_LONGEST_AUTHOR: Final = 100
_LONGEST_READ: Final = 10_000
# The bytes of a list within which subjects are not shortened, and what is left for subjects where
# ids and keys need most of it.
_BYTES: Final = 1900
_BYTES_OF_SUBJECTS: Final = 1000
# The lengths of the subjects of a list that is longer than that.
_SHORTER: Final = (72, 50)
# The most bytes of the ids and keys of a list: far less than the limit of a line.
_MOST_BYTES: Final = 12 * 1024

# Sequences that control a terminal, then what is a space, then what is not seen or changes the
# direction of the text.
_SEQUENCES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_SPACES: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_UNSEEN: Final = re.compile(
    r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
)
# As forges end the subject of a squashed pull request.
_NUMBER_AT_END: Final = re.compile(r" \([#!][0-9]{1,9}\)\Z")
_MERGE_OF_REQUEST: Final = re.compile(r"Merge pull request #[0-9]{1,9} from(?= )")
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
    """Return the first of some commits as they are recorded, and how many texts were left out."""
    found, secrets = texts_of_commits(commits, config)
    return within_limit(found), secrets


def texts_of_commits(
    commits: Iterable[CommitText], config: Mapping[str, Any]
) -> tuple[list[RecordedCommit], int]:
    """Return the first of some commits, each whole, and how many texts were left out.

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
        size += size_of_commit(_bare(own))
        if size > _MOST_BYTES or len(found) == MOST_COMMITS:
            break
        found.append(own)
    return found, secrets


def within_limit(commits: list[RecordedCommit]) -> list[RecordedCommit]:
    """Return commits with as much of their subjects as the size of a list allows.

    First the merges of branches lose theirs, because the commits of a branch are in the list. Then
    subjects are cut, and at last only the first commits have one.
    """
    if _size_of(commits) <= _BYTES:
        return commits
    commits = [_bare(each) if _is_plain_merge(each) else each for each in commits]
    for width in (_LONGEST_SUBJECT, *_SHORTER):
        commits = [_cut(each, width) for each in commits]
        if _size_of(commits) <= _BYTES:
            return commits
    bare = [_bare(each) for each in commits]
    room = max(_BYTES - _size_of(bare), _BYTES_OF_SUBJECTS)
    for place, each in enumerate(commits):
        room -= size_of_commit(each) - size_of_commit(bare[place])
        if room < 0:
            return [*commits[:place], *bare[place:]]
    return commits


def _size_of(commits: Sequence[RecordedCommit]) -> int:
    return sum(map(size_of_commit, commits))


def _bare(commit: RecordedCommit) -> RecordedCommit:
    """Return a commit without its texts."""
    keys = commit.get("keys")
    return {"id": commit["id"], "keys": keys} if keys else {"id": commit["id"]}


def _is_plain_merge(commit: RecordedCommit) -> bool:
    is_merge = commit.get("subject", "").startswith(("Merge branch ", "Merge remote-tracking "))
    return is_merge and "keys" not in commit


def _cut(commit: RecordedCommit, width: int) -> RecordedCommit:
    subject = commit.get("subject", "")
    if merge := _MERGE_OF_REQUEST.match(subject):
        # The name of its branch says less than the subjects of its commits, which are in the list.
        return {**commit, "subject": f"{merge[0]}…"}
    return commit if len(subject) <= width else {**commit, "subject": _shortened(subject, width)}


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
    """Return a text that is cut where it is longer, before the number at its end."""
    if len(text) <= most:
        return text
    number = found[0] if (found := _NUMBER_AT_END.search(text)) else ""
    return f"{text[: most - 1 - len(number)].rstrip(' …')}…{number}"
