"""Days and clock times of a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from versioner.registry.records import Registry

__all__ = ["WEEKDAYS", "Zone", "zone_of"]

WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip


class Zone:
    """A time zone (IANA name) that gives day and clock of UTC times; an unknown name means UTC."""

    def __init__(self, name: str) -> None:
        self._zone = _zone(name)
        self.name = name if self._zone is not UTC else "UTC"

    def day(self, at: str) -> str:
        """Return the day (`2025-11-22`) of a time (RFC 3339, `Z`)."""
        return at[:10] if self._zone is UTC else self._local(at)[:10]

    def clock(self, at: str) -> str:
        """Return the time of day (`10:15`) of a time (RFC 3339, `Z`)."""
        return at[11:16] if self._zone is UTC else self._local(at)[11:16]

    def beginning(self, day: str) -> str:
        """Return when a day (`2025-11-22`) begins, in UTC (RFC 3339, `Z`)."""
        if self._zone is UTC:
            return f"{day}T00:00:00Z"
        local = datetime.fromisoformat(day).replace(tzinfo=self._zone)
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @staticmethod
    def later(day: str, days: int) -> str:
        """Return the day that is some days after another one, before it where negative."""
        return (datetime.fromisoformat(day) + timedelta(days=days)).date().isoformat()

    @staticmethod
    def weekday(day: str) -> str:
        """Return the name of the day of the week: `Monday`."""
        return WEEKDAYS[datetime.fromisoformat(day).weekday()]

    @lru_cache(maxsize=4096)  # noqa: B019 -- a build has one zone
    def _local(self, at: str) -> str:
        return datetime.fromisoformat(at).astimezone(self._zone).isoformat()


def zone_of(registry: Registry) -> Zone:
    """Return the time zone of a registry's days: `site.time_zone`, else UTC."""
    return Zone(str((registry.config.get("site") or {}).get("time_zone") or ""))


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return UTC if name in ("", "UTC") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
