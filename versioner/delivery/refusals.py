"""Move a waiting event aside with the reason, to a ref where it blocks nobody and is found again.

The new commit stands on what was handed over, so that nothing of it is lost. Anyone who may
push can have made what waits: a ref of any name, at an object of any kind.
"""

from __future__ import annotations

import json
from itertools import chain, count
from typing import TYPE_CHECKING, Final

from versioner.git.commit_objects import epoch_of
from versioner.git.object_format import TreeEntry, parse_tree
from versioner.names import is_name
from versioner.remote.client import RefUpdate
from versioner.remote.inbox_refs import EVENT, INBOX, REFUSAL, REFUSED, inbox_ref, store_commit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from versioner.errors import Blocked, InvalidInput
    from versioner.git.objects import GitObject, ObjectReader
    from versioner.remote.inbox_refs import Waiting
    from versioner.remote.partial_clone import PartialClone

__all__ = ["Refuser", "parents_of"]

# The product of what names none.
_NAMELESS: Final = "unnamed"
# What was handed over, where it is neither a commit nor a file.
_FOLDER: Final = "handed-over"


class Refuser:
    """Make the refs that refused events move to, in one look at a remote."""

    def __init__(self, clone: PartialClone, reader: ObjectReader, now: str) -> None:
        self._clone = clone
        self._reader = reader
        self._now = now
        self._taken = clone.refs(REFUSED)

    def refuse(self, waits: Waiting, error: InvalidInput | Blocked) -> list[RefUpdate]:
        """Return what moves an event aside: the new ref first, then the end of the old one."""
        found = self._reader.find_one(waits.commit)
        parent = self._reader.find_one(f"{waits.commit}^{{commit}}") if _leads_on(found) else None
        parent_id = parent.id if parent is not None else ""
        ref = self._free_ref(waits, parent_id)
        commit = store_commit(
            self._clone.folder,
            {**self._held(waits, found), REFUSAL: _reason(error, self._now)},
            "Refuse an event",
            epoch_of(self._now),
            parent=parent_id,
            object_format=self._clone.object_format,
        )
        before = self._taken.get(ref)
        self._taken[ref] = commit
        return [RefUpdate(ref, before, commit), RefUpdate(waits.ref, waits.commit, None)]

    def moot(self, waits: Waiting) -> list[RefUpdate]:
        """Return what ends an earlier refusal of what is recorded now: the very same hand-over."""
        ref = next(_names(waits))
        held = self._taken.get(ref)
        if held is None or waits.commit not in parents_of(self._reader.find_one(held)):
            return []
        return [RefUpdate(ref, held, None)]

    def _held(self, waits: Waiting, found: GitObject | None) -> dict[str, TreeEntry]:
        """Return the event's file as it is, or what stands in its place."""
        if found is not None and found.type == "blob":
            return {EVENT: TreeEntry(0o100644, found.id)}
        tree = self._reader.find_one(f"{waits.commit}^{{tree}}")
        if tree is None:
            inner = self._reader.find_one(f"{waits.commit}^{{blob}}")
            return {EVENT: TreeEntry(0o100644, inner.id)} if inner is not None else {}
        event = parse_tree(tree.data, len(tree.id) // 2).get(EVENT)
        if event is not None and event.is_file:
            return {EVENT: TreeEntry(0o100644, event.id)}
        is_commit = found is not None and found.type == "commit"
        return {} if is_commit else {_FOLDER: TreeEntry(0o40000, tree.id)}

    def _free_ref(self, waits: Waiting, parent: str) -> str:
        """Return a ref of the same name, or one that no other refused event has."""
        for ref in _names(waits):
            held = self._taken.get(ref)
            same = held is not None and parent and parent in parents_of(self._reader.find_one(held))
            if same or (held is None and not _stands_in_way(ref, self._taken)):
                return ref
        raise AssertionError("the names never end")


def parents_of(commit: GitObject | None) -> list[str]:
    """Return the ids of a commit's parents, also where a shallow clone lacks them."""
    if commit is None or commit.type != "commit":
        return []
    lines = commit.data.split(b"\n\n", 1)[0].split(b"\n")
    return [line[7:].decode("ascii") for line in lines if line.startswith(b"parent ")]


def _leads_on(found: GitObject | None) -> bool:
    return found is not None and found.type in ("commit", "tag")


def _names(waits: Waiting) -> Iterator[str]:
    """Yield names of two levels and plain characters, whatever the event waits under."""
    rest = waits.ref.removeprefix(INBOX)
    product, _, key = rest.partition("/")
    told = is_name(product) and key and "/" not in key
    # What is no plain key goes by its digest.
    names = [ascii(key)[1:-1] if told else ascii(rest)]
    names.append(f"{names[0]} {waits.commit}")
    others = (f"{_NAMELESS}-{number}" for number in count(2))
    folders = chain([product] if told else [], [_NAMELESS], others)
    for folder in folders:
        yield from (REFUSED + inbox_ref(folder, name).removeprefix(INBOX) for name in names)


def _stands_in_way(ref: str, taken: Collection[str]) -> bool:
    """Tell whether git would refuse a ref: another is a folder on its way, or below it."""
    folder = ref.rpartition("/")[0]
    return folder in taken or any(each.startswith(f"{ref}/") for each in taken)


def _reason(error: InvalidInput | Blocked, now: str) -> bytes:
    said = {
        "code": error.exit_code,
        "message": error.message,
        "hint": error.hint,
        "at": now,
    }
    return json.dumps(said, ensure_ascii=True, indent=1).encode("ascii") + b"\n"
