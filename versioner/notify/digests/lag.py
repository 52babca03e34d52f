"""Versions that are stuck before production: for the digest, and as notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.models.notification_types import STUCK, selects
from versioner.notify.notices import Notice
from versioner.query.gate.requests import list_requests
from versioner.query.lag import lag_policy, lags_of
from versioner.query.matrix import matrix
from versioner.query.times.zones import zone_of
from versioner.query.today.phrases import lag_sentence
from versioner.query.today.sentences import Writer, text_of
from versioner.site.privacy import hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from versioner.notify.channels import Channel
    from versioner.query.lag import Lag
    from versioner.registry.records import Registry
    from versioner.remote.notified import NotifiedState

__all__ = ["asks_for_stuck", "stuck_lines", "with_stuck"]

# In the state, beside the weeks of the digests: what was notified, and when it was looked for.
_KNOWN: Final = "stuck"
_LOOKED: Final = "stuck-day"
# A version that has been stuck for longer is hardly on its way.
_MOST_DAYS: Final = 365


def stuck_versions(registry: Registry, now: str, at: str | None = None) -> list[Lag]:
    """Return the versions that are stuck, without those that have been so for over a year."""
    policy = lag_policy(registry)
    found = lags_of(
        registry,
        matrix(registry, now=now, at=at),
        policy,
        now=now,
        requests=list_requests(registry, now) if registry.governance.requests else (),
        hidden=hidden_fields(registry.config),
    )
    return [each for each in found if policy.days <= each.days <= _MOST_DAYS]


def stuck_lines(
    registry: Registry, products: Collection[str], now: str, at: str | None = None
) -> tuple[str, ...]:
    """Return a sentence for each version of some products that is stuck, with its team."""
    zone = zone_of(registry)
    writer = Writer(zone, (zone.day(now), zone.day(now)), now)
    return tuple(
        f"{text_of(lag_sentence(each, writer))}{f' ({each.owner})' if each.owner else ''}"
        for each in stuck_versions(registry, now, at)
        if each.product in products
    )


def asks_for_stuck(channels: Iterable[Channel]) -> bool:
    """Return whether a channel names the type in its list, or all types of versions."""
    return any(_asks(each) for each in channels)


def _asks(channel: Channel) -> bool:
    return any(selects(word, STUCK) for word in channel.events or ())


def with_stuck(
    state: NotifiedState, registry: Callable[[], Registry], now: str
) -> tuple[NotifiedState, list[Notice]]:
    """Return the state after a look for stuck versions, and the notices of new ones.

    Each day has one look, since it reads all products. What is stuck at the first look counts as
    notified.
    """
    if state.digests.get(_LOOKED) == now[:10]:
        return state, []
    found = {_key(each): each for each in stuck_versions(registry(), now)}
    known = state.digests.get(_KNOWN)
    before = set((known or "").split("\n"))
    notices = [
        _notice(key, each, now)
        for key, each in found.items()
        if known is not None and key not in before
    ]
    marks = {**state.digests, _KNOWN: "\n".join(sorted(found)), _LOOKED: now[:10]}
    return state.with_(digests=marks), notices


def _key(lag: Lag) -> str:
    return f"stuck-{lag.product}-{lag.target}-{lag.version}"


def _notice(key: str, lag: Lag, now: str) -> Notice:
    return Notice(
        key,
        STUCK,
        now,
        products=(lag.product,),
        environments=(lag.target,),
        version=lag.version,
        instance=lag.instance,
        previous=lag.running,
        name=lag.source,
        count=lag.days,
    )
