"""What happened between two states of a registry, as a person would tell it.

Events are compared by their ids alone: a rename of a product, a merge of environments, an archive
of months and a rewritten history move events and make none. An event whose id was notified before
and is on the branch again is no news either.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.notify.changes.events import event_notices
from versioner.notify.changes.files import file_notices
from versioner.notify.changes.requests import request_notices
from versioner.notify.notices import Notice
from versioner.query.times.text import seconds_between
from versioner.registry.records import Registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from versioner.registry.records import ProductRecord

__all__ = ["Happened", "happened_between", "happened_since"]

# So many events that are so old, in one run, were imported: they are history, not news.
_MANY_OLD: Final = 100
_OLD_SECONDS: Final = 30 * 24 * 3600


class Happened(NamedTuple):
    """What happened, oldest first, and the events that were notified and are gone since."""

    notices: tuple[Notice, ...] = ()
    gone: frozenset[str] = frozenset()


def happened_between(
    old: Registry, new: Registry, now: str, *, gone: Collection[str] = ()
) -> Happened:
    """Return what happened from one state to another.

    Both may have only those products that differ. `gone` are the digests of events that were
    notified before the old state.
    """
    before, after = set(_ids(old.products.values())), set(_ids(new.products.values()))
    added = _without_known(after - before, gone)
    found = [
        *file_notices(old, new),
        *request_notices(old, new, now),
        *_without_old([*event_notices(old, new, added)], now),
    ]
    left = {digest_of_id(each) for each in before - after}
    back = {digest_of_id(each) for each in after} if gone else set()
    return Happened(tuple(found), frozenset((set(gone) - back) | left))


def happened_since(new: Registry, since: str, now: str, *, gone: Collection[str] = ()) -> Happened:
    """Return the events after a moment, where the state of that moment no longer exists."""
    added = _without_known(set(_ids(new.products.values())), gone)
    events = event_notices(Registry(), new, added)
    return Happened(
        tuple(_without_old([each for each in events if each.at > since], now)), frozenset(gone)
    )


def _without_known(ids: set[str], gone: Collection[str]) -> set[str]:
    return {each for each in ids if digest_of_id(each) not in gone} if gone else ids


def digest_of_id(event_id: str) -> str:
    """Return the digest by which an event that is gone is remembered."""
    return hashlib.sha256(event_id.encode("utf-8")).hexdigest()[:16]


def _ids(records: Iterable[ProductRecord]) -> Iterator[str]:
    for record in records:
        for events in (record.builds, record.deployment_events, record.decision_events):
            yield from (event["id"] for event in events)


def _without_old(notices: list[Notice], now: str) -> Iterator[Notice]:
    """Yield the notices, with one instead of many that are too old to be news."""
    old = [each for each in notices if seconds_between(each.at, now) > _OLD_SECONDS]
    if len(old) <= _MANY_OLD:
        yield from notices
        return
    keys = {each.key for each in old}
    products = tuple(sorted({each.product for each in old}))
    whole = hashlib.sha256("\n".join(sorted(keys)).encode("utf-8")).hexdigest()[:32]
    yield Notice(
        key=f"imported-{whole}",
        type="registry.imported",
        at=max(each.at for each in old),
        products=products,
        environments=tuple(sorted({each.environment for each in old} - {""})),
        count=len(old),
    )
    yield from (each for each in notices if each.key not in keys)
