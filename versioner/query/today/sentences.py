"""Sentences of what happened, made of parts, so that a page can make links of some of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from versioner.query.times.text import age_text, seconds_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from versioner.query.times.zones import Zone

__all__ = [
    "Part",
    "Sentence",
    "Writer",
    "count",
    "joined",
    "long_day",
    "span_text",
    "text_of",
]

Role = Literal["", "product", "version", "environment", "time", "mark", "request", "person"]
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MINUTE: Final = 60


class Part(NamedTuple):
    """A part of a sentence; `about` has what a link leads to: a name, or product, id and time."""

    text: str
    role: Role = ""
    about: tuple[str, ...] = ()


Sentence = tuple[Part, ...]


def text_of(sentence: Iterable[Part]) -> str:
    """Return a sentence as text."""
    return "".join(part.text for part in sentence)


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 product`, `80 products`, `93,309 deployments`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def joined(words: Sequence[str]) -> str:
    """Return words as a list: `a`, `a and b`, `a, b and c`."""
    return " and ".join([*filter(None, [", ".join(words[:-1])]), *words[-1:]])


def long_day(day: str) -> str:
    """Return a day in words: `Thursday 27 November 2025`."""
    moment = datetime.fromisoformat(day)
    weekday = _weekday(moment)
    return f"{weekday} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def span_text(first: str, last: str) -> str:
    """Return two days as a span: `16 to 22 November 2025`, `28 November to 4 December 2025`."""
    one, other = datetime.fromisoformat(first), datetime.fromisoformat(last)
    month = "" if one.month == other.month else f" {_MONTHS[one.month - 1]}"
    year = "" if one.year == other.year else f" {one.year}"
    start = f"{one.day}{month}{year}" if not year else f"{one.day} {_MONTHS[one.month - 1]}{year}"
    return f"{start} to {other.day} {_MONTHS[other.month - 1]} {other.year}"


def _weekday(moment: datetime) -> str:
    from versioner.query.times.zones import WEEKDAYS

    return WEEKDAYS[moment.weekday()]


class Writer:
    """The words for names and times: days are told as seen from the days of a report.

    `product` and `environment` return the title of a name. `version` shortens a version.
    """

    def __init__(
        self,
        zone: Zone,
        days: tuple[str, str],
        now: str,
        *,
        product: Callable[[str], str] = str,
        environment: Callable[[str], str] = str,
        version: Callable[[str], str] = str,
    ) -> None:
        self._zone, self._days, self._now = zone, days, now
        self._product, self._environment, self._version = product, environment, version

    def product(self, name: str) -> Part:
        """Return a product."""
        return Part(self._product(name), "product", (name,))

    def version(self, version: str, *row: str) -> Part:
        """Return a version; `row` is the product, the id and the time of a deployment of it."""
        return Part(self._version(version), "version", row)

    def place(self, environment: str, instance: str = "") -> Part:
        """Return an environment, with its instance where there is one."""
        title = self._environment(environment)
        return Part(f"{title}/{instance}" if instance else title, "environment", (environment,))

    def when(self, at: str) -> Part:
        """Return when something was: `at 14:05`, or on another day `on Thu 27 Nov at 14:05`."""
        day, clock = self._zone.day(at), self._zone.clock(at)
        first, last = self._days
        if first == last == day:
            return Part(f"at {clock}", "time", (at,))
        return Part(f"on {self.day(day)} at {clock}", "time", (at,))

    def day(self, day: str) -> str:
        """Return a day near those of the report as `Thu 27 Nov`, another one with its year."""
        moment = datetime.fromisoformat(day)
        year = "" if day[:4] == self._days[1][:4] else f" {moment.year}"
        month = _MONTHS[moment.month - 1][:3]
        return f"{_weekday(moment)[:3]} {moment.day} {month}{year}"

    def moment(self, at: str) -> str:
        """Return a day and a time: `Thu 27 Nov 14:05`."""
        return f"{self.day(self._zone.day(at))} {self._zone.clock(at)}"

    def duration(self, since: str, until: str = "") -> str:
        """Return how long something went on: `9 days`, `under a minute`."""
        seconds = max(0, seconds_between(since, until or self._now))
        return age_text(seconds) if seconds >= _MINUTE else "under a minute"
