"""Collect: record the events in a remote's inbox in one commit on its branch.

One atomic push updates the branch and deletes the refs of the recorded events, so that a collector
that is killed or loses a race changes nothing. An event that cannot be recorded moves to
`refs/versioner/refused/…` with the reason: it blocks no other event, and is never lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import layout
from versioner.backoff import Backoff
from versioner.delivery.context import fetch_context, ref_of_branch
from versioner.delivery.direct import message_of
from versioner.delivery.ref_updates import RefUpdater
from versioner.delivery.refusals import Refuser
from versioner.errors import Blocked, GitFailure, InvalidInput, OperationFailed
from versioner.git.commit import commit_changes, updates_of
from versioner.git.objects import reading, tip_view
from versioner.git.transaction import transaction
from versioner.recording.envelope import draft_of
from versioner.recording.record import prepare
from versioner.registry.config import no_registry, read_config
from versioner.remote.client import RefUpdate
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import INBOX
from versioner.remote.partial_clone import partial_clone
from versioner.rules.times import check_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.git.session import LockedRepository
    from versioner.models import Changes, RegistryConfig
    from versioner.recording.record import RecordResult
    from versioner.remote.faults import RemoteFault
    from versioner.remote.inbox_refs import WaitingEvent
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote

    Entropy = Callable[[], tuple[int, bytes]]

__all__ = ["CollectResult", "Refusal", "collect"]

# Each round records one batch of events in one commit; this many empty any usual inbox.
_ROUNDS: Final = 100
# How many tries in a row may end in a failure of these kinds.
_TRIES: Final[Mapping[RemoteFault, int]] = {
    "race": 12,
    "locked": 12,
    "server": 3,
    "busy": 3,
    "unreachable": 3,
    "unknown": 3,
}
_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 2.0


class Refusal(NamedTuple):
    """A waiting event that was refused: its ref now, the event, and why."""

    ref: str
    event: WaitingEvent
    error: InvalidInput | Blocked


class CollectResult(NamedTuple):
    """The waiting events by result: on the branch now, there already, or refused.

    `left` counts the events that still wait, beyond one batch.
    """

    recorded: tuple[RecordResult, ...] = ()
    already: tuple[RecordResult, ...] = ()
    refused: tuple[Refusal, ...] = ()
    commits: tuple[str, ...] = ()
    branch: str = ""
    left: int = 0

    def plus(self, other: CollectResult) -> CollectResult:
        """Return both together; `branch` and `left` are those of the other."""
        return CollectResult(
            self.recorded + other.recorded,
            self.already + other.already,
            self.refused + other.refused,
            self.commits + other.commits,
            other.branch,
            other.left,
        )


def collect(remote: Remote, branch: str = "", *, now: str, entropy: Entropy) -> CollectResult:
    """Record all waiting events; raise RemoteFailure where the remote does not accept that."""
    with partial_clone(remote) as clone:
        return _Collector(clone, ref_of_branch(branch), now, entropy).run()


class _Collector:
    """A collector: it fetches, commits and pushes until no event waits, again after a lost race."""

    def __init__(self, clone: PartialClone, branch: str, now: str, entropy: Entropy) -> None:
        self._clone = clone
        self._branch = branch
        self._now = now
        self._entropy = entropy
        self._moves = RefUpdater(clone.client)
        self._done = CollectResult()

    def run(self) -> CollectResult:
        backoff = _new_backoff()
        for _ in range(_ROUNDS):
            try:
                self._collect_batch()
            except RemoteFailure as failure:
                if backoff.pauses + 1 >= _TRIES.get(failure.fault, 0):
                    raise (_too_many_races() if failure.fault == "race" else failure) from None
                backoff.pause()
                continue
            backoff = _new_backoff()
            if not self._done.left:
                break
        return self._done

    def _collect_batch(self) -> None:
        place, waiting = fetch_context(self._clone, self._branch, [], everything=True)
        self._branch = place.branch or ""
        left = len(self._clone.refs(INBOX)) - len(waiting)
        with transaction(place) as locked:
            batch = _Batch(locked, _config_of(locked), self._now, self._entropy)
            with reading(locked) as reader:
                refused = batch.add_all(waiting, Refuser(self._clone, reader, self._now))
            new = commit_changes(
                locked,
                batch.changes,
                message_of([], batch.recorded),
                identity=batch.config.get("commit"),
                when=self._now,
            )
        done = batch.collected(new, refused, left)
        branch = [RefUpdate(self._branch, locked.tip, new)] if new else []
        self._moves.push([*branch, *batch.updates])
        self._done = self._done.plus(done)


def _config_of(place: Repository) -> RegistryConfig:
    """Return the registry's configuration; errors in it must not refuse any event."""
    with reading(place) as reader:
        entry = tip_view(place, reader).entry(layout.CONFIG)
    if entry is None:
        raise no_registry("on the remote's branch")
    return read_config(place, entry.id)


def _new_backoff() -> Backoff:
    return Backoff(_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)


def _too_many_races() -> RemoteFailure:
    return RemoteFailure(
        "race",
        message=f"other processes changed the branch or the inbox, {_TRIES['race']} times in a row",
        hint="try again; if the error stays, the remote shows refs named refs/versioner/* but does "
        "not allow their deletion (receive.hideRefs)",
    )


class _Batch:
    """A batch of waiting events, each validated on the changes that those before it make."""

    def __init__(
        self, place: LockedRepository, config: RegistryConfig, now: str, entropy: Entropy
    ) -> None:
        self.config = config
        self.changes: Changes = {}
        self.recorded: list[RecordResult] = []
        self.updates: list[RefUpdate] = []
        self._already: list[RecordResult] = []
        self._place = place
        self._now = now
        self._entropy = entropy

    def add_all(self, waiting: Sequence[WaitingEvent], refuser: Refuser) -> tuple[Refusal, ...]:
        """Add each event to the batch, and return those that are refused."""
        refused = []
        for each in waiting:
            try:
                recorded, own = self._validate(each)
            except (InvalidInput, Blocked) as error:
                moves = refuser.refuse(each, error)
                self.updates += moves
                refused.append(Refusal(moves[0].ref, each, error))
                continue
            self.updates += [RefUpdate(each.ref, each.commit, None), *refuser.end_refusal(each)]
            (self.recorded if own else self._already).append(recorded)
            self.changes |= own
        return tuple(refused)

    def _validate(self, event: WaitingEvent) -> tuple[RecordResult, Changes]:
        draft = draft_of(event.submission)
        check_at(draft.fields["at"], self._now, field="at")
        try:
            recorded, own, _ = prepare(self._place, draft, self._entropy, True, self.changes)
            updates_of(self._place, own)
        except GitFailure:
            raise
        except OperationFailed as error:
            # Another file is in the place of the event's files: only this product is affected.
            raise Blocked(error.message, hint=error.hint) from None
        return recorded, own

    def collected(self, new: str | None, refused: tuple[Refusal, ...], left: int) -> CollectResult:
        """Return the result of the batch once it is pushed."""
        branch = self._place.branch or ""
        return CollectResult(
            tuple(each._replace(commit=new, branch=branch) for each in self.recorded),
            tuple(self._already),
            refused,
            (new,) if new else (),
            branch,
            left,
        )
