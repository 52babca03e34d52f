"""Which events are judged before they are recorded, and by what; loaded by every `track`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from versioner import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.objects import TreeView
    from versioner.git.repository import Repository
    from versioner.models import Event
    from versioner.models.events import RecordKind
    from versioner.recording.preflight import Fetch

__all__ = ["Gate", "gate_for", "has_gate", "is_start"]


class Gate(Protocol):
    """What judges the start of a deployment at the tip (`recording.preflight`)."""

    def judge(
        self, place: Repository, product: str, event: Event, changes: Mapping[str, bytes | None]
    ) -> tuple[list[dict[str, str]], bool]:
        """Return the overrides that took effect, and whether an enabled rule applies."""


def gate_for(kind: RecordKind, fields: Event, now: str, fetch: Fetch | None = None) -> Gate | None:
    """Return what judges an event that is recorded now; None for one that no rule is about.

    `fetch` fetches files of the tip, where they are not here.
    """
    return _LazyGate(now, fetch) if is_start(kind, fields) else None


def has_gate(view: TreeView, product: str) -> bool:
    """Return whether a commit has rules, requests or decisions about a product."""
    decisions = f"{layout.product_dir(product)}/decisions"
    folders = (f"{layout.ROOT}/rules", f"{layout.ROOT}/requests", decisions)
    return any(view.directory(folder) for folder in folders)


def is_start(kind: RecordKind, fields: Event) -> bool:
    """Return whether an event is the start of a deployment, which alone is judged."""
    return kind == "deployment" and fields.get("status") == "started"


class _LazyGate(NamedTuple):
    """The judge of starts, which is imported where a registry has rules."""

    now: str
    fetch: Fetch | None

    def judge(
        self, place: Repository, product: str, event: Event, changes: Mapping[str, bytes | None]
    ) -> tuple[list[dict[str, str]], bool]:
        """Judge a start as `Preflight` does."""
        from versioner.recording.preflight import Preflight

        return Preflight(self.now, self.fetch).judge(place, product, event, changes)
