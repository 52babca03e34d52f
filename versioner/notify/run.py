"""Send what happened since the last time, each notification exactly once.

Three moves of the ref, each by compare-and-swap, make that so: what happened is queued and the
commit noted; some of the queue is claimed by one sender; what became of it is noted. A
notification is sent only between the second and the third. Of a sender that was ended in between,
those that it had claimed may have been sent: they are listed, and never sent again by themselves.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import OperationFailed
from versioner.models.notification_types import DIGEST
from versioner.notify.channels import channels_of, gets
from versioner.notify.claims import Attempt, claim, doubtful, finish, give_back, without_ended
from versioner.notify.digests.lag import asks_for_stuck, with_stuck
from versioner.notify.digests.queue import with_digests
from versioner.notify.forms.wording import message_of
from versioner.notify.http_post import Answer
from versioner.notify.ledger import Ledger
from versioner.notify.news import TipReader, news_since
from versioner.notify.notice_details import details_of
from versioner.notify.notices import Notice, notice_of
from versioner.notify.place import open_place
from versioner.notify.sending import TRIES, Pace, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.notify.claims import Asked
    from versioner.notify.notice_details import NoticeDetails
    from versioner.notify.place import Place, Target
    from versioner.notify.sender_process import Sender
    from versioner.registry.records import Registry
    from versioner.remote.notified import NotifiedState

__all__ = ["Delivery", "NotifyContext", "NotifyResult", "notify"]

# After so many failures in a row, a channel is left alone for the rest of a run.
_GIVES_UP: Final = 2


class NotifyContext(NamedTuple):
    """What a run is given from outside: the environment, the clock, and who sends."""

    variables: Mapping[str, str]
    now: Callable[[], str]
    sender: Sender
    pace: Pace = Pace()


class Delivery(NamedTuple):
    """A notification to one channel: what it says, and why it failed, if it did."""

    channel: str
    notice: Notice
    title: str = ""
    error: str = ""


@dataclass
class NotifyResult:
    """The result of a run.

    `is_first` is whether there was no ref before, so that all that was there counts as notified.
    `waiting` counts the notifications that stay in the queue, by channel; `unset` are the
    variables that their channels lack. `channels` is how many there are.
    """

    commit: str = ""
    channels: int = 0
    is_first: bool = False
    is_rewritten: bool = False
    is_dry_run: bool = False
    sent: list[Delivery] = field(default_factory=list)
    failed: list[Delivery] = field(default_factory=list)
    in_doubt: list[Delivery] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    unset: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Return whether nothing failed, is in doubt, or waits."""
        return not (self.failed or self.in_doubt or self.waiting)


def notify(
    target: Target,
    context: NotifyContext,
    *,
    branch: str = "",
    dry_run: bool = False,
    asked: Asked | None = None,
    also: Sequence[Notice] = (),
) -> NotifyResult:
    """Send what happened since the last run; the first run takes what is there as notified.

    With `dry_run`, nothing is sent and no ref moves. `asked` changes the queue first: it returns
    dead letters to it, or adds digests. `also` are notices of what is not in git. Raises
    RemoteFailure where the ref cannot be moved: then nothing more is sent.
    """
    with open_place(target, branch) as place:
        if not place.has_channels() and not place.read().commit:
            return NotifyResult(place.tip, is_dry_run=dry_run)
        run = _Run(place, context, also)
        return run.dry_run() if dry_run else run.run(asked)


