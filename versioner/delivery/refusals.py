"""Move a refused event from the inbox to a ref of its own, with the reason.

The parent of the new commit is the event's own commit, so that nothing of it is lost. Anyone who
may push can have created the event's ref: it may have any name, and be an object of any kind.
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
    from versioner.remote.inbox_refs import WaitingEvent
    from versioner.remote.partial_clone import PartialClone

__all__ = ["Refuser", "parents_of"]

# The product of an event that names none.
_NAMELESS: Final = "unnamed"
# The submitted object, where it is neither a commit nor a file.
_FOLDER: Final = "handed-over"


class Refuser:
    """The refused refs of one fetched remote, and the updates that add to them."""

    def __init__(self, clone: PartialClone, reader: ObjectReader, now: str) -> None:
        self._clone = clone
        self._reader = reader
        self._now = now
        self._taken = clone.refs(REFUSED)

    def refuse(self, event: WaitingEvent, error: InvalidInput | Blocked) -> list[RefUpdate]:
        """Return the updates that refuse an event: first the new ref, then the deletion."""
        found = self._reader.find_one(event.commit)
        parent = (
            self._reader.find_one(f"{event.commit}^{{commit}}") if _may_be_parent(found) else None
        )
        parent_id = parent.id if parent is not None else ""
        ref = self._free_ref(event, parent_id)
        commit = store_commit(
            self._clone.folder,
            {**self._event_file(event, found), REFUSAL: _reason(error, self._now)},
            "Refuse an event",
            epoch_of(self._now),
            parent=parent_id,
            object_format=self._clone.object_format,
        )
        before = self._taken.get(ref)
        self._taken[ref] = commit
        return [RefUpdate(ref, before, commit), RefUpdate(event.ref, event.commit, None)]

    def end_refusal(self, event: WaitingEvent) -> list[RefUpdate]:
        """Return the update that deletes an earlier refusal of the same commit, now recorded."""
        ref = next(_names(event))
        existing = self._taken.get(ref)
        if existing is None or event.commit not in parents_of(self._reader.find_one(existing)):
            return []
        return [RefUpdate(ref, existing, None)]

    def _event_file(self, event: WaitingEvent, found: GitObject | None) -> dict[str, TreeEntry]:
        """Return the event's file, or the object in its place."""
        if found is not None and found.type == "blob":
            return {EVENT: TreeEntry(0o100644, found.id)}
        tree = self._reader.find_one(f"{event.commit}^{{tree}}")
        if tree is None:
            inner = self._reader.find_one(f"{event.commit}^{{blob}}")
            return {EVENT: TreeEntry(0o100644, inner.id)} if inner is not None else {}
        entry = parse_tree(tree.data, len(tree.id) // 2).get(EVENT)
        if entry is not None and entry.is_file:
            return {EVENT: TreeEntry(0o100644, entry.id)}
        is_commit = found is not None and found.type == "commit"
        return {} if is_commit else {_FOLDER: TreeEntry(0o40000, tree.id)}

    def _free_ref(self, event: WaitingEvent, parent: str) -> str:
        """Return a ref with the event's name, or else one that no other refused event has."""
        for ref in _names(event):
            existing = self._taken.get(ref)
            same = (
                existing is not None
                and parent
                and parent in parents_of(self._reader.find_one(existing))
            )
            if same or (existing is None and not _is_blocked(ref, self._taken)):
                return ref
        raise AssertionError("the names never end")


def parents_of(commit: GitObject | None) -> list[str]:
    """Return the ids of a commit's parents, even if a shallow clone does not have them."""
    if commit is None or commit.type != "commit":
        return []
    lines = commit.data.split(b"\n\n", 1)[0].split(b"\n")
    return [line[7:].decode("ascii") for line in lines if line.startswith(b"parent ")]


def _may_be_parent(found: GitObject | None) -> bool:
    return found is not None and found.type in ("commit", "tag")


def _names(event: WaitingEvent) -> Iterator[str]:
    """Yield names with two levels and plain characters, for a waiting event of any name."""
    rest = event.ref.removeprefix(INBOX)
    product, _, key = rest.partition("/")
    is_plain = is_name(product) and key and "/" not in key
    # A key with other characters is replaced by its digest.
    names = [ascii(key)[1:-1] if is_plain else ascii(rest)]
    names.append(f"{names[0]} {event.commit}")
    others = (f"{_NAMELESS}-{number}" for number in count(2))
    folders = chain([product] if is_plain else [], [_NAMELESS], others)
    for folder in folders:
        yield from (REFUSED + inbox_ref(folder, name).removeprefix(INBOX) for name in names)


def _is_blocked(ref: str, taken: Collection[str]) -> bool:
    """Return whether git would refuse a ref, since another ref is its folder or below it."""
    folder = ref.rpartition("/")[0]
    return folder in taken or any(each.startswith(f"{ref}/") for each in taken)


def _reason(error: InvalidInput | Blocked, now: str) -> bytes:
    document = {
        "code": error.exit_code,
        "message": error.message,
        "hint": error.hint,
        "at": now,
    }
    return json.dumps(document, ensure_ascii=True, indent=1).encode("ascii") + b"\n"
