"""Local times of a zone as moments (seconds since 1970), and the recurrences of RFC 5545.

The zones are those of the package tzdata, so that one version of it gives the same answers on all
machines; those of the system are used where the package is missing. The standard library and the
package python-dateutil are imported when a schedule is read, and no command needs them otherwise.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.registry.governance.zones import zone_data, zone_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

__all__ = [
    "DAY",
    "LAST_YEAR",
    "WEEKDAYS",
    "Recurrence",
    "duration_seconds",
    "local_time",
    "moment_of",
    "parse_local",
    "recurrence",
    "recurrence_fault",
    "zone_hint",
    "zone_of",
]

DAY: Final = 86_400
# Not from the standard library, which has the words of the machine's locale.
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Windows after this year are not looked for.
LAST_YEAR: Final = 9000
# All windows from the start of a recurrence on are computed, so that its start and the number of
# its windows a day have limits.
_FIRST_YEAR: Final = 1970
_MOST_A_DAY: Final = 24

_UNITS: Final = {"m": 60, "h": 3600, "d": DAY}
_PARTS: Final = frozenset(
    (
        "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS", "BYMONTH", "BYMONTHDAY",
        "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND",
    )
)  # fmt: skip
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
# Names of the machine's own zone, which differs from machine to machine.
_OF_THE_MACHINE: Final = ("localtime", "Factory")


def duration_seconds(text: str) -> int:
    """Return the seconds of a duration as `stale_after` has it (90m, 24h, 2d)."""
    return int(text[:-1]) * _UNITS[text[-1]]


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo | None:
    """Return a time zone by its IANA name, None where there is none of this name."""
    from zoneinfo import ZoneInfo

    if name in _OF_THE_MACHINE or not re.fullmatch(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", name):
        return None
    data = zone_data(name)
    if data is not None:
        with suppress(ValueError):
            return ZoneInfo.from_file(BytesIO(data), key=name)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def zone_hint(name: str) -> str:
    """Return what to write in place of a zone that does not exist."""
    near = _similar_zone(name)
    return f"write {near}" if near else "write a name such as Europe/London, or UTC"


def _similar_zone(name: str) -> str:
    """Return the zone whose name is nearest to a text, "" for none."""
    from difflib import get_close_matches

    lower = {each.lower(): each for each in sorted(zone_names())}
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[close[0]] if close else ""


def parse_local(text: str) -> datetime | None:
    """Return a local date and time, None for a day that no calendar has."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def local_time(moment: int, zone: ZoneInfo) -> datetime:
    """Return the local time of a moment, without its zone."""
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None)


def moment_of(local: datetime, zone: ZoneInfo, *, is_end: bool = False) -> int:
    """Return the moment of a local time.

    A time that the clocks skip means the first moment after the gap. Of a time that they pass
    twice, a beginning is the first and an end the second.
    """
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before == after or before is None or after is None:
        return _seconds(local, before)
    if before > after:
        return _seconds(local, after if is_end else before)
    return _end_of_gap(_seconds(local, after), _seconds(local, before), zone)


def _seconds(local: datetime, offset: timedelta | None) -> int:
    return int((local - (offset or timedelta()) - datetime(1970, 1, 1)).total_seconds())


