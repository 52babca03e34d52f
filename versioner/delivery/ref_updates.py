"""Move refs on a remote as one; where it cannot, in an order in which nothing is lost."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from versioner.errors import GitFailure
from versioner.remote.push_status import RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.remote.client import Update
    from versioner.remote.faults import RemoteFault
    from versioner.remote.partial_clone import PartialClone

__all__ = ["RefMoves"]


class RefMoves:
    """Push updates, and know after the first time whether the remote moves refs as one."""

    def __init__(self, clone: PartialClone) -> None:
        self._clone = clone
        self._atomic = True

    def push(self, updates: Sequence[Update]) -> None:
        """Push all, or raise RemoteFailure: then nothing of an atomic push has happened.

        Where the answer is lost, the remote is asked what stands there now.
        """
        if not updates:
            return
        try:
            self._push(updates)
        except RemoteFailure as failure:
            if not failure.sent or not self._stands(updates):
                raise

    def _push(self, updates: Sequence[Update]) -> None:
        if len(updates) > 1 and self._atomic:
            try:
                self._told(updates, atomic=True)
            except RemoteFailure as failure:
                if failure.fault != "atomic":
                    raise
                self._atomic = False
            else:
                return
        self._in_order(updates)

    def _in_order(self, updates: Sequence[Update]) -> None:
        """Branches first, then what is made, then what ends: what is there twice is known."""
        branches = [each for each in updates if each.ref.startswith("refs/heads/")]
        rest = [each for each in updates if each not in branches]
        made = [each for each in rest if each.new]
        for some in filter(None, (branches, made)):
            self._told(some)
        ends = [each for each in rest if not each.new]
        if ends:
            # A ref that is gone, or another by now, is for whoever looks next.
            self._told(ends, ignored="race")

    def _told(
        self, updates: Sequence[Update], *, atomic: bool = False, ignored: RemoteFault | None = None
    ) -> None:
        told = self._clone.push(updates, atomic=atomic)
        faults = [told[each.ref].fault for each in updates if told[each.ref].fault != ignored]
        # Of an atomic push all fail with the one that did; its own reason says why.
        fault = next((each for each in faults if each not in (None, "atomic")), None)
        if fault is None and "atomic" in faults:
            fault = "race"
        if fault is not None:
            raise RemoteFailure(fault, self._clone.said(), sent=fault == "unknown")

    def _stands(self, updates: Sequence[Update]) -> bool:
        with suppress(GitFailure):
            _, refs = self._clone.listed(*(each.ref for each in updates))
            return all(refs.get(each.ref) == each.new for each in updates)
        return False
