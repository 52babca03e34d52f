"""What is closed now and next, by the rules of windows: for pages, the calendar and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from versioner.models.governance import ScheduleBlock
from versioner.query.gate.rule_words import requirement_words, scope_words
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.calendar import DAY
from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.closed_times import closed_times, schedule_rules
from versioner.rules.gate.rule_types.schedule import local_text
from versioner.rules.gate.scope import is_in_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models.governance import Rule
    from versioner.rules.gate.closed_times import ClosedTime
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = [
    "DAYS_AHEAD",
    "Schedule",
    "closed_notices",
    "closed_of_product",
    "closed_rules",
    "closed_times_script",
    "schedules_of",
]

# How far ahead of the last commit the calendar and the data of the pages go.
DAYS_AHEAD: Final = 60


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule of windows, the times in which it blocks, and the environments it is about."""

    rule: Rule
    times: tuple[ClosedTime, ...]
    environments: tuple[str, ...]

    @property
    def zone(self) -> str:
        """Return the name of the time zone of the rule."""
        return self._block.time_zone

    @property
    def title(self) -> str:
        """Return the title of the rule, or its name."""
        return self.rule.title or self.rule.name

    @property
    def words(self) -> str:
        """Return its windows in words."""
        return requirement_words(self._block)

    @property
    def scope(self) -> str:
        """Return in words where it applies."""
        return scope_words(self.rule)

    def span_text(self, time: ClosedTime) -> str:
        """Return a closed time in the time zone of the rule, with the zone's name."""
        start = self._moment(time.start) if time.start is not None else ""
        if time.end is None:
            return f"from {start} on, without end" if start else "without end"
        until = f"to {self._moment(time.end)} {self.zone}"
        return f"from {start} {until}" if start else f"up {until}"

    def _moment(self, seconds: int) -> str:
        return local_text(seconds, self.zone).removesuffix(f" {self.zone}")

    @property
    def _block(self) -> ScheduleBlock:
        assert isinstance(self.rule.block, ScheduleBlock)  # noqa: S101 -- `schedules_of` chose it
        return self.rule.block


@lru_cache(maxsize=1)
def schedules_of(context: SiteContext) -> tuple[Schedule, ...]:
    """Return the rules of windows with their closed times from the last commit on, by name.

    They are computed once, since many pages of a build show them.
    """
    now = seconds_of(context.now)
    registry = context.registry
    return tuple(
        Schedule(
            rule,
            tuple(closed_times(rule.block, now, now + DAYS_AHEAD * DAY)),
            tuple(name for name in context.environments if _is_about(context, rule, name)),
        )
        for rule in schedule_rules(registry)
        if isinstance(rule.block, ScheduleBlock)
    )


def _is_about(context: SiteContext, rule: Rule, environment: str) -> bool:
    """Return whether a rule applies to some product in an environment that is not retired."""
    registry = context.registry
    return not context.environments[environment].get("retired") and any(
        is_in_scope(rule, site_of(registry, name, environment), registry)
        for name in registry.products
    )


def closed_notices(
    context: SiteContext, schedules: Sequence[Schedule], environment: str = ""
) -> list[View]:
    """Return what is closed at the last commit or later, for a banner; of one environment or all.

    What closes first comes first. `times` are the closed times in seconds since 1970, by which a
    script says what is closed at the time of the reader; `text` is the first of them in words,
    for readers without script.
    """
    return [
        {
            "title": schedule.title,
            "scope": schedule.scope,
            "is_enforced": schedule.rule.enforcement == "enabled",
            "reason": schedule.rule.reason,
            "text": schedule.span_text(schedule.times[0]),
            "times": _data(schedule.times),
            "environments": ", ".join(
                context.environment_title(name) for name in schedule.environments
            ),
        }
        for schedule in sorted(schedules, key=_first)
        if schedule.times
        and schedule.environments
        and (not environment or environment in schedule.environments)
    ]


def closed_rules(context: SiteContext) -> list[Schedule]:
    """Return the rules of windows that close anything at the last commit or later."""
    return [each for each in schedules_of(context) if each.times]


def closed_of_product(context: SiteContext, product: str) -> list[View]:
    """Return the rules of windows about a product, for a banner.

    The page stays as it is while time passes, so its windows stand as words. The closed times are
    in a script of their own (`closed_times_script`), by the name of the rule.
    """
    registry, found = context.registry, []
    for schedule in closed_rules(context):
        names = [
            context.environment_title(name)
            for name in schedule.environments
            if is_in_scope(schedule.rule, site_of(registry, product, name), registry)
        ]
        if names:
            found.append(
                {
                    "rule": schedule.rule.name,
                    "title": schedule.title,
                    "is_enforced": schedule.rule.enforcement == "enabled",
                    "reason": schedule.rule.reason,
                    "text": schedule.words,
                    "environments": ", ".join(names),
                }
            )
    return found


def closed_times_script(context: SiteContext) -> bytes:
    """Return the script with the closed times of each rule, b"" where no rule has windows."""
    schedules = schedules_of(context)
    times = {each.rule.name: _data(each.times) for each in schedules}
    return f"versionerClosed({json.dumps(times)});\n".encode() if schedules else b""


def _first(schedule: Schedule) -> int:
    """Return when a rule first closes; 0 where it has been closed for long."""
    return schedule.times[0].start or 0 if schedule.times else 0


def _data(times: tuple[ClosedTime, ...]) -> str:
    """Return closed times as pairs of seconds, "-" for a beginning or an end that is not known."""
    return " ".join("-" if moment is None else str(moment) for time in times for moment in time)
