"""Propose the format of a time that was refused."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["format_of"]

_DATES: Final = (
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d"),
    (r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", "%Y/%m/%d"),
    (r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}", "%d.%m.%Y"),
    (r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2}", "%d.%m.%y"),
    (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%m/%d/%Y"),
    (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}", "%m/%d/%y"),
    (r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", "%d-%m-%Y"),
    (r"[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4}", "%b %d, %Y"),
    (r"[A-Z][a-z]{3,8} [0-9]{1,2}, [0-9]{4}", "%B %d, %Y"),
    (r"[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}", "%d %b %Y"),
    (r"[0-9]{1,2}-[A-Z][a-z]{2}-[0-9]{4}", "%d-%b-%Y"),
    (r"[0-9]{8}", "%Y%m%d"),
)
_CLOCK: Final = re.compile(
    r"(?P<before>,? ?|T)(?P<clock>[0-9]{1,2}:[0-9]{2})(?P<seconds>:[0-9]{2})?"
    r"(?P<fraction>\.[0-9]+)?(?P<half> ?[AaPp][Mm])?(?P<offset> ?[+-][0-9]{2}:?[0-9]{2})?"
)


def format_of(text: str) -> str:
    """Return the value of --time-format that reads a text like this, "" for none that is known."""
    for pattern, word in (
        (r"[0-9]{9,10}(\.[0-9]+)?", "epoch"),
        (r"[0-9]{12,13}", "epoch-ms"),
        (r"[0-9]{5}([.,][0-9]+)?", "excel"),
    ):
        if re.fullmatch(pattern, text):
            return word
    for pattern, date in _DATES:
        found = re.match(pattern, text)
        clock = _clock(text[found.end() :]) if found else None
        if found and clock is not None:
            return f"'{_order(date, found[0])}{clock}'"
    return ""


def _order(date: str, text: str) -> str:
    """Return the format with day and month in the order that the numbers allow."""
    if "/%d/" not in date and "%d-%m" not in date:
        return date
    first, second = (int(each) for each in re.findall("[0-9]+", text)[:2])
    day_first = first > 12 if "/" in date else second <= 12
    separator = "/" if "/" in date else "-"
    year = date[-2:]
    return separator.join(("%d", "%m", year) if day_first else ("%m", "%d", year))


def _clock(rest: str) -> str | None:
    if not rest:
        return ""
    found = _CLOCK.fullmatch(rest)
    if found is None:
        return None
    hours = "%I:%M" if found["half"] else "%H:%M"
    seconds = ":%S" if found["seconds"] else ""
    fraction = ".%f" if found["fraction"] else ""
    half = (" %p" if found["half"].startswith(" ") else "%p") if found["half"] else ""
    offset = (" %z" if found["offset"].startswith(" ") else "%z") if found["offset"] else ""
    return f"{found['before']}{hours}{seconds}{fraction}{half}{offset}"
