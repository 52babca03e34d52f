"""Manage a remote's inbox: list its events, release refused ones, discard events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.delivery.ref_updates import RefUpdater
from versioner.delivery.refusals import parents_of
from versioner.errors import Ambiguous, Blocked, NotFound, OperationFailed, quoted
from versioner.git.commit_objects import epoch_of
from versioner.git.objects import reading
from versioner.names import nearest
from versioner.remote.client import RefUpdate
from versioner.remote.faults import RemoteFailure
from versioner.remote.inbox_refs import (
    EVENT,
    INBOX,
    REFUSED,
    Inbox,
    RefusedEvent,
    WaitingEvent,
    read_inbox,
    store_commit,
)
from versioner.remote.partial_clone import partial_clone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.remote.partial_clone import PartialClone
    from versioner.remote.url import Remote

__all__ = ["HandledEvent", "discard", "list_inbox", "release"]

_LISTED: Final = 1000
_SHORTEST: Final = 6


class HandledEvent(NamedTuple):
    """A released or discarded event as it was, and its ref now ("" if deleted)."""

    event: WaitingEvent | RefusedEvent
    ref: str


def list_inbox(remote: Remote) -> Inbox:
    """Return the waiting and the refused events of a remote."""
    with partial_clone(remote) as clone:
        return _read(clone, _LISTED)


def release(remote: Remote, keys: Sequence[str]) -> list[HandledEvent]:
    """Move refused events back into the inbox for another try: all of those named, or none.

    Raises NotFound for a key that names no refused event, or several, and Blocked where another
    event waits at the same ref.
    """
    with partial_clone(remote) as clone:
        chosen = _chosen(keys, _read(clone).refused, "refused")
        waiting = clone.refs(INBOX)
        updates: list[RefUpdate] = []
        handled = []
        for each in chosen:
            ref, commit = INBOX + each.ref.removeprefix(REFUSED), _original(clone, each)
            if ref not in waiting:
                updates.append(RefUpdate(ref, None, commit))
            elif waiting[ref] != commit:
                raise Blocked(
                    f"another event waits in the inbox with the key {each.key}",
                    hint="run `versioner collect` first, then release this one",
                )
            updates.append(RefUpdate(each.ref, each.commit, None))
            handled.append(HandledEvent(each, ref))
        _push(clone, updates)
        return handled


def discard(remote: Remote, keys: Sequence[str]) -> list[HandledEvent]:
    """Delete events from the inbox, waiting or refused: all of those named, or none."""
    with partial_clone(remote) as clone:
        found = _read(clone)
        chosen = _chosen(keys, [*found.waiting, *found.refused], "waiting or refused")
        _push(clone, [RefUpdate(each.ref, each.commit, None) for each in chosen])
        return [HandledEvent(each, "") for each in chosen]


def _read(clone: PartialClone, limit: int | None = None) -> Inbox:
    clone.fetch_refs_below([INBOX, REFUSED])
    total = len(clone.refs(INBOX)) + len(clone.refs(REFUSED))
    return read_inbox(clone.repository("", None), limit=total if limit is None else limit)


def _chosen(
    keys: Sequence[str], events: Sequence[WaitingEvent | RefusedEvent], what: str
) -> list[WaitingEvent | RefusedEvent]:
    """Return the events that the keys name, each once."""
    return list({each.ref: each for each in (_choose(key, events, what) for key in keys)}.values())


def _choose(
    key: str, events: Sequence[WaitingEvent | RefusedEvent], what: str
) -> WaitingEvent | RefusedEvent:
    """Return the event that a key, a ref or the beginning of a key names; raise NotFound."""
    exact = [each for each in events if key in (each.key, each.ref, f"{each.product}/{each.key}")]
    long_enough = len(key) >= _SHORTEST
    found = exact or [each for each in events if long_enough and each.key.startswith(key)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(
            f"{quoted(key)} names {len(found)} events",
            [f"{each.product}/{each.key}  {each.ref}" for each in found],
            remedy="give PRODUCT/KEY or the whole ref of one of these",
        )
    near = nearest(key, [each.key for each in events])
    raise NotFound(
        f"no {what} event is named {quoted(key)}",
        hint=f"did you mean {near[0]}?" if near else "`versioner inbox list` shows them",
    )


def _original(clone: PartialClone, refused: WaitingEvent | RefusedEvent) -> str:
    """Return the submitted commit: the parent of the refusal, or a new one with its event."""
    with reading(clone.repository("", None)) as reader:
        parents = parents_of(reader.find_one(refused.commit))
        if parents:
            return parents[0]
        event = reader.find_one(f"{refused.commit}:{EVENT}")
        if event is None or event.type != "blob":
            raise OperationFailed(
                f"{refused.ref} has no event that could be released",
                hint="delete it with `versioner inbox discard`, and record the event again",
            )
        return store_commit(
            clone.folder,
            {EVENT: event.data},
            "Submit again",
            epoch_of(refused.at) if refused.at else 0,
            object_format=clone.object_format,
        )


def _push(clone: PartialClone, updates: Sequence[RefUpdate]) -> None:
    try:
        RefUpdater(clone.client).push(updates)
    except RemoteFailure as failure:
        if failure.fault != "race":
            raise
        raise RemoteFailure(
            "race",
            message="another process changed the inbox meanwhile",
            hint="`versioner inbox list` shows it as it is now",
        ) from None
