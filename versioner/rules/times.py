"""Check the time of an event: RFC 3339 with a zone, and not in the future."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from versioner.errors import InvalidInput

__all__ = ["MOST_AHEAD_SECONDS", "check_at", "parse_rfc3339", "utc_text"]

# Clocks of two machines differ by less than this; a time further ahead is wrong.
MOST_AHEAD_SECONDS: Final = 300

_MOMENT: Final = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def check_at(text: str, now: str, *, field: str = "at") -> str:
    """Return a time as UTC to the second (`2026-11-22T10:15:00Z`), a fraction cut off.

    Raises InvalidInput, with the value to write as the hint, for a time without a zone or more
    than five minutes ahead of `now`.
    """
    moment = parse_rfc3339(text, field=field, example=now)
    if moment > datetime.fromisoformat(now) + timedelta(seconds=MOST_AHEAD_SECONDS):
        raise InvalidInput(
            f"{utc_text(moment)} is in the future: it is {now} now",
            field=field,
            hint=f'if it happened just now, write "{now}" or leave it out; '
            "a local time needs its own offset instead of Z",
        )
    return utc_text(moment)


def parse_rfc3339(text: str, *, field: str = "at", example: str = "") -> datetime:
    """Return an RFC 3339 time as an aware UTC datetime to the second, or raise InvalidInput."""
    match = re.fullmatch(_MOMENT, text.strip())
    if match is None:
        raise _no_time(text, field, example)
    day, minutes, seconds, zone = match.groups()
    # RFC 3339 allows a leap second; Python and most other readers refuse it.
    clock = f"{minutes or '00:00'}:{'59' if seconds == '60' else seconds or '00'}"
    offset = _offset(zone or "Z")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_time(text, field, example) from None
    if not (zone and seconds) or (offset != zone.upper()):
        corrected = f"{day}T{clock}{offset}"
        wrong = "has no zone" if not zone else "is not a full RFC 3339 time"
        raise InvalidInput(
            f"{_shown(text)} {wrong}",
            field=field,
            hint=f'write "{corrected}"' + ("" if zone else " (if it is UTC)"),
        )
    return moment


def utc_text(moment: datetime) -> str:
    """Return an aware datetime as UTC text to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _offset(zone: str) -> str:
    zone = zone.upper()
    return zone if zone == "Z" or ":" in zone else f"{zone[:3]}:{zone[3:]}"


def _no_time(text: str, field: str, example: str) -> InvalidInput:
    hint = f'write it like "{example}"' if example else "write it like 2026-11-22T10:15:00Z"
    return InvalidInput(f"{_shown(text)} is not a time", field=field, hint=hint)


def _shown(text: str) -> str:
    return f'"{text[:60]}"'
