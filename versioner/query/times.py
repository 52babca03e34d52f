"""Moments, durations and ages as text."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from versioner.errors import InvalidInput
from versioner.query.relative_times import relative_moment
from versioner.registry.event_order import seconds_of
from versioner.rules.times import parse_rfc3339, utc_text

__all__ = ["age_text", "parse_duration", "parse_moment", "seconds_between"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

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


def parse_moment(text: str, now: str, *, end: bool = False, field: str = "time") -> str:
    """Return a moment as UTC text: a date, an RFC 3339 time, how long ago (`7d`), or words.

    The words are those of `relative_moment`: `yesterday`, `monday`, `3 days ago`. A date or a word
    for a day means its first second (UTC), with `end` its last.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        clock = "23:59:59Z" if end else "00:00:00Z"
        return utc_text(parse_rfc3339(f"{text}T{clock}", field=field, example=now))
    try:
        if re.fullmatch(r"[0-9]+\s*[A-Za-z]", text):
            return utc_text(
                parse_rfc3339(now) - timedelta(seconds=parse_duration(text, field=field))
            )
        moment = relative_moment(text, parse_rfc3339(now), end=end)
    except OverflowError:
        raise InvalidInput(
            f'"{text[:60]}" is too long ago', field=field, hint="give a date, like 2026-11-01"
        ) from None
    if moment is not None:
        return utc_text(moment)
    try:
        return utc_text(parse_rfc3339(text, field=field, example=now))
    except InvalidInput as error:
        hint = (
            f"{error.hint}, as a day (2026-11-01, yesterday, monday), or as how long ago (7d, 24h)"
        )
        raise InvalidInput(error.message, field=field, hint=hint) from None


def seconds_between(earlier: str, later: str) -> int:
    """Return how many seconds one moment is before another."""
    return seconds_of(later) - seconds_of(earlier)


def age_text(seconds: int) -> str:
    """Return an age in its largest unit: `just now`, `5 minutes`, `3 days`, `2 months`."""
    for least, unit, name in _AGES:
        if seconds >= least:
            count = seconds // unit
            return f"{count} {name}" + ("" if count == 1 else "s")
    return "just now"
