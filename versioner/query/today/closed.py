"""Closed times that go on, begin or end soon, by the rules of windows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.models.governance import ScheduleBlock
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.calendar import DAY
from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.closed_times import closed_times, schedule_rules
from versioner.rules.gate.scope import is_in_scope
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from versioner.models.governance import Rule
    from versioner.registry.records import Registry

__all__ = ["ClosedWindow", "closed_windows"]

_DAYS_AHEAD: Final = 7


class ClosedWindow(NamedTuple):
    """The time in which a rule closes environments, now or next.

    `start` is "" where it has been closed for long, `end` where it never opens again.
    """

    rule: str
    title: str
    reason: str
    environments: tuple[str, ...]
    start: str
    end: str
    is_now: bool


def closed_windows(registry: Registry, products: Collection[str], now: str) -> list[ClosedWindow]:
    """Return the first closed time of each rule that is about some products, of the next days."""
    at = seconds_of(now)
    found = []
    for rule in schedule_rules(registry):
        if rule.enforcement != "enabled" or not isinstance(rule.block, ScheduleBlock):
            continue
        for time in closed_times(rule.block, at, at + _DAYS_AHEAD * DAY)[:1]:
            names = tuple(_environments(registry, rule, products))
            if names:
                is_now = time.start is None or time.start <= at
                found.append(
                    ClosedWindow(
                        *(rule.name, rule.title or rule.name, rule.reason, names),
                        *(_text(time.start), _text(time.end), is_now),
                    )
                )
    return sorted(found, key=lambda each: (each.start, each.rule))


def _environments(registry: Registry, rule: Rule, products: Collection[str]) -> list[str]:
    return [
        name
        for name, document in registry.environments.items()
        if not document.get("retired")
        and any(is_in_scope(rule, site_of(registry, each, name), registry) for each in products)
    ]


def _text(seconds: int | None) -> str:
    return "" if seconds is None else utc_text(datetime.fromtimestamp(seconds, UTC))
