"""Claims on the queue: pure functions from one state of the notifications to the next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.query.times.text import seconds_between
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from versioner.notify.channels import Channel
    from versioner.notify.http_post import Answer
    from versioner.notify.sender_process import Sender
    from versioner.remote.notified import NotifiedState

    # What a person asked for: a change of the state, made before the queue is sent.
    Asked = Callable[[NotifiedState, Sequence[Channel]], NotifiedState]

__all__ = ["Attempt", "claim", "doubtful", "finish", "give_back", "without_ended"]

# A queue of this many is sent one by one, so that an ended sender leaves one in doubt at most.
_FEW: Final = 60
# Older dead letters than so many are dropped: a receiver that is gone for ever fills no ref.
_MOST_DEAD: Final = 1000
# What waits for so long, for a variable that is not set or a channel that is down, is dead.
_LONGEST_WAIT_SECONDS: Final = 7 * 24 * 3600
IN_DOUBT: Final = "the sender was ended while it was sending: it may have arrived"

Entry = dict[str, Any]


class Attempt(NamedTuple):
    """The outcome of sending an entry of the queue to one channel."""

    entry: Entry
    channel: str
    answer: Answer


def claim(
    state: NotifiedState,
    sender: Sender,
    now: str,
    *,
    is_usable: Callable[[str], bool],
    channels: Collection[str],
    seconds: float,
) -> tuple[NotifiedState, list[Entry]]:
    """Return the state with a part of the queue claimed by a sender, and that part.

    `channels` are those that exist; what waits for others is dropped. `seconds` is how long one
    notification may take.
    """
    claimed: list[Entry] = []
    left: list[Entry] = []
    dead: list[Entry] = []
    most = max(1, len(state.queue) // _FEW)
    for entry in state.queue:
        names = [each for each in entry["channels"] if each in channels]
        usable = [each for each in names if is_usable(each)] if len(claimed) < most else []
        if usable:
            claimed.append({**entry, "channels": usable})
        rest = [each for each in names if each not in usable]
        if rest and seconds_between(entry.get("at", now), now) > _LONGEST_WAIT_SECONDS:
            dead += [_dead(entry, each, "waited for 7 days", now) for each in rest]
        elif rest:
            left.append({**entry, "channels": rest})
    sending = dict(state.sending)
    if claimed:
        until = datetime.fromisoformat(now) + timedelta(seconds=60 + len(claimed) * seconds)
        sending[sender.name] = {"at": now, "until": utc_text(until), "deliveries": claimed}
    state = state.with_(queue=tuple(left), dead=(*state.dead, *dead), sending=sending)
    return state, claimed


def finish(
    state: NotifiedState, sender: Sender, attempts: Iterable[Attempt], now: str
) -> NotifiedState:
    """Return the state without the claim of a sender, and with what failed among the dead."""
    found = list(attempts)
    keys = {(each.entry["notice"]["key"], each.channel) for each in found}
    sending = {name: each for name, each in state.sending.items() if name != sender.name}
    # Another sender may have taken this one for ended, or the same was noted before.
    dead = [each for each in state.dead if _key_of(each) not in keys]
    dead += [
        _dead(each.entry, each.channel, each.answer.error, now)
        for each in found
        if each.answer.error
    ]
    return state.with_(sending=sending, dead=tuple(dead[-_MOST_DEAD:]))


def give_back(
    state: NotifiedState, sender: Sender, begun: Collection[tuple[str, str]], now: str
) -> NotifiedState:
    """Return the state after a sender was stopped: what it had not begun is in the queue again."""
    own = state.sending.get(sender.name)
    if own is None:
        return state
    back: list[Entry] = []
    dead: list[Entry] = []
    for entry in own["deliveries"]:
        key = entry["notice"]["key"]
        free = [each for each in entry["channels"] if (key, each) not in begun]
        if free:
            back.append({**entry, "channels": free})
        names = (each for each in entry["channels"] if each not in free)
        dead += [{**_dead(entry, each, IN_DOUBT, now), "in_doubt": True} for each in names]
    sending = {name: each for name, each in state.sending.items() if name != sender.name}
    return state.with_(queue=(*back, *state.queue), dead=(*state.dead, *dead), sending=sending)


def without_ended(state: NotifiedState, sender: Sender, now: str) -> NotifiedState:
    """Return the state with what ended senders had claimed among the dead letters, in doubt."""
    dead = tuple(doubtful(state, sender, now))
    if not dead:
        return state
    sending = {
        name: each for name, each in state.sending.items() if not _is_ended(name, each, sender, now)
    }
    return state.with_(sending=sending, dead=(*state.dead, *dead))


def doubtful(state: NotifiedState, sender: Sender, now: str) -> Iterator[Entry]:
    """Yield the dead letters of what ended senders had claimed."""
    for name, each in state.sending.items():
        if _is_ended(name, each, sender, now):
            for entry in each["deliveries"]:
                for channel in entry["channels"]:
                    yield {**_dead(entry, channel, IN_DOUBT, each["at"]), "in_doubt": True}


def _is_ended(name: str, claimed: Entry, sender: Sender, now: str) -> bool:
    return name != sender.name and (sender.is_ended(name) or str(claimed["until"]) < now)


def _dead(entry: Entry, channel: str, error: str, at: str) -> Entry:
    return {"notice": entry["notice"], "channel": channel, "error": error, "at": at}


def _key_of(dead: Entry) -> tuple[str, str]:
    return dead["notice"]["key"], dead["channel"]
