"""Complete a write that was killed between moving the ref and refreshing the work trees.

Until then the work tree shows the old bytes, and a user's `git commit -a` takes the commit
back out without anybody wanting it. What was taken out so is put back in a new commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.git.checkout import Target, appended_lines, checkouts_of, is_log, refresh, with_lines
from versioner.git.commit import publish
from versioner.git.journal import drop_intent, read_intent
from versioner.git.object_format import hash_object
from versioner.git.objects import TreeView, missing
from versioner.git.process import run
from versioner.git.repository import tip_of

if TYPE_CHECKING:
    from versioner.git.journal import JournalEntry
    from versioner.git.objects import ObjectReader
    from versioner.git.session import LockedRepository

__all__ = ["complete"]

MESSAGE: Final = "Put back what an interrupted write left out"


def complete(repo: LockedRepository) -> None:
    """Complete the intent that is there, under the lock; drop one that came to nothing."""
    intent = read_intent(repo.common_dir)
    if intent is None or not _moved(repo, intent):
        drop_intent(repo.common_dir)
        return
    at_tip = repo._replace(branch=intent.ref, tip=tip_of(repo, intent.ref), pinned=True)
    targets, undone = _targets(at_tip, intent)
    if undone:
        # The same intent, now knowing what the work trees show since: it holds until the end.
        widened = intent._replace(stale={path: item.stale for path, item in targets.items()})
        publish(at_tip, targets, MESSAGE, identity=None, when=None, resuming=widened)
    elif refresh(at_tip, checkouts_of(at_tip, intent.ref), targets, repo.session):
        drop_intent(repo.common_dir)


def _moved(repo: LockedRepository, intent: JournalEntry) -> bool:
    """Tell whether the branch has the intent's commit: if not, it never moved, or went back."""
    tip = tip_of(repo, intent.ref)
    if tip is None or tip == intent.old:
        return False
    args = ["merge-base", "--is-ancestor", intent.new, tip]
    return tip == intent.new or run(args, cwd=repo.top).returncode == 0


def _targets(repo: LockedRepository, intent: JournalEntry) -> tuple[dict[str, Target], bool]:
    """Return what every touched path is to be, and whether the tip differs from that."""
    session = repo.session
    reader = session.reader(repo.top)
    views = [TreeView(reader, revision) for revision in (intent.old, intent.new, repo.tip)]
    targets: dict[str, Target] = {}
    undone = False
    for path, stale in intent.stale.items():
        old, new, now = (_file(view, reader, path) for view in views)
        added = _added(path, old, new)
        wanted = new if now == old else _with_added(now, added)
        undone = undone or wanted != now
        ids = stale | {_id(repo, now)} if wanted != now else stale
        targets[path] = Target(_id(repo, wanted), wanted, ids, added)
    session.close()
    return targets, undone


def _file(view: TreeView, reader: ObjectReader, path: str) -> bytes | None:
    entry = view.entry(path)
    if entry is None or not entry.is_file:
        return None
    found = reader.one(entry.id)
    if found is None:
        raise missing(path)
    return found.data


def _added(path: str, old: bytes | None, new: bytes | None) -> list[bytes]:
    if new is None or not is_log(path):
        return []
    return appended_lines(old or b"", new) or []


def _with_added(now: bytes | None, added: list[bytes]) -> bytes | None:
    # A log that is gone although it was there before was deleted by somebody who meant it.
    return now if now is None else with_lines(now, added) or now


def _id(repo: LockedRepository, data: bytes | None) -> str | None:
    return None if data is None else hash_object("blob", data, repo.object_format)
