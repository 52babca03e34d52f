"""Times, versions and counts as text on a page, the same in every locale and time zone."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = [
    "adds_to",
    "count",
    "day_text",
    "first_line",
    "moment_text",
    "month_text",
    "precise_text",
    "version_text",
]

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

# Longer versions are shortened where they are links; their own row has the full text.
_LONGEST: Final = 24
_DIGEST: Final = re.compile(r"[0-9a-f]{16,}")
_DIGEST_KEPT: Final = 10


def month_text(month: str) -> str:
    """Return the name of a month: `2025-11` is `November 2025`."""
    return f"{_MONTHS[int(month[5:7]) - 1]} {month[:4]}"


@lru_cache(maxsize=8192)
def day_text(at: str) -> str:
    """Return the UTC day of a time: `22 Nov 2025`."""
    return f"{int(at[8:10])} {_MONTHS[int(at[5:7]) - 1][:3]} {at[:4]}"


def moment_text(at: str) -> str:
    """Return a time to the minute, in UTC: `22 Nov 2025 10:15`."""
    return f"{day_text(at[:10])} {at[11:16]}"


def precise_text(at: str) -> str:
    """Return a time to the second, in UTC, in a form that HTML accepts: `2025-11-22 10:15:00Z`."""
    return at.replace("T", " ")


def first_line(text: str) -> str:
    """Return the first line of a text, shortened where it is long."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 160 else line[:159].rstrip() + "…"


@lru_cache(maxsize=65536)
def version_text(version: str) -> str:
    """Return a version that fits a cell: digests are cut to ten digits, others in the middle."""
    if len(version) <= _LONGEST:
        return version
    shorter = _DIGEST.sub(lambda found: found[0][:_DIGEST_KEPT] + "…", version)
    if len(shorter) <= _LONGEST:
        return shorter
    return f"{shorter[:14]}…{shorter[-8:]}"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 product`, `80 products`, `93,309 deployments`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def adds_to(title: str, name: str) -> bool:
    """Return whether a name differs from the title beside it by more than case and spaces."""
    return title.lower().replace(" ", "-") != name