def _end_of_gap(low: int, high: int, zone: ZoneInfo) -> int:
    """Return the first moment after `low`, up to `high`, that has the offset of `high`."""
    wanted = datetime.fromtimestamp(high, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == wanted:
            high = middle
        else:
            low = middle
    return high


class _Parts(NamedTuple):
    """A recurrence rule without its UNTIL, which is a moment or a local time if there is one."""

    text: str
    until_moment: int | None
    until_local: datetime | None


class Recurrence:
    """The moments at which the windows of a recurrence begin, computed as far as they are used.

    Those before the `year` may be left out.
    """

    def __init__(self, rule: str, start: str, zone: ZoneInfo, year: int = 0) -> None:
        parts = _parts_of(rule)
        self._zone, self._parts = zone, parts
        self._source = _occurrences(parts, _later(parts, datetime.fromisoformat(start), year))
        self._moments: list[int] = []
        self._is_whole = False

    def first_after(self, moment: int) -> int:
        """Return the position of the first window that begins after a moment."""
        while not self._is_whole and (not self._moments or self._moments[-1] <= moment):
            self._add()
        return bisect_right(self._moments, moment)

    def begin(self, position: int) -> int | None:
        """Return when the window at a position begins, None where there is none."""
        while not self._is_whole and position >= len(self._moments):
            self._add()
        return self._moments[position] if position < len(self._moments) else None

    def _add(self) -> None:
        local = next(self._source, None)
        if local is None or local.year > LAST_YEAR:
            self._is_whole = True
            return
        moment = moment_of(local, self._zone)
        until = self._parts.until_moment
        if until is not None and moment > until:
            self._is_whole = True
        # The clocks may skip two occurrences that then begin at one moment.
        elif not self._moments or moment > self._moments[-1]:
            self._moments.append(moment)


@lru_cache(maxsize=256)
def recurrence(rule: str, start: str, zone_name: str, year: int = 0) -> Recurrence:
    """Return a valid recurrence in a zone that exists; what was computed of it is kept.

    The moments before the `year` may be left out of it.
    """
    zone = zone_of(zone_name)
    assert zone is not None, "a rule of an unknown zone is unreadable"  # noqa: S101
    return Recurrence(rule, start, zone, year)


def _later(parts: _Parts, start: datetime, year: int) -> datetime:
    """Return a start from which the same times follow, shortly before a year where there is one."""
    values = dict(part.partition("=")[::2] for part in parts.text.split(";"))
    step = {"DAILY": 1, "WEEKLY": 7}.get(values["FREQ"], 0) * int(values.get("INTERVAL", 1))
    if not step or "COUNT" in values or year - 1 <= start.year:
        return start
    days = (datetime(year - 1, 1, 1) - start).days
    return start + timedelta(days=days // step * step)


def recurrence_fault(rule: str, start: str) -> tuple[str, str] | None:
    """Return what is wrong with a recurrence rule, and the remedy; None for a valid one."""
    local = parse_local(start)
    pairs = [part.partition("=")[::2] for part in rule.upper().split(";")]
    names = [name for name, _ in pairs]
    fault = _fault_of_parts(names, dict(pairs))
    if fault is not None or local is None:
        return fault
    if local.year < _FIRST_YEAR:
        return f"starts before {_FIRST_YEAR}", "write a later start"
    try:
        first = next(_occurrences(_parts_of(rule), local, only_start=True), None)
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError, IndexError):
        return "is no recurrence rule of RFC 5545", "write it like FREQ=MONTHLY;BYDAY=2TU"
    if first != local:
        return (
            f"does not fit its start: {start} is no time of the rule",
            "write the time of the first window as start",
        )
    return None


def _fault_of_parts(names: list[str], values: dict[str, str]) -> tuple[str, str] | None:
    unknown = next((name for name in names if name not in _PARTS), None)
    if unknown is not None:
        return f'has the unknown part "{unknown}"', f"use {', '.join(sorted(_PARTS))}"
    if len(names) != len(values):
        return "has a part twice", "write each part once"
    if values.get("FREQ") not in _FREQUENCIES:
        return "needs a FREQ of a day or longer", f"use one of {', '.join(_FREQUENCIES)}"
    for name in ("INTERVAL", "COUNT"):
        if name in values and not re.fullmatch("[1-9][0-9]{0,5}", values[name]):
            return f"has a wrong {name}", "write a whole number of at least 1"
    times = [values.get(name, "").count(",") + 1 for name in ("BYHOUR", "BYMINUTE", "BYSECOND")]
    if prod(times) > _MOST_A_DAY:
        return f"has more than {_MOST_A_DAY} windows a day", "write one longer window"
    if "COUNT" in values and "UNTIL" in values:
        return "has both COUNT and UNTIL", "remove one of them"
    if "UNTIL" in values and _until(values["UNTIL"]) is None:
        return "has a wrong UNTIL", "write it like 20261231T235959, or with Z for UTC"
    return None


def _until(text: str) -> datetime | None:
    found = re.fullmatch(r"([0-9]{8}T[0-9]{6})Z?", text)
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%S") if found else None
    except ValueError:
        return None


def _parts_of(rule: str) -> _Parts:
    kept = []
    moment: int | None = None
    local: datetime | None = None
    for part in rule.upper().split(";"):
        name, _, value = part.partition("=")
        if name != "UNTIL":
            kept.append(part)
            continue
        until = _until(value)
        if until is not None and value.endswith("Z"):
            moment = int(until.replace(tzinfo=UTC).timestamp())
        else:
            local = until
    return _Parts(";".join(kept), moment, local)


def _occurrences(parts: _Parts, start: datetime, *, only_start: bool = False) -> Iterator[datetime]:
    """Yield the local times of a recurrence; with `only_start`, none after the start."""
    from dateutil.rrule import rrule, rrulestr

    rule = rrulestr(parts.text, dtstart=start)
    assert isinstance(rule, rrule), "a text of one rule is no set of rules"  # noqa: S101
    if only_start and "COUNT" not in parts.text:
        rule = rule.replace(until=min(start, parts.until_local or start))
    elif parts.until_local is not None:
        rule = rule.replace(until=parts.until_local)
    yield from rule
