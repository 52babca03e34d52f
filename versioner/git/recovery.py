"""Complete a write that was interrupted between moving the branch and updating the work trees.

Until then the work tree has the old bytes, and a user's `git commit -a` would revert the commit
unintentionally. What such a commit reverted is put back in a new commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.git.checkout import (
    FileUpdate,
    appended_lines,
    checkouts_of,
    is_log,
    refresh,
    with_lines,
)
from versioner.git.commit import publish
from versioner.git.history import is_ancestor
from versioner.git.index import release_index
from versioner.git.journal import drop_journal, read_journal
from versioner.git.object_format import hash_object
from versioner.git.objects import TreeView, missing
from versioner.git.repository import tip_of

if TYPE_CHECKING:
    from versioner.git.journal import JournalEntry
    from versioner.git.objects import ObjectReader
    from versioner.git.session import LockedRepository

__all__ = ["complete"]

MESSAGE: Final = "Put back what an interrupted write left out"


def complete(repo: LockedRepository) -> None:
    """Complete the write that the journal names; drop the journal if the branch did not move."""
    entry = read_journal(repo.common_dir)
    for checkout in checkouts_of(repo, entry.ref) if entry is not None else ():
        release_index(checkout.git_dir)
    if entry is None or not _moved(repo, entry):
        drop_journal(repo.common_dir)
        return
    at_tip = repo._replace(branch=entry.ref, tip=tip_of(repo, entry.ref), pinned=True)
    updates, undone = _updates(at_tip, entry)
    if undone:
        # The same entry, with the content that the work trees may have by now.
        widened = entry._replace(stale={path: item.stale for path, item in updates.items()})
        publish(at_tip, updates, MESSAGE, identity=None, when=None, resuming=widened)
    elif refresh(at_tip, checkouts_of(at_tip, entry.ref), updates, repo.session):
        drop_journal(repo.common_dir)


def _moved(repo: LockedRepository, entry: JournalEntry) -> bool:
    """Return whether the branch contains the commit of the journal entry."""
    tip = tip_of(repo, entry.ref)
    if tip is None or tip == entry.old:
        return False
    return is_ancestor(repo, entry.new, tip)


def _updates(repo: LockedRepository, entry: JournalEntry) -> tuple[dict[str, FileUpdate], bool]:
    """Return the update of each path, and whether the tip differs from it."""
    session = repo.session
    reader = session.reader(repo.top)
    views = [TreeView(reader, revision) for revision in (entry.old, entry.new, repo.tip)]
    updates: dict[str, FileUpdate] = {}
    undone = False
    for path, stale in entry.stale.items():
        old, new, now = (_file(view, reader, path) for view in views)
        added = _added(path, old, new)
        wanted = new if now == old else _with_added(now, added)
        undone = undone or wanted != now
        ids = stale | {_id(repo, now)} if wanted != now else stale
        updates[path] = FileUpdate(_id(repo, wanted), wanted, ids, added)
    session.close()
    return updates, undone


def _file(view: TreeView, reader: ObjectReader, path: str) -> bytes | None:
    entry = view.entry(path)
    if entry is None or not entry.is_file:
        return None
    found = reader.find_one(entry.id)
    if found is None:
        raise missing(path)
    return found.data


def _added(path: str, old: bytes | None, new: bytes | None) -> list[bytes]:
    if new is None or not is_log(path):
        return []
    return appended_lines(old or b"", new) or []


def _with_added(now: bytes | None, added: list[bytes]) -> bytes | None:
    # A log that existed before and is gone now was deleted on purpose.
    return now if now is None else with_lines(now, added) or now


def _id(repo: LockedRepository, data: bytes | None) -> str | None:
    return None if data is None else hash_object("blob", data, repo.object_format)
