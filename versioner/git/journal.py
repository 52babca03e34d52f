"""Keep the intent: what a write is about to do to the branch and the work trees.

It reaches the disk before the ref moves and goes when every work tree is refreshed. A command
that finds one (`recovery`) knows that a writer was killed in between.
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

__all__ = ["JournalEntry", "drop_intent", "has_intent", "read_intent", "write_intent"]

# Compiled when there is an intent to read, which is rare (and kept by re).
_ID: Final = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_REF: Final = r"refs/heads/[^\x00-\x20\x7f~^:?*\[\\]+"


class JournalEntry(NamedTuple):
    """Say that `ref` moves from `old` to `new`.

    `stale` holds, for each touched path, the blob ids (None: no file) that an unrefreshed work
    tree may still show there.
    """

    ref: str
    old: str | None
    new: str
    stale: Mapping[str, frozenset[str | None]]


def _path(common_dir: Path) -> Path:
    return state_file(common_dir, "intent")


def has_intent(common_dir: Path) -> bool:
    """Tell whether a write is under way or was cut off."""
    return os.path.lexists(_path(common_dir))


def write_intent(common_dir: Path, intent: JournalEntry) -> None:
    """Put the intent on the disk, whole, before returning."""
    document = {
        "format": 1,
        "ref": intent.ref,
        "old": intent.old,
        "new": intent.new,
        "stale": {path: sorted(ids, key=str) for path, ids in intent.stale.items()},
    }
    folder = state_dir(common_dir)
    try:
        data = json.dumps(document).encode("ascii")
        # Under the lock one name is enough, and what a kill left there is overwritten.
        write_whole(_path(common_dir), data, draft=folder / "intent.new", sync=True)
    except OSError as error:
        raise OperationFailed(f"cannot write to {folder}: {error.strerror}") from error


def drop_intent(common_dir: Path) -> None:
    """Take the intent away: all is done, or nothing is to be."""
    _path(common_dir).unlink(missing_ok=True)


def read_intent(common_dir: Path) -> JournalEntry | None:
    """Return the intent; None where there is none, or none that a tool of ours wrote."""
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
    kept = {path: frozenset(ids) for path, ids in stale.items()}
    return JournalEntry(ref, old, new, kept)  # type: ignore[arg-type]  # checked just above


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(_ID, value) is not None
