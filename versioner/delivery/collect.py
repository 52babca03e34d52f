"""Collect: fold what waits in a remote's inbox into one commit on its branch.

The branch moves and the folded refs go in one atomic push, so that a collector that dies or
loses a race has done nothing. What cannot be recorded moves to `refs/versioner/refused/…`, with
the reason: it blocks nobody, and never vanishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import layout
from versioner.backoff import Backoff
from versioner.delivery.context import look_ahead, ref_of_branch
from versioner.delivery.direct import message_of
from versioner.delivery.ref_updates import RefUpdater
from versioner.delivery.refusals import Refuser
from versioner.errors import Blocked, GitFailure, InvalidInput, OperationFailed
from versioner.git.commit import commit_changes, updates_of
from versioner.git.objects import reading, tip_view
from versioner.git.transaction import transaction
from versioner.recording.envelope import draft_of
from versioner.recording.record import prepare, subject_of
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
    from versioner.remote.inbox_refs import Waiting
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote

    Entropy = Callable[[], tuple[int, bytes]]

__all__ = ["Collected", "Refusal", "collect"]

# One commit takes what one look shows; so many looks empty any inbox that is not flooded.
_LOOKS: Final = 100
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
    """Say which waiting event was refused, by its ref now, and why."""

    ref: str
    waits: Waiting
    error: InvalidInput | Blocked


class Collected(NamedTuple):
    """What became of what waited: on the branch now, there already, or refused.

    `left` counts what still waits, beyond what is folded at once.
    """

    recorded: tuple[RecordResult, ...] = ()
    already: tuple[RecordResult, ...] = ()
    refused: tuple[Refusal, ...] = ()
    commits: tuple[str, ...] = ()
    branch: str = ""
    left: int = 0

    def plus(self, other: Collected) -> Collected:
        """Return both; the branch and what is left are as the other says."""
        return Collected(
            self.recorded + other.recorded,
            self.already + other.already,
            self.refused + other.refused,
            self.commits + other.commits,
            other.branch,
            other.left,
        )


def collect(remote: Remote, branch: str = "", *, now: str, entropy: Entropy) -> Collected:
    """Fold everything that waits; raise RemoteFailure where the remote does not let it happen."""
    with partial_clone(remote) as clone:
        return _Collector(clone, ref_of_branch(branch), now, entropy).run()


class _Collector:
    """Look, commit and push until nothing waits; after a lost race, look again."""

    def __init__(self, clone: PartialClone, branch: str, now: str, entropy: Entropy) -> None:
        self._clone = clone
        self._branch = branch
        self._now = now
        self._entropy = entropy
        self._moves = RefUpdater(clone.client)
        self._done = Collected()

    def run(self) -> Collected:
        backoff = _new_backoff()
        for _ in range(_LOOKS):
            try:
                self._look_and_push()
            except RemoteFailure as failure:
                if backoff.pauses + 1 >= _TRIES.get(failure.fault, 0):
                    raise (_too_many_races() if failure.fault == "race" else failure) from None
                backoff.pause()
                continue
            backoff = _new_backoff()
            if not self._done.left:
                break
        return self._done

    def _look_and_push(self) -> None:
        place, waits = look_ahead(self._clone, self._branch, [], everything=True)
        self._branch = place.branch or ""
        left = len(self._clone.refs(INBOX)) - len(waits)
        with transaction(place) as locked:
            folding = _Folding(locked, _config_of(locked), self._now, self._entropy)
            with reading(locked) as reader:
                refused = folding.fold(waits, Refuser(self._clone, reader, self._now))
            new = commit_changes(
                locked,
                folding.changes,
                message_of([subject_of(each) for each in folding.recorded]),
                identity=folding.config.get("commit"),
                when=self._now,
            )
        done = folding.collected(new, refused, left)
        branch = [RefUpdate(self._branch, locked.tip, new)] if new else []
        self._moves.push([*branch, *folding.updates])
        self._done = self._done.plus(done)


def _config_of(place: Repository) -> RegistryConfig:
    """Return the registry's rules; where they are unclear, that is no event's fault."""
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
        message=f"others changed the branch or the inbox, {_TRIES['race']} times in a row",
        hint="try again; if it stays so, the remote shows refs of the kind refs/versioner/* and "
        "lets nobody remove them (receive.hideRefs)",
    )


class _Folding:
    """Judge what waits, one after another, each on the changes that those before it make."""

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

    def fold(self, waits: Sequence[Waiting], refuser: Refuser) -> tuple[Refusal, ...]:
        """Take each in, and return those that are refused."""
        refused = []
        for each in waits:
            try:
                recorded, own = self._judge(each)
            except (InvalidInput, Blocked) as error:
                moves = refuser.refuse(each, error)
                self.updates += moves
                refused.append(Refusal(moves[0].ref, each, error))
                continue
            self.updates += [RefUpdate(each.ref, each.commit, None), *refuser.moot(each)]
            (self.recorded if own else self._already).append(recorded)
            self.changes |= own
        return tuple(refused)

    def _judge(self, waits: Waiting) -> tuple[RecordResult, Changes]:
        draft = draft_of(waits.submission)
        check_at(draft.fields["at"], self._now, field="at")
        try:
            recorded, own, _ = prepare(self._place, draft, self._entropy, True, self.changes)
            updates_of(self._place, own)
        except GitFailure:
            raise
        except OperationFailed as error:
            # Something stands where the event's files belong: that is of this product alone.
            raise Blocked(error.message, hint=error.hint) from None
        return recorded, own

    def collected(self, new: str | None, refused: tuple[Refusal, ...], left: int) -> Collected:
        """Return all of it as it is once it is pushed."""
        branch = self._place.branch or ""
        return Collected(
            tuple(each._replace(commit=new, branch=branch) for each in self.recorded),
            tuple(self._already),
            refused,
            (new,) if new else (),
            branch,
            left,
        )
