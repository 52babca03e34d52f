"""Wait until a received event is on the branch, or refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from versioner.backoff import Backoff, jittered
from versioner.delivery.collect import collect
from versioner.delivery.context import fetch_context, ref_of_branch
from versioner.delivery.refusals import parents_of
from versioner.errors import Blocked, Spooled, VersionerError
from versioner.git.objects import reading
from versioner.recording.record import prepare
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import INBOX, REFUSED, refused_events
from versioner.remote.partial_clone import partial_clone

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.delivery.direct import Destination
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.partial_clone import PartialClone

    Entropy = Callable[[], tuple[int, bytes]]

__all__ = ["NotYet", "await_recording"]

# Each try is two requests.
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 10.0
# Faults that may be gone at the next try; a refused token stays refused.
_PASSING: Final = ("busy", "locked", "race", "server", "unknown", "unreachable")
_MOST_CHARACTERS: Final = 2000


class NotYet(Spooled):
    """An event that is received, and was not on the branch when the time ran out."""

    def __init__(self, seconds: float, cause: RemoteFailure | None) -> None:
        super().__init__(
            f"received, but whether it is on the branch is not known: {cause.message}"
            if cause
            else f"received, and after {seconds:g} seconds not on the branch yet",
            hint="it is not lost: the next `versioner collect` records it; is one scheduled?",
        )


def await_recording(
    target: Destination,
    draft: EventDraft,
    received: RecordResult,
    *,
    seconds: float,
    now: Callable[[], str],
    entropy: Entropy,
) -> RecordResult:
    """Wait until a received event is on the branch, and return its result there.

    After half of the time, the inbox is collected from here. Raises Blocked where the event was
    refused, NotYet where the time ran out.
    """
    backoff = Backoff(_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS, limit=seconds)
    # Between 50 and 62 per cent of the time: one collector is enough for all that wait.
    collect_after = jittered(seconds * 0.56, 0.1)
    failure = None
    with partial_clone(target.remote) as clone:
        watch = _Watch(clone, target, draft, received, entropy)
        while True:
            try:
                found = watch.result()
                if found is not None:
                    return found
                failure = None
            except RemoteFailure as error:
                if error.fault not in _PASSING:
                    raise NotYet(seconds, error) from error
                failure = error
            if backoff.elapsed >= collect_after:
                collect_after = math.inf
                _collect(target, now(), entropy)
                continue
            if backoff.is_over:
                raise NotYet(seconds, failure)
            backoff.pause(at_most=collect_after - backoff.elapsed)


def _collect(target: Destination, now: str, entropy: Entropy) -> None:
    """Collect the inbox; without the right to push to the branch, only wait on."""
    try:
        collect(target.remote, target.branch, now=now, entropy=entropy)
    except VersionerError:
        return


class _Watch:
    """One event that waits on a remote."""

    def __init__(
        self,
        clone: PartialClone,
        target: Destination,
        draft: EventDraft,
        received: RecordResult,
        entropy: Entropy,
    ) -> None:
        self._clone = clone
        self._target = target
        self._draft = draft._replace(resent=True)
        self._received = received
        self._refusal = REFUSED + received.received.removeprefix(INBOX)
        self._entropy = entropy

    def result(self) -> RecordResult | None:
        """Return the event's result on the branch, None while it waits; raise Blocked."""
        refs = self._clone.client.list_refs(self._received.received, self._refusal).refs
        if self._received.received in refs:
            return None
        if self._refusal in refs and self._is_own(refs[self._refusal]):
            raise self._blocked()
        place, _ = fetch_context(self._clone, ref_of_branch(self._target.branch), [self._draft])
        found, changes, _ = prepare(place, self._draft, self._entropy, True)
        if changes:
            raise Blocked(
                f"the event {found.event['id']} is neither in the inbox nor on the branch",
                hint="it was discarded: record it again if that was a mistake",
            )
        branch, url = place.branch or "", self._target.remote.url
        return found._replace(already=self._received.already, branch=branch, pushed_to=url)

    def _is_own(self, refusal: str) -> bool:
        """Return whether a refusal is of this event, not of an earlier one with the same id."""
        self._clone.fetch_refs([self._refusal])
        with reading(self._clone.repository("", None)) as reader:
            parents = parents_of(reader.find_one(refusal))
        return not self._received.commit or self._received.commit in parents

    def _blocked(self) -> Blocked:
        clone = self._clone.repository("", None)
        found = [each for each in refused_events(clone) if each.ref == self._refusal]
        refusal: dict[str, Any] = (found[0].refusal if found else None) or {}
        reason = str(refusal.get("message", "no reason is given"))[:_MOST_CHARACTERS]
        hint = str(refusal.get("hint", ""))[:_MOST_CHARACTERS]
        after = f"`versioner inbox release {self._received.event['id']}` tries again"
        return Blocked(f"received, and refused: {reason}", hint=f"{hint}; {after}".lstrip("; "))
