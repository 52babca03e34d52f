"""Collect: fold what waits in a remote's inbox into one commit on its branch.

The branch moves and the folded refs go in one atomic push, so that a collector that dies or
loses a race has done nothing. What cannot be recorded moves to `refs/versioner/refused/…`, with
the reason: it blocks nobody, and never vanishes.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import Blocked, InvalidInput
from versioner.operations.record import prepare, subject_of
from versioner.operations.remote_look import look_ahead, ref_of_branch
from versioner.operations.remote_recording import message_of
from versioner.operations.submission import draft_of
from versioner.repository.commits import commit_changes, writing
from versioner.repository.inbox_refs import EVENT, REFUSAL, store_commit
from versioner.repository.new_commit import epoch_of
from versioner.repository.objects import TreeView, reading
from versioner.repository.partial_clone import Update, partial_clone
from versioner.repository.push_outcome import RemoteFailure
from versioner.repository.waiting import INBOX, REFUSED
from versioner.rules.times import check_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.models import Changes, CommitIdentity
    from versioner.operations.record import Recorded
    from versioner.repository.address import Remote
    from versioner.repository.location import Repository
    from versioner.repository.partial_clone import PartialClone
    from versioner.repository.push_outcome import Fault, RefStatus
    from versioner.repository.waiting import Waiting

    Entropy = Callable[[], tuple[int, bytes]]

__all__ = ["Collected", "Refusal", "collect"]

# One commit takes what one look shows; so many looks empty any inbox that is not flooded.
_ROUNDS: Final = 100
# How often a failure of these kinds is met before it is told.
_TRIES: Final[Mapping[Fault, int]] = {"race": 12, "locked": 12, "server": 3, "unknown": 3}
_PAUSE_SECONDS: Final = 0.2


class Refusal(NamedTuple):
    """Say which waiting event was refused, by its ref now, and why."""

    ref: str
    waits: Waiting
    error: InvalidInput | Blocked


class Collected(NamedTuple):
    """What became of what waited: on the branch now, there already, or refused.

    `left` counts what still waits, beyond what is folded at once.
    """

    recorded: tuple[Recorded, ...] = ()
    already: tuple[Recorded, ...] = ()
    refused: tuple[Refusal, ...] = ()
    commits: tuple[str, ...] = ()
    branch: str = ""
    left: int = 0

    def plus(self, other: Collected) -> Collected:
        """Return both."""
        return Collected(
            self.recorded + other.recorded,
            self.already + other.already,
            self.refused + other.refused,
            self.commits + other.commits,
            other.branch or self.branch,
            other.left,
        )


def collect(remote: Remote, branch: str = "", *, now: str, entropy: Entropy) -> Collected:
    """Fold everything that waits; raise RemoteFailure where the remote does not let it happen."""
    whole, ref = Collected(), ref_of_branch(branch)
    tries = 0
    with partial_clone(remote) as clone:
        for _ in range(_ROUNDS):
            try:
                done = _Round(clone, ref, now, entropy).run()
            except RemoteFailure as failure:
                tries += 1
                if tries >= _TRIES.get(failure.fault, 0):
                    raise
                # Another was quicker, or the server is at odds with itself just now.
                time.sleep(_PAUSE_SECONDS * tries * (0.5 + entropy()[1][0] / 256))
                continue
            whole, ref = whole.plus(done), done.branch
            if not done.left:
                break
    return whole


class _Round:
    """One look, one commit, one push."""

    def __init__(self, clone: PartialClone, branch: str, now: str, entropy: Entropy) -> None:
        self._clone = clone
        self._branch = branch
        self._now = now
        self._entropy = entropy
        self._identity: CommitIdentity | None = None
        self._recorded: list[Recorded] = []
        self._already: list[Recorded] = []
        self._refused: list[Refusal] = []
        self._updates: list[Update] = []

    def run(self) -> Collected:
        """Return what was done; raise RemoteFailure where the remote has moved on."""
        place, waits = look_ahead(self._clone, self._branch, [], everything=True)
        left = len(self._clone.refs(INBOX)) - len(waits)
        with writing(place) as locked:
            changes: Changes = {}
            for each in waits:
                self._fold(locked, each, changes)
            new = commit_changes(
                locked,
                changes,
                message_of([subject_of(each) for each in self._recorded]),
                identity=self._identity,
                when=self._now,
                tip=locked.tip,
            )
        self._push(locked, new)
        return Collected(
            tuple(each._replace(commit=new, branch=locked.branch or "") for each in self._recorded),
            tuple(self._already),
            tuple(self._refused),
            (new,) if new else (),
            locked.branch or "",
            left,
        )

    def _fold(self, place: Repository, waits: Waiting, changes: Changes) -> None:
        try:
            draft = draft_of(waits.submission)
            check_at(draft.fields["at"], self._now, field="at")
            recorded, own, config = prepare(place, draft, self._entropy, True, changes)
        except (InvalidInput, Blocked) as error:
            self._refuse(place, waits, error)
            return
        self._identity = config.get("commit")
        self._updates.append(Update(waits.ref, waits.commit, None))
        (self._recorded if own else self._already).append(recorded)
        changes |= own

    def _refuse(self, place: Repository, waits: Waiting, error: InvalidInput | Blocked) -> None:
        """Move an event aside, with the reason; the event itself stays as it is."""
        ref = REFUSED + waits.ref.removeprefix(INBOX)
        said = {
            "code": error.exit_code,
            "message": error.message,
            "hint": error.hint,
            "at": self._now,
        }
        files = {REFUSAL: json.dumps(said, ensure_ascii=True, indent=1).encode("ascii") + b"\n"}
        with reading(place) as reader:
            held = dict(TreeView(reader, waits.commit).directory("") or {})
        event = {EVENT: held[EVENT]} if EVENT in held else {}
        commit = store_commit(
            self._clone.folder,
            {**event, **files},
            "Refuse an event",
            epoch_of(self._now),
            parent=waits.commit,
            object_format=self._clone.object_format,
        )
        before = self._clone.refs(REFUSED).get(ref)
        self._updates += [Update(ref, before, commit), Update(waits.ref, waits.commit, None)]
        self._refused.append(Refusal(ref, waits, error))

    def _push(self, place: Repository, new: str | None) -> None:
        branch = [Update(place.branch or "", place.tip, new)] if new else []
        updates = [*branch, *self._updates]
        if not updates:
            return
        try:
            self._told(updates, self._clone.push(updates, atomic=True))
        except RemoteFailure as failure:
            if failure.fault != "atomic":
                raise
            # The branch first: what is still waiting when this ends here is known by its id.
            for some in filter(None, (branch, self._updates)):
                self._told(some, self._clone.push(some))

    def _told(self, updates: Sequence[Update], told: Mapping[str, RefStatus]) -> None:
        faults = [told[each.ref].fault for each in updates if told[each.ref].fault is not None]
        if not faults:
            return
        # Of an atomic push all fail with the one that did; its own reason says why.
        fault = next((each for each in faults if each != "atomic"), None) or "race"
        raise RemoteFailure(fault, self._clone.said(), sent=fault == "unknown")
