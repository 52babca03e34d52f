"""Change the state that the ref leads to, by compare-and-swap, whatever other senders do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.backoff import Backoff
from versioner.notify.place import Found
from versioner.remote.faults import RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.notify.place import Place
    from versioner.notify.sender_process import Sender
    from versioner.remote.notified import NotifiedState

__all__ = ["Ledger"]

_TRIES: Final = 30
# After these faults a later try may succeed; what became of the last one is asked first.
_AGAIN: Final = ("race", "locked", "server", "busy", "unreachable", "unknown")
_TRIES_OF_FAULTS: Final = 5


class Ledger:
    """The state of the notifications of one registry, changed by one sender.

    `is_first` is whether this ledger made the ref.
    """

    def __init__(self, place: Place, sender: Sender, now: Callable[[], str]) -> None:
        self._place = place
        self._sender = sender
        self._now = now
        self._found: Found | None = None
        self._count = 0
        self.is_first = False

    def found(self) -> Found:
        """Return the state as this ledger last read or wrote it."""
        if self._found is None:
            self._found = self._place.read()
        return self._found

    def update(self, change: Callable[[NotifiedState], NotifiedState]) -> NotifiedState:
        """Write a changed state, and return it; the change is asked again after a lost race.

        Raises RemoteFailure where the ref cannot be moved.
        """
        backoff = Backoff(0.05, longest=2.0, tries=_TRIES)
        faults = 0
        while True:
            found = self.found()
            state = change(found.state)
            if state == found.state and found.commit:
                return state
            self._count += 1
            nonce = f"{self._sender.name} {self._count}"
            try:
                new = self._place.swap(found.commit, state, nonce, self._now())
            except RemoteFailure as failure:
                faults += 1
                if failure.fault not in _AGAIN or faults >= _TRIES_OF_FAULTS:
                    raise
                backoff.pause()
                self._found = None
                if self._has_claim(state):
                    # The answer was lost, the update was not.
                    return state
                continue
            if new:
                self.is_first = self.is_first or not found.commit
                self._found = Found(new, state)
                return state
            self._found = None
            if backoff.is_over:
                raise _too_many_races()
            backoff.pause()

    def _has_claim(self, state: NotifiedState) -> bool:
        """Return whether the ref leads to a state with the claim of this sender in another one."""
        own = state.sending.get(self._sender.name)
        return own is not None and self.found().state.sending.get(self._sender.name) == own


def _too_many_races() -> RemoteFailure:
    return RemoteFailure(
        "race",
        message=f"other senders moved the ref first, {_TRIES} times in a row",
        hint="try again later: what is not noted was not sent",
    )
