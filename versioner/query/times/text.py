"""Moments, durations and ages as text."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from versioner.errors import InvalidInput
from versioner.query.times.relative import relative_moment
from versioner.registry.event_order import seconds_of
from versioner.rules.times import parse_rfc3339, utc_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from versioner.query.times.relative import Direction

__all__ = [
    "age_text",
    "end_of_today",
    "no_zone",
    "parse_duration",
    "parse_moment",
    "parse_zone",
    "seconds_between",
]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

_PAST: Final = "as a day (2026-11-01, yesterday, monday), or as how long ago (7d, 24h)"
_FORMS: Final[dict[Direction, str]] = {
    "past": _PAST,
    "both": f"{_PAST}, or ahead (in 2h, tomorrow 09:00, next monday)",
    "future": "as a day with or without a time (2026-12-01 09:00, tomorrow, monday 09:00), or as "
    "how long from now (2h, 3d)",
}

# (from this many seconds on, one of it is this many seconds, its name)
_AGES: Final = (
    (2 * 365 * 86400, 365 * 86400, "year"),
    (60 * 86400, 30 * 86400, "month"),
    (86400, 86400, "day"),
    (3600, 3600, "hour"),
    (60, 60, "minute"),
)


def parse_duration(text: str, *, field: str = "duration") -> int:
    """Return a duration (`90m`, `24h`, `7d`, `2w`) in seconds."""
    match = re.fullmatch(r"([0-9]{1,9})\s*([smhdw])", text.strip().lower())
    if match is None:
        raise InvalidInput(
            f'"{text[:60]}" is not a duration',
            field=field,
            hint="write a number and a unit: 90m, 24h, 7d, 2w",
        )
    return int(match[1]) * _UNITS[match[2]]


def end_of_today(now: str) -> str:
    """Return the end of a period that lasts until now: that of the current day (UTC).

    The clock of a machine may be some minutes ahead, so that its events are dated after now. They
    have happened, and belong to the day of their time, on pages and in reports alike.
    """
    return f"{now[:10]}T23:59:59Z"


def parse_moment(
    text: str,
    now: str,
    *,
    end: bool = False,
    field: str = "time",
    direction: Direction = "past",
    zone: ZoneInfo | None = None,
) -> str:
    """Return a moment as UTC text: a date, an RFC 3339 time, an amount (`7d`), or words.

    The words are those of `relative_moment`: `yesterday`, `3 days ago`, for the future `monday
    09:00`. A date or a word for a day means its first second, with `end` its last; days are those
    of a zone, None for UTC.
    """
    text = text.strip()
    is_date = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    if is_date and zone is None:
        clock = "23:59:59Z" if end else "00:00:00Z"
        return utc_text(parse_rfc3339(f"{text}T{clock}", field=field, example=now))
    try:
        if re.fullmatch(r"[0-9]+\s*[A-Za-z]", text):
            amount = timedelta(seconds=parse_duration(text, field=field))
            return utc_text(parse_rfc3339(now) + (amount if direction == "future" else -amount))
        local = re.sub(r"(?<=[0-9])[Tt](?=[0-9])", " ", text) if direction != "past" else text
        moment = relative_moment(local, parse_rfc3339(now), end=end, direction=direction, zone=zone)
    except OverflowError:
        far = "ahead" if direction == "future" else "ago"
        raise InvalidInput(
            f'"{text[:60]}" is too long {far}', field=field, hint="give a date, like 2026-11-01"
        ) from None
    if moment is not None:
        return utc_text(moment)
    try:
        return utc_text(parse_rfc3339(text, field=field, example=now))
    except InvalidInput as error:
        hint = f"{error.hint}, {_FORMS[direction]}"
        raise InvalidInput(error.message, field=field, hint=hint) from None


def parse_zone(name: str) -> ZoneInfo | None:
    """Return a time zone by its IANA name, None for ""; raise InvalidInput for another name."""
    from versioner.registry.governance.calendar import zone_of

    zone = zone_of(name) if name else None
    if name and zone is None:
        raise no_zone(name)
    return zone


def no_zone(name: str) -> InvalidInput:
    """Return the error of a time zone that does not exist, with the nearest name."""
    from versioner.registry.governance.calendar import zone_hint

    message = f'there is no time zone "{name[:60]}"'
    return InvalidInput(message, field="time_zone", hint=zone_hint(name))


def seconds_between(earlier: str, later: str) -> int:
    """Return how many seconds one moment is before another."""
    # Most deployments have one event, which begins and ends them.
    return 0 if earlier == later else seconds_of(later) - seconds_of(earlier)


def age_text(seconds: int) -> str:
    """Return an age in its largest unit: `just now`, `5 minutes`, `3 days`, `2 months`."""
    for least, unit, name in _AGES:
        if seconds >= least:
            count = seconds // unit
            return f"{count} {name}" + ("" if count == 1 else "s")
    return "just now"
