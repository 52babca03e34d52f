"""Record events on a remote branch, from anywhere: directly, or by way of the inbox.

Directly: see the tip, judge there, build one commit, push it only where the branch still stands
at that tip; a lost race starts again from the new tip. By way of the inbox: push each event to a
ref of its own, which needs no look and loses no race. `auto` takes the inbox after one lost
race, or where the branch takes no push.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from versioner.backoff import Backoff
from versioner.delivery.context import look_ahead, ref_of_branch
from versioner.delivery.inbox import prepare_submission, submit
from versioner.errors import Blocked, InvalidInput, VersionerError
from versioner.git.commit import make_commit
from versioner.git.transaction import transaction
from versioner.recording.envelope import draft_of
from versioner.recording.record import prepare, subject_of
from versioner.remote.client import RefUpdate
from versioner.remote.faults import PASSING, RemoteFailure
from versioner.remote.partial_clone import partial_clone
from versioner.rules.event_identity import random_event_id
from versioner.rules.times import check_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models import Changes
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.inbox_refs import Waiting
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote

    Entropy = Callable[[], tuple[int, bytes]]

__all__ = ["Destination", "Via", "dry_run", "ensure_event_id", "message_of", "record_remotely"]

# "" leaves it to registry.yaml, and that to auto.
Via = Literal["", "auto", "direct", "inbox"]

# Eight lost races in a row mean heavy contention; stop retrying.
_RACES: Final = 8
_RACE_PAUSE_SECONDS: Final = 0.1
# After a failure of the server or the network there are two more tries: half a second later, and
# two seconds after that. Give up after 60 s: an unresponsive host already costs one full timeout.
_FAILURES: Final = 3
_FAILURE_PAUSE_SECONDS: Final = 0.5
_FAILURE_GROWTH: Final = 4.0
_LONGEST_SECONDS: Final = 60
# How many waiting events of its own products a direct writer takes along.
_MOST_ALONG: Final = 20
# The branch takes no such push, and the inbox may.
_TO_INBOX: Final = ("race", "protected", "signature", "hook", "refused", "shallow", "checked-out")
# The remote has no inbox, and the branch may do.
_TO_BRANCH: Final = ("hidden", "hook", "refused", "denied")


class Destination(NamedTuple):
    """Say where events go: which remote, which branch ("" for its own), and by which way.

    `via` "" is as registry.yaml says, else `auto`.
    """

    remote: Remote
    branch: str = ""
    via: Via = ""
    create: bool = True


def record_remotely(
    target: Destination, drafts: Sequence[EventDraft], *, now: str, entropy: Entropy
) -> list[RecordResult | VersionerError]:
    """Record events on a remote, or hand them over to its inbox; return what became of each.

    One that is not valid (InvalidInput) or blocked (Blocked) keeps back none of the others; a
    RemoteFailure is the result of each that did not get through. Nothing is raised for those.
    """
    with partial_clone(target.remote) as clone:
        errand = _RemoteRecorder(
            clone, target, [ensure_event_id(draft, entropy) for draft in drafts], now, entropy
        )
        return errand.run()


def dry_run(target: Destination, draft: EventDraft, *, entropy: Entropy) -> RecordResult:
    """Return what recording an event would come to, and write nothing."""
    with partial_clone(target.remote) as clone:
        place, _ = look_ahead(clone, ref_of_branch(target.branch), [draft])
        return prepare(place, ensure_event_id(draft, entropy), entropy, target.create)[0]


def ensure_event_id(draft: EventDraft, entropy: Entropy) -> EventDraft:
    """Give an event of no known run its id, before anything is tried: each try is the same one."""
    if draft.event_id or draft.fields.get("invoke_id"):
        return draft
    return draft._replace(event_id=random_event_id(*entropy()))


class _RemoteRecorder:
    """Try over and over where that makes sense, until each event has its result."""

    def __init__(
        self,
        clone: PartialClone,
        target: Destination,
        drafts: Sequence[EventDraft],
        now: str,
        entropy: Entropy,
    ) -> None:
        self._clone = clone
        self._target = target
        self._now = now
        self._entropy = entropy
        self._branch = ref_of_branch(target.branch)
        self._config: Mapping[str, Any] = {}
        self._via = target.via or "auto"
        self._has_turned = False
        self._after_races = Backoff(_RACE_PAUSE_SECONDS, tries=_RACES)
        self._after_failures = Backoff(
            _FAILURE_PAUSE_SECONDS,
            growth=_FAILURE_GROWTH,
            limit=_LONGEST_SECONDS,
            tries=_FAILURES,
        )
        self._open = dict(enumerate(drafts))
        self._results: dict[int, RecordResult | VersionerError] = {}

    def run(self) -> list[RecordResult | VersionerError]:
        """Return the results, in the order of the drafts."""
        while self._open:
            try:
                if self._via == "inbox":
                    self._hand_over()
                else:
                    self._record()
            except RemoteFailure as failure:
                self._after(failure)
            except VersionerError as error:
                self._settle(dict.fromkeys(self._open, error))
        return [self._results[number] for number in sorted(self._results)]

    def _settle(self, results: Mapping[int, RecordResult | VersionerError]) -> None:
        for number, result in results.items():
            self._results[number] = result
            self._open.pop(number, None)

    def _after(self, failure: RemoteFailure) -> None:
        """Choose the way and the time of the next try, or give up."""
        if failure.sent or failure.fault == "race":
            # It may have arrived, and others' events after it: curl sends a request again by
            # itself where the connection ends without an answer, and loses a race to itself.
            resent = {number: each._replace(resent=True) for number, each in self._open.items()}
            self._open = resent
        if self._via == "auto" and failure.fault in _TO_INBOX:
            self._via = "inbox"
            return
        is_race = failure.fault == "race"
        backoff = self._after_races if is_race else self._after_failures
        if not backoff.is_over and (is_race or failure.fault in PASSING):
            backoff.pause()
        elif self._via == "auto" and failure.fault == "locked":
            # A lock of the branch that a killed process left may stay for long.
            self._via = "inbox"
        else:
            last = self._worded(_too_many_races() if is_race else failure)
            self._settle(dict.fromkeys(self._open, last))

    def _hand_over(self) -> None:
        parcels = {}
        for number, draft in dict(self._open).items():
            try:
                parcels[number] = prepare_submission(draft, self._config)
            except InvalidInput as error:
                self._settle({number: error})
        # Two of one id are one; the second is told what became of the first.
        first = {parcel.ref: number for number, parcel in reversed(parcels.items())}
        if not first:
            return
        outcomes = submit(self._clone, [parcels[number] for number in first.values()])
        told = dict(zip(first, outcomes, strict=True))
        failure = None
        for number, parcel in parcels.items():
            outcome = told[parcel.ref]
            if isinstance(outcome, RemoteFailure):
                failure = outcome
            else:
                self._settle({number: outcome})
        if failure is not None:
            raise self._or_branch(failure)

    @property
    def _may_choose(self) -> bool:
        return (self._target.via or self._config.get("via", "auto")) == "auto"

    def _or_branch(self, failure: RemoteFailure) -> RemoteFailure:
        """Where the remote has no inbox after all, leave only the branch, and its races."""
        if self._may_choose and failure.fault in _TO_BRANCH:
            self._via = "direct"
            return RemoteFailure("race") if self._config else failure
        return failure

    def _worded(self, failure: RemoteFailure) -> RemoteFailure:
        """Leave the inbox out of the remedy where the remote takes neither it nor the branch."""
        if self._may_choose and self._via == "direct" and failure.fault in _TO_INBOX:
            failure.hint = "let this token or user push to the branch, or to refs/versioner/*"
        return failure

    def _record(self) -> None:
        place, along = look_ahead(self._clone, self._branch, list(self._open.values()))
        self._branch = place.branch or ""
        with transaction(place) as locked:
            changes: Changes = {}
            taken, subjects = self._take_along(locked, along, changes)
            judged = self._judge(locked, changes)
            if self._goes_by_the_inbox():
                return
            subjects += [subject_of(each) for each in judged.values() if not each.already]
            message, identity = message_of(subjects), self._config.get("commit")
            new = make_commit(locked, changes, message, identity=identity, when=self._now)
        if new is not None:
            self._push(locked, new, taken)
        for number, each in judged.items():
            told = each._replace(branch=locked.branch or "", pushed_to=self._target.remote.url)
            made = not each.already
            self._settle({number: told._replace(commit=new, parent=locked.tip) if made else told})

    def _goes_by_the_inbox(self) -> bool:
        """Take the way that registry.yaml says, where the caller says none."""
        said = self._config.get("via", "auto")
        if not self._target.via and self._open and said != "auto" and not self._has_turned:
            self._via, self._has_turned = said, True
        return self._via == "inbox"

    def _judge(self, place: Repository, changes: Changes) -> dict[int, RecordResult]:
        """Judge each open event on the tip with those before it; settle the refused."""
        judged = {}
        for number, draft in dict(self._open).items():
            try:
                create = self._target.create
                recorded, own, config = prepare(place, draft, self._entropy, create, changes)
            except (InvalidInput, Blocked) as error:
                self._settle({number: error})
                continue
            self._config = config
            judged[number] = recorded
            changes |= own
        return judged

    def _take_along(
        self, place: Repository, along: Sequence[Waiting], changes: Changes
    ) -> tuple[list[RefUpdate], list[str]]:
        """Add what waits of the same products; what is refused there is left to `collect`."""
        taken: list[RefUpdate] = []
        subjects: list[str] = []
        for each in along[:_MOST_ALONG]:
            try:
                draft = draft_of(each.submission)
                check_at(draft.fields["at"], self._now)
                recorded, own, _ = prepare(place, draft, self._entropy, True, changes)
            except (InvalidInput, Blocked):
                continue
            changes |= own
            taken.append(RefUpdate(each.ref, each.commit, None))
            subjects += [subject_of(recorded)] if own else []
        return taken, subjects

    def _push(self, place: Repository, new: str, taken: Sequence[RefUpdate]) -> None:
        branch = RefUpdate(place.branch or "", place.tip, new)
        try:
            status = self._clone.client.push([branch, *taken], atomic=bool(taken))[branch.ref]
        except RemoteFailure as failure:
            if failure.fault != "atomic":
                raise
            # The branch first: what still waits then is known by its id.
            status = self._clone.client.push([branch])[branch.ref]
            if status.fault is None and taken:
                self._clone.client.push(taken)
        if status.fault is not None:
            raise RemoteFailure(status.fault, status.reason, sent=status.fault == "unknown")


def message_of(subjects: Sequence[str]) -> str:
    """Return the commit's message: the one subject, or how many there are and then each."""
    if len(subjects) <= 1:
        return subjects[0] if subjects else "Record nothing"
    return "\n".join([f"Record {len(subjects)} events", "", *subjects])


def _too_many_races() -> RemoteFailure:
    return RemoteFailure(
        "race",
        message=f"others pushed first, {_RACES} times in a row",
        hint="record with `--via auto` or `--via inbox`, which lose no race",
    )
