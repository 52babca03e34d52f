"""The digests of the last week, once for each channel and team, in the queue of notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.errors import UsageFault
from versioner.notify.channels import gets_digest
from versioner.notify.digests.digest import last_week, week_of
from versioner.notify.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.notify.channels import Channel
    from versioner.notify.claims import Asked
    from versioner.remote.notified import NotifiedState

__all__ = ["digests_asked_for", "with_digests"]

# The first run on Monday from this hour on (UTC) sends the digest.
_FROM = "T06:00:00Z"


def with_digests(state: NotifiedState, channels: Iterable[Channel], now: str) -> NotifiedState:
    """Return the state with the digests of the last week that were not queued yet.

    A channel that is new gets its first one after the present week.
    """
    since, until = last_week(now)
    if now < until[:10] + _FROM:
        return state
    return _with(state, channels, (since, until), now, is_asked=False)


def digests_asked_for(now: str, team: str = "") -> Asked:
    """Return the change that queues the digests of the last week, as somebody asks for them."""

    def change(state: NotifiedState, channels: Sequence[Channel]) -> NotifiedState:
        if not any(map(gets_digest, channels)):
            raise UsageFault(
                "no channel gets the digest",
                hint="add digest to the events of a channel in registry.yaml",
            )
        return _with(state, channels, last_week(now), now, is_asked=True, team=team)

    return change


def _with(
    state: NotifiedState,
    channels: Iterable[Channel],
    span: tuple[str, str],
    now: str,
    *,
    is_asked: bool,
    team: str = "",
) -> NotifiedState:
    week, marks, entries = week_of(span[0]), dict(state.digests), []
    for channel, name in _places(channels, team):
        mark = f"{channel.name}/{name}"
        is_known = mark in marks
        if marks.get(mark, "") >= week:
            continue
        marks[mark] = week
        if is_known or is_asked:
            notice = Notice(
                f"digest-{channel.name}-{week}{'-' if name else ''}{name}",
                "digest",
                now,
                products=None,
                environments=None,
                name=name,
                words=span,
            )
            entries.append({"notice": notice.as_json(), "channels": [channel.name], "at": now})
    if marks == dict(state.digests):
        return state
    return state.with_(queue=(*state.queue, *entries), digests=marks)


def _places(channels: Iterable[Channel], team: str) -> Iterator[tuple[Channel, str]]:
    """Yield the channels that get digests, each with its teams, or "" for the whole registry."""
    for channel in channels:
        if gets_digest(channel):
            for name in channel.teams or ("",):
                if not team or name in ("", team):
                    yield channel, (name or team)
