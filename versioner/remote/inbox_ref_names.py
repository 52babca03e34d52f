"""The refs that wait: an event handed over is a commit of its own, on a ref nobody else writes.

Such a commit has no parent and holds one file, so that it can be made and pushed without
fetching anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner.git.object_format import TreeEntry, hash_object, tree_bytes
from versioner.remote.inbox_refs import INBOX, REFUSED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["EVENT", "INBOX", "REFUSAL", "REFUSED", "inbox_ref", "store_commit"]

EVENT: Final = "event.json"
REFUSAL: Final = "refusal.json"

# What can be a part of a ref's name as it is, whatever git and file systems make of the rest.
_PLAIN: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}"
_WHO: Final = "versioner <versioner@localhost>"


def inbox_ref(product: str, event_id: str) -> str:
    """Return the ref that an event waits at; `product` is a legal name."""
    plain = re.fullmatch(_PLAIN, event_id) is not None
    # On file systems that know no case, two ids could else be one file.
    key = event_id if plain and event_id.lower() == event_id else _digest(event_id)
    return f"{INBOX}{product}/{key}"


def store_commit(
    git_dir: Path,
    files: Mapping[str, bytes | TreeEntry],
    message: str,
    seconds: int,
    *,
    parent: str = "",
    object_format: str = "sha1",
) -> str:
    """Write a commit of a few files, new or there already, into a repository; return its id.

    The same files, message and time make the same commit anywhere.
    """
    entries = {
        name: data
        if isinstance(data, TreeEntry)
        else TreeEntry(0o100644, _store(git_dir, "blob", data, object_format))
        for name, data in files.items()
    }
    tree = _store(git_dir, "tree", tree_bytes(entries), object_format)
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else [])]
    lines += [f"author {_WHO} {seconds} +0000", f"committer {_WHO} {seconds} +0000", "", message]
    return _store(git_dir, "commit", "\n".join([*lines, ""]).encode("utf-8"), object_format)


def _store(git_dir: Path, kind: str, data: bytes, object_format: str) -> str:
    from zlib import compress

    name = hash_object(kind, data, object_format)
    path = git_dir / "objects" / name[:2] / name[2:]
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        head = f"{kind} {len(data)}\0".encode("ascii")
        path.write_bytes(compress(head + data, 1))
    return name


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8")).hexdigest()[:32]
