"""Update several refs on a remote: atomically, or else in an order that loses nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from versioner.errors import GitFailure
from versioner.remote.faults import RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.remote.client import RefUpdate, RemoteClient
    from versioner.remote.faults import RemoteFault

__all__ = ["RefUpdater"]


class RefUpdater:
    """A client that updates several refs, and remembers whether its remote can do so atomically."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client
        self._can_be_atomic = True

    def push(self, updates: Sequence[RefUpdate]) -> None:
        """Push all updates; raise RemoteFailure, after which no update of an atomic push is done.

        Where the answer is lost, the remote is asked for its refs.
        """
        if not updates:
            return
        try:
            self._push(updates)
        except RemoteFailure as failure:
            if not failure.sent or not self._are_done(updates):
                raise

    def _push(self, updates: Sequence[RefUpdate]) -> None:
        if len(updates) > 1 and self._can_be_atomic:
            try:
                self._push_checked(updates, atomic=True)
            except RemoteFailure as failure:
                if failure.fault != "atomic":
                    raise
                self._can_be_atomic = False
            else:
                return
        self._push_in_order(updates)

    def _push_in_order(self, updates: Sequence[RefUpdate]) -> None:
        """Push branches first, then new refs, then deletions.

        An event that a killed process left at two refs is recognised by its id.
        """
        branches = [each for each in updates if each.ref.startswith("refs/heads/")]
        rest = [each for each in updates if each not in branches]
        new = [each for each in rest if each.new]
        for some in filter(None, (branches, new)):
            self._push_checked(some)
        deletions = [each for each in rest if not each.new]
        if deletions:
            # A ref that another process deleted or changed meanwhile is that process's affair.
            self._push_checked(deletions, ignored="race")

    def _push_checked(
        self,
        updates: Sequence[RefUpdate],
        *,
        atomic: bool = False,
        ignored: RemoteFault | None = None,
    ) -> None:
        for status in self._client.push(updates, atomic=atomic).values():
            if status.fault is not None and status.fault != ignored:
                raise RemoteFailure(status.fault, status.reason, sent=status.fault == "unknown")

    def _are_done(self, updates: Sequence[RefUpdate]) -> bool:
        with suppress(GitFailure):
            refs = self._client.list_refs(*(each.ref for each in updates)).refs
            return all(refs.get(each.ref) == each.new for each in updates)
        return False
