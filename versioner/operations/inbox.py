"""Look after a remote's inbox: list what waits and what was refused, release it, discard it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import Failure, NotFound
from versioner.names import nearest
from versioner.repository.objects import find_commit
from versioner.repository.partial_clone import Update, partial_clone
from versioner.repository.push_outcome import RemoteFailure
from versioner.repository.waiting import INBOX, REFUSED, Inbox, Refused, Waiting, inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.repository.address import Remote
    from versioner.repository.partial_clone import PartialClone
    from versioner.repository.push_outcome import Fault

__all__ = ["Handled", "discard", "list_inbox", "release"]

_LISTED: Final = 1000
_SHORTEST: Final = 6


class Handled(NamedTuple):
    """Say what was released or discarded: the event as it stood, and its ref now ("" if gone)."""

    event: Waiting | Refused
    ref: str


def list_inbox(remote: Remote) -> Inbox:
    """Return what waits on a remote and what was refused there."""
    with partial_clone(remote) as clone:
        return _read(clone)


def release(remote: Remote, keys: Sequence[str]) -> list[Handled]:
    """Put refused events back into the inbox, to be judged again; all of those named, or none.

    Raises NotFound for a key that names no refused event, or several.
    """
    with partial_clone(remote) as clone:
        held = _read(clone).refused
        chosen = [_choose(key, held, "refused") for key in keys]
        updates: list[Update] = []
        handled = []
        for each in chosen:
            ref = INBOX + each.ref.removeprefix(REFUSED)
            updates += [
                Update(ref, None, _original(clone, each)),
                Update(each.ref, each.commit, None),
            ]
            handled.append(Handled(each, ref))
        _push(clone, updates)
        return handled


def discard(remote: Remote, keys: Sequence[str]) -> list[Handled]:
    """Remove events from the inbox, waiting or refused, for good; all of those named, or none."""
    with partial_clone(remote) as clone:
        found = _read(clone)
        held: list[Waiting | Refused] = [*found.waiting, *found.refused]
        chosen = [_choose(key, held, "waiting or refused") for key in keys]
        _push(clone, [Update(each.ref, each.commit, None) for each in chosen])
        return [Handled(each, "") for each in chosen]


def _read(clone: PartialClone) -> Inbox:
    clone.fetch_below([INBOX, REFUSED])
    return inbox(clone.repository("", None), limit=_LISTED)


def _choose(key: str, held: Sequence[Waiting | Refused], what: str) -> Waiting | Refused:
    """Return the one event that a key, a ref or the beginning of a key names."""
    exact = [each for each in held if key in (each.key, each.ref, f"{each.product}/{each.key}")]
    long_enough = len(key) >= _SHORTEST
    found = exact or [each for each in held if long_enough and each.key.startswith(key)]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(
            f"{key!r} names {len(found)} events", hint="give PRODUCT/KEY, as `inbox list` shows it"
        )
    near = nearest(key, [each.key for each in held])
    raise NotFound(
        f"no {what} event is named {key!r}",
        hint=f"did you mean {near[0]}?" if near else "`versioner inbox list` shows them",
    )


def _original(clone: PartialClone, refused: Waiting | Refused) -> str:
    """Return the commit that was handed over: what the refusal stands on."""
    found = find_commit(clone.repository("", None), refused.commit)
    parents = [
        line for line in found.data.split(b"\n\n", 1)[0].split(b"\n") if line[:7] == b"parent "
    ]
    if not parents:
        raise Failure(
            f"{refused.ref} holds no event to release",
            hint="`versioner inbox discard` removes it; record the event again",
        )
    return parents[0][7:].decode("ascii")


def _push(clone: PartialClone, updates: Sequence[Update]) -> None:
    try:
        told = clone.push(updates, atomic=len(updates) > 1)
    except RemoteFailure as failure:
        if failure.fault != "atomic":
            raise
        # What is to be made comes first in each pair, so nothing vanishes in between.
        told = clone.push(updates)
    faults = [status.fault for status in told.values() if status.fault is not None]
    if not faults:
        return
    fault: Fault = next((each for each in faults if each != "atomic"), "race")
    if fault == "race":
        raise RemoteFailure(
            "race",
            message="somebody changed the inbox meanwhile",
            hint="`versioner inbox list` shows it as it is now",
        )
    raise RemoteFailure(fault, clone.said())
