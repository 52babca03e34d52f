"""Read the times of rows: RFC 3339, ISO without a zone, strptime's formats, counted seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.time_hints import format_of
from versioner.errors import InvalidInput, UsageFault
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["TIME_WORDS", "TimeReader"]

_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,][0-9]+)?"
    r" ?([Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXCEL: Final = datetime(1899, 12, 30)
# Before this nothing was deployed that one imports: the unit of the number is another one.
_FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)


class TimeReader:
    """Reads the times of one file.

    A time with an offset of its own is read whatever the formats are. A local one needs the
    zone; one that the zone's clocks show twice, or never, is refused.
    """

    def __init__(self, formats: Sequence[str], zone: str) -> None:
        for each in formats:
            _check_format(each)
        self._formats = tuple(formats)
        self._name = zone
        self._zone = _zone(zone) if zone else None

    def read(self, value: Any) -> str:
        """Return a time as RFC 3339 in UTC; raise InvalidInput with the remedy."""
        if isinstance(value, str):
            text = value.strip()
            # Nearly all times are written like this; `check_at` reads them.
            if len(text) == 20 and text[10] == "T" and text[19] == "Z":
                return text
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput("the row has no time", field="at", hint="map a column to at")
        else:
            text = str(value)
        moment = self._iso(text)
        for each in self._formats if moment is None else ():
            moment = self._by_format(text, each)
            if moment is not None:
                break
        if moment is None:
            raise self._unread(text, is_number=not isinstance(value, str))
        try:
            return utc_text(moment)
        except OverflowError:
            raise self._unread(text, is_number=False) from None

    def _iso(self, text: str) -> datetime | None:
        match = _ISO.fullmatch(text)
        if match is None:
            return None
        day, minutes, seconds, offset = match.groups()
        if not offset and self._zone is None:
            if self._formats:
                return None
            raise _no_zone(text)
        # RFC 3339 allows a leap second, which Python does not read.
        clock = f"{minutes}{':59' if seconds == ':60' else seconds or ':00'}"
        try:
            local = datetime.fromisoformat(f"{day}T{clock}")
        except ValueError:
            return None
        if not offset:
            return self._in_zone(local, self._zone or UTC, text)
        found = _OFFSET.fullmatch(offset if len(offset) != 3 else f"{offset}00")
        return local.replace(tzinfo=UTC if found is None else _fixed(found))

    def _by_format(self, text: str, form: str) -> datetime | None:
        counted = _COUNTED.get(form)
        moment = counted(text) if counted is not None else _strptime(text, form)
        if moment is None:
            return None
        if moment.tzinfo is None:
            if self._zone is None:
                raise _no_zone(text)
            moment = self._in_zone(moment, self._zone, text)
        return moment if moment >= _FIRST else None

    def _in_zone(self, local: datetime, zone: tzinfo, text: str) -> datetime:
        """Return a local time with its offset; refuse one that occurs twice or not at all."""
        first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            return first
        if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            raise InvalidInput(
                f'"{text[:60]}" does not exist in {self._name}: the clocks were set forward then',
                field="at",
                hint="check --time-zone, or write the time with its offset, for example "
                f'"{local.isoformat()}+01:00"',
            )
        raise InvalidInput(
            f'"{text[:60]}" occurred twice in {self._name}, because the clocks were set back',
            field="at",
            hint=f'write "{_iso_text(first)}" for the first, "{_iso_text(second)}" for the second',
        )

    def _unread(self, text: str, *, is_number: bool) -> InvalidInput:
        meant = format_of(text)
        what = (
            f"the number {text} has no known meaning as a time"
            if is_number
            else f'"{text[:60]}" is not a time'
        )
        if self._formats:
            what += f" in the format {' or '.join(map(repr, self._formats))}"
        zone = (
            "" if "%z" in meant or meant.startswith("epoch") or self._zone else " --time-zone ZONE"
        )
        hint = 'write it like "2026-11-22T10:15:00Z", or add --time-format'
        if meant:
            hint = f"add --time-format {meant}{zone}"
        return InvalidInput(what, field="at", hint=hint)


def _no_zone(text: str) -> InvalidInput:
    iso = _ISO.fullmatch(text)
    written = f', or write "{iso[1]}T{iso[2]}{iso[3] or ":00"}Z" (if it is UTC)' if iso else ""
    return InvalidInput(
        f'"{text[:60]}" has no time zone',
        field="at",
        hint=f"add --time-zone with the zone of the clock, for example Europe/Berlin{written}",
    )


def _iso_text(moment: datetime) -> str:
    # Without the zone, which would fold the second of the two again.
    fixed = timezone(moment.utcoffset() or timedelta())
    return moment.replace(tzinfo=fixed, fold=0).isoformat()


def _fixed(match: re.Match[str]) -> tzinfo:
    sign, hours, minutes = match.groups()
    delta = timedelta(hours=int(hours), minutes=int(minutes))
    if delta >= timedelta(hours=24):
        raise InvalidInput(f'"{match[0]}" is not an offset of a time zone', field="at")
    return timezone(delta if sign == "+" else -delta)


def _zone(name: str) -> tzinfo:
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    fixed = _OFFSET.fullmatch(name)
    if fixed is not None:
        return _fixed(fixed)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageFault(
            f'"{name}" is not a time zone that this machine has',
            hint="use UTC, an offset such as +01:00, or a name such as Europe/Berlin; where "
            "the machine has no zones, install the package tzdata",
        ) from None


def _epoch(text: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{9,10}(\.[0-9]+)?", text):
        return None
    return _EPOCH + timedelta(seconds=int(text.partition(".")[0]))


def _epoch_ms(text: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{12,13}", text):
        return None
    return _EPOCH + timedelta(seconds=int(text) // 1000)


def _excel(text: str) -> datetime | None:
    """Return the local time of a serial date: days since 1899-12-30, as Excel counts them."""
    if not re.fullmatch(r"[0-9]{5}([.,][0-9]+)?", text):
        return None
    return _EXCEL + timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))


_COUNTED: Final[Mapping[str, Callable[[str], datetime | None]]] = {
    "epoch": _epoch,
    "epoch-ms": _epoch_ms,
    "excel": _excel,
}
TIME_WORDS: Final = tuple(_COUNTED)


def _strptime(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def _check_format(form: str) -> None:
    """Raise UsageFault for a format that cannot give the moment of a deployment."""
    if form in TIME_WORDS:
        return
    words = ", ".join(TIME_WORDS)
    fault, hint = "", "for example: --time-format '%d.%m.%Y %H:%M'"
    if "%" not in form:
        fault, hint = (
            "is not a time format",
            f"use a format of Python's strptime, or one of {words}; {hint}",
        )
    elif "%Z" in form:
        fault = "names a zone, and the names of zones are not unique"
        hint = "write the zone as plain text in the format, and add --time-zone"
    elif not any(each in form for each in ("%Y", "%y", "%c", "%x", "%G")):
        fault = "has no year"
    elif "%I" in form and "%p" not in form:
        fault, hint = (
            "has %I without %p, so a.m. and p.m. cannot be told apart",
            "add %p, or use %H",
        )
    else:
        try:
            datetime.strptime("", form)
        except ValueError as error:
            if "does not match format" not in str(error):
                fault = f"is not a format of Python's strptime: {error}"
        except re.error:
            fault = "has a directive twice"
    if fault:
        raise UsageFault(f"--time-format {form} {fault}", hint=hint)
