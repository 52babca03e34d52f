"""Which events are judged before they are recorded, and by what; loaded by every `track`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from versioner import layout
from versioner.errors import VersionerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.git.objects import TreeView
    from versioner.git.repository import Repository
    from versioner.models import Event
    from versioner.recording.context import EventDraft

__all__ = ["Fetch", "Gate", "UnreadableRules", "gate_for", "has_gate", "is_start"]


class Fetch(Protocol):
    """What fetches files of the tip that are not here; of `trees` the directories alone."""

    def __call__(
        self, place: Repository, files: Sequence[str], trees: Sequence[str] = (), /
    ) -> None:
        """Fetch them."""


class UnreadableRules(VersionerError):
    """A start that is not judged, since a file that may be about it has errors.

    It is no failure of the machine or the network: the event is not kept to be sent later.
    """

    exit_code = 1


class Gate(Protocol):
    """What judges the start of a deployment at the tip (`recording.preflight`)."""

    def judge(
        self, place: Repository, product: str, event: Event, changes: Mapping[str, bytes | None]
    ) -> tuple[list[dict[str, str]], bool]:
        """Return the overrides that took effect, and whether an enabled rule applies."""


def gate_for(
    draft: EventDraft,
    now: str,
    fetch: Fetch | None = None,
) -> Gate | None:
    """Return what judges an event that is recorded now; None for one that no rule is about.

    `fetch` fetches files of the tip, where they are not here.
    """
    return _LazyGate(now, fetch) if is_start(draft) else None


def has_gate(view: TreeView, product: str) -> bool:
    """Return whether a commit has rules, requests or decisions about a product."""
    decisions = f"{layout.product_dir(product)}/decisions"
    folders = (f"{layout.ROOT}/rules", f"{layout.ROOT}/requests", decisions)
    return any(view.directory(folder) for folder in folders)


def is_start(draft: EventDraft) -> bool:
    """Return whether an event is the start of a deployment, which alone is judged."""
    return draft.kind == "deployment" and draft.fields.get("status") == "started"


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
