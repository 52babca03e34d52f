"""What the judge of starts reads of a tip, read once for all the starts of a server.

The files beside the products, rules among them, seldom change: while their trees are the same,
what was read of them stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from versioner.git.snapshot import snapshot_at
from versioner.registry.head import key_of_entries, load_head

if TYPE_CHECKING:
    from versioner.git.repository import Repository
    from versioner.git.snapshot import RevisionSnapshot, Snapshot
    from versioner.registry.records import Registry

__all__ = ["KeptReads"]


class KeptReads:
    """The files of the latest tip, and the latest registry without products."""

    def __init__(self) -> None:
        self._snapshot: RevisionSnapshot | None = None
        self._key: object = None
        self._head: Registry | None = None

    def snapshot(self, place: Repository) -> Snapshot:
        """Return the files of the tip."""
        tip = place.tip or ""
        if self._snapshot is None or self._snapshot.revision != tip:
            self._snapshot = snapshot_at(place, tip)
        return self._snapshot

    def head(self, place: Repository, tip: Snapshot) -> Registry:
        """Return a registry without products of the tip with changes; the caller adds to it."""
        key = key_of_entries(tip.selected_entries(()))
        if self._head is None or self._key != key:
            self._key, self._head = key, load_head(tip)
        head = self._head
        return replace(
            head,
            revision=tip.revision,
            commit_time=tip.commit_time,
            products={},
            problems=[*head.problems],
        )
