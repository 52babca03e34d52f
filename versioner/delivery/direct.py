"""Record events on a remote branch, from anywhere: directly, or through the inbox.

Directly: fetch the tip, validate there, build one commit, push it only if the branch is still at
that tip; a lost race starts again from the new tip. Through the inbox: push each event to a ref of
its own, which needs no fetch and loses no race. `auto` uses the inbox after one lost race, or
where the branch accepts no push.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from versioner.delivery.context import fetch_context, ref_of_branch
from versioner.delivery.inbox import prepare_submission, submit
from versioner.delivery.retries import Retries
from versioner.delivery.tip_files import fetch_tip_files
from versioner.errors import Blocked, InvalidInput, UnreadableRules, VersionerError
from versioner.git.commit import make_commit
from versioner.git.transaction import transaction
from versioner.models.events import COLLECTED, DECISION_KINDS
from versioner.recording.envelope import draft_of
from versioner.recording.gate import gate_for, is_start
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
    from versioner.recording.gate import Gate
    from versioner.recording.record import RecordResult
    from versioner.remote.inbox_refs import WaitingEvent
    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote

    Entropy = Callable[[], tuple[int, bytes]]

__all__ = ["Destination", "Via", "dry_run", "ensure_event_id", "message_of", "record_remotely"]

# "" is the value in registry.yaml, which is `auto` by default.
Via = Literal["", "auto", "direct", "inbox"]

# How many waiting events of its own products a direct writer records too.
_MOST_ALONG: Final = 20
# After these, the inbox may accept what the branch does not.
_TO_INBOX: Final = ("race", "protected", "signature", "hook", "refused", "shallow", "checked-out")
# After these, the branch may accept what the inbox does not.
_TO_BRANCH: Final = ("hidden", "hook", "refused", "denied")


class Destination(NamedTuple):
    """Where events go: a remote, its branch ("" for its own), and through the inbox or not.

    `via` "" is the value in registry.yaml, else `auto`. `create` allows new products and
    environments. The starts of deployments are `judged` by the rules of the tip, but not those that
    were kept on this machine: they have happened.
    """

    remote: Remote
    branch: str = ""
    via: Via = ""
    create: bool = True
    judged: bool = True


def record_remotely(
    target: Destination, drafts: Sequence[EventDraft], *, now: str, entropy: Entropy
) -> list[RecordResult | VersionerError]:
    """Record events on a remote, or submit them to its inbox; return the result of each.

    An event that is not valid (InvalidInput) or blocked (Blocked) does not stop the others; a
    RemoteFailure is the result of each that was not delivered. None of these is raised.
    """
    with partial_clone(target.remote) as clone:
        drafts = [ensure_event_id(draft, entropy) for draft in drafts]
        return _RemoteRecorder(clone, target, drafts, now, entropy).run()


def dry_run(target: Destination, draft: EventDraft, *, now: str, entropy: Entropy) -> RecordResult:
    """Return what recording an event would do, and write nothing."""
    with partial_clone(target.remote) as clone:
        place, _ = fetch_context(clone, ref_of_branch(target.branch), [draft])
        gate = gate_for(draft.kind, draft.fields, now, fetch_tip_files)
        draft = ensure_event_id(draft, entropy)
        return prepare(place, draft, entropy, target.create, gate=gate)[0]


def ensure_event_id(draft: EventDraft, entropy: Entropy) -> EventDraft:
    """Give an event of no known run its id before the first try, so that every try has the same."""
    if draft.event_id or draft.request or draft.fields.get("invoke_id"):
        return draft
    if draft.kind in DECISION_KINDS:
        from versioner.recording.decision_checks import decision_id

        return draft._replace(event_id=decision_id(draft))
    return draft._replace(event_id=random_event_id(*entropy()))


class _RemoteRecorder:
    """Events on their way to a remote, with as many tries as make sense."""

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
        self._has_changed = False
        self._retries = Retries()
        self._open = dict(enumerate(drafts))
        self._results: dict[int, RecordResult | VersionerError] = {}
        # The starts that the last try judged, and those to which an enabled rule applies.
        self._cleared: set[int] = set()
        self._ruled: set[int] = set()

    def run(self) -> list[RecordResult | VersionerError]:
        """Return the results, in the order of the drafts."""
        while self._open:
            try:
                if self._via == "inbox" and not self._unjudged():
                    self._submit()
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
        """Choose how and when the next try is made, or give up."""
        if failure.sent or failure.fault == "race":
            # It may have arrived: curl sends a request again where the connection ends without an
            # answer, and then loses the race against its own first request.
            resent = {number: each._replace(resent=True) for number, each in self._open.items()}
            self._open = resent
        # After a lost race a start under a rule is judged at the new tip, and never handed over.
        is_race = failure.fault == "race"
        is_ruled = is_race and bool(self._ruled & self._open.keys())
        if self._via == "auto" and failure.fault in _TO_INBOX and not is_ruled:
            self._via = "inbox"
            return
        backoff = self._retries.pauses_after(failure, is_ruled=is_ruled)
        if not backoff.is_over and (is_race or failure.fault in PASSING):
            backoff.pause()
        elif self._via == "auto" and failure.fault == "locked":
            # A lock of the branch that a killed process left may stay for long.
            self._via = "inbox"
        else:
            last = self._with_hint(self._retries.last_failure(failure, is_ruled=is_ruled))
            self._settle(dict.fromkeys(self._open, last))

    def _unjudged(self) -> set[int]:
        """Return the starts of deployments that no rule of the tip was asked about yet."""
        if not self._target.judged:
            return set()
        opened = self._open.items()
        return {key for key, each in opened if is_start(each.kind, each.fields)} - self._cleared

    def _submit(self) -> None:
        submissions = {}
        for number, draft in dict(self._open).items():
            try:
                submissions[number] = prepare_submission(draft, self._config)
            except InvalidInput as error:
                self._settle({number: error})
        # Two drafts with one id are one event; the second gets the result of the first.
        first = {submission.ref: number for number, submission in reversed(submissions.items())}
        if not first:
            return
        outcomes = submit(self._clone, [submissions[number] for number in first.values()])
        results = dict(zip(first, outcomes, strict=True))
        failure = None
        for number, submission in submissions.items():
            outcome = results[submission.ref]
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
        """Use only the branch, where the remote turns out to accept no inbox refs."""
        if self._may_choose and failure.fault in _TO_BRANCH:
            self._via = "direct"
            return RemoteFailure("race") if self._config else failure
        return failure

    def _with_hint(self, failure: RemoteFailure) -> RemoteFailure:
        """Correct the hint where the remote accepts neither the inbox nor the branch."""
        if self._may_choose and self._via == "direct" and failure.fault in _TO_INBOX:
            failure.hint = "allow this token or user to push to the branch, or to refs/versioner/*"
        return failure

    def _record(self) -> None:
        place, along = fetch_context(self._clone, self._branch, list(self._open.values()))
        self._branch = place.branch or ""
        with transaction(place) as locked:
            changes: Changes = {}
            taken, others = self._add_waiting(locked, along, changes)
            judged = self._judge(locked, changes)
            if self._uses_inbox():
                return
            new_ones = {key: each for key, each in judged.items() if not each.already}
            others += [each for key, each in new_ones.items() if self._open[key].foreign]
            own = [each for key, each in new_ones.items() if not self._open[key].foreign]
            message, identity = message_of(own, others), self._config.get("commit")
            new = make_commit(locked, changes, message, identity=identity, when=self._now)
        if new is not None:
            self._push(locked, new, taken)
        for number, each in judged.items():
            result = each._replace(branch=locked.branch or "", pushed_to=self._target.remote.url)
            if not each.already:
                result = result._replace(commit=new, parent=locked.tip)
            self._settle({number: result})

    def _uses_inbox(self) -> bool:
        """Return whether to use the inbox, as registry.yaml says where the caller does not."""
        via = self._config.get("via", "auto")
        if self._ruled & self._open.keys():
            # What is judged at this tip must be recorded on it.
            return False
        if not self._target.via and self._open and via != "auto" and not self._has_changed:
            self._via, self._has_changed = via, True
        return self._via == "inbox"

    def _judge(self, place: Repository, changes: Changes) -> dict[int, RecordResult]:
        """Validate each open event on the tip with those before it; settle the refused."""
        judged = {}
        self._cleared, self._ruled = set(), set()
        for number, draft in dict(self._open).items():
            gate, create = self._gate(draft), self._target.create
            try:
                recorded, own, config = prepare(
                    place, draft, self._entropy, create, changes, gate=gate
                )
                _refuse_inbox(recorded, self._target.via)
            except (InvalidInput, Blocked, UnreadableRules) as error:
                self._settle({number: error})
                continue
            self._config = config
            if "changes" in recorded.event:
                # Nobody who records it later has the checkout.
                fields = {**draft.fields, "changes": recorded.event["changes"]}
                self._open[number] = draft._replace(fields=fields, checkout="")
            self._cleared.add(number)
            self._ruled |= {number} if recorded.is_ruled else set()
            judged[number] = recorded
            changes |= own
        return judged

    def _gate(self, draft: EventDraft) -> Gate | None:
        gate = gate_for(draft.kind, draft.fields, self._now, fetch_tip_files)
        return gate if self._target.judged else None

    def _add_waiting(
        self, place: Repository, along: Sequence[WaitingEvent], changes: Changes
    ) -> tuple[list[RefUpdate], list[RecordResult]]:
        """Add waiting events of the same products; those that are refused are left to `collect`."""
        taken: list[RefUpdate] = []
        added: list[RecordResult] = []
        decides = any(each.kind in DECISION_KINDS for each in self._open.values())
        for each in along[:_MOST_ALONG]:
            try:
                draft = draft_of(each.submission)
                if draft.kind in DECISION_KINDS and not decides:
                    # It needs all logs of the product, which is too much for a pipeline's event.
                    continue
                check_at(draft.fields["at"], self._now)
                recorded, own, _ = prepare(place, draft, self._entropy, True, changes)
            except (InvalidInput, Blocked):
                continue
            changes |= own
            taken.append(RefUpdate(each.ref, each.commit, None))
            added += [recorded] if own else []
        return taken, added

    def _push(self, place: Repository, new: str, taken: Sequence[RefUpdate]) -> None:
        branch = RefUpdate(place.branch or "", place.tip, new)
        try:
            status = self._clone.client.push([branch, *taken], atomic=bool(taken))[branch.ref]
        except RemoteFailure as failure:
            if failure.fault != "atomic":
                raise
            # The branch first: events that are still in the inbox then are recognised by their ids.
            status = self._clone.client.push([branch])[branch.ref]
            if status.fault is None and taken:
                self._clone.client.push(taken)
        if status.fault is not None:
            raise RemoteFailure(status.fault, status.reason, sent=status.fault == "unknown")


def message_of(own: Sequence[RecordResult], collected: Sequence[RecordResult] = ()) -> str:
    """Return a commit message: the only subject, or the number of events and each subject.

    Each decision among `collected` has a line that says that no signature is of who decided.
    """
    subjects = [subject_of(each) for each in (*collected, *own)]
    marks = [f"{COLLECTED}{x.event['id']}" for x in collected if x.kind in DECISION_KINDS]
    lines = subjects or ["Record nothing"]
    if len(subjects) > 1:
        lines = [f"Record {len(subjects)} events", "", *subjects]
    return "\n".join([*lines, "", *marks] if marks else lines)


def _refuse_inbox(recorded: RecordResult, via: Via) -> None:
    """Raise Blocked for a start under an enabled rule that is to go through the inbox."""
    if recorded.is_ruled and via == "inbox":
        raise Blocked(
            "rules apply to this start, and nobody judges the inbox",
            hint="record it with --via auto, which judges it on the branch",
        )
