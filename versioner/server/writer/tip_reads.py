"""What the judge of starts reads of a tip, read once for all the starts of a server.

The files beside the products, rules among them, seldom change: while their trees are the same,
what was read of them stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import layout
from versioner.git.objects import reading, tip_view
from versioner.git.snapshot import snapshot_at
from versioner.registry.head import key_of_entries, load_head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.files.revision import RevisionSnapshot
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Event
    from versioner.recording.preflight import Preflight
    from versioner.registry.records import Registry

__all__ = ["KeptReads", "StartGate"]

_PRODUCTS: Final = f"{layout.ROOT}/products/"


class KeptReads:
    """The files of the latest tip, and the latest registry without products."""

    def __init__(self) -> None:
        self._snapshot: RevisionSnapshot | None = None
        self._key: object = None
        self._head: Registry | None = None
        self._beside: object = None
        self._may_refuse = False

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

    def may_refuse(self, place: Repository) -> bool:
        """Return whether a rule or a request of the tip may refuse a start."""
        with reading(place) as reader:
            entries = tip_view(place, reader).directory(layout.ROOT) or {}
        beside = sorted((name, each) for name, each in entries.items() if name != "products")
        if self._beside != beside:
            found = self.head(place, self.snapshot(place)).governance
            is_asked = any(each.enforcement != "disabled" for each in found.rules)
            self._may_refuse = is_asked or bool(found.requests or found.unreadable)
            self._beside = beside
        return self._may_refuse


class StartGate(NamedTuple):
    """The judge of starts, which is asked only where something at the tip may refuse one.

    A registry begins with a rule that is disabled, and to ask takes longer than all else that is
    done for an event.
    """

    reads: KeptReads
    preflight: Preflight

    def judge(
        self, place: Repository, product: str, event: Event, changes: Mapping[str, bytes | None]
    ) -> tuple[list[dict[str, str]], bool]:
        """Judge a start as `Preflight` does."""
        if self._is_asked(place, product, event, changes):
            return self.preflight.judge(place, product, event, changes)
        return [], False

    def _is_asked(
        self, place: Repository, product: str, event: Event, changes: Mapping[str, bytes | None]
    ) -> bool:
        decisions = f"{layout.product_dir(product)}/decisions"
        if "overrides" in event or any(
            not path.startswith(_PRODUCTS) or path.startswith(f"{decisions}/") for path in changes
        ):
            return True
        with reading(place) as reader:
            if tip_view(place, reader).directory(decisions):
                return True
        return self.reads.may_refuse(place)
