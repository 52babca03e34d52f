"""The commits that `track --changes-from FILE` records: JSON, or lines of git log."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from versioner.cli.track_streams import warn
from versioner.errors import InvalidInput, OperationFailed
from versioner.names import is_version
from versioner.recording.commit_texts import CommitText, recorded_commits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models.events import RecordedChanges

__all__ = ["read_changes"]

_MOST_BYTES: Final = 8 * 1024 * 1024
_ID: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_KEY: Final = re.compile(r"[A-Za-z0-9#!._/-]{1,60}")
_HINT: Final = (
    "lines: git log --format='%h%x09%an%x09%s' OLD..NEW; JSON: "
    '[{"id": "4f5d1c2a", "subject": "..."}]'
)


def read_changes(name: str) -> RecordedChanges | None:
    """Return the commits of a file; None, with a warning, where it cannot be read.

    What `people:` and the patterns of registry.yaml say is applied where the event is recorded.
    """
    try:
        return _read(Path(name))
    except InvalidInput as error:
        warn(error, "no commits are recorded: ")
    except OSError as error:
        fault = OperationFailed(f"{name}: {error.strerror or error}", hint=_HINT)
        warn(fault, "no commits are recorded: ")
    return None


def _read(path: Path) -> RecordedChanges:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise _invalid(f"{path} has more than 8 MB")
    text = data.decode("utf-8-sig", "replace").strip()
    since, more, is_partial = "", 0, False
    if text.startswith(("[", "{")):
        given = _json(text, path)
        if isinstance(given, dict):
            since, more = str(given.get("since") or ""), given.get("more") or 0
            is_partial = given.get("partial") is True
            given = given.get("commits")
        commits = [*_of_json(given, path)]
    else:
        commits = [*_of_lines(text, path)]
    if (since and not is_version(since)) or not isinstance(more, int) or more < 0:
        raise _invalid(f'{path}: "since" is a version, and "more" a number')
    found, secrets = recorded_commits(commits, {"people": "all"})
    if secrets:
        hint = "revoke that key: everybody who can read the file can read it"
        warn(OperationFailed("a commit's message looks like it holds a secret key", hint=hint))
    changes: RecordedChanges = {}  # type: ignore[typeddict-item]
    if since and not is_partial:
        changes["since"] = since
    if more := more + len(commits) - len(found):
        changes["more"] = more
    if is_partial:
        changes["partial"] = True
    changes["commits"] = found
    return changes


def _of_lines(text: str, path: Path) -> Iterator[CommitText]:
    """Yield the commits of lines: an id, then a subject; with tabs between id, author, subject."""
    for number, line in enumerate(filter(str.strip, text.split("\n")), 1):
        commit, tab, rest = line.strip().partition("\t")
        author, second, subject = rest.partition("\t")
        if not tab:
            commit, _, subject = line.strip().partition(" ")
            author = ""
        elif not second:
            author, subject = "", author
        if not _ID.fullmatch(commit):
            raise _invalid(f"{path}: line {number} does not begin with the id of a commit")
        yield CommitText(commit, subject, author)


def _json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise _invalid(f"{path}: line {line} is not JSON") from None


def _of_json(given: Any, path: Path) -> Iterator[CommitText]:
    if not isinstance(given, list):
        raise _invalid(f"{path} has no list of commits")
    for number, each in enumerate(given, 1):
        commit = each.get("id") or each.get("sha") if isinstance(each, dict) else None
        if not isinstance(commit, str) or not _ID.fullmatch(commit):
            raise _invalid(f"{path}: commit {number} has no id")
        message = each.get("message") or each.get("subject") or each.get("title") or ""
        author, keys = each.get("author"), each.get("keys")
        yield CommitText(
            commit,
            message if isinstance(message, str) else "",
            author if isinstance(author, str) else "",
            keys=tuple(key for key in keys if isinstance(key, str) and _KEY.fullmatch(key))
            if isinstance(keys, list)
            else (),
        )


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, field="changes", hint=_HINT)
