"""Check the notifications of a registry: what failed, what is in doubt, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.doctor.checks import note, ok, warning
from versioner.query.times.text import age_text, seconds_between
from versioner.remote.notified import NOTIFIED, read_notified
from versioner.remote.probe import probing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from versioner.doctor.checks import Check, CheckContext
    from versioner.remote.notified import NotifiedState
    from versioner.remote.probe import Greeting
    from versioner.remote.url import Remote

__all__ = ["check_notified", "check_notified_remotely"]

_NAME: Final = "notify"
_NAMED: Final = 5
_LONG_SECONDS: Final = 86_400


def check_notified_remotely(
    remote: Remote, greeting: Greeting, config: Mapping[str, Any], context: CheckContext
) -> Iterator[Check]:
    """Report the notifications of a remote."""
    commit = greeting.refs.get(NOTIFIED, "")
    if not commit:
        yield from check_notified(None, config, context.now())
        return
    with probing(remote, seconds=context.seconds, form=greeting.object_format) as probe:
        probe.clone.fetch_refs([NOTIFIED])
        state = read_notified(probe.clone.repository("", None), commit)
        yield from check_notified(state, config, context.now())


def check_notified(
    state: NotifiedState | None, config: Mapping[str, Any], now: str
) -> Iterator[Check]:
    """Report what failed and waits in a state; nothing for a registry without channels."""
    if not config.get("notify") and (state is None or not (state.dead or state.queue)):
        return
    if state is None:
        yield note(
            _NAME,
            "channels are configured, but no notification was sent yet",
            "run `versioner notify` once: it takes what is there as notified",
        )
        return
    for each in state.dead[:_NAMED]:
        yield _dead(each)
    if len(state.dead) > _NAMED:
        more = f"and {len(state.dead) - _NAMED} more notifications failed"
        yield warning(_NAME, more, "versioner notify list")
    yield from _waiting(state, now)
    if not state.dead:
        yield ok(_NAME, "no notification failed")


def _dead(each: Mapping[str, Any]) -> Check:
    key = str(each["notice"].get("key", ""))
    word = "is in doubt" if each.get("in_doubt") else "failed"
    return warning(
        _NAME,
        f"{key} to {each.get('channel')} {word}: {each.get('error')}",
        f"`versioner notify retry {key}` sends it again, `versioner notify discard {key}` removes "
        "it",
    )


def _waiting(state: NotifiedState, now: str) -> Iterator[Check]:
    ages = [seconds_between(str(each.get("at") or now), now) for each in state.queue]
    late = [name for name, each in state.sending.items() if str(each.get("until")) < now]
    if late:
        yield warning(
            _NAME,
            "a sender was ended while it was sending",
            "run `versioner notify`: it names what is in doubt",
        )
    if ages and max(ages) >= _LONG_SECONDS:
        number = len(ages)
        yield warning(
            _NAME,
            f"{number} notification{'s' * (number > 1)} wait{'s' * (number == 1)}, the oldest for "
            f"{age_text(max(ages))}",
            "check that `versioner notify` runs, and that the variables of its channels are set",
        )