class _Run:
    """One run."""

    def __init__(self, place: Place, context: NotifyContext, also: Sequence[Notice] = ()) -> None:
        self._place = place
        self._also = also
        self._context = context
        self._ledger = Ledger(place, context.sender, context.now)
        self._result = NotifyResult()
        self._failures: dict[str, int] = {}
        self._begun: set[tuple[str, str]] = set()
        self._look()

    def _look(self) -> None:
        """Read the registry at the tip, and its channels."""
        self._reader = TipReader(self._place)
        self._channels = {each.name: each for each in channels_of(self._reader.registry.config)}
        self._result.commit, self._result.channels = self._place.tip, len(self._channels)
        variables = self._context.variables
        missing = {name: each.missing(variables) for name, each in self._channels.items()}
        self._unset = {name: names for name, names in missing.items() if names}

    def _catch_up(self, state: NotifiedState) -> None:
        """Look again for the tip, which another sender may have notified since it was read.

        Else what that sender notified would look as if it had gone.
        """
        if state.commit in ("", self._place.tip):
            return
        before = self._place.tip
        self._place.refresh(state.commit)
        if self._place.tip != before:
            self._look()

    def dry_run(self) -> NotifyResult:
        found = self._ledger.found()
        self._catch_up(found.state)
        self._result.is_dry_run = True
        if not found.commit:
            self._result.is_first = True
            return self._result
        self._note_doubts(found.state)
        for entry in (*found.state.queue, *self._news(found.state)[0]):
            notice = notice_of(entry["notice"])
            title = message_of(self._details(notice)).title
            self._result.sent += [Delivery(name, notice, title) for name in entry["channels"]]
        return self._result

    def run(self, asked: Asked | None) -> NotifyResult:
        found = self._ledger.found()
        if not found.commit and self._begin():
            self._result.is_first = True
            if asked is None:
                return self._result
        self._ledger.update(self._queue_news)
        if asked is not None:
            channels = tuple(self._channels.values())
            self._ledger.update(lambda state: asked(state, channels))
        self._require_services()
        self._send_all()
        self._note_waiting(self._ledger.found().state)
        return self._result

    def _begin(self) -> bool:
        """Take what is there as notified; return False where another sender was first."""

        def begin(state: NotifiedState) -> NotifiedState:
            return state if state.commit else self._at_tip(state)

        self._ledger.update(begin)
        return self._ledger.is_first

    def _at_tip(self, state: NotifiedState) -> NotifiedState:
        at = self._reader.registry.commit_time or self._context.now()
        return state.with_(commit=self._place.tip, at=at)

    def _queue_news(self, state: NotifiedState) -> NotifiedState:
        """Return the state with what happened in its queue, and with the ended senders' rest."""
        now = self._context.now()
        self._catch_up(state)
        self._note_doubts(state)
        state = without_ended(state, self._context.sender, now)
        state = with_digests(state, self._channels.values(), now)
        state = self._with_stuck(self._with_others(state), now)
        if state.commit == self._place.tip:
            return state
        entries, gone = self._news(state)
        return self._at_tip(state).with_(queue=(*state.queue, *entries), gone=gone)

    def _news(self, state: NotifiedState) -> tuple[list[dict[str, Any]], frozenset[str]]:
        """Return what happened since a state, as entries of the queue, and what is gone."""
        if state.commit == self._place.tip:
            return [], state.gone
        now = self._context.now()
        news = news_since(self._place, self._reader, state, now)
        self._result.is_rewritten = news.is_rewritten
        return self._entries(news.notices, news.old, news.new), news.gone

    def _entries(
        self, notices: Sequence[Notice], old: Registry, new: Registry
    ) -> list[dict[str, Any]]:
        """Return notices as entries of the queue, those that a channel gets."""
        now = self._context.now()
        found = []
        for notice in notices:
            channels = self._channels.items()
            names = [name for name, each in channels if gets(each, notice, old, new)]
            if names:
                found.append({"notice": notice.as_json(), "channels": names, "at": now})
        return found

    def _with_others(self, state: NotifiedState) -> NotifiedState:
        """Return the state with the notices of what is not in git in its queue, each once."""
        known = {each["notice"]["key"] for each in state.queue}
        notices = [each for each in self._also if each.key not in known]
        if not notices:
            return state
        registry = self._reader.with_products(each.product for each in notices)
        return state.with_(queue=(*state.queue, *self._entries(notices, registry, registry)))

    def _with_stuck(self, state: NotifiedState, now: str) -> NotifiedState:
        """Return the state with the versions that are stuck since the last look in its queue."""
        if not asks_for_stuck(self._channels.values()):
            return state
        state, notices = with_stuck(state, self._reader.whole, now)
        if not notices:
            return state
        registry = self._reader.whole()
        return state.with_(queue=(*state.queue, *self._entries(notices, registry, registry)))

    def _note_doubts(self, state: NotifiedState) -> None:
        known = {(each.notice.key, each.channel) for each in self._result.in_doubt}
        for each in doubtful(state, self._context.sender, self._context.now()):
            notice = notice_of(each["notice"])
            if (notice.key, each["channel"]) not in known:
                self._result.in_doubt.append(Delivery(each["channel"], notice, error=each["error"]))

    def _require_services(self) -> None:
        """Raise UsageFault before anything is claimed where Apprise is needed and missing."""
        waiting = {name for each in self._ledger.found().state.queue for name in each["channels"]}
        usable = (self._channels[name] for name in waiting if self._is_usable(name))
        if not all(each.is_http for each in usable):
            from versioner.notify.apprise_service import require_apprise

            require_apprise()

    def _is_usable(self, name: str) -> bool:
        is_up = self._failures.get(name, 0) < _GIVES_UP
        return name in self._channels and name not in self._unset and is_up

    def _send_all(self) -> None:
        attempts: list[Attempt] = []
        while True:
            claimed = self._claim(attempts)
            if not claimed:
                return
            try:
                attempts = self._send_claimed(claimed)
            except BaseException:
                self._ledger.update(
                    lambda state: give_back(
                        state, self._context.sender, self._begun, self._context.now()
                    )
                )
                raise

    def _claim(self, attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
        """Note what became of the last claim, and claim more, in one move of the ref."""
        context, pace = self._context, self._context.pace
        claimed: list[dict[str, Any]] = []

        def step(state: NotifiedState) -> NotifiedState:
            now = context.now()
            # A push of a sender that was killed may arrive after it.
            self._note_doubts(state)
            state = without_ended(state, context.sender, now)
            state, claimed[:] = claim(
                finish(state, context.sender, attempts, now),
                context.sender,
                now,
                is_usable=self._is_usable,
                channels=self._channels,
                seconds=TRIES * (pace.timeout + 5 * pace.pause),
            )
            return state

        self._ledger.update(step)
        return claimed

    def _send_claimed(self, claimed: Sequence[dict[str, Any]]) -> list[Attempt]:
        """Send what is claimed, to several channels at once, to each in order."""
        details = {
            each["notice"]["key"]: self._details(notice_of(each["notice"])) for each in claimed
        }
        names = list(dict.fromkeys(name for each in claimed for name in each["channels"]))

        def to_channel(name: str) -> list[Attempt]:
            return [
                Attempt(entry, name, self._send(name, details[entry["notice"]["key"]]))
                for entry in claimed
                if name in entry["channels"]
            ]

        if len(names) == 1:
            attempts = to_channel(names[0])
        else:
            with ThreadPoolExecutor(max_workers=min(8, len(names))) as pool:
                attempts = [each for some in pool.map(to_channel, names) for each in some]
        for each in attempts:
            self._note(each, details[each.entry["notice"]["key"]])
        return attempts

    def _send(self, name: str, details: NoticeDetails) -> Answer:
        self._begun.add((details.notice.key, name))
        try:
            return send(self._channels[name], details, self._context.variables, self._context.pace)
        except OperationFailed as error:
            return Answer(error.message)

    def _note(self, attempt: Attempt, details: NoticeDetails) -> None:
        answer, name = attempt.answer, attempt.channel
        delivery = Delivery(name, details.notice, message_of(details).title, answer.error)
        (self._result.failed if answer.error else self._result.sent).append(delivery)
        is_down = bool(answer.error) and not answer.is_final
        self._failures[name] = self._failures.get(name, 0) + 1 if is_down else 0

    def _details(self, notice: Notice) -> NoticeDetails:
        if notice.type == DIGEST:
            return details_of(notice, self._reader.whole())
        return details_of(notice, self._reader.with_products(filter(None, [notice.product])))

    def _note_waiting(self, state: NotifiedState) -> None:
        waiting = self._result.waiting
        for entry in state.queue:
            for name in entry["channels"]:
                waiting[name] = waiting.get(name, 0) + 1
        self._result.unset = {name: each for name, each in self._unset.items() if name in waiting}
