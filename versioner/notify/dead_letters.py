"""What waits and what failed: list it, return it to the queue, or remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.errors import Ambiguous, NotFound
from versioner.names import nearest
from versioner.notify.channels import Channel, channels_of
from versioner.notify.forms.wording import message_of
from versioner.notify.ledger import Ledger
from versioner.notify.news import TipReader
from versioner.notify.notice_details import details_of
from versioner.notify.notices import Notice, notice_of
from versioner.notify.place import open_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.notify.claims import Asked
    from versioner.notify.place import Target
    from versioner.notify.run import NotifyContext
    from versioner.remote.notified import NotifiedState

__all__ = ["DeadLetter", "Notifications", "discard", "list_notifications", "retry_of"]

_SHORTEST: Final = 6


class DeadLetter(NamedTuple):
    """A notification that failed, or may have arrived (`in_doubt`), and why."""

    channel: str
    notice: Notice
    title: str
    error: str
    at: str
    in_doubt: bool = False


class Notifications(NamedTuple):
    """The channels with the variables that they lack here, what waits, and the dead letters.

    `commit` is the commit that was notified last, "" where there was no run yet. `sending` counts
    what senders have claimed.
    """

    commit: str
    at: str
    channels: tuple[tuple[Channel, tuple[str, ...]], ...] = ()
    waiting: tuple[tuple[str, Notice, str], ...] = ()
    sending: int = 0
    dead: tuple[DeadLetter, ...] = ()


def list_notifications(
    target: Target, context: NotifyContext, *, branch: str = ""
) -> Notifications:
    """Return the channels, and what waits and failed, with its title as it would be sent now."""
    with open_place(target, branch) as place:
        found = place.read()
        reader = TipReader(place)
        state = found.state

        def titled(document: dict[str, Any]) -> tuple[Notice, str]:
            notice = notice_of(document)
            registry = reader.with_products(filter(None, [notice.product]))
            return notice, message_of(details_of(notice, registry)).title

        return Notifications(
            state.commit,
            state.at,
            tuple(
                (each, tuple(each.missing(context.variables)))
                for each in channels_of(reader.registry.config)
            ),
            tuple(
                (name, *titled(each["notice"])) for each in state.queue for name in each["channels"]
            ),
            sum(
                len(each["channels"])
                for claimed in state.sending.values()
                for each in claimed["deliveries"]
            ),
            tuple(
                DeadLetter(
                    each["channel"],
                    *titled(each["notice"]),
                    each["error"],
                    each["at"],
                    bool(each.get("in_doubt")),
                )
                for each in state.dead
            ),
        )


def retry_of(keys: Sequence[str], channel: str, now: str) -> Asked:
    """Return the change of a state that returns dead letters to the queue.

    Without keys these are all that failed; those in doubt may have arrived, so they are named.
    The change raises NotFound for a key that names none.
    """
    chosen: set[tuple[str, str]] | None = None

    def change(state: NotifiedState, _channels: Sequence[Channel]) -> NotifiedState:
        nonlocal chosen
        if chosen is None:
            chosen = _choose(state, keys, channel, without_doubtful=not keys)
        back = [each for each in state.dead if _key_of(each) in chosen]
        queue = [
            {"notice": each["notice"], "channels": [each["channel"]], "at": now} for each in back
        ]
        dead = tuple(each for each in state.dead if _key_of(each) not in chosen)
        return state.with_(queue=(*state.queue, *queue), dead=dead)

    return change


def discard(
    target: Target,
    context: NotifyContext,
    keys: Sequence[str],
    *,
    channel: str = "",
    branch: str = "",
) -> int:
    """Remove dead letters, all without keys; return how many. Raises NotFound."""
    chosen: set[tuple[str, str]] | None = None

    def change(state: NotifiedState) -> NotifiedState:
        nonlocal chosen
        if chosen is None:
            chosen = _choose(state, keys, channel, without_doubtful=False)
        return state.with_(dead=tuple(each for each in state.dead if _key_of(each) not in chosen))

    with open_place(target, branch) as place:
        ledger = Ledger(place, context.sender, context.now)
        if ledger.found().commit:
            ledger.update(change)
        elif keys:
            raise _unknown(keys[0], [])
    return len(chosen or ())


def _choose(
    state: NotifiedState, keys: Sequence[str], channel: str, *, without_doubtful: bool
) -> set[tuple[str, str]]:
    """Return the dead letters that keys name, each in all channels or in one."""
    dead = [each for each in state.dead if not channel or each["channel"] == channel]
    if not keys:
        return {_key_of(each) for each in dead if not (without_doubtful and each.get("in_doubt"))}
    return {found for key in keys for found in _named(key, dead)}


def _named(key: str, dead: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    known = sorted({each["notice"]["key"] for each in dead})
    exact = [each for each in known if each == key]
    found = exact or [each for each in known if len(key) >= _SHORTEST and each.startswith(key)]
    if len(found) > 1:
        raise Ambiguous(
            f'"{key}" names {len(found)} notifications', found, remedy="give the whole id of one"
        )
    if not found:
        raise _unknown(key, known)
    return {_key_of(each) for each in dead if each["notice"]["key"] == found[0]}


def _unknown(key: str, known: Sequence[str]) -> NotFound:
    near = nearest(key, known)
    hint = f"did you mean {near[0]}?" if near else "`versioner notify list` shows them"
    return NotFound(f'no failed notification is named "{key}"', hint=hint)


def _key_of(dead: dict[str, Any]) -> tuple[str, str]:
    return dead["notice"]["key"], dead["channel"]
