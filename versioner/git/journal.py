"""The journal of one write: the move of the branch, and the paths to update in work trees.

It is on the disk before the branch moves, and removed when every work tree is updated. A
command that finds one knows that the writer was interrupted (`recovery`).
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.git.state import read_json, state_dir, state_file, write_whole
from versioner.git.worktree import is_safe_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["JournalEntry", "drop_journal", "has_journal", "read_journal", "write_journal"]

# Not compiled at import: a journal is rarely read.
_ID: Final = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_REF: Final = r"refs/heads/[^\x00-\x20\x7f~^:?*\[\\]+"


class JournalEntry(NamedTuple):
    """A move of `ref` from `old` to `new`.

    `stale` are, for each changed path, the blob ids (None: no file) that a work tree may still
    have there before it is updated.
    """

    ref: str
    old: str | None
    new: str
    stale: Mapping[str, frozenset[str | None]]


def _path(common_dir: Path) -> Path:
    return state_file(common_dir, "intent")


def has_journal(common_dir: Path) -> bool:
    """Return whether a write is in progress or was interrupted."""
    return os.path.lexists(_path(common_dir))


def write_journal(common_dir: Path, entry: JournalEntry) -> None:
    """Write the journal; it is on the disk at the return."""
    document = {
        "format": 1,
        "ref": entry.ref,
        "old": entry.old,
        "new": entry.new,
        "stale": {path: sorted(ids, key=str) for path, ids in entry.stale.items()},
    }
    folder = state_dir(common_dir)
    try:
        data = json.dumps(document).encode("ascii")
        # A fixed name, since the write lock is held; it replaces what a killed process left.
        write_whole(_path(common_dir), data, draft=folder / "intent.new", sync=True)
    except OSError as error:
        raise OperationFailed(f"cannot write to {folder}: {error.strerror}") from error


def drop_journal(common_dir: Path) -> None:
    """Remove the journal: every work tree is updated, or the branch did not move."""
    _path(common_dir).unlink(missing_ok=True)


def read_journal(common_dir: Path) -> JournalEntry | None:
    """Return the journal entry, None where there is none or it is not in our format."""
    try:
        return _parse(read_json(_path(common_dir)))
    except (KeyError, TypeError, AttributeError):
        return None


def _parse(document: dict[str, object]) -> JournalEntry | None:
    ref, old, new, stale = (document[key] for key in ("ref", "old", "new", "stale"))
    if not (isinstance(ref, str) and re.fullmatch(_REF, ref) and ".." not in ref):
        return None
    if not (_is_id(new) and (old is None or _is_id(old)) and isinstance(stale, dict)):
        return None
    if not all(is_safe_path(path) for path in stale):
        return None
    if not all(one is None or _is_id(one) for ids in stale.values() for one in ids):
        return None
    ids_of = {path: frozenset(ids) for path, ids in stale.items()}
    return JournalEntry(ref, old, new, ids_of)  # type: ignore[arg-type]  # checked just above


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(_ID, value) is not None
