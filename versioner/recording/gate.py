"""Which events are judged before they are recorded, and by what; loaded by every `track`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models import Event
    from versioner.recording.context import EventDraft

__all__ = ["Gate", "gate_for", "is_start"]


class Gate(Protocol):
    """What judges the start of a deployment at the tip (`recording.preflight`)."""

    def judge(
        self, place: Repository, product: str, event: Event, changes: Mapping[str, bytes | None]
    ) -> tuple[list[dict[str, str]], bool]:
        """Return the overrides that took effect, and whether an enabled rule applies."""


def gate_for(
    draft: EventDraft,
    now: str,
    fetch: Callable[[Repository, Sequence[str]], None] | None = None,
) -> Gate | None:
    """Return what judges an event that is recorded now; None for one that no rule is about.

    `fetch` fetches files of the tip, where they are not here.
    """
    return _LazyGate(now, fetch) if is_start(draft) else None


def is_start(draft: EventDraft) -> bool:
    """Return whether an event is the start of a deployment, which alone is judged."""
    return draft.kind == "deployment" and draft.fields.get("status") == "started"


class _LazyGate(NamedTuple):
    """The judge of starts, which is imported where a registry has rules."""

    now: str
    fetch: Callable[[Repository, Sequence[str]], None] | None

    def judge(
        self, place: Repository, product: str, event: Event, changes: Mapping[str, bytes | None]
    ) -> tuple[list[dict[str, str]], bool]:
        """Judge a start as `Preflight` does."""
        from versioner.recording.preflight import Preflight

        return Preflight(self.now, self.fetch).judge(place, product, event, changes)
